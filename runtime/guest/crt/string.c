/* The narrow string functions programs call most: strlen, strcmp, strcpy, strchr and their kin. */
#include "internal.h"
#include "swar.h"
#include <string.h>

CRT_LEAF size_t strlen(const char *s)
{
    const crt_u64 *word = (const crt_u64 *)((uintptr_t)s & ~(uintptr_t)7);
    uint64_t before = ((uint64_t)1 << (((uintptr_t)s & 7) * 8)) - 1;
    uint64_t mark = crt_zero8(*word | before);

    while (!mark)
        mark = crt_zero8(*++word);
    return (size_t)((const char *)word + crt_first8(mark) - s);
}

CRT_LEAF size_t strnlen(const char *s, size_t limit)
{
    const char *end = memchr(s, 0, limit);
    return end ? (size_t)(end - s) : limit;
}

size_t __strncnt(const char *s, size_t limit)
{
    return strnlen(s, limit);
}

CRT_LEAF int strcmp(const char *left, const char *right)
{
    const unsigned char *a = (const unsigned char *)left, *b = (const unsigned char *)right;

    for (;;) {
        if (crt_word_in_page(a) && crt_word_in_page(b)) {
            uint64_t x = *(const crt_u64u *)a, y = *(const crt_u64u *)b;
            uint64_t mark = crt_zero8(x) | (x ^ y);
            if (!mark) {
                a += 8;
                b += 8;
                continue;
            }
            unsigned shift = crt_first8(mark) * 8;
            x = x >> shift & 0xff;
            y = y >> shift & 0xff;
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

CRT_LEAF int strncmp(const char *left, const char *right, size_t n)
{
    const unsigned char *a = (const unsigned char *)left, *b = (const unsigned char *)right;

    while (n) {
        if (n >= 8 && crt_word_in_page(a) && crt_word_in_page(b)) {
            uint64_t x = *(const crt_u64u *)a, y = *(const crt_u64u *)b;
            uint64_t mark = crt_zero8(x) | (x ^ y);
            if (!mark) {
                a += 8;
                b += 8;
                n -= 8;
                continue;
            }
            unsigned shift = crt_first8(mark) * 8;
            x = x >> shift & 0xff;
            y = y >> shift & 0xff;
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

CRT_LEAF char *strcpy(char *restrict destination, const char *restrict source)
{
    memmove(destination, source, strlen(source) + 1);
    return destination;
}

CRT_LEAF char *strcat(char *restrict destination, const char *restrict source)
{
    memmove(destination + strlen(destination), source, strlen(source) + 1);
    return destination;
}

CRT_LEAF char *strncpy(char *restrict destination, const char *restrict source, size_t n)
{
    size_t length = strnlen(source, n);
    memmove(destination, source, length);
    memset(destination + length, 0, n - length);
    return destination;
}

CRT_LEAF char *strncat(char *restrict destination, const char *restrict source, size_t n)
{
    size_t length = strnlen(source, n);
    char *end = destination + strlen(destination);
    memmove(end, source, length);
    end[length] = 0;
    return destination;
}

CRT_LEAF char *strchr(const char *s, int value)
{
    const crt_u64 *word = (const crt_u64 *)((uintptr_t)s & ~(uintptr_t)7);
    unsigned char c = (unsigned char)value;
    uint64_t pattern = c * CRT_ONES8;
    uint64_t before = ((uint64_t)1 << (((uintptr_t)s & 7) * 8)) - 1;
    uint64_t x = *word;
    uint64_t mark = crt_zero8(x | before) | crt_zero8((x ^ pattern) | before);

    while (!mark) {
        x = *++word;
        mark = crt_zero8(x) | crt_zero8(x ^ pattern);
    }
    const char *found = (const char *)word + crt_first8(mark);
    return (unsigned char)*found == c ? (char *)found : NULL;
}

CRT_LEAF char *strrchr(const char *s, int value)
{
    unsigned char c = (unsigned char)value;
    const char *p = s + strlen(s) + 1;

    while (p > s && ((uintptr_t)p & 7))
        if ((unsigned char)*--p == c)
            return (char *)p;
    uint64_t pattern = c * CRT_ONES8;
    while (p - s >= 8) {
        uint64_t mark = crt_zero8_exact(*(const crt_u64 *)(p - 8) ^ pattern);
        if (mark)
            return (char *)(p - 8 + ((63 - __builtin_clzll(mark)) >> 3));
        p -= 8;
    }
    while (p > s)
        if ((unsigned char)*--p == c)
            return (char *)p;
    return NULL;
}

CRT_LEAF char *strstr(const char *text, const char *wanted)
{
    size_t length = strlen(wanted);
    if (!length)
        return (char *)text;
    while ((text = strchr(text, *wanted))) {
        if (!strncmp(text + 1, wanted + 1, length - 1))
            return (char *)text;
        text++;
    }
    return NULL;
}

typedef struct byte_set {
    uint64_t bits[4];
} byte_set;

static inline int in_set(const byte_set *set, unsigned char c)
{
    return (int)(set->bits[c >> 6] >> (c & 63)) & 1;
}

static inline void make_set(byte_set *set, const char *characters)
{
    set->bits[0] = set->bits[1] = set->bits[2] = set->bits[3] = 0;
    for (; *characters; characters++)
        set->bits[(unsigned char)*characters >> 6] |= (uint64_t)1 << (*characters & 63);
}

size_t strspn(const char *s, const char *accept)
{
    byte_set set;
    const char *p = s;
    make_set(&set, accept);
    while (*p && in_set(&set, (unsigned char)*p))
        p++;
    return (size_t)(p - s);
}

size_t strcspn(const char *s, const char *reject)
{
    byte_set set;
    const char *p = s;
    make_set(&set, reject);
    while (*p && !in_set(&set, (unsigned char)*p))
        p++;
    return (size_t)(p - s);
}

char *strpbrk(const char *s, const char *accept)
{
    s += strcspn(s, accept);
    return *s ? (char *)s : NULL;
}

char *strtok_s(char *restrict s, const char *restrict separators, char **restrict next)
{
    byte_set set;

    CRT_VALIDATE(next && separators && (s || *next), EINVAL, NULL);
    if (!s)
        s = *next;
    make_set(&set, separators);
    while (*s && in_set(&set, (unsigned char)*s))
        s++;
    if (!*s) {
        *next = s;
        return NULL;
    }
    char *end = s;
    while (*end && !in_set(&set, (unsigned char)*end))
        end++;
    if (*end)
        *end++ = 0;
    *next = end;
    return s;
}

char *strtok(char *restrict s, const char *restrict separators)
{
    crt_thread *data = crt_thread_data();
    if (!s && !data->strtok_next)
        return NULL;
    return strtok_s(s, separators, &data->strtok_next);
}

char *_strdup(const char *s)
{
    if (!s)
        return NULL;
    size_t size = strlen(s) + 1;
    char *copy = malloc(size);
    return copy ? memcpy(copy, s, size) : NULL;
}

char *_strrev(char *s)
{
    size_t left = 0, right = strlen(s);
    while (left + 1 < right) {
        char c = s[left];
        s[left++] = s[--right];
        s[right] = c;
    }
    return s;
}

char *_strset(char *s, int c)
{
    memset(s, c, strlen(s));
    return s;
}

char *_strnset(char *s, int c, size_t n)
{
    memset(s, c, strnlen(s, n));
    return s;
}
