/* Case of strings: comparison without it, and _strlwr, _wcsupr and their kin. */
#include "internal.h"
#include "locale_internal.h"
#include "swar.h"
#include <ctype.h>
#include <string.h>
#include <wchar.h>

#define NOT_COMPARED 0x7fffffff /* _NLSCMPERROR */

static int compare_n(const unsigned char *a, const unsigned char *b, size_t n, const unsigned char *lower)
{
    for (; n; a++, b++, n--) {
        if (*a == *b) {
            if (!*a)
                return 0;
            continue;
        }
        int x = lower[*a], y = lower[*b];
        if (x != y)
            return x - y;
    }
    return 0;
}

/* ASCII letters only, eight characters at a time. */
static int compare_plain(const unsigned char *a, const unsigned char *b, size_t n)
{
    while (n) {
        if (n >= 8 && crt_word_in_page(a) && crt_word_in_page(b)) {
            uint64_t x = crt_lower8(*(const crt_u64u *)a), y = crt_lower8(*(const crt_u64u *)b);
            uint64_t mark = crt_zero8(x) | (x ^ y);
            if (!mark) {
                a += 8;
                b += 8;
                n -= 8;
                continue;
            }
            unsigned shift = crt_first8(mark) * 8;
            return (int)(x >> shift & 0xff) - (int)(y >> shift & 0xff);
        }
        int x = (int)crt_lower8(*a), y = (int)crt_lower8(*b);
        if (x != y || !x)
            return x - y;
        a++;
        b++;
        n--;
    }
    return 0;
}

static int compare(const char *a, const char *b, size_t n, const crt_locale *locale)
{
    if (locale->plain)
        return compare_plain((const unsigned char *)a, (const unsigned char *)b, n);
    return compare_n((const unsigned char *)a, (const unsigned char *)b, n, locale->lower);
}

int _stricmp_l(const char *a, const char *b, _locale_t locale)
{
    CRT_VALIDATE(a && b, EINVAL, NOT_COMPARED);
    return compare(a, b, (size_t)-1, crt_locale_data(locale));
}

int _stricmp(const char *a, const char *b)
{
    return _stricmp_l(a, b, NULL);
}

int _strnicmp_l(const char *a, const char *b, size_t n, _locale_t locale)
{
    if (!n)
        return 0;
    CRT_VALIDATE(a && b, EINVAL, NOT_COMPARED);
    return compare(a, b, n, crt_locale_data(locale));
}

int _strnicmp(const char *a, const char *b, size_t n)
{
    return _strnicmp_l(a, b, n, NULL);
}

static inline wchar_t fold(wchar_t c, int plain)
{
    if (c < 0x80)
        return c - 'A' < 26u ? c | 0x20 : c;
    return plain ? c : crt_wide_lower(c);
}

int _wcsnicmp_l(const wchar_t *a, const wchar_t *b, size_t n, _locale_t locale)
{
    int plain = crt_locale_data(locale)->plain;
    if (!n)
        return 0;
    CRT_VALIDATE(a && b, EINVAL, NOT_COMPARED);
    for (; n; a++, b++, n--) {
        if (*a == *b) {
            if (!*a)
                return 0;
            continue;
        }
        wchar_t x = fold(*a, plain), y = fold(*b, plain);
        if (x != y)
            return x - y;
    }
    return 0;
}

int _wcsnicmp(const wchar_t *a, const wchar_t *b, size_t n)
{
    return _wcsnicmp_l(a, b, n, NULL);
}

int _wcsicmp_l(const wchar_t *a, const wchar_t *b, _locale_t locale)
{
    return _wcsnicmp_l(a, b, (size_t)-1, locale);
}

int _wcsicmp(const wchar_t *a, const wchar_t *b)
{
    return _wcsicmp_l(a, b, NULL);
}

/* ---- conversion in place ----------------------------------------------------------------------------------------- */

static void convert(char *s, const unsigned char *map)
{
    for (; *s; s++)
        *s = (char)map[(unsigned char)*s];
}

static void convert_wide(wchar_t *s, _locale_t locale, wint_t (*map)(wint_t, _locale_t))
{
    for (; *s; s++)
        *s = (wchar_t)map(*s, locale);
}

#define CONVERSION(name, TYPE, LIMITED, CONVERT)                                                                       \
    int name##_s_l(TYPE *s, size_t size, _locale_t locale)                                                             \
    {                                                                                                                  \
        CRT_VALIDATE(s, EINVAL, EINVAL);                                                                               \
        if (LIMITED(s, size) >= size) {                                                                                \
            if (size)                                                                                                  \
                *s = 0;                                                                                                \
            CRT_INVALID(EINVAL);                                                                                       \
            return EINVAL;                                                                                             \
        }                                                                                                              \
        CONVERT;                                                                                                       \
        return 0;                                                                                                      \
    }                                                                                                                  \
    int name##_s(TYPE *s, size_t size)                                                                                 \
    {                                                                                                                  \
        return name##_s_l(s, size, NULL);                                                                              \
    }                                                                                                                  \
    TYPE *name##_l(TYPE *s, _locale_t locale)                                                                          \
    {                                                                                                                  \
        CRT_VALIDATE(s, EINVAL, NULL);                                                                                 \
        CONVERT;                                                                                                       \
        return s;                                                                                                      \
    }                                                                                                                  \
    TYPE *name(TYPE *s)                                                                                                \
    {                                                                                                                  \
        return name##_l(s, NULL);                                                                                      \
    }

CONVERSION(_strlwr, char, strnlen, convert(s, crt_locale_data(locale)->lower))
CONVERSION(_strupr, char, strnlen, convert(s, crt_locale_data(locale)->upper))
CONVERSION(_wcslwr, wchar_t, wcsnlen, convert_wide(s, locale, _towlower_l))
CONVERSION(_wcsupr, wchar_t, wcsnlen, convert_wide(s, locale, _towupper_l))
