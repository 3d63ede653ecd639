/* The _mbs string functions: strings in the code page of _setmbcp, where a lead byte and its trail byte are one
 * character. Where the code page has no lead bytes they behave like the str functions. Functions with b in "mbsnb"
 * count bytes, those without count characters. */
#include "internal.h"
#include "locale_internal.h"
#include <ctype.h>
#include <mbctype.h>
#include <mbstring.h>
#include <string.h>

#define LIMIT 0x7fffffff /* _NLSCMPERROR: what comparisons return for NULL */

typedef unsigned char byte;

/* A character's bytes: 2 when a lead byte has something behind it. */
static inline size_t size_at(const byte *s, const crt_multibyte *data)
{
    return data->is_multibyte && data->type[*s + 1] & MB_LEAD && s[1] ? 2 : 1;
}

static inline unsigned char_at(const byte *s, const crt_multibyte *data)
{
    return size_at(s, data) == 2 ? (unsigned)s[0] << 8 | s[1] : s[0];
}

size_t _mbclen_l(const byte *s, _locale_t locale)
{
    return _ismbblead_l(*s, locale) && s[1] ? 2 : 1;
}

size_t _mbclen(const byte *s)
{
    return _mbclen_l(s, NULL);
}

byte *_mbsinc_l(const byte *s, _locale_t locale)
{
    CRT_VALIDATE(s, EINVAL, NULL);
    return (byte *)s + (_ismbblead_l(*s, locale) && s[1] ? 2 : 1);
}

byte *_mbsinc(const byte *s)
{
    return _mbsinc_l(s, NULL);
}

byte *_mbsdec_l(const byte *start, const byte *at, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    CRT_VALIDATE(start && at, EINVAL, NULL);
    if (start >= at)
        return NULL;
    if (!data->is_multibyte)
        return (byte *)at - 1;
    const byte *before = start, *p = start;
    while (p < at) {
        before = p;
        p += size_at(p, data);
    }
    return (byte *)before;
}

byte *_mbsdec(const byte *start, const byte *at)
{
    return _mbsdec_l(start, at, NULL);
}

byte *_mbsninc_l(const byte *s, size_t count, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    CRT_VALIDATE(s, EINVAL, NULL);
    for (; count && *s; count--)
        s += size_at(s, data);
    return (byte *)s;
}

byte *_mbsninc(const byte *s, size_t count)
{
    return _mbsninc_l(s, count, NULL);
}

unsigned _mbsnextc_l(const byte *s, _locale_t locale)
{
    CRT_VALIDATE(s, EINVAL, 0);
    return char_at(s, crt_multibyte_data(locale));
}

unsigned _mbsnextc(const byte *s)
{
    return _mbsnextc_l(s, NULL);
}

size_t _mbsnlen_l(const byte *s, size_t limit, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    size_t count = 0, bytes = strnlen((const char *)s, limit);
    if (!data->is_multibyte)
        return bytes;
    for (size_t at = 0; at < bytes; count++)
        at += size_at(s + at, data);
    return count;
}

size_t _mbsnlen(const byte *s, size_t limit)
{
    return _mbsnlen_l(s, limit, NULL);
}

size_t _mbslen_l(const byte *s, _locale_t locale)
{
    return _mbsnlen_l(s, strlen((const char *)s), locale);
}

size_t _mbslen(const byte *s)
{
    return _mbslen_l(s, NULL);
}

/* Bytes of the first count characters; characters in the first count bytes. */
size_t _mbsnbcnt_l(const byte *s, size_t count, _locale_t locale)
{
    return s || !count ? (size_t)(_mbsninc_l(s, count, locale) - s) : 0;
}

size_t _mbsnbcnt(const byte *s, size_t count)
{
    return _mbsnbcnt_l(s, count, NULL);
}

size_t _mbsnccnt_l(const byte *s, size_t count, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    size_t characters = 0;
    CRT_VALIDATE(s || !count, EINVAL, 0);
    for (size_t at = 0; at < count && s[at]; characters++)
        at += data->is_multibyte && data->type[s[at] + 1] & MB_LEAD ? 2 : 1;
    return characters;
}

size_t _mbsnccnt(const byte *s, size_t count)
{
    return _mbsnccnt_l(s, count, NULL);
}

/* ---- comparison -------------------------------------------------------------------------------------------------- */

enum unit { BYTES, CHARACTERS };

static int compare(const byte *a, const byte *b, size_t count, enum unit unit, int fold, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);

    while (count) {
        unsigned x = char_at(a, data), y = char_at(b, data);
        size_t step = size_at(a, data), other = size_at(b, data);
        if (unit == BYTES && count == 1 && (step == 2 || other == 2))
            x = *a, y = *b, step = other = 1;
        if (fold) {
            x = _mbctolower_l(x, locale);
            y = _mbctolower_l(y, locale);
        }
        if (x != y)
            return x < y ? -1 : 1;
        if (!x)
            return 0;
        a += step;
        b += other;
        count -= unit == BYTES ? step : 1;
    }
    return 0;
}

