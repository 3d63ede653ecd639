/* Unaligned and aliasing-safe machine words, for loops that touch memory eight bytes at a time. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word64;
typedef uint32_t __attribute__((may_alias, aligned(1))) word32;
typedef uint16_t __attribute__((may_alias, aligned(1))) word16;

#define WORD64(p) (*(word64 *)(p))
#define CWORD64(p) (*(const word64 *)(p))
#define CWORD32(p) (*(const word32 *)(p))
#define CWORD16(p) (*(const word16 *)(p))
#define BYTES(b) (0x0101010101010101ull * (uint8_t)(b))
#define SHORTS(c) (0x0001000100010001ull * (uint16_t)(c))

/* Nonzero in the top bit of the lowest zero byte (or 16-bit unit); bits above that one may be wrong. */
#define ZERO_BYTE(w) (((w) - BYTES(0x01)) & ~(w) & BYTES(0x80))
#define ZERO_SHORT(w) (((w) - SHORTS(0x0001)) & ~(w) & SHORTS(0x8000))
