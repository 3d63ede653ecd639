/* strcoll, strxfrm and their kin: the order of CompareString in the locale's LC_COLLATE; that of the codes in "C". */
#include "internal.h"
#include "locale_internal.h"
#include <string.h>
#include <wchar.h>

#define NOT_COMPARED 0x7fffffff /* _NLSCMPERROR */

static int compare_wide(const wchar_t *locale, DWORD flags, const wchar_t *a, int a_units, const wchar_t *b,
                        int b_units)
{
    int result = CompareStringEx(locale, flags, a, a_units, b, b_units, NULL, NULL, 0);
    if (result)
        return result - CSTR_EQUAL;
    errno = EINVAL;
    return NOT_COMPARED;
}

/* The first size bytes as wide characters, allocated; *units gets their number. NULL without memory. */
static wchar_t *widen(unsigned codepage, const char *s, size_t size, int *units)
{
    *units = size ? MultiByteToWideChar(codepage, 0, s, (int)size, NULL, 0) : 0;
    wchar_t *wide = malloc(((size_t)*units + 1) * sizeof(wchar_t));
    if (wide && *units)
        MultiByteToWideChar(codepage, 0, s, (int)size, wide, *units);
    return wide;
}

static int compare(const char *a, const char *b, size_t limit, DWORD flags, const crt_locale *locale)
{
    int a_units, b_units, result = NOT_COMPARED;
    wchar_t *x = widen(locale->collate_codepage, a, strnlen(a, limit), &a_units);
    wchar_t *y = widen(locale->collate_codepage, b, strnlen(b, limit), &b_units);

    if (x && y)
        result = compare_wide(locale->windows[LC_COLLATE], flags, x, a_units, y, b_units);
    free(x);
    free(y);
    return result;
}

#define IGNORE_CASE (SORT_STRINGSORT | NORM_IGNORECASE)

#define COLLATE(name, flags, plain)                                                                                    \
    int name##_l(const char *a, const char *b, _locale_t locale)                                                       \
    {                                                                                                                  \
        const crt_locale *data = crt_locale_data(locale);                                                              \
        CRT_VALIDATE(a && b, EINVAL, NOT_COMPARED);                                                                    \
        return data->windows[LC_COLLATE] ? compare(a, b, INT_MAX, flags, data) : plain(a, b);                          \
    }                                                                                                                  \
    int name(const char *a, const char *b)                                                                             \
    {                                                                                                                  \
        return name##_l(a, b, NULL);                                                                                   \
    }

#define COLLATE_N(name, flags, plain)                                                                                  \
    int name##_l(const char *a, const char *b, size_t n, _locale_t locale)                                             \
    {                                                                                                                  \
        const crt_locale *data = crt_locale_data(locale);                                                              \
        if (!n)                                                                                                        \
            return 0;                                                                                                  \
        CRT_VALIDATE(a && b && n <= INT_MAX, EINVAL, NOT_COMPARED);                                                    \
        return data->windows[LC_COLLATE] ? compare(a, b, n, flags, data) : plain(a, b, n);                             \
    }                                                                                                                  \
    int name(const char *a, const char *b, size_t n)                                                                   \
    {                                                                                                                  \
        return name##_l(a, b, n, NULL);                                                                                \
    }

int _strcoll_l(const char *a, const char *b, _locale_t locale)
{
    const crt_locale *data = crt_locale_data(locale);
    CRT_VALIDATE(a && b, EINVAL, NOT_COMPARED);
    return data->windows[LC_COLLATE] ? compare(a, b, INT_MAX, SORT_STRINGSORT, data) : strcmp(a, b);
}

int strcoll(const char *a, const char *b)
{
    return _strcoll_l(a, b, NULL);
}

COLLATE(_stricoll, IGNORE_CASE, _stricmp)
COLLATE_N(_strncoll, SORT_STRINGSORT, strncmp)
COLLATE_N(_strnicoll, IGNORE_CASE, _strnicmp)

int _wcscoll_l(const wchar_t *a, const wchar_t *b, _locale_t locale)
{
    const wchar_t *name = crt_locale_data(locale)->windows[LC_COLLATE];
    CRT_VALIDATE(a && b, EINVAL, NOT_COMPARED);
    return name ? compare_wide(name, SORT_STRINGSORT, a, -1, b, -1) : wcscmp(a, b);
}

int wcscoll(const wchar_t *a, const wchar_t *b)
{
    return _wcscoll_l(a, b, NULL);
}

