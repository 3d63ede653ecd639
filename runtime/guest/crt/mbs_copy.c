/* The _mbs functions that write: copies, fills, case, and single characters. */
#include "internal.h"
#include "locale_internal.h"
#include <ctype.h>
#include <mbctype.h>
#include <mbstring.h>
#include <string.h>

typedef unsigned char byte;

enum unit { BYTES, CHARACTERS };

/* Bytes of the first count bytes (characters) of s; half a double-byte character at the end does not count. */
static size_t whole_bytes(const byte *s, size_t count, enum unit unit, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    size_t at = 0;

    if (!data->is_multibyte)
        return strnlen((const char *)s, count);
    while (count && s[at]) {
        size_t size = data->type[s[at] + 1] & MB_LEAD && s[at + 1] ? 2 : 1;
        if (unit == BYTES && size > count)
            break;
        at += size;
        count -= unit == BYTES ? size : 1;
    }
    return at;
}

byte *_mbscpy(byte *to, const byte *from)
{
    return (byte *)strcpy((char *)to, (const char *)from);
}

byte *_mbscat(byte *to, const byte *from)
{
    return (byte *)strcat((char *)to, (const char *)from);
}

byte *_mbsdup(const byte *s)
{
    return (byte *)_strdup((const char *)s);
}

static void copy_padded(byte *to, const byte *from, size_t count, enum unit unit, _locale_t locale)
{
    size_t bytes = whole_bytes(from, count, unit, locale);
    size_t used = unit == BYTES ? bytes : _mbsnccnt_l(from, bytes, locale);
    memmove(to, from, bytes);
    if (used < count)
        memset(to + bytes, 0, count - used);
}

byte *_mbsncpy_l(byte *to, const byte *from, size_t count, _locale_t locale)
{
    CRT_VALIDATE((to && from) || !count, EINVAL, NULL);
    copy_padded(to, from, count, CHARACTERS, locale);
    return to;
}

byte *_mbsncpy(byte *to, const byte *from, size_t count)
{
    return _mbsncpy_l(to, from, count, NULL);
}

byte *_mbsnbcpy_l(byte *to, const byte *from, size_t count, _locale_t locale)
{
    CRT_VALIDATE((to && from) || !count, EINVAL, NULL);
    copy_padded(to, from, count, BYTES, locale);
    return to;
}

byte *_mbsnbcpy(byte *to, const byte *from, size_t count)
{
    return _mbsnbcpy_l(to, from, count, NULL);
}

static byte *append(byte *to, const byte *from, size_t count, enum unit unit, _locale_t locale)
{
    size_t bytes = whole_bytes(from, count, unit, locale);
    byte *end = to + strlen((char *)to);
    memmove(end, from, bytes);
    end[bytes] = 0;
    return to;
}

byte *_mbsncat_l(byte *to, const byte *from, size_t count, _locale_t locale)
{
    CRT_VALIDATE((to && from) || !count, EINVAL, NULL);
    return count ? append(to, from, count, CHARACTERS, locale) : to;
}

byte *_mbsncat(byte *to, const byte *from, size_t count)
{
    return _mbsncat_l(to, from, count, NULL);
}

byte *_mbsnbcat_l(byte *to, const byte *from, size_t count, _locale_t locale)
{
    CRT_VALIDATE((to && from) || !count, EINVAL, NULL);
    return count ? append(to, from, count, BYTES, locale) : to;
}

byte *_mbsnbcat(byte *to, const byte *from, size_t count)
{
    return _mbsnbcat_l(to, from, count, NULL);
}

/* ---- with bounds ------------------------------------------------------------------------------------------------- */

int _mbscpy_s_l(byte *to, size_t size, const byte *from, _locale_t locale)
{
    (void)locale;
    return strcpy_s((char *)to, size, (const char *)from);
}

int _mbscpy_s(byte *to, size_t size, const byte *from)
{
    return strcpy_s((char *)to, size, (const char *)from);
}

