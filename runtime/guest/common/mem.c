/* memcpy, memmove, memset, memcmp and memchr in 64-bit words.
 *
 * The emulator pays per memory access whatever its width up to eight bytes, splits vector accesses in two and runs
 * "rep movsb" a byte at a time, so plain word loops are the fastest shape there and near the fastest on real CPUs.
 * memcpy accepts overlapping blocks, as Microsoft's x64 memcpy does and as programs have come to rely on.
 */
#include "words.h"

void *memmove(void *to, const void *from, size_t count)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if (count <= 16) {
        if (count >= 8) {
            uint64_t head = CWORD64(s), tail = CWORD64(s + count - 8);
            WORD64(d) = head;
            WORD64(d + count - 8) = tail;
        } else if (count >= 4) {
            uint32_t head = CWORD32(s), tail = CWORD32(s + count - 4);
            *(word32 *)d = head;
            *(word32 *)(d + count - 4) = tail;
        } else if (count) {
            uint8_t head = s[0], middle = s[count >> 1], tail = s[count - 1];
            d[0] = head;
            d[count >> 1] = middle;
            d[count - 1] = tail;
        }
        return to;
    }
    if (count <= 32) {
        uint64_t a = CWORD64(s), b = CWORD64(s + 8), y = CWORD64(s + count - 16), z = CWORD64(s + count - 8);
        WORD64(d) = a;
        WORD64(d + 8) = b;
        WORD64(d + count - 16) = y;
        WORD64(d + count - 8) = z;
        return to;
    }
    if ((size_t)(d - s) >= count) {
        const uint8_t *last = s + count - 32;
        uint8_t *end = d + count - 32;
        uint64_t w = CWORD64(last), x = CWORD64(last + 8), y = CWORD64(last + 16), z = CWORD64(last + 24);
        do {
            uint64_t a = CWORD64(s), b = CWORD64(s + 8), c = CWORD64(s + 16), e = CWORD64(s + 24);
            WORD64(d) = a;
            WORD64(d + 8) = b;
            WORD64(d + 16) = c;
            WORD64(d + 24) = e;
            s += 32;
            d += 32;
        } while (s < last);
        WORD64(end) = w;
        WORD64(end + 8) = x;
        WORD64(end + 16) = y;
        WORD64(end + 24) = z;
    } else if (d != s) {
        uint64_t w = CWORD64(s), x = CWORD64(s + 8), y = CWORD64(s + 16), z = CWORD64(s + 24);
        size_t left = count;
        do {
            uint64_t a = CWORD64(s + left - 8), b = CWORD64(s + left - 16);
            uint64_t c = CWORD64(s + left - 24), e = CWORD64(s + left - 32);
            WORD64(d + left - 8) = a;
            WORD64(d + left - 16) = b;
            WORD64(d + left - 24) = c;
            WORD64(d + left - 32) = e;
            left -= 32;
        } while (left > 32);
        WORD64(d) = w;
        WORD64(d + 8) = x;
        WORD64(d + 16) = y;
        WORD64(d + 24) = z;
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t count) __attribute__((alias("memmove")));

void *memset(void *to, int value, size_t count)
{
    uint8_t *d = to;
    uint64_t word = BYTES(value);

    if (count < 8) {
        if (count >= 4) {
            *(word32 *)d = (uint32_t)word;
            *(word32 *)(d + count - 4) = (uint32_t)word;
        } else if (count) {
            d[0] = d[count >> 1] = d[count - 1] = (uint8_t)value;
        }
        return to;
    }
    WORD64(d + count - 8) = word;
    uint8_t *end = d + (count & ~(size_t)31);
    for (; d != end; d += 32) {
        WORD64(d) = word;
        WORD64(d + 8) = word;
        WORD64(d + 16) = word;
        WORD64(d + 24) = word;
    }
    if (count & 16) {
        WORD64(d) = word;
        WORD64(d + 8) = word;
        d += 16;
    }
    if (count & 8)
        WORD64(d) = word;
    return to;
}

int memcmp(const void *left, const void *right, size_t count)
{
    const uint8_t *a = left, *b = right;
    size_t whole = count;

    for (; count >= 32; a += 32, b += 32, count -= 32) {
        uint64_t differ = CWORD64(a) ^ CWORD64(b);
        /* One branch for all four: the emulator translates block by block.  The empty statements keep the compiler from
         * making four of it. */
        for (int i = 8; i < 32; i += 8) {
            __asm__("" : "+r"(differ));
            differ |= CWORD64(a + i) ^ CWORD64(b + i);
        }
        __asm__("" : "+r"(differ));
        if (differ)
            break;
    }
    while (count >= 8) {
        uint64_t x = CWORD64(a), y = CWORD64(b);
        if (x != y)
            return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
        a += 8;
        b += 8;
        count -= 8;
    }
    if (count && whole >= 8) {
        /* The last eight bytes; those before the rest are known to be equal. */
        uint64_t x = CWORD64(a + count - 8), y = CWORD64(b + count - 8);
        return x == y ? 0 : __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
    }
    for (; count; --count, ++a, ++b)
        if (*a != *b)
            return *a < *b ? -1 : 1;
    return 0;
}

void *memchr(const void *block, int value, size_t count)
{
    const uint8_t *p = block;
    uint64_t wanted = BYTES(value);

    /* Aligned words: count may reach past the end of memory when the caller knows that the byte is there. */
    for (; count && ((uintptr_t)p & 7); --count, ++p)
        if (*p == (uint8_t)value)
            return (void *)p;
    while (count >= 8) {
        uint64_t hit = CWORD64(p) ^ wanted;
        hit = ZERO_BYTE(hit);
        if (hit)
            return (void *)(p + (__builtin_ctzll(hit) >> 3));
        p += 8;
        count -= 8;
    }
    for (; count; --count, ++p)
        if (*p == (uint8_t)value)
            return (void *)p;
    return NULL;
}