#define COMPARE(name, unit, fold)                                                                                      \
    int name##_l(const byte *a, const byte *b, size_t count, _locale_t locale)                                         \
    {                                                                                                                  \
        if (!count)                                                                                                    \
            return 0;                                                                                                  \
        CRT_VALIDATE(a && b, EINVAL, LIMIT);                                                                           \
        return compare(a, b, count, unit, fold, locale);                                                               \
    }                                                                                                                  \
    int name(const byte *a, const byte *b, size_t count)                                                               \
    {                                                                                                                  \
        return name##_l(a, b, count, NULL);                                                                            \
    }

COMPARE(_mbsncmp, CHARACTERS, 0)
COMPARE(_mbsnicmp, CHARACTERS, 1)
COMPARE(_mbsnbcmp, BYTES, 0)
COMPARE(_mbsnbicmp, BYTES, 1)

int _mbscmp_l(const byte *a, const byte *b, _locale_t locale)
{
    return _mbsnbcmp_l(a, b, (size_t)-1, locale);
}

int _mbscmp(const byte *a, const byte *b)
{
    return _mbscmp_l(a, b, NULL);
}

int _mbsicmp_l(const byte *a, const byte *b, _locale_t locale)
{
    return _mbsnbicmp_l(a, b, (size_t)-1, locale);
}

int _mbsicmp(const byte *a, const byte *b)
{
    return _mbsicmp_l(a, b, NULL);
}

/* Collation: the order of CompareString in the code page's locale. */
static int collate(const byte *a, size_t a_bytes, const byte *b, size_t b_bytes, DWORD flags, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    const wchar_t *name = crt_locale_data(locale)->windows[LC_COLLATE];
    UINT codepage = data->codepage ? (UINT)data->codepage : CP_ACP;
    int a_units = a_bytes ? MultiByteToWideChar(codepage, 0, (const char *)a, (int)a_bytes, NULL, 0) : 0;
    int b_units = b_bytes ? MultiByteToWideChar(codepage, 0, (const char *)b, (int)b_bytes, NULL, 0) : 0;
    wchar_t *buffer = malloc(((size_t)a_units + (size_t)b_units + 1) * sizeof(wchar_t));
    int result = 0;

    if (buffer) {
        MultiByteToWideChar(codepage, 0, (const char *)a, (int)a_bytes, buffer, a_units);
        MultiByteToWideChar(codepage, 0, (const char *)b, (int)b_bytes, buffer + a_units, b_units);
        result = CompareStringEx(name, flags, buffer, a_units, buffer + a_units, b_units, NULL, NULL, 0);
        free(buffer);
    }
    if (!result) {
        errno = EINVAL;
        return LIMIT;
    }
    return result - CSTR_EQUAL;
}

static size_t bytes_in(const byte *s, size_t count, enum unit unit, _locale_t locale)
{
    return unit == BYTES ? strnlen((const char *)s, count) : _mbsnbcnt_l(s, count, locale);
}

#define COLLATE(name, unit, flags)                                                                                     \
    int name##_l(const byte *a, const byte *b, size_t count, _locale_t locale)                                         \
    {                                                                                                                  \
        if (!count)                                                                                                    \
            return 0;                                                                                                  \
        CRT_VALIDATE(a && b, EINVAL, LIMIT);                                                                           \
        if (!crt_locale_data(locale)->windows[LC_COLLATE])                                                             \
            return compare(a, b, count, unit, (flags) & NORM_IGNORECASE, locale);                                      \
        return collate(a, bytes_in(a, count, unit, locale), b, bytes_in(b, count, unit, locale), flags, locale);       \
    }                                                                                                                  \
    int name(const byte *a, const byte *b, size_t count)                                                               \
    {                                                                                                                  \
        return name##_l(a, b, count, NULL);                                                                            \
    }

COLLATE(_mbsncoll, CHARACTERS, SORT_STRINGSORT)
COLLATE(_mbsnicoll, CHARACTERS, SORT_STRINGSORT | NORM_IGNORECASE)
COLLATE(_mbsnbcoll, BYTES, SORT_STRINGSORT)
COLLATE(_mbsnbicoll, BYTES, SORT_STRINGSORT | NORM_IGNORECASE)

int _mbscoll_l(const byte *a, const byte *b, _locale_t locale)
{
    return _mbsnbcoll_l(a, b, INT_MAX, locale);
}

int _mbscoll(const byte *a, const byte *b)
{
    return _mbscoll_l(a, b, NULL);
}