int _mbscat_s_l(byte *to, size_t size, const byte *from, _locale_t locale)
{
    (void)locale;
    return strcat_s((char *)to, size, (const char *)from);
}

int _mbscat_s(byte *to, size_t size, const byte *from)
{
    return strcat_s((char *)to, size, (const char *)from);
}

/* Appends at to[used]; what does not fit is an error, or cut off after a whole character with _TRUNCATE. */
static int bounded(byte *to, size_t size, size_t used, const byte *from, size_t count, enum unit unit, _locale_t locale)
{
    size_t bytes = whole_bytes(from, count, unit, locale);
    int code = 0;

    if (bytes >= size - used) {
        if (count != _TRUNCATE) {
            to[0] = 0;
            CRT_INVALID(ERANGE);
            return ERANGE;
        }
        bytes = whole_bytes(from, size - used - 1, BYTES, locale);
        code = STRUNCATE;
    }
    memmove(to + used, from, bytes);
    to[used + bytes] = 0;
    return code;
}

static int copy_s(byte *to, size_t size, const byte *from, size_t count, enum unit unit, _locale_t locale)
{
    if (!count && !to && !size)
        return 0;
    CRT_VALIDATE(to && size, EINVAL, EINVAL);
    if (!from && count) {
        *to = 0;
        CRT_INVALID(EINVAL);
        return EINVAL;
    }
    if (!count) {
        *to = 0;
        return 0;
    }
    return bounded(to, size, 0, from, count, unit, locale);
}

static int append_s(byte *to, size_t size, const byte *from, size_t count, enum unit unit, _locale_t locale)
{
    if (!count && !to && !size)
        return 0;
    CRT_VALIDATE(to && size, EINVAL, EINVAL);
    size_t used = strnlen((const char *)to, size);
    if (used == size || (!from && count)) {
        *to = 0;
        CRT_INVALID(EINVAL);
        return EINVAL;
    }
    return count ? bounded(to, size, used, from, count, unit, locale) : 0;
}

#define BOUNDED(name, function, unit)                                                                                  \
    int name##_l(byte *to, size_t size, const byte *from, size_t count, _locale_t locale)                              \
    {                                                                                                                  \
        return function(to, size, from, count, unit, locale);                                                          \
    }                                                                                                                  \
    int name(byte *to, size_t size, const byte *from, size_t count)                                                    \
    {                                                                                                                  \
        return function(to, size, from, count, unit, NULL);                                                            \
    }

BOUNDED(_mbsncpy_s, copy_s, CHARACTERS)
BOUNDED(_mbsnbcpy_s, copy_s, BYTES)
BOUNDED(_mbsncat_s, append_s, CHARACTERS)
BOUNDED(_mbsnbcat_s, append_s, BYTES)

/* ---- fills, case, reversal --------------------------------------------------------------------------------------- */

/* Fills the first bytes of s with character c; a place too small for a double-byte character gets a space. */
static byte *fill(byte *s, unsigned c, size_t bytes)
{
    size_t at = 0;
    if (c > 255) {
        for (; at + 2 <= bytes; at += 2) {
            s[at] = (byte)(c >> 8);
            s[at + 1] = (byte)c;
        }
        c = ' ';
    }
    for (; at < bytes; at++)
        s[at] = (byte)c;
    return s;
}

static size_t units(size_t count, unsigned c)
{
    return c > 255 && count < (size_t)-1 / 2 ? count * 2 : count;
}

byte *_mbsset_l(byte *s, unsigned c, _locale_t locale)
{
    (void)locale;
    CRT_VALIDATE(s, EINVAL, NULL);
    return fill(s, c, strlen((char *)s));
}

byte *_mbsset(byte *s, unsigned c)
{
    return _mbsset_l(s, c, NULL);
}

