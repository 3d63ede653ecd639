/* The wide string functions: wcslen, wcscmp, wcscpy, wcschr and their kin. Wide characters are 16 bits. */
#include "internal.h"
#include "swar.h"
#include <string.h>
#include <wchar.h>

/* A string may start at an odd address: then the word loads are unaligned and guarded by page. */
static inline CRT_LEAF uint64_t units_before(const wchar_t *s)
{
    return ((uint64_t)1 << (((uintptr_t)s & 6) * 8)) - 1;
}

CRT_LEAF size_t wcslen(const wchar_t *s)
{
    if ((uintptr_t)s & 1) {
        const wchar_t *p = s;
        while (*(const crt_u16u *)p)
            p++;
        return (size_t)(p - s);
    }
    const crt_u64 *word = (const crt_u64 *)((uintptr_t)s & ~(uintptr_t)7);
    uint64_t mark = crt_zero16(*word | units_before(s));

    while (!mark)
        mark = crt_zero16(*++word);
    return (size_t)((const wchar_t *)word + crt_first16(mark) - s);
}

CRT_LEAF wchar_t *wmemchr(const wchar_t *block, wchar_t c, size_t n)
{
    uint64_t pattern = c * CRT_ONES16;
    while (n) {
        if (n >= 4 && crt_word_in_page(block)) {
            uint64_t mark = crt_zero16(*(const crt_u64u *)block ^ pattern);
            if (mark)
                return (wchar_t *)(block + crt_first16(mark));
            block += 4;
            n -= 4;
            continue;
        }
        if (*(const crt_u16u *)block == c)
            return (wchar_t *)block;
        block++;
        n--;
    }
    return NULL;
}

CRT_LEAF size_t wcsnlen(const wchar_t *s, size_t limit)
{
    const wchar_t *end = wmemchr(s, 0, limit);
    return end ? (size_t)(end - s) : limit;
}

size_t __wcsncnt(const wchar_t *s, size_t limit)
{
    return wcsnlen(s, limit);
}

CRT_LEAF int wcscmp(const wchar_t *a, const wchar_t *b)
{
    for (;;) {
        if (crt_word_in_page(a) && crt_word_in_page(b)) {
            uint64_t x = *(const crt_u64u *)a, y = *(const crt_u64u *)b;
            uint64_t mark = crt_zero16(x) | (x ^ y);
            if (!mark) {
                a += 4;
                b += 4;
                continue;
            }
            unsigned shift = crt_first16(mark) * 16;
            x = x >> shift & 0xffff;
            y = y >> shift & 0xffff;
            return x == y ? 0 : x < y ? -1 : 1;
        }
        if (*a != *b)
            return *a < *b ? -1 : 1;
        if (!*a)
            return 0;
        a++;
        b++;
    }
}

CRT_LEAF int wcsncmp(const wchar_t *a, const wchar_t *b, size_t n)
{
    while (n) {
        if (n >= 4 && crt_word_in_page(a) && crt_word_in_page(b)) {
            uint64_t x = *(const crt_u64u *)a, y = *(const crt_u64u *)b;
            uint64_t mark = crt_zero16(x) | (x ^ y);
            if (!mark) {
                a += 4;
                b += 4;
                n -= 4;
                continue;
            }
            unsigned shift = crt_first16(mark) * 16;
            x = x >> shift & 0xffff;
            y = y >> shift & 0xffff;
            return x == y ? 0 : x < y ? -1 : 1;
        }
        if (*a != *b)
            return *a < *b ? -1 : 1;
        if (!*a)
            return 0;
        a++;
        b++;
        n--;
    }
    return 0;
}

CRT_LEAF wchar_t *wcscpy(wchar_t *restrict destination, const wchar_t *restrict source)
{
    memmove(destination, source, (wcslen(source) + 1) * sizeof(wchar_t));
    return destination;
}

CRT_LEAF wchar_t *wcscat(wchar_t *restrict destination, const wchar_t *restrict source)
{
    memmove(destination + wcslen(destination), source, (wcslen(source) + 1) * sizeof(wchar_t));
    return destination;
}

CRT_LEAF wchar_t *wcsncpy(wchar_t *restrict destination, const wchar_t *restrict source, size_t n)
{
    size_t length = wcsnlen(source, n);
    memmove(destination, source, length * sizeof(wchar_t));
    memset(destination + length, 0, (n - length) * sizeof(wchar_t));
    return destination;
}

