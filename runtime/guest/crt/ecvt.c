/* _ecvt, _fcvt, _gcvt: digits of a floating point number. */
#include "internal.h"
#include "locale_internal.h"
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE 512

enum place { SIGNIFICANT, AFTER_POINT };

static size_t special(char *buffer, size_t size, double value, int count, int *point)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & 0xfffffffffffff;
    const char *word = !fraction                      ? "1#INF"
                       : bits == 0xfff8000000000000   ? "1#IND"
                       : fraction & 0x8000000000000   ? "1#QNAN"
                                                      : "1#SNAN";
    size_t length = strlen(word), width = count > 0 && (size_t)count > length ? (size_t)count : length;
    *point = 1;
    if (width < size) {
        memcpy(buffer, word, length);
        memset(buffer + length, '0', width - length);
        buffer[width] = 0;
    }
    return width;
}

/* Rounds text, decimal digits, to width of them: halves go up. */
static size_t round_to(char *text, size_t length, size_t width, int *point)
{
    if (length <= width)
        return length;
    int up = text[width] >= '5';
    length = width;
    while (up && length && text[length - 1] == '9')
        length--;
    if (!up)
        return length;
    if (length) {
        text[length - 1]++;
    } else {
        text[length++] = '1';
        ++*point;
    }
    return length;
}

/* Stores count significant digits, or count behind the point, with zeros for those that value does not have. Returns
 * their number; nothing is stored when they and a NUL do not fit. */
static size_t digits(char *buffer, size_t size, double value, enum place place, int count, int *point, int *sign)
{
    char *end, *text = __dtoa(value, 2, 400, point, sign, &end);
    size_t length = (size_t)(end - text);

    if (*point == 9999) {
        __freedtoa(text);
        return special(buffer, size, value, count, point);
    }
    if (value == 0) {
        length = 0;
        *point = 0;
    }
    int kept = place == SIGNIFICANT ? count : *point + count, before = *point;
    length = kept < 0 ? 0 : round_to(text, length, (size_t)kept, point);
    if (place == AFTER_POINT)
        kept += *point - before;
    size_t width = kept < 0 ? 0 : (size_t)kept;
    if (width < size) {
        if (length > width)
            length = width;
        memcpy(buffer, text, length);
        memset(buffer + length, '0', width - length);
        buffer[width] = 0;
    }
    __freedtoa(text);
    return width;
}

static char *thread_buffer(void)
{
    crt_thread *data = crt_thread_data();
    if (!data->cvt_buffer)
        data->cvt_buffer = malloc(BUFFER_SIZE);
    return data->cvt_buffer;
}

static char *convert(double value, enum place place, int count, int *point, int *sign)
{
    CRT_VALIDATE(point && sign, EINVAL, NULL);
    char *buffer = thread_buffer();
    if (!buffer)
        return NULL;
    if (count > 180)
        count = 180;
    if (place == SIGNIFICANT && count < 0)
        count = 0;
    if (digits(buffer, BUFFER_SIZE, value, place, count, point, sign) >= BUFFER_SIZE)
        *buffer = 0;
    return buffer;
}

char *_ecvt(double value, int count, int *point, int *sign)
{
    return convert(value, SIGNIFICANT, count, point, sign);
}

char *_fcvt(double value, int count, int *point, int *sign)
{
    return convert(value, AFTER_POINT, count, point, sign);
}

static int checked(char *buffer, size_t size, double value, enum place place, int count, int *point, int *sign)
{
    CRT_VALIDATE(buffer && size, EINVAL, EINVAL);
    *buffer = 0;
    CRT_VALIDATE(point && sign, EINVAL, EINVAL);
    if (count > (int)size + 512)
        count = (int)size + 512;
    if (digits(buffer, size, value, place, count < 0 ? 0 : count, point, sign) >= size) {
        *buffer = 0;
        CRT_INVALID(ERANGE);
        return ERANGE;
    }
    return 0;
}

int _ecvt_s(char *buffer, size_t size, double value, int count, int *point, int *sign)
{
    return checked(buffer, size, value, SIGNIFICANT, count, point, sign);
}

int _fcvt_s(char *buffer, size_t size, double value, int count, int *point, int *sign)
{
    return checked(buffer, size, value, AFTER_POINT, count, point, sign);
}

/* "1.5", "12.", "1.5e+020": the point is always there, zeros behind the last digit are not. */
static int general(char *buffer, size_t size, double value, int count)
{
    char text[400];
    int point, sign;
    size_t used = 0;

    CRT_VALIDATE(buffer && size && (CRT_IS_UCRT ? 1 : count < (int)size), EINVAL, EINVAL);
    if (count < 1)
        count = 1;
    if (count > 320)
        count = 320;
    digits(text, sizeof text, value, SIGNIFICANT, count, &point, &sign);
    int special = text[0] == '1' && text[1] == '#';
    size_t length = strlen(text);
    while (!special && length > 1 && text[length - 1] == '0')
        text[--length] = 0;

    char result[800];
    const char *radix = crt_locale_decimal_point(NULL);
    int exponent = value == 0 ? 0 : point - 1;
    if (sign)
        result[used++] = '-';
    if (value != 0 && !special && (exponent < -1 || exponent > count - 1)) {
        result[used++] = text[0];
        result[used++] = *radix;
        memcpy(result + used, text + 1, length - 1);
        used += length - 1;
        result[used++] = 'e';
        result[used++] = exponent < 0 ? '-' : '+';
        if (exponent < 0)
            exponent = -exponent;
        if (exponent >= 100 || !CRT_IS_UCRT)
            result[used++] = (char)('0' + exponent / 100);
        result[used++] = (char)('0' + exponent / 10 % 10);
        result[used++] = (char)('0' + exponent % 10);
    } else if (exponent < 0) {
        result[used++] = '0';
        result[used++] = *radix;
        for (int i = -1; i > exponent; i--)
            result[used++] = '0';
        memcpy(result + used, text, length);
        used += length;
    } else {
        for (int i = 0; i <= exponent; i++)
            result[used++] = (size_t)i < length ? text[i] : '0';
        result[used++] = *radix;
        if (length > (size_t)exponent + 1) {
            memcpy(result + used, text + exponent + 1, length - (size_t)exponent - 1);
            used += length - (size_t)exponent - 1;
        }
    }
    result[used] = 0;
    if (used >= size) {
        *buffer = 0;
        CRT_INVALID(ERANGE);
        return ERANGE;
    }
    memcpy(buffer, result, used + 1);
    return 0;
}

int _gcvt_s(char *buffer, size_t size, double value, int count)
{
    return general(buffer, size, value, count);
}

char *_gcvt(double value, int count, char *buffer)
{
    CRT_VALIDATE(buffer, EINVAL, NULL);
    return general(buffer, (size_t)(count > 0 ? count : 1) + 16, value, count) ? NULL : buffer;
}