int _wcsicoll_l(const wchar_t *a, const wchar_t *b, _locale_t locale)
{
    const wchar_t *name = crt_locale_data(locale)->windows[LC_COLLATE];
    CRT_VALIDATE(a && b, EINVAL, NOT_COMPARED);
    return name ? compare_wide(name, IGNORE_CASE, a, -1, b, -1) : _wcsicmp_l(a, b, locale);
}

int _wcsicoll(const wchar_t *a, const wchar_t *b)
{
    return _wcsicoll_l(a, b, NULL);
}

static int wide_n(const wchar_t *a, const wchar_t *b, size_t n, DWORD flags, const wchar_t *name)
{
    return compare_wide(name, flags, a, (int)wcsnlen(a, n), b, (int)wcsnlen(b, n));
}

int _wcsncoll_l(const wchar_t *a, const wchar_t *b, size_t n, _locale_t locale)
{
    const wchar_t *name = crt_locale_data(locale)->windows[LC_COLLATE];
    if (!n)
        return 0;
    CRT_VALIDATE(a && b && n <= INT_MAX, EINVAL, NOT_COMPARED);
    return name ? wide_n(a, b, n, SORT_STRINGSORT, name) : wcsncmp(a, b, n);
}

int _wcsncoll(const wchar_t *a, const wchar_t *b, size_t n)
{
    return _wcsncoll_l(a, b, n, NULL);
}

int _wcsnicoll_l(const wchar_t *a, const wchar_t *b, size_t n, _locale_t locale)
{
    const wchar_t *name = crt_locale_data(locale)->windows[LC_COLLATE];
    if (!n)
        return 0;
    CRT_VALIDATE(a && b && n <= INT_MAX, EINVAL, NOT_COMPARED);
    return name ? wide_n(a, b, n, IGNORE_CASE, name) : _wcsnicmp_l(a, b, n, locale);
}

int _wcsnicoll(const wchar_t *a, const wchar_t *b, size_t n)
{
    return _wcsnicoll_l(a, b, n, NULL);
}

/* ---- keys whose plain order is the collation order --------------------------------------------------------------- */

size_t _strxfrm_l(char *destination, const char *source, size_t size, _locale_t locale)
{
    const crt_locale *data = crt_locale_data(locale);
    int units, needed = 0;

    CRT_VALIDATE(size <= INT_MAX && (destination || !size) && source, EINVAL, INT_MAX);
    if (!data->windows[LC_COLLATE]) {
        if (size)
            strncpy(destination, source, size);
        return strlen(source);
    }
    wchar_t *wide = widen(data->collate_codepage, source, strlen(source), &units);
    if (wide) {
        needed = LCMapStringEx(data->windows[LC_COLLATE], LCMAP_SORTKEY, wide, units, NULL, 0, NULL, NULL, 0);
        if (needed && (size_t)needed <= size)
            LCMapStringEx(data->windows[LC_COLLATE], LCMAP_SORTKEY, wide, units, (wchar_t *)destination, (int)size,
                          NULL, NULL, 0);
        else if (needed && size)
            *destination = 0, errno = ERANGE;
        free(wide);
    }
    if (!needed) {
        if (size)
            *destination = 0;
        errno = EILSEQ;
        return INT_MAX;
    }
    return (size_t)needed - 1;
}

size_t strxfrm(char *destination, const char *source, size_t size)
{
    return _strxfrm_l(destination, source, size, NULL);
}

size_t _wcsxfrm_l(wchar_t *destination, const wchar_t *source, size_t size, _locale_t locale)
{
    const wchar_t *name = crt_locale_data(locale)->windows[LC_COLLATE];

    CRT_VALIDATE(size <= INT_MAX && (destination || !size) && source, EINVAL, INT_MAX);
    if (!name) {
        if (size)
            wcsncpy(destination, source, size);
        return wcslen(source);
    }
    int needed = LCMapStringEx(name, LCMAP_SORTKEY, source, -1, NULL, 0, NULL, NULL, 0);
    unsigned char *key = needed > 0 ? malloc((size_t)needed) : NULL;
    if (!key) {
        if (size)
            *destination = 0;
        errno = EILSEQ;
        return INT_MAX;
    }
    LCMapStringEx(name, LCMAP_SORTKEY, source, -1, (wchar_t *)key, needed, NULL, NULL, 0);
    if ((size_t)needed <= size)
        for (int i = 0; i < needed; i++)
            destination[i] = key[i];
    else if (size)
        *destination = 0, errno = ERANGE;
    free(key);
    return (size_t)needed - 1;
}

size_t wcsxfrm(wchar_t *destination, const wchar_t *source, size_t size)
{
    return _wcsxfrm_l(destination, source, size, NULL);
}