int _mbsicoll_l(const byte *a, const byte *b, _locale_t locale)
{
    return _mbsnbicoll_l(a, b, INT_MAX, locale);
}

int _mbsicoll(const byte *a, const byte *b)
{
    return _mbsicoll_l(a, b, NULL);
}

/* ---- search ------------------------------------------------------------------------------------------------------ */

byte *_mbschr_l(const byte *s, unsigned c, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    CRT_VALIDATE(s, EINVAL, NULL);
    if (!data->is_multibyte)
        return (byte *)strchr((const char *)s, (int)c);
    for (;; s += size_at(s, data)) {
        if (char_at(s, data) == c)
            return (byte *)s;
        if (!*s)
            return NULL;
    }
}

byte *_mbschr(const byte *s, unsigned c)
{
    return _mbschr_l(s, c, NULL);
}

byte *_mbsrchr_l(const byte *s, unsigned c, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    const byte *found = NULL;
    CRT_VALIDATE(s, EINVAL, NULL);
    if (!data->is_multibyte)
        return (byte *)strrchr((const char *)s, (int)c);
    for (;; s += size_at(s, data)) {
        if (char_at(s, data) == c)
            found = s;
        if (!*s)
            return (byte *)found;
    }
}

byte *_mbsrchr(const byte *s, unsigned c)
{
    return _mbsrchr_l(s, c, NULL);
}

static int in_set(const byte *set, unsigned c, const crt_multibyte *data)
{
    for (; *set; set += size_at(set, data))
        if (char_at(set, data) == c)
            return 1;
    return 0;
}

static byte *skip(const byte *s, const byte *set, int wanted, const crt_multibyte *data)
{
    while (*s && in_set(set, char_at(s, data), data) == wanted)
        s += size_at(s, data);
    return (byte *)s;
}

size_t _mbsspn_l(const byte *s, const byte *set, _locale_t locale)
{
    CRT_VALIDATE(s && set, EINVAL, 0);
    return (size_t)(skip(s, set, 1, crt_multibyte_data(locale)) - s);
}

size_t _mbsspn(const byte *s, const byte *set)
{
    return _mbsspn_l(s, set, NULL);
}

size_t _mbscspn_l(const byte *s, const byte *set, _locale_t locale)
{
    CRT_VALIDATE(s && set, EINVAL, 0);
    return (size_t)(skip(s, set, 0, crt_multibyte_data(locale)) - s);
}

size_t _mbscspn(const byte *s, const byte *set)
{
    return _mbscspn_l(s, set, NULL);
}

byte *_mbspbrk_l(const byte *s, const byte *set, _locale_t locale)
{
    CRT_VALIDATE(s && set, EINVAL, NULL);
    s = skip(s, set, 0, crt_multibyte_data(locale));
    return *s ? (byte *)s : NULL;
}

byte *_mbspbrk(const byte *s, const byte *set)
{
    return _mbspbrk_l(s, set, NULL);
}

byte *_mbsspnp_l(const byte *s, const byte *set, _locale_t locale)
{
    CRT_VALIDATE(s && set, EINVAL, NULL);
    s = skip(s, set, 1, crt_multibyte_data(locale));
    return *s ? (byte *)s : NULL;
}

byte *_mbsspnp(const byte *s, const byte *set)
{
    return _mbsspnp_l(s, set, NULL);
}

byte *_mbsstr_l(const byte *s, const byte *part, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    size_t length;
    CRT_VALIDATE(s && part, EINVAL, NULL);
    if (!data->is_multibyte)
        return (byte *)strstr((const char *)s, (const char *)part);
    length = strlen((const char *)part);
    for (;; s += size_at(s, data)) {
        if (!strncmp((const char *)s, (const char *)part, length))
            return (byte *)s;
        if (!*s)
            return NULL;
    }
}

byte *_mbsstr(const byte *s, const byte *part)
{
    return _mbsstr_l(s, part, NULL);
}

byte *_mbstok_s_l(byte *s, const byte *set, byte **next, _locale_t locale)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    CRT_VALIDATE(next && set && (s || *next), EINVAL, NULL);
    s = skip(s ? s : *next, set, 1, data);
    if (!*s) {
        *next = s;
        return NULL;
    }
    byte *end = skip(s, set, 0, data);
    if (*end) {
        size_t size = size_at(end, data);
        *end = 0;
        end += size;
    }
    *next = end;
    return s;
}

byte *_mbstok_s(byte *s, const byte *set, byte **next)
{
    return _mbstok_s_l(s, set, next, NULL);
}

byte *_mbstok_l(byte *s, const byte *set, _locale_t locale)
{
    byte **next = &crt_thread_data()->mbstok_next;
    return s || *next ? _mbstok_s_l(s, set, next, locale) : NULL;
}

byte *_mbstok(byte *s, const byte *set)
{
    return _mbstok_l(s, set, NULL);
}
