/* Integers to text, once for bytes and once for wide characters. The including file defines CHAR and NAME(narrow,
 * wide). */

static CHAR *unchecked(uint64_t value, CHAR *text, unsigned radix, int negative)
{
    CHAR *first, *last = text;

    if (negative) {
        *last++ = '-';
        value = -value;
    }
    first = last;
    if (radix == 10) {
        do {
            *last++ = (CHAR)('0' + value % 10);
            value /= 10;
        } while (value);
    } else {
        do {
            unsigned digit = (unsigned)(value % radix);
            *last++ = (CHAR)(digit < 10 ? '0' + digit : 'a' + digit - 10);
            value /= radix;
        } while (value);
    }
    *last-- = 0;
    while (first < last) {
        CHAR c = *first;
        *first++ = *last;
        *last-- = c;
    }
    return text;
}

static int checked(uint64_t value, CHAR *text, size_t size, unsigned radix, int negative)
{
    CHAR buffer[66];
    size_t length = 0;

    CRT_VALIDATE(text && size, EINVAL, EINVAL);
    *text = 0;
    CRT_VALIDATE(size > (negative ? 2u : 1u), ERANGE, ERANGE);
    CRT_VALIDATE(radix >= 2 && radix <= 36, EINVAL, EINVAL);
    unchecked(value, buffer, radix, negative);
    while (buffer[length])
        length++;
    CRT_VALIDATE(length < size, ERANGE, ERANGE);
    memcpy(text, buffer, (length + 1) * sizeof(CHAR));
    return 0;
}

/* Only base 10 shows a sign; in the others the value counts as unsigned, in its own width. */
#define CONVERSION(TYPE, UNSIGNED, narrow, wide, SIGNED)                                                               \
    CHAR *NAME(narrow, wide)(TYPE value, CHAR * text, int radix)                                                       \
    {                                                                                                                  \
        int negative = SIGNED && radix == 10 && (int64_t)value < 0;                                                    \
        return unchecked(negative ? (uint64_t)value : (uint64_t)(UNSIGNED)value, text, (unsigned)radix, negative);     \
    }                                                                                                                  \
    int NAME(narrow##_s, wide##_s)(TYPE value, CHAR * text, size_t size, int radix)                                    \
    {                                                                                                                  \
        int negative = SIGNED && radix == 10 && (int64_t)value < 0;                                                    \
        return checked(negative ? (uint64_t)value : (uint64_t)(UNSIGNED)value, text, size, (unsigned)radix, negative); \
    }

CONVERSION(int, unsigned, _itoa, _itow, 1)
CONVERSION(long, unsigned long, _ltoa, _ltow, 1)
CONVERSION(unsigned long, unsigned long, _ultoa, _ultow, 0)
CONVERSION(long long, unsigned long long, _i64toa, _i64tow, 1)
CONVERSION(unsigned long long, unsigned long long, _ui64toa, _ui64tow, 0)
