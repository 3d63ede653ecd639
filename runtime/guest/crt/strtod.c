/* strtod, atof and their kin for bytes; rounding for both kinds of text. Short numbers are exact in one multiplication
 * or division; the others go through David Gay's conversion. */
#include "internal.h"
#include "locale_internal.h"
#include "strtod.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#undef strtod

#define OVERFLOW_CODE 3
#define UNDERFLOW_CODE 4

float __strtof(const char *s, char **end);

static const double powers[] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

void crt_write_exponent(char *text, int exponent)
{
    char digits[12];
    int n = 0;
    unsigned value = exponent < 0 ? -(unsigned)exponent : (unsigned)exponent;

    *text++ = 'e';
    if (exponent < 0)
        *text++ = '-';
    do
        digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    while (n)
        *text++ = digits[--n];
    *text = 0;
}

/* mantissa * 2**exponent rounded to a format with the given fraction bits and exponent range, as its bits. */
static uint64_t pack(uint64_t mantissa, int exponent, int sticky, int fraction_bits, int bias, int *code)
{
    uint64_t infinity = (uint64_t)(2 * bias + 1) << fraction_bits;

    if (!mantissa)
        return 0;
    int shift = __builtin_clzll(mantissa);
    mantissa <<= shift;
    exponent += 63 - shift; /* of the leading bit */
    if (exponent > bias) {
        *code = OVERFLOW_CODE;
        return infinity;
    }
    int drop = 63 - fraction_bits, biased = exponent + bias;
    if (biased <= 0) {
        drop += 1 - biased;
        biased = 0;
    }
    if (drop > 64) {
        *code = UNDERFLOW_CODE;
        return 0;
    }
    uint64_t kept = drop == 64 ? 0 : mantissa >> drop;
    uint64_t half = (uint64_t)1 << (drop - 1), rest = drop == 64 ? mantissa : mantissa & (((uint64_t)1 << drop) - 1);
    if (rest > half || (rest == half && (sticky || kept & 1)))
        kept++;
    uint64_t bits = biased ? ((uint64_t)(biased - 1) << fraction_bits) + kept : kept;
    if (bits >= infinity)
        *code = OVERFLOW_CODE;
    else if (!bits)
        *code = UNDERFLOW_CODE;
    return bits;
}