CRT_LEAF wchar_t *wcsncat(wchar_t *restrict destination, const wchar_t *restrict source, size_t n)
{
    size_t length = wcsnlen(source, n);
    wchar_t *end = destination + wcslen(destination);
    memmove(end, source, length * sizeof(wchar_t));
    end[length] = 0;
    return destination;
}

CRT_LEAF wchar_t *wcschr(const wchar_t *s, wchar_t c)
{
    uint64_t pattern = c * CRT_ONES16;
    for (;;) {
        if (crt_word_in_page(s)) {
            uint64_t x = *(const crt_u64u *)s;
            uint64_t mark = crt_zero16(x) | crt_zero16(x ^ pattern);
            if (!mark) {
                s += 4;
                continue;
            }
            s += crt_first16(mark);
            return *(const crt_u16u *)s == c ? (wchar_t *)s : NULL;
        }
        if (*(const crt_u16u *)s == c)
            return (wchar_t *)s;
        if (!*(const crt_u16u *)s)
            return NULL;
        s++;
    }
}

CRT_LEAF wchar_t *wcsrchr(const wchar_t *s, wchar_t c)
{
    const wchar_t *p = s + wcslen(s) + 1;
    uint64_t pattern = c * CRT_ONES16;

    for (; p - s >= 4; p -= 4) {
        uint64_t mark = crt_zero16_exact(*(const crt_u64u *)(p - 4) ^ pattern);
        if (mark)
            return (wchar_t *)(p - 4 + ((63 - __builtin_clzll(mark)) >> 4));
    }
    while (p > s)
        if (*--p == c)
            return (wchar_t *)p;
    return NULL;
}

CRT_LEAF wchar_t *wcsstr(const wchar_t *text, const wchar_t *wanted)
{
    size_t length = wcslen(wanted);
    if (!length)
        return (wchar_t *)text;
    while ((text = wcschr(text, *wanted))) {
        if (!wcsncmp(text + 1, wanted + 1, length - 1))
            return (wchar_t *)text;
        text++;
    }
    return NULL;
}

size_t wcsspn(const wchar_t *s, const wchar_t *accept)
{
    const wchar_t *p = s;
    while (*p && wcschr(accept, *p))
        p++;
    return (size_t)(p - s);
}

size_t wcscspn(const wchar_t *s, const wchar_t *reject)
{
    const wchar_t *p = s;
    while (*p && !wcschr(reject, *p))
        p++;
    return (size_t)(p - s);
}

wchar_t *wcspbrk(const wchar_t *s, const wchar_t *accept)
{
    s += wcscspn(s, accept);
    return *s ? (wchar_t *)s : NULL;
}

wchar_t *wcstok_s(wchar_t *s, const wchar_t *separators, wchar_t **next)
{
    CRT_VALIDATE(next && separators && (s || *next), EINVAL, NULL);
    if (!s)
        s = *next;
    s += wcsspn(s, separators);
    if (!*s) {
        *next = s;
        return NULL;
    }
    wchar_t *end = s + wcscspn(s, separators);
    if (*end)
        *end++ = 0;
    *next = end;
    return s;
}

/* The universal runtime's wcstok has the standard's third parameter, which may be NULL; msvcrt's has two. */
#ifdef UCRT
wchar_t *crt_wcstok(wchar_t *s, const wchar_t *separators, wchar_t **next)
{
    if (!next)
        next = &crt_thread_data()->wcstok_next;
    return s || *next ? wcstok_s(s, separators, next) : NULL;
}
#else
wchar_t *crt_wcstok(wchar_t *s, const wchar_t *separators)
{
    wchar_t **next = &crt_thread_data()->wcstok_next;
    return s || *next ? wcstok_s(s, separators, next) : NULL;
}
#endif

wchar_t *_wcsdup(const wchar_t *s)
{
    if (!s)
        return NULL;
    size_t size = (wcslen(s) + 1) * sizeof(wchar_t);
    wchar_t *copy = malloc(size);
    return copy ? memcpy(copy, s, size) : NULL;
}

wchar_t *_wcsrev(wchar_t *s)
{
    size_t left = 0, right = wcslen(s);
    while (left + 1 < right) {
        wchar_t c = s[left];
        s[left++] = s[--right];
        s[right] = c;
    }
    return s;
}

wchar_t *_wcsset(wchar_t *s, wchar_t c)
{
    for (wchar_t *p = s; *p; p++)
        *p = c;
    return s;
}

wchar_t *_wcsnset(wchar_t *s, wchar_t c, size_t n)
{
    for (wchar_t *p = s; n && *p; p++, n--)
        *p = c;
    return s;
}
