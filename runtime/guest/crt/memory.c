/* Memory functions beyond memcpy, memset, memcmp and memchr, which are in ../common/mem.c. */
#include "internal.h"
#include <string.h>

void *_memccpy(void *destination, const void *source, int value, size_t n)
{
    unsigned char *d = destination;
    const unsigned char *s = source;

    while (n--)
        if ((*d++ = *s++) == (unsigned char)value)
            return d;
    return NULL;
}

int _memicmp_l(const void *left, const void *right, size_t n, crt_locale_t locale)
{
    const unsigned char *a = left, *b = right;

    if (n)
        CRT_VALIDATE(left && right, EINVAL, 0x7fffffff);
    for (; n; n--, a++, b++) {
        int x = _tolower_l(*a, (_locale_t)locale), y = _tolower_l(*b, (_locale_t)locale);
        if (x != y)
            return x - y;
    }
    return 0;
}

int _memicmp(const void *left, const void *right, size_t n)
{
    return _memicmp_l(left, right, n, NULL);
}

int memcpy_s(void *destination, size_t size, const void *source, size_t n)
{
    if (!n)
        return 0;
    CRT_VALIDATE(destination, EINVAL, EINVAL);
    if (!source || size < n) {
        memset(destination, 0, size);
        int code = source ? ERANGE : EINVAL;
        CRT_INVALID(code);
        return code;
    }
    memmove(destination, source, n);
    return 0;
}

int memmove_s(void *destination, size_t size, const void *source, size_t n)
{
    if (!n)
        return 0;
    CRT_VALIDATE(destination && source, EINVAL, EINVAL);
    CRT_VALIDATE(size >= n, ERANGE, ERANGE);
    memmove(destination, source, n);
    return 0;
}

int wmemcpy_s(wchar_t *destination, size_t size, const wchar_t *source, size_t n)
{
    return memcpy_s(destination, size * sizeof(wchar_t), source, n * sizeof(wchar_t));
}

int wmemmove_s(wchar_t *destination, size_t size, const wchar_t *source, size_t n)
{
    return memmove_s(destination, size * sizeof(wchar_t), source, n * sizeof(wchar_t));
}

void _swab(char *source, char *destination, int n)
{
    CRT_VALIDATE_VOID(source && destination && n >= 0, EINVAL);
    for (; n > 1; n -= 2, source += 2, destination += 2) {
        char first = source[0];
        destination[0] = source[1];
        destination[1] = first;
    }
}
