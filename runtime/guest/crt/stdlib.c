/* Sorting, searching, division, rotation, byte order and random numbers. */
#include "internal.h"
#include <search.h>
#include <stdlib.h>
#include <string.h>


/* ---- absolute values and division -------------------------------------------------------------------------------- */

int abs(int x)
{
    return x < 0 ? -x : x;
}

long labs(long x)
{
    return x < 0 ? -x : x;
}

long long llabs(long long x)
{
    return x < 0 ? -x : x;
}

div_t div(int numerator, int denominator)
{
    return (div_t){numerator / denominator, numerator % denominator};
}

ldiv_t ldiv(long numerator, long denominator)
{
    return (ldiv_t){numerator / denominator, numerator % denominator};
}

lldiv_t lldiv(long long numerator, long long denominator)
{
    return (lldiv_t){numerator / denominator, numerator % denominator};
}

/* ---- rotation and byte order: exported as _rotl and so on, which the compiler keeps for itself ------------------- */

unsigned crt_rotl(unsigned value, int shift)
{
    return value << (shift & 31) | value >> (-shift & 31);
}

unsigned crt_rotr(unsigned value, int shift)
{
    return value >> (shift & 31) | value << (-shift & 31);
}

unsigned long crt_lrotl(unsigned long value, int shift)
{
    return crt_rotl(value, shift);
}

unsigned long crt_lrotr(unsigned long value, int shift)
{
    return crt_rotr(value, shift);
}

unsigned long long crt_rotl64(unsigned long long value, int shift)
{
    return value << (shift & 63) | value >> (-shift & 63);
}

unsigned long long crt_rotr64(unsigned long long value, int shift)
{
    return value >> (shift & 63) | value << (-shift & 63);
}

unsigned short _byteswap_ushort(unsigned short value)
{
    return __builtin_bswap16(value);
}

unsigned long _byteswap_ulong(unsigned long value)
{
    return __builtin_bswap32(value);
}

unsigned long long _byteswap_uint64(unsigned long long value)
{
    return __builtin_bswap64(value);
}

/* ---- search ------------------------------------------------------------------------------------------------------ */

void *bsearch_s(const void *key, const void *base, rsize_t count, rsize_t size,
                int (*compare)(void *, const void *, const void *), void *context)
{
    const char *low = base;

    CRT_VALIDATE((base || !count) && size && compare, EINVAL, NULL);
    while (count) {
        const char *middle = low + count / 2 * size;
        int order = compare(context, key, middle);
        if (!order)
            return (void *)middle;
        if (order > 0) {
            low = middle + size;
            count--;
        }
        count /= 2;
    }
    return NULL;
}

static int plain_order(void *context, const void *a, const void *b)
{
    return ((int (*)(const void *, const void *))context)(a, b);
}

void *bsearch(const void *key, const void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    CRT_VALIDATE(compare, EINVAL, NULL);
    return bsearch_s(key, base, count, size, plain_order, (void *)compare);
}

void *_lfind_s(const void *key, const void *base, unsigned *count, size_t size,
               int (*compare)(void *, const void *, const void *), void *context)
{
    CRT_VALIDATE(key && count && (base || !*count) && size && compare, EINVAL, NULL);
    for (unsigned i = 0; i < *count; i++) {
        const char *element = (const char *)base + i * size;
        if (!compare(context, key, element))
            return (void *)element;
    }
    return NULL;
}

void *_lfind(const void *key, const void *base, unsigned *count, unsigned size,
             int (*compare)(const void *, const void *))
{
    CRT_VALIDATE(compare, EINVAL, NULL);
    return _lfind_s(key, base, count, size, plain_order, (void *)compare);
}

void *_lsearch_s(const void *key, void *base, unsigned *count, size_t size,
                 int (*compare)(void *, const void *, const void *), void *context)
{
    void *found = _lfind_s(key, base, count, size, compare, context);
    if (!found && key && base && count && size && compare) {
        found = (char *)base + *count * size;
        memcpy(found, key, size);
        ++*count;
    }
    return found;
}

void *_lsearch(const void *key, void *base, unsigned *count, unsigned size, int (*compare)(const void *, const void *))
{
    CRT_VALIDATE(compare, EINVAL, NULL);
    return _lsearch_s(key, base, count, size, plain_order, (void *)compare);
}