byte *_mbsnset_l(byte *s, unsigned c, size_t count, _locale_t locale)
{
    (void)locale;
    CRT_VALIDATE(s || !count, EINVAL, NULL);
    return fill(s, c, strnlen((char *)s, units(count, c)));
}

byte *_mbsnset(byte *s, unsigned c, size_t count)
{
    return _mbsnset_l(s, c, count, NULL);
}

byte *_mbsnbset_l(byte *s, unsigned c, size_t count, _locale_t locale)
{
    (void)locale;
    CRT_VALIDATE(s || !count, EINVAL, NULL);
    return fill(s, c, strnlen((char *)s, count));
}

byte *_mbsnbset(byte *s, unsigned c, size_t count)
{
    return _mbsnbset_l(s, c, count, NULL);
}

static int fill_s(byte *s, size_t size, unsigned c, size_t limit)
{
    if (!s && !size && !limit)
        return 0;
    CRT_VALIDATE(s && size, EINVAL, EINVAL);
    size_t bytes = strnlen((char *)s, size);
    if (bytes == size && limit >= size) {
        *s = 0;
        CRT_INVALID(EINVAL);
        return EINVAL;
    }
    fill(s, c, bytes < limit ? bytes : limit);
    return 0;
}

int _mbsset_s_l(byte *s, size_t size, unsigned c, _locale_t locale)
{
    (void)locale;
    return fill_s(s, size, c, (size_t)-1);
}

int _mbsset_s(byte *s, size_t size, unsigned c)
{
    return fill_s(s, size, c, (size_t)-1);
}

int _mbsnset_s_l(byte *s, size_t size, unsigned c, size_t count, _locale_t locale)
{
    (void)locale;
    return fill_s(s, size, c, units(count, c));
}

int _mbsnset_s(byte *s, size_t size, unsigned c, size_t count)
{
    return fill_s(s, size, c, units(count, c));
}

int _mbsnbset_s_l(byte *s, size_t size, unsigned c, size_t count, _locale_t locale)
{
    (void)locale;
    return fill_s(s, size, c, count);
}

int _mbsnbset_s(byte *s, size_t size, unsigned c, size_t count)
{
    return fill_s(s, size, c, count);
}

static byte *change_case(byte *s, _locale_t locale, unsigned (*convert)(unsigned, _locale_t))
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    for (byte *p = s; *p; p++) {
        if (data->is_multibyte && data->type[*p + 1] & MB_LEAD && p[1]) {
            unsigned c = convert((unsigned)p[0] << 8 | p[1], locale);
            p[0] = (byte)(c >> 8);
            p[1] = (byte)c;
            p++;
        } else {
            *p = (byte)convert(*p, locale);
        }
    }
    return s;
}

#define CASE(name, convert)                                                                                            \
    int name##_s_l(byte *s, size_t size, _locale_t locale)                                                             \
    {                                                                                                                  \
        if (!s && !size)                                                                                               \
            return 0;                                                                                                  \
        CRT_VALIDATE(s, EINVAL, EINVAL);                                                                               \
        if (strnlen((char *)s, size) >= size) {                                                                        \
            if (size)                                                                                                  \
                *s = 0;                                                                                                \
            CRT_INVALID(EINVAL);                                                                                       \
            return EINVAL;                                                                                             \
        }                                                                                                              \
        change_case(s, locale, convert);                                                                               \
        return 0;                                                                                                      \
    }                                                                                                                  \
    int name##_s(byte *s, size_t size)                                                                                 \
    {                                                                                                                  \
        return name##_s_l(s, size, NULL);                                                                              \
    }                                                                                                                  \
    byte *name##_l(byte *s, _locale_t locale)                                                                          \
    {                                                                                                                  \
        CRT_VALIDATE(s, EINVAL, NULL);                                                                                 \
        return change_case(s, locale, convert);                                                                        \
    }                                                                                                                  \
    byte *name(byte *s)                                                                                                \
    {                                                                                                                  \
        return name##_l(s, NULL);                                                                                      \
    }

