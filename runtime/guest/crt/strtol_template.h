/* Integers from text, once for bytes and once for wide characters. The including file defines CHAR, IS_SPACE(c,
 * locale), DIGIT(c) (the value of a digit or letter, 99 for anything else) and NAME(narrow, wide). */

/* What the scan found. After an overflow magnitude means nothing. */
typedef struct scanned {
    uint64_t magnitude;
    int negative, overflow;
    const CHAR *end; /* the first character that is not part of the number; the text itself when there is none */
} scanned;

static scanned scan(const CHAR *text, int base, uint64_t limit, _locale_t locale)
{
    scanned result = {0, 0, 0, text};
    const CHAR *p = text;

    while (IS_SPACE(*p, locale))
        p++;
    if (*p == '-' || *p == '+')
        result.negative = *p++ == '-';
    if ((base == 0 || base == 16) && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        /* "0x" without a digit behind it is no number at all here. */
        if (DIGIT(p[2]) >= 16)
            return result;
        p += 2;
        base = 16;
    } else if (base == 0) {
        base = *p == '0' ? 8 : 10;
    }
    for (unsigned digit; (digit = (unsigned)DIGIT(*p)) < (unsigned)base; p++) {
        result.end = p + 1;
        if (__builtin_mul_overflow(result.magnitude, (unsigned)base, &result.magnitude) ||
            __builtin_add_overflow(result.magnitude, digit, &result.magnitude) || result.magnitude > limit) {
            result.overflow = 1;
            result.magnitude = limit;
        }
    }
    return result;
}

static int64_t signed_number(const CHAR *text, CHAR **end, int base, int64_t highest, _locale_t locale)
{
    if (end)
        *end = (CHAR *)text;
    CRT_VALIDATE(text && (base == 0 || (base >= 2 && base <= 36)), EINVAL, 0);
    scanned found = scan(text, base, (uint64_t)highest + 1, locale);
    if (end)
        *end = (CHAR *)found.end;
    if (found.overflow || (found.magnitude > (uint64_t)highest && !found.negative)) {
        errno = ERANGE;
        return found.negative ? -highest - 1 : highest;
    }
    return (int64_t)(found.negative ? -found.magnitude : found.magnitude);
}

static uint64_t unsigned_number(const CHAR *text, CHAR **end, int base, uint64_t highest, _locale_t locale)
{
    if (end)
        *end = (CHAR *)text;
    CRT_VALIDATE(text && (base == 0 || (base >= 2 && base <= 36)), EINVAL, 0);
    scanned found = scan(text, base, highest, locale);
    if (end)
        *end = (CHAR *)found.end;
    if (found.overflow) {
        errno = ERANGE;
        return highest;
    }
    return found.negative ? -found.magnitude : found.magnitude;
}

#define NUMBER(TYPE, narrow, wide, function, highest)                                                                  \
    TYPE NAME(narrow##_l, wide##_l)(const CHAR *text, CHAR **end, int base, _locale_t locale)                          \
    {                                                                                                                  \
        return (TYPE)function(text, end, base, highest, locale);                                                       \
    }

NUMBER(long, _strtol, _wcstol, signed_number, LONG_MAX)
NUMBER(unsigned long, _strtoul, _wcstoul, unsigned_number, ULONG_MAX)
NUMBER(long long, _strtoi64, _wcstoi64, signed_number, LLONG_MAX)
NUMBER(unsigned long long, _strtoui64, _wcstoui64, unsigned_number, ULLONG_MAX)

long NAME(strtol, wcstol)(const CHAR *restrict text, CHAR **restrict end, int base)
{
    return (long)signed_number(text, end, base, LONG_MAX, NULL);
}

unsigned long NAME(strtoul, wcstoul)(const CHAR *restrict text, CHAR **restrict end, int base)
{
    return (unsigned long)unsigned_number(text, end, base, ULONG_MAX, NULL);
}

long long NAME(_strtoi64, _wcstoi64)(const CHAR *text, CHAR **end, int base)
{
    return signed_number(text, end, base, LLONG_MAX, NULL);
}

unsigned long long NAME(_strtoui64, _wcstoui64)(const CHAR *text, CHAR **end, int base)
{
    return unsigned_number(text, end, base, ULLONG_MAX, NULL);
}

/* The ato functions: decimal; out of range they saturate. */
long long NAME(_atoi64_l, _wtoi64_l)(const CHAR *text, _locale_t locale)
{
    return signed_number(text, NULL, 10, LLONG_MAX, locale);
}

long long NAME(_atoi64, _wtoi64)(const CHAR *text)
{
    return signed_number(text, NULL, 10, LLONG_MAX, NULL);
}

/* msvcrt's atoi lets the value wrap around at 32 bits; the universal runtime saturates and sets errno. */
static long to_long(const CHAR *text, _locale_t locale)
{
    if (CRT_IS_UCRT)
        return (long)signed_number(text, NULL, 10, LONG_MAX, locale);
    scanned found = {0, 0, 0, NULL};
    const CHAR *p = text;
    uint32_t value = 0;
    while (IS_SPACE(*p, locale))
        p++;
    if (*p == '-' || *p == '+')
        found.negative = *p++ == '-';
    for (; DIGIT(*p) < 10; p++)
        value = value * 10 + (uint32_t)DIGIT(*p);
    return (long)(found.negative ? -value : value);
}

int NAME(_atoi_l, _wtoi_l)(const CHAR *text, _locale_t locale)
{
    return to_long(text, locale);
}

int NAME(atoi, _wtoi)(const CHAR *text)
{
    return to_long(text, NULL);
}

long NAME(_atol_l, _wtol_l)(const CHAR *text, _locale_t locale)
{
    return to_long(text, locale);
}

long NAME(atol, _wtol)(const CHAR *text)
{
    return to_long(text, NULL);
}
