/* Word-at-a-time helpers for the leaf string functions.
 *
 * This code runs under an instruction translator where each memory access and each packed SSE instruction is dear and
 * 64-bit integer arithmetic is cheap: so everything works on aligned 64-bit words (which never cross a page) in integer
 * registers. */
#ifndef CRT_SWAR_H
#define CRT_SWAR_H

#include <stddef.h>
#include <stdint.h>

/* The loops below implement memcpy, strlen...: the compiler must not turn them back into calls of those. */
#define CRT_LEAF __attribute__((no_builtin))

typedef uint64_t __attribute__((aligned(1), may_alias)) crt_u64u;
typedef uint32_t __attribute__((aligned(1), may_alias)) crt_u32u;
typedef uint16_t __attribute__((aligned(1), may_alias)) crt_u16u;
typedef uint64_t __attribute__((may_alias)) crt_u64;

#define CRT_ONES8 0x0101010101010101ull
#define CRT_HIGH8 0x8080808080808080ull
#define CRT_ONES16 0x0001000100010001ull
#define CRT_HIGH16 0x8000800080008000ull

/* Nonzero when a byte (16-bit unit) of x is zero; the lowest set bit marks the first one. Higher marks may be false. */
static inline uint64_t crt_zero8(uint64_t x)
{
    return (x - CRT_ONES8) & ~x & CRT_HIGH8;
}

static inline uint64_t crt_zero16(uint64_t x)
{
    return (x - CRT_ONES16) & ~x & CRT_HIGH16;
}

/* The same without false marks, for searches from the end. */
static inline uint64_t crt_zero8_exact(uint64_t x)
{
    return ~(((x & ~CRT_HIGH8) + ~CRT_HIGH8) | x | ~CRT_HIGH8);
}

static inline uint64_t crt_zero16_exact(uint64_t x)
{
    return ~(((x & ~CRT_HIGH16) + ~CRT_HIGH16) | x | ~CRT_HIGH16);
}

/* The bytes A to Z as a to z, all others as they are. */
static inline uint64_t crt_lower8(uint64_t x)
{
    uint64_t low = x & ~CRT_HIGH8;
    uint64_t from_a = low + (0x80 - 'A') * CRT_ONES8, past_z = low + (0x80 - 'Z' - 1) * CRT_ONES8;
    return x | (from_a & ~past_z & ~x & CRT_HIGH8) >> 2;
}

/* Index of the first marked byte (unit). */
static inline unsigned crt_first8(uint64_t mark)
{
    return (unsigned)__builtin_ctzll(mark) >> 3;
}

static inline unsigned crt_first16(uint64_t mark)
{
    return (unsigned)__builtin_ctzll(mark) >> 4;
}

/* Eight bytes at p lie within one page. */
static inline int crt_word_in_page(const void *p)
{
    return ((uintptr_t)p & 0xfff) <= 0xff8;
}

#endif
