/* Floating point numbers from text, once for bytes and once for wide characters. The including file defines CHAR,
 * IS_SPACE(c, locale), POINT(locale) and NAME(narrow, wide). */

static int is_word(const CHAR *p, const char *word)
{
    for (; *word; word++, p++)
        if ((*p | 0x20) != *word)
            return 0;
    return 1;
}

/* Only the universal runtime reads "inf", "nan(...)" and hexadecimal numbers. */
static const CHAR *scan_special(const CHAR *p, crt_number *number)
{
    if (is_word(p, "inf")) {
        number->kind = CRT_NUMBER_INFINITY;
        return p + (is_word(p, "infinity") ? 8 : 3);
    }
    if (!is_word(p, "nan"))
        return NULL;
    number->kind = CRT_NUMBER_NAN;
    p += 3;
    if (*p == '(') {
        const CHAR *q = p + 1;
        while (*q == '_' || (*q > 0 && *q <= 0x7f && isalnum(*q)))
            q++;
        if (*q == ')') {
            number->kind = is_word(p, "(snan)")  ? CRT_NUMBER_SIGNALING
                           : is_word(p, "(ind)") ? CRT_NUMBER_IND
                                                 : CRT_NUMBER_NAN;
            p = q + 1;
        }
    }
    return p;
}

static int hex_digit(CHAR c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* Reads an exponent at p (after its letter); NULL when there is none. */
static const CHAR *scan_exponent(const CHAR *p, int *exponent)
{
    int negative = 0, value = 0;
    if (*p == '-' || *p == '+')
        negative = *p++ == '-';
    if (*p < '0' || *p > '9')
        return NULL;
    for (; *p >= '0' && *p <= '9'; p++)
        if (value < 100000)
            value = value * 10 + (*p - '0');
    *exponent = negative ? -value : value;
    return p;
}

static const CHAR *scan_hexadecimal(const CHAR *p, CHAR point, crt_number *number)
{
    int exponent = 0, written = 0, any = 0, digit;
    int after_point = 0;

    for (;; p++) {
        if (*p == point && !after_point) {
            after_point = 1;
            continue;
        }
        if ((digit = hex_digit(*p)) < 0)
            break;
        any = 1;
        if (number->mantissa >> 60) {
            number->sticky |= digit != 0;
            exponent += after_point ? 0 : 4;
        } else {
            number->mantissa = number->mantissa << 4 | (unsigned)digit;
            exponent -= after_point ? 4 : 0;
        }
    }
    if (!any)
        return NULL;
    if (*p == 'p' || *p == 'P') {
        const CHAR *end = scan_exponent(p + 1, &written);
        if (end)
            p = end;
    }
    number->kind = CRT_NUMBER_HEX;
    number->exponent = exponent + written;
    return p;
}

static const CHAR *scan_decimal(const CHAR *p, CHAR point, crt_number *number)
{
    int exponent = 0, written = 0, any = 0, after_point = 0;
    const CHAR *first = p;

    for (;; p++) {
        if (*p == point && !after_point) {
            after_point = 1;
            continue;
        }
        if (*p < '0' || *p > '9')
            break;
        any = 1;
        if (number->digits < 19) {
            number->mantissa = number->mantissa * 10 + (unsigned)(*p - '0');
            number->digits += number->mantissa != 0;
            exponent -= after_point;
        } else {
            number->digits++;
            exponent += !after_point;
            number->sticky |= *p != '0';
        }
    }
    if (!any)
        return NULL;
    const CHAR *last = p;
    int letter = *p | 0x20;
    if (letter == 'e' || (letter == 'd' && !CRT_IS_UCRT)) {
        const CHAR *end = scan_exponent(p + 1, &written);
        if (end)
            p = end;
    }
    number->kind = CRT_NUMBER_DECIMAL;
    number->exponent = exponent + written;
    if (number->digits > 19 && number->sticky) { /* all digits matter */
        char *text = number->text = malloc((size_t)(last - first) + 16);
        if (text) {
            for (; first < last; first++)
                if (*first != point)
                    *text++ = (char)*first;
            /* as an integer: the dropped digits count again */
            crt_write_exponent(text, number->exponent - (number->digits - 19));
        }
    }
    return p;
}

static const CHAR *scan_number(const CHAR *p, crt_number *number, _locale_t locale)
{
    CHAR point = POINT(locale);
    const CHAR *end = NULL;

    memset(number, 0, sizeof *number);
    while (IS_SPACE(*p, locale))
        p++;
    if (*p == '-' || *p == '+')
        number->negative = *p++ == '-';
    if (CRT_IS_UCRT) {
        if ((end = scan_special(p, number)))
            return end;
        if (p[0] == '0' && (p[1] | 0x20) == 'x') {
            if ((end = scan_hexadecimal(p + 2, point, number)))
                return end;
            number->kind = CRT_NUMBER_DECIMAL;
            return p + 1;
        }
    }
    end = scan_decimal(p, point, number);
    if (!end)
        number->negative = 0;
    return end;
}

static double to_double(const CHAR *text, CHAR **end, _locale_t locale)
{
    crt_number number;
    if (end)
        *end = (CHAR *)text;
    CRT_VALIDATE(text, EINVAL, 0.0);
    const CHAR *last = scan_number(text, &number, locale);
    if (last && end)
        *end = (CHAR *)last;
    int code = 0;
    double value = crt_number_to_double(&number, &code);
    if (code)
        errno = ERANGE;
    return value;
}

static float to_float(const CHAR *text, CHAR **end, _locale_t locale)
{
    crt_number number;
    if (end)
        *end = (CHAR *)text;
    CRT_VALIDATE(text, EINVAL, 0.0f);
    const CHAR *last = scan_number(text, &number, locale);
    if (last && end)
        *end = (CHAR *)last;
    int code = 0;
    float value = crt_number_to_float(&number, &code);
    if (code)
        errno = ERANGE;
    return value;
}

double NAME(_strtod_l, _wcstod_l)(const CHAR *text, CHAR **end, _locale_t locale)
{
    return to_double(text, end, locale);
}

double NAME(strtod, wcstod)(const CHAR *restrict text, CHAR **restrict end)
{
    return to_double(text, end, NULL);
}

float NAME(_strtof_l, _wcstof_l)(const CHAR *text, CHAR **end, _locale_t locale)
{
    return to_float(text, end, locale);
}

float NAME(strtof, wcstof)(const CHAR *restrict text, CHAR **restrict end)
{
    return to_float(text, end, NULL);
}

double NAME(_atof_l, _wtof_l)(const CHAR *text, _locale_t locale)
{
    return to_double(text, NULL, locale);
}

double NAME(atof, _wtof)(const CHAR *text)
{
    return to_double(text, NULL, NULL);
}
