/* The national language helpers that msvcrt.dll exports. They take a locale id; 0 is the "C" locale of the caller. */
#include "internal.h"
#include <string.h>

#define NO_CODEPAGE(codepage) ((codepage) ? (codepage) : CP_ACP)

static wchar_t *widen(unsigned codepage, const char *s, int length, int *units)
{
    if (length < 0)
        length = (int)strlen(s);
    *units = length ? MultiByteToWideChar(codepage, 0, s, length, NULL, 0) : 0;
    wchar_t *wide = malloc(((size_t)*units + 1) * sizeof(wchar_t));
    if (wide && *units)
        MultiByteToWideChar(codepage, 0, s, length, wide, *units);
    return wide;
}

int __crtCompareStringW(LCID locale, DWORD flags, const wchar_t *a, int a_length, const wchar_t *b, int b_length)
{
    return CompareStringW(locale, flags, a, a_length, b, b_length);
}

int __crtCompareStringA(LCID locale, DWORD flags, const char *a, int a_length, const char *b, int b_length)
{
    int a_units, b_units, result = 0;
    wchar_t *x = widen(CP_ACP, a, a_length, &a_units), *y = widen(CP_ACP, b, b_length, &b_units);

    if (x && y)
        result = CompareStringW(locale, flags, x, a_units, y, b_units);
    free(x);
    free(y);
    return result;
}

int __crtLCMapStringW(LCID locale, DWORD flags, const wchar_t *source, int length, wchar_t *target, int size,
                      unsigned codepage, int check)
{
    (void)codepage;
    (void)check;
    return LCMapStringW(locale, flags, source, length, target, size);
}

int __crtLCMapStringA(LCID locale, DWORD flags, const char *source, int length, char *target, int size,
                      unsigned codepage, int check)
{
    int units, result = 0;
    (void)check;
    wchar_t *wide = widen(NO_CODEPAGE(codepage), source, length, &units);
    if (wide && flags & LCMAP_SORTKEY) {
        result = LCMapStringW(locale, flags, wide, units, (wchar_t *)target, size);
    } else if (wide && LCMapStringW(locale, flags, wide, units, wide, units)) {
        if (length < 0)
            wide[units++] = 0;
        result = WideCharToMultiByte(NO_CODEPAGE(codepage), 0, wide, units, target, size, NULL, NULL);
    }
    free(wide);
    return result;
}

int __crtGetLocaleInfoW(LCID locale, LCTYPE type, wchar_t *buffer, int size)
{
    return GetLocaleInfoW(locale, type, buffer, size);
}

int __crtGetStringTypeW(DWORD unused, DWORD type, const wchar_t *source, int length, WORD *classes)
{
    (void)unused;
    return GetStringTypeW(type, source, length, classes);
}