static double double_from(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float float_from(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The digits for David Gay's conversion, which never sees a radix character. */
static const char *digits_of(const crt_number *number, char *buffer)
{
    char reversed[20];
    int n = 0;

    if (number->text)
        return number->text;
    for (uint64_t m = number->mantissa; m; m /= 10)
        reversed[n++] = (char)('0' + m % 10);
    char *p = buffer;
    while (n)
        *p++ = reversed[--n];
    crt_write_exponent(p, number->exponent);
    return buffer;
}

double crt_number_to_double(crt_number *number, int *code)
{
    uint64_t sign = (uint64_t)number->negative << 63;
    char buffer[40];
    double value;

    switch (number->kind) {
    case CRT_NUMBER_NONE:
        return 0;
    case CRT_NUMBER_INFINITY:
        return double_from(sign | 0x7ff0000000000000);
    case CRT_NUMBER_NAN:
        return double_from(sign | 0x7fffffffffffffff);
    case CRT_NUMBER_SIGNALING:
        return double_from(sign | 0x7ff7ffffffffffff);
    case CRT_NUMBER_IND:
        return double_from(sign | 0x7ff8000000000000);
    case CRT_NUMBER_HEX:
        return double_from(sign | pack(number->mantissa, number->exponent, number->sticky, 52, 1023, code));
    case CRT_NUMBER_DECIMAL:
        break;
    }
    if (!number->mantissa)
        return double_from(sign);
    if (!number->text && number->mantissa >> 53 == 0 && number->exponent >= -22 && number->exponent <= 22) {
        value = (double)(int64_t)number->mantissa;
        value = number->exponent < 0 ? value / powers[-number->exponent] : value * powers[number->exponent];
    } else {
        int saved = errno;
        value = __strtod(digits_of(number, buffer), NULL);
        errno = saved;
        if (value == 0)
            *code = UNDERFLOW_CODE;
        else if (value > 1.7976931348623157e308)
            *code = OVERFLOW_CODE;
        free(number->text);
        number->text = NULL;
    }
    return number->negative ? -value : value;
}

float crt_number_to_float(crt_number *number, int *code)
{
    uint32_t sign = (uint32_t)number->negative << 31;
    char buffer[40];
    float value;

    switch (number->kind) {
    case CRT_NUMBER_NONE:
        return 0;
    case CRT_NUMBER_INFINITY:
        return float_from(sign | 0x7f800000);
    case CRT_NUMBER_NAN:
        return float_from(sign | 0x7fffffff);
    case CRT_NUMBER_SIGNALING:
        return float_from(sign | 0x7fbfffff);
    case CRT_NUMBER_IND:
        return float_from(sign | 0x7fc00000);
    case CRT_NUMBER_HEX:
        return float_from(sign | (uint32_t)pack(number->mantissa, number->exponent, number->sticky, 23, 127, code));
    case CRT_NUMBER_DECIMAL:
        break;
    }
    if (!number->mantissa)
        return float_from(sign);
    if (!number->text && number->mantissa >> 24 == 0 && number->exponent >= -10 && number->exponent <= 10) {
        value = (float)(int64_t)number->mantissa;
        value =
            number->exponent < 0 ? value / (float)powers[-number->exponent] : value * (float)powers[number->exponent];
    } else {
        int saved = errno;
        value = __strtof(digits_of(number, buffer), NULL);
        errno = saved;
        if (value == 0)
            *code = UNDERFLOW_CODE;
        else if (value > 3.402823466e+38f)
            *code = OVERFLOW_CODE;
        free(number->text);
        number->text = NULL;
    }
    return number->negative ? -value : value;
}

static inline int is_space(unsigned char c, _locale_t locale)
{
    if (c < 0x80)
        return c == ' ' || c - 9u < 5;
    return crt_locale_data(locale)->classes[c] & _SPACE;
}

#define CHAR char
#define IS_SPACE(c, locale) is_space((unsigned char)(c), locale)
#define POINT(locale) (crt_locale_data(locale)->conv.decimal_point[0])
#define NAME(narrow, wide) narrow
#include "strtod_template.h"

/* ---- conversions that report by return value --------------------------------------------------------------------- */

static int is_tiny(double value, double least)
{
    return value != 0 && value < least && value > -least;
}

int _atodbl_l(_CRT_DOUBLE *value, char *text, _locale_t locale)
{
    crt_number number;
    int code = 0;
    CRT_VALIDATE(value && text, EINVAL, EINVAL);
    scan_number(text, &number, locale);
    value->x = crt_number_to_double(&number, &code);
    return number.kind == CRT_NUMBER_INFINITY           ? OVERFLOW_CODE
           : is_tiny(value->x, 2.2250738585072014e-308) ? UNDERFLOW_CODE
                                                        : code;
}

int _atodbl(_CRT_DOUBLE *value, char *text)
{
    return _atodbl_l(value, text, NULL);
}

int _atoflt_l(_CRT_FLOAT *value, char *text, _locale_t locale)
{
    crt_number number;
    int code = 0;
    CRT_VALIDATE(value && text, EINVAL, EINVAL);
    scan_number(text, &number, locale);
    value->f = crt_number_to_float(&number, &code);
    return number.kind == CRT_NUMBER_INFINITY  ? OVERFLOW_CODE
           : is_tiny(value->f, 1.17549435e-38) ? UNDERFLOW_CODE
                                               : code;
}

int _atoflt(_CRT_FLOAT *value, char *text)
{
    return _atoflt_l(value, text, NULL);
}

/* A double in the 80-bit format of x87. */
static void extend(double value, unsigned char result[10])
{
    uint64_t bits, fraction;
    memcpy(&bits, &value, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7ff);
    unsigned sign = (unsigned)(bits >> 63) << 15;

    fraction = (bits & 0xfffffffffffff) << 11;
    if (exponent == 0x7ff) {
        exponent = 0x7fff;
        fraction |= (uint64_t)1 << 63;
    } else if (exponent) {
        exponent += 16383 - 1023;
        fraction |= (uint64_t)1 << 63;
    } else if (fraction) {
        int shift = __builtin_clzll(fraction);
        fraction <<= shift;
        exponent = 16383 - 1022 - shift;
    }
    unsigned short top = (unsigned short)(sign | (unsigned)exponent);
    memcpy(result, &fraction, 8);
    memcpy(result + 8, &top, 2);
}

int _atoldbl_l(_LDOUBLE *value, char *text, _locale_t locale)
{
    _CRT_DOUBLE number;
    CRT_VALIDATE(value && text, EINVAL, EINVAL);
    int code = _atodbl_l(&number, text, locale);
    extend(number.x, (unsigned char *)value);
    return code;
}

int _atoldbl(_LDOUBLE *value, char *text)
{
    return _atoldbl_l(value, text, NULL);
}

int __STRINGTOLD(_LDOUBLE *value, char **end, char *text, int multiply)
{
    crt_number number;
    int code = 0;
    (void)multiply;
    const char *last = scan_number(text, &number, NULL);
    if (end)
        *end = (char *)(last ? last : text);
    extend(crt_number_to_double(&number, &code), (unsigned char *)value);
    return last ? code : 2;
}
