/* Text of floating-point numbers for printf, _ecvt and the like. Digits come from gdtoa.
 *
 * ucrt: exact digits; a tie is rounded away from zero unless PRINTF_STANDARD_ROUNDING asks for the even digit.
 * msvcrt: the number is first made into at most 17 digits and those are rounded, half up; infinities and NaNs are digit
 * strings like "1#INF" that go through the same rounding. */
#include "internal.h"
#include "stream.h"
#include "printf.h"
#include <string.h>

typedef struct digits {
    char text[1100];
    int count;
    int point; /* the number is 0.text * 10^point */
} digits;

/* Keep count digits (possibly none, or fewer than none), rounding half up. */
static void round_digits(digits *d, int count)
{
    int i = count;

    if (count >= d->count)
        return;
    if (count < 0) {
        d->count = 0;
        return;
    }
    if (d->text[count] >= '5') {
        while (--i >= 0) {
            if (d->text[i] != '9') {
                d->text[i]++;
                break;
            }
            d->text[i] = '0';
        }
        if (i < 0) {
            memmove(d->text + 1, d->text, count);
            d->text[0] = '1';
            d->point++;
            count = count ? count : 1;
        }
    }
    d->count = count;
}

static void exact_digits(digits *d, double value, int mode, int count)
{
    int sign;
    char *text = __dtoa(value, mode, count, &d->point, &sign, NULL);

    d->count = (int)strlen(text);
    memcpy(d->text, text, d->count);
    __freedtoa(text);
    if (d->count == 1 && d->text[0] == '0')
        d->count = 0;
}

/* Whether the value lies exactly between two decimals of that many places (negative: tens, hundreds...). */
static int is_tie(double value, int places)
{
    uint64_t bits, mantissa;
    int exponent;

    memcpy(&bits, &value, sizeof bits);
    mantissa = bits & 0xFFFFFFFFFFFFF;
    exponent = (int)(bits >> 52 & 0x7FF);
    if (exponent)
        mantissa |= 1ull << 52;
    else
        exponent = 1;
    if (!mantissa)
        return 0;
    exponent -= 1075;
    for (; !(mantissa & 1); mantissa >>= 1)
        exponent++;
    /* 2 * value * 10^places must be an odd integer. */
    if (exponent + places + 1 != 0)
        return 0;
    for (; places < 0; places++) {
        if (mantissa % 5)
            return 0;
        mantissa /= 5;
    }
    return 1;
}

/* The number with count significant digits (mode 2) or count places (mode 3). */
static void make_digits(digits *d, double value, int mode, int count, uint64_t options)
{
    if (options & PRINTF_MSVCRT) {
        exact_digits(d, value, 2, 17);
        if (d->count)
            round_digits(d, mode == 2 ? count : d->point + count);
        return;
    }
    exact_digits(d, value, mode, count);
    if (options & PRINTF_STANDARD_ROUNDING)
        return;
    if (mode == 3) {
        if (is_tie(value, count)) {
            exact_digits(d, value, 3, count + 1);
            round_digits(d, d->point + count);
        }
    } else if (is_tie(value, count - d->point) || is_tie(value, count - d->point + 1)) {
        exact_digits(d, value, 0, 0);
        if (is_tie(value, count - d->point)) {
            exact_digits(d, value, 2, count + 1);
            round_digits(d, count);
        } else {
            exact_digits(d, value, 2, count);
        }
    }
}

static char digit_at(const digits *d, int i)
{
    return i >= 0 && i < d->count ? d->text[i] : '0';
}

static char *put_fixed(char *out, const digits *d, int places, int alternate, char decimal_point)
{
    int whole = d->count ? d->point : 0;

    if (whole <= 0)
        *out++ = '0';
    for (int i = 0; i < whole; i++)
        *out++ = digit_at(d, i);
    if (places > 0 || alternate)
        *out++ = decimal_point;
    for (int i = 0; i < places; i++)
        *out++ = digit_at(d, whole + i);
    return out;
}

static char *put_exponent(char *out, int exponent, int least)
{
    char text[8];
    int n = 0;

    *out++ = exponent < 0 ? '-' : '+';
    if (exponent < 0)
        exponent = -exponent;
    do
        text[n++] = (char)('0' + exponent % 10);
    while (exponent /= 10);
    while (n < least)
        text[n++] = '0';
    while (n)
        *out++ = text[--n];
    return out;
}

static char *put_scientific(char *out, const digits *d, int places, int alternate, char decimal_point, char letter,
                            uint64_t options)
{
    *out++ = digit_at(d, 0);
    if (places > 0 || alternate)
        *out++ = decimal_point;
    for (int i = 1; i <= places; i++)
        *out++ = digit_at(d, i);
    *out++ = letter;
    return put_exponent(out, d->count ? d->point - 1 : 0, options & PRINTF_THREE_DIGIT_EXPONENTS ? 3 : 2);
}