CASE(_mbslwr, _mbctolower_l)
CASE(_mbsupr, _mbctoupper_l)

byte *_mbsrev_l(byte *s, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    CRT_VALIDATE(s, EINVAL, NULL);
    if (data->is_multibyte)
        for (byte *p = s; *p; p++)
            if (data->type[*p + 1] & MB_LEAD && p[1]) { /* so that the reversal puts them right again */
                byte first = p[0];
                p[0] = p[1];
                p[1] = first;
                p++;
            }
    return (byte *)_strrev((char *)s);
}

byte *_mbsrev(byte *s)
{
    return _mbsrev_l(s, NULL);
}

/* ---- one character ----------------------------------------------------------------------------------------------- */

int _mbccpy_s_l(byte *to, size_t size, int *copied, const byte *from, _locale_t locale)
{
    if (copied)
        *copied = 0;
    CRT_VALIDATE(to && size, EINVAL, EINVAL);
    if (!from) {
        *to = 0;
        CRT_INVALID(EINVAL);
        return EINVAL;
    }
    size_t length = 1;
    if (_ismbblead_l(*from, locale)) {
        if (!from[1]) {
            *to = 0;
            errno = EILSEQ;
            return EILSEQ;
        }
        length = 2;
    }
    if (length > size) {
        *to = 0;
        CRT_INVALID(ERANGE);
        return ERANGE;
    }
    memcpy(to, from, length);
    if (copied)
        *copied = (int)length;
    return 0;
}

int _mbccpy_s(byte *to, size_t size, int *copied, const byte *from)
{
    return _mbccpy_s_l(to, size, copied, from, NULL);
}

void _mbccpy_l(byte *to, const byte *from, _locale_t locale)
{
    _mbccpy_s_l(to, 2, NULL, from, locale);
}

void _mbccpy(byte *to, const byte *from)
{
    _mbccpy_s_l(to, 2, NULL, from, NULL);
}

/* ---- Japanese ---------------------------------------------------------------------------------------------------- */

static int japanese(_locale_t locale)
{
    return crt_multibyte_data(locale)->codepage == 932;
}

unsigned _mbcjistojms_l(unsigned c, _locale_t locale)
{
    unsigned high = c >> 8, low = c & 255;
    if (!japanese(locale))
        return c;
    if (high < 0x21 || high > 0x7e || low < 0x21 || low > 0x7e) {
        errno = EILSEQ;
        return 0;
    }
    low += high & 1 ? (low <= 0x5f ? 0x1f : 0x20) : 0x7e;
    high = ((high - 0x21) >> 1) + 0x81;
    if (high > 0x9f)
        high += 0x40;
    return high << 8 | low;
}

unsigned _mbcjistojms(unsigned c)
{
    return _mbcjistojms_l(c, NULL);
}

unsigned _mbcjmstojis_l(unsigned c, _locale_t locale)
{
    unsigned high = c >> 8, low = c & 255;
    if (!japanese(locale))
        return c;
    if (c > 0xffff || !_ismbclegal_l(c, locale) || high >= 0xf0) {
        errno = EILSEQ;
        return 0;
    }
    high -= high >= 0xe0 ? 0xc1 : 0x81;
    high = high * 2 + 0x21;
    if (low >= 0x9f) {
        high++;
        low -= 0x7e;
    } else {
        low -= low > 0x7f ? 0x20 : 0x1f;
    }
    return high << 8 | low;
}

unsigned _mbcjmstojis(unsigned c)
{
    return _mbcjmstojis_l(c, NULL);
}

unsigned _mbctohira_l(unsigned c, _locale_t locale)
{
    if (!_ismbckata_l(c, locale) || c > 0x8393)
        return c;
    return c - (c < 0x837f ? 0xa1 : 0xa2);
}

unsigned _mbctohira(unsigned c)
{
    return _mbctohira_l(c, NULL);
}