/* ---- sorting ----------------------------------------------------------------------------------------------------- */

static void swap(char *a, char *b, size_t size)
{
    if (a == b)
        return;
    for (; size >= 8; size -= 8, a += 8, b += 8) {
        uint64_t x, y;
        memcpy(&x, a, 8);
        memcpy(&y, b, 8);
        memcpy(a, &y, 8);
        memcpy(b, &x, 8);
    }
    while (size--) {
        char c = *a;
        *a++ = *b;
        *b++ = c;
    }
}

#define SMALL 8

/* Quicksort with the median of three as pivot, selection of the largest for up to eight elements. Which of two equal
 * elements comes first depends on just that, and programs' output shows it. */
void qsort_s(void *base, rsize_t count, rsize_t size, int (*compare)(void *, const void *, const void *), void *context)
{
    struct {
        char *low, *high;
    } stack[64];
    int depth = 0;

    CRT_VALIDATE_VOID((base || !count) && size && compare, EINVAL);
    if (count < 2)
        return;
    char *low = base, *high = low + (count - 1) * size;
    for (;;) {
        size_t n = (size_t)(high - low) / size + 1;
        if (n <= SMALL) {
            for (char *end = high; end > low; end -= size) {
                char *largest = low;
                for (char *p = low + size; p <= end; p += size)
                    if (compare(context, p, largest) > 0)
                        largest = p;
                swap(largest, end, size);
            }
        } else {
            char *middle = low + n / 2 * size;
            if (compare(context, low, middle) > 0)
                swap(low, middle, size);
            if (compare(context, low, high) > 0)
                swap(low, high, size);
            if (compare(context, middle, high) > 0)
                swap(middle, high, size);
            char *left = low, *right = high;
            for (;;) {
                if (middle > left)
                    do
                        left += size;
                    while (left < middle && compare(context, left, middle) <= 0);
                if (middle <= left)
                    do
                        left += size;
                    while (left <= high && compare(context, left, middle) <= 0);
                do
                    right -= size;
                while (right > middle && compare(context, right, middle) > 0);
                if (right < left)
                    break;
                swap(left, right, size);
                if (middle == right)
                    middle = left;
            }
            right += size;
            if (middle < right)
                do
                    right -= size;
                while (right > middle && !compare(context, right, middle));
            if (middle >= right)
                do
                    right -= size;
                while (right > low && !compare(context, right, middle));
            /* The longer part waits; 64 halvings are enough for any array. */
            if (right - low >= high - left) {
                if (low < right) {
                    stack[depth].low = low;
                    stack[depth++].high = right;
                }
                if (left < high) {
                    low = left;
                    continue;
                }
            } else {
                if (left < high) {
                    stack[depth].low = left;
                    stack[depth++].high = high;
                }
                if (low < right) {
                    high = right;
                    continue;
                }
            }
        }
        if (!depth)
            return;
        low = stack[--depth].low;
        high = stack[depth].high;
    }
}

void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    CRT_VALIDATE_VOID(compare, EINVAL);
    qsort_s(base, count, size, plain_order, (void *)compare);
}

/* ---- random numbers ---------------------------------------------------------------------------------------------- */

void srand(unsigned seed)
{
    crt_thread_data()->rand_state = seed;
}

int rand(void)
{
    crt_thread *data = crt_thread_data();
    data->rand_state = data->rand_state * 214013 + 2531011;
    return (int)(data->rand_state >> 16 & 0x7fff);
}

/* advapi32!SystemFunction036 (RtlGenRandom), found when first needed. */
int rand_s(unsigned *value)
{
    static BOOLEAN (WINAPI *generate)(void *, ULONG);

    CRT_VALIDATE(value, EINVAL, EINVAL);
    *value = 0;
    if (!generate) {
        HMODULE advapi32 = LoadLibraryExW(L"advapi32.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
        generate = advapi32 ? (void *)GetProcAddress(advapi32, "SystemFunction036") : NULL;
    }
    if (!generate || !generate(value, sizeof *value)) {
        errno = ENOMEM;
        return ENOMEM;
    }
    return 0;
}