/* %g without #: no zeros at the end of the fraction. */
static char *strip_zeros(char *first, char *end, char decimal_point)
{
    char *point = memchr(first, decimal_point, end - first), *tail, *stop;

    if (!point)
        return end;
    for (tail = point; tail < end && *tail != 'e' && *tail != 'E';)
        tail++;
    for (stop = tail; stop[-1] == '0';)
        stop--;
    if (stop - 1 == point)
        stop--;
    memmove(stop, tail, end - tail);
    return end - (tail - stop);
}

static char *put_hexadecimal(char *out, double value, int capital, int precision, int alternate, char decimal_point)
{
    const char *hex = capital ? "0123456789ABCDEF" : "0123456789abcdef";
    uint64_t bits, mantissa;
    int exponent;

    memcpy(&bits, &value, sizeof bits);
    mantissa = bits & 0xFFFFFFFFFFFFF;
    exponent = (int)(bits >> 52 & 0x7FF);
    if (exponent) {
        mantissa |= 1ull << 52;
        exponent -= 1023;
    } else if (mantissa) {
        exponent = -1022;
    }
    if (precision < 13) {
        int shift = (13 - precision) * 4;
        uint64_t half = 1ull << (shift - 1), rest = mantissa & ((half << 1) - 1);

        mantissa >>= shift;
        if (rest > half || (rest == half && mantissa & 1))
            mantissa++;
        mantissa <<= shift;
    }
    *out++ = '0';
    *out++ = capital ? 'X' : 'x';
    *out++ = hex[mantissa >> 52];
    if (precision > 0 || alternate)
        *out++ = decimal_point;
    for (int i = 0; i < precision; i++)
        *out++ = i < 13 ? hex[mantissa >> (48 - 4 * i) & 15] : '0';
    *out++ = capital ? 'P' : 'p';
    return put_exponent(out, exponent, 1);
}

static const char *special(double value, uint64_t options, int *negative_indefinite)
{
    uint64_t bits, fraction;

    memcpy(&bits, &value, sizeof bits);
    fraction = bits & 0xFFFFFFFFFFFFF;
    *negative_indefinite = 0;
    if (options & PRINTF_MSVCRT) {
        if (!fraction)
            return "1#INF";
        if (!(fraction & 1ull << 51))
            return "1#SNAN";
        return bits == 0xFFF8000000000000 ? "1#IND" : "1#QNAN";
    }
    if (!fraction)
        return "inf";
    if (!(fraction & 1ull << 51))
        return "nan(snan)";
    return bits == 0xFFF8000000000000 ? "nan(ind)" : "nan";
}

size_t crt_format_double(char *buffer, double value, char type, int precision, int alternate, uint64_t options,
                         char decimal_point, int *finite)
{
    char kind = type | 32, *out = buffer;
    digits d;
    uint64_t bits;
    int ignored;

    memcpy(&bits, &value, sizeof bits);
    bits &= ~(1ull << 63);
    *finite = bits < 0x7FF0000000000000;
    if (!*finite) {
        const char *text = special(value, options, &ignored);

        if (!(options & PRINTF_MSVCRT)) {
            for (; *text; text++)
                *out++ = type == kind || *text < 'a' || *text > 'z' ? *text : (char)(*text - 32);
            return out - buffer;
        }
        d.count = (int)strlen(text);
        memcpy(d.text, text, d.count);
        d.point = 1;
        if (kind == 'a')
            kind = 'f';
    }
    memcpy(&value, &bits, sizeof value);
    switch (kind) {
    case 'a':
        out = put_hexadecimal(out, value, type == 'A', precision, alternate, decimal_point);
        break;
    case 'e':
        if (*finite)
            make_digits(&d, value, 2, precision + 1, options);
        else
            round_digits(&d, precision + 1);
        out = put_scientific(out, &d, precision, alternate, decimal_point, type, options);
        break;
    case 'f':
        if (*finite)
            make_digits(&d, value, 3, precision, options);
        else
            round_digits(&d, d.point + precision);
        out = put_fixed(out, &d, precision, alternate, decimal_point);
        break;
    default: {
        int exponent;

        if (!precision)
            precision = 1;
        if (*finite)
            make_digits(&d, value, 2, precision, options);
        else
            round_digits(&d, precision);
        exponent = d.count ? d.point - 1 : 0;
        if (exponent < -4 || exponent >= precision)
            out = put_scientific(out, &d, precision - 1, alternate, decimal_point, type == 'g' ? 'e' : 'E', options);
        else
            out = put_fixed(out, &d, precision - 1 - exponent, alternate, decimal_point);
        if (!alternate)
            out = strip_zeros(buffer, out, decimal_point);
    }
    }
    return out - buffer;
}
