/* Length, search and comparison of zero-terminated strings, in aligned 64-bit words: an aligned word never crosses into
 * a page that the string does not reach. */
#include "words.h"

typedef uint16_t wide;

size_t strlen(const char *text)
{
    const char *p = text;
    for (; (uintptr_t)p & 7; ++p)
        if (!*p)
            return (size_t)(p - text);
    for (;; p += 8) {
        uint64_t w = *(const uint64_t __attribute__((may_alias)) *)p;
        /* Seldom true without a zero: cheaper than the exact test, which the second line makes. */
        if (__builtin_expect(((w - BYTES(0x01)) & BYTES(0x80)) != 0, 0)) {
            w = ZERO_BYTE(w);
            if (w)
                return (size_t)(p - text) + (__builtin_ctzll(w) >> 3);
        }
    }
}

size_t strnlen(const char *text, size_t limit)
{
    size_t n = 0;
    while (n < limit && text[n])
        ++n;
    return n;
}

char *strchr(const char *text, int value)
{
    uint8_t wanted = (uint8_t)value;
    const uint8_t *p = (const uint8_t *)text;
    for (; (uintptr_t)p & 7; ++p) {
        if (*p == wanted)
            return (char *)p;
        if (!*p)
            return NULL;
    }
    uint64_t pattern = BYTES(wanted);
    for (;; p += 8) {
        uint64_t w = *(const uint64_t __attribute__((may_alias)) *)p;
        uint64_t hit = w ^ pattern;
        if (ZERO_BYTE(hit) | ZERO_BYTE(w))
            break;
    }
    for (;; ++p) {
        if (*p == wanted)
            return (char *)p;
        if (!*p)
            return NULL;
    }
}

char *strrchr(const char *text, int value)
{
    const char *found = NULL;
    do
        if (*text == (char)value)
            found = text;
    while (*text++);
    return (char *)found;
}

int strcmp(const char *left, const char *right)
{
    const uint8_t *a = (const uint8_t *)left, *b = (const uint8_t *)right;
    if ((((uintptr_t)a ^ (uintptr_t)b) & 7) == 0) {
        for (; (uintptr_t)a & 7; ++a, ++b)
            if (*a != *b || !*a)
                goto differ;
        for (;; a += 8, b += 8) {
            uint64_t x = *(const uint64_t __attribute__((may_alias)) *)a;
            uint64_t y = *(const uint64_t __attribute__((may_alias)) *)b;
            if (x != y || ZERO_BYTE(x))
                break;
        }
    }
    while (*a == *b && *a)
        ++a, ++b;
differ:
    return *a == *b ? 0 : *a < *b ? -1 : 1;
}

int strncmp(const char *left, const char *right, size_t limit)
{
    for (; limit; --limit, ++left, ++right) {
        if (*left != *right)
            return (uint8_t)*left < (uint8_t)*right ? -1 : 1;
        if (!*left)
            break;
    }
    return 0;
}

char *strcpy(char *to, const char *from)
{
    char *d = to;
    while ((*d++ = *from++))
        ;
    return to;
}

char *strcat(char *to, const char *from)
{
    strcpy(to + strlen(to), from);
    return to;
}

char *strncpy(char *to, const char *from, size_t count)
{
    size_t n = 0;
    for (; n < count && from[n]; ++n)
        to[n] = from[n];
    for (; n < count; ++n)
        to[n] = 0;
    return to;
}

char *strncat(char *to, const char *from, size_t count)
{
    char *d = to + strlen(to);
    while (count-- && *from)
        *d++ = *from++;
    *d = 0;
    return to;
}

char *strstr(const char *text, const char *part)
{
    if (!*part)
        return (char *)text;
    for (; (text = strchr(text, *part)); ++text) {
        size_t n = 1;
        while (part[n] && text[n] == part[n])
            ++n;
        if (!part[n])
            return (char *)text;
    }
    return NULL;
}

size_t strspn(const char *text, const char *set)
{
    size_t n = 0;
    while (text[n] && strchr(set, text[n]))
        ++n;
    return n;
}

size_t strcspn(const char *text, const char *set)
{
    size_t n = 0;
    while (text[n] && !strchr(set, text[n]))
        ++n;
    return n;
}

char *strpbrk(const char *text, const char *set)
{
    text += strcspn(text, set);
    return *text ? (char *)text : NULL;
}

size_t wcslen(const wide *text)
{
    const wide *p = text;
    if ((uintptr_t)p & 1) {
        while (*p)
            ++p;
        return (size_t)(p - text);
    }
    for (; (uintptr_t)p & 7; ++p)
        if (!*p)
            return (size_t)(p - text);
    for (;; p += 4) {
        uint64_t w = *(const uint64_t __attribute__((may_alias)) *)p;
        w = ZERO_SHORT(w);
        if (w)
            return (size_t)(p - text) + (__builtin_ctzll(w) >> 4);
    }
}

size_t wcsnlen(const wide *text, size_t limit)
{
    size_t n = 0;
    while (n < limit && text[n])
        ++n;
    return n;
}

wide *wcschr(const wide *text, wide value)
{
    do
        if (*text == value)
            return (wide *)text;
    while (*text++);
    return NULL;
}

wide *wcsrchr(const wide *text, wide value)
{
    const wide *found = NULL;
    do
        if (*text == value)
            found = text;
    while (*text++);
    return (wide *)found;
}

int wcscmp(const wide *left, const wide *right)
{
    while (*left == *right && *left)
        ++left, ++right;
    return *left == *right ? 0 : *left < *right ? -1 : 1;
}

int wcsncmp(const wide *left, const wide *right, size_t limit)
{
    for (; limit; --limit, ++left, ++right) {
        if (*left != *right)
            return *left < *right ? -1 : 1;
        if (!*left)
            break;
    }
    return 0;
}

wide *wcscpy(wide *to, const wide *from)
{
    wide *d = to;
    while ((*d++ = *from++))
        ;
    return to;
}

wide *wcscat(wide *to, const wide *from)
{
    wcscpy(to + wcslen(to), from);
    return to;
}

wide *wcsncpy(wide *to, const wide *from, size_t count)
{
    size_t n = 0;
    for (; n < count && from[n]; ++n)
        to[n] = from[n];
    for (; n < count; ++n)
        to[n] = 0;
    return to;
}

wide *wcsncat(wide *to, const wide *from, size_t count)
{
    wide *d = to + wcslen(to);
    while (count-- && *from)
        *d++ = *from++;
    *d = 0;
    return to;
}

wide *wcsstr(const wide *text, const wide *part)
{
    if (!*part)
        return (wide *)text;
    for (; (text = wcschr(text, *part)); ++text) {
        size_t n = 1;
        while (part[n] && text[n] == part[n])
            ++n;
        if (!part[n])
            return (wide *)text;
    }
    return NULL;
}

size_t wcsspn(const wide *text, const wide *set)
{
    size_t n = 0;
    while (text[n] && wcschr(set, text[n]))
        ++n;
    return n;
}

size_t wcscspn(const wide *text, const wide *set)
{
    size_t n = 0;
    while (text[n] && !wcschr(set, text[n]))
        ++n;
    return n;
}

wide *wcspbrk(const wide *text, const wide *set)
{
    text += wcscspn(text, set);
    return *text ? (wide *)text : NULL;
}