unsigned _mbctokata_l(unsigned c, _locale_t locale)
{
    if (!_ismbchira_l(c, locale))
        return c;
    c += 0xa1;
    return c >= 0x837f ? c + 1 : c;
}

unsigned _mbctokata(unsigned c)
{
    return _mbctokata_l(c, NULL);
}

/* ASCII 0x20-0x7e and half-width katakana 0xa1-0xdf against their full-width forms. */
static const unsigned short full_ascii[] = {
    0x8140, 0x8149, 0x8168, 0x8194, 0x8190, 0x8193, 0x8195, 0x8166, 0x8169, 0x816a, 0x8196, 0x817b, 0x8143, 0x817c,
    0x8144, 0x815e, 0x824f, 0x8250, 0x8251, 0x8252, 0x8253, 0x8254, 0x8255, 0x8256, 0x8257, 0x8258, 0x8146, 0x8147,
    0x8183, 0x8181, 0x8184, 0x8148, 0x8197, 0x8260, 0x8261, 0x8262, 0x8263, 0x8264, 0x8265, 0x8266, 0x8267, 0x8268,
    0x8269, 0x826a, 0x826b, 0x826c, 0x826d, 0x826e, 0x826f, 0x8270, 0x8271, 0x8272, 0x8273, 0x8274, 0x8275, 0x8276,
    0x8277, 0x8278, 0x8279, 0x816d, 0x818f, 0x816e, 0x814f, 0x8151, 0x8165, 0x8281, 0x8282, 0x8283, 0x8284, 0x8285,
    0x8286, 0x8287, 0x8288, 0x8289, 0x828a, 0x828b, 0x828c, 0x828d, 0x828e, 0x828f, 0x8290, 0x8291, 0x8292, 0x8293,
    0x8294, 0x8295, 0x8296, 0x8297, 0x8298, 0x8299, 0x829a, 0x816f, 0x8162, 0x8170, 0x8150,
};
static const unsigned short full_kana[] = {
    0x8142, 0x8175, 0x8176, 0x8141, 0x8145, 0x8392, 0x8340, 0x8342, 0x8344, 0x8346, 0x8348, 0x8383, 0x8385,
    0x8387, 0x8362, 0x815b, 0x8341, 0x8343, 0x8345, 0x8347, 0x8349, 0x834a, 0x834c, 0x834e, 0x8350, 0x8352,
    0x8354, 0x8356, 0x8358, 0x835a, 0x835c, 0x835e, 0x8360, 0x8363, 0x8365, 0x8367, 0x8369, 0x836a, 0x836b,
    0x836c, 0x836d, 0x836e, 0x8371, 0x8374, 0x8377, 0x837a, 0x837d, 0x837e, 0x8380, 0x8381, 0x8382, 0x8384,
    0x8386, 0x8388, 0x8389, 0x838a, 0x838b, 0x838c, 0x838d, 0x838f, 0x8393, 0x814a, 0x814b,
};

unsigned _mbbtombc_l(unsigned c, _locale_t locale)
{
    if (!japanese(locale))
        return c;
    if (c >= 0x20 && c <= 0x7e)
        return full_ascii[c - 0x20];
    return c >= 0xa1 && c <= 0xdf ? full_kana[c - 0xa1] : c;
}

unsigned _mbbtombc(unsigned c)
{
    return _mbbtombc_l(c, NULL);
}

unsigned _mbctombb_l(unsigned c, _locale_t locale)
{
    if (!japanese(locale))
        return c;
    for (unsigned i = 0; i < sizeof full_ascii / sizeof *full_ascii; i++)
        if (full_ascii[i] == c)
            return i + 0x20;
    for (unsigned i = 0; i < sizeof full_kana / sizeof *full_kana; i++)
        if (full_kana[i] == c)
            return i + 0xa1;
    return c;
}

unsigned _mbctombb(unsigned c)
{
    return _mbctombb_l(c, NULL);
}
