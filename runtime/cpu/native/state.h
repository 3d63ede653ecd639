/* The part of libunicorn 2.1.4's processor state (CPUX86State) that the replacements use.
 *
 * Written down from the library's behaviour as offsets; `runtime/cpu/native/__init__.py` has every one of them checked
 * against libunicorn's own view when the first engine starts.
 */
#ifndef WINFS_STATE_H
#define WINFS_STATE_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;
typedef long long i64;
typedef float vector __attribute__((vector_size(16), aligned(1)));

typedef struct {
    u8 bytes[16];
} Extended; /* an 80-bit register in the place of 16 bytes */

typedef struct {
    u64 general[16];
    u64 rip, eflags, cc_dst, cc_src;
    u8 before_flags[0xB0 - 0xA0];
    u32 hidden_flags, hidden_flags2;
    u8 before_code_base[0xD8 - 0xB8];
    u64 code_base;
    u8 before_x87[0x25C - 0xE0];
    u32 top;
    u16 status, control;
    u8 empty[8];
    u8 before_registers[0x270 - 0x26C];
    Extended st[8];
    u8 before_operand[0x310 - 0x2F0];
    Extended operand; /* the second operand of the instruction, "FT0" */
    u8 before_mxcsr[0x330 - 0x320];
    u32 mxcsr;
    u8 before_vectors[0x338 - 0x334];
    u8 vectors[32][64];
    u8 before_debug[0x1518 - 0xB38];
    u64 debug[8]; /* DR0 to DR7 */
} State;

_Static_assert(__builtin_offsetof(State, hidden_flags) == 0xB0, "hidden_flags");
_Static_assert(__builtin_offsetof(State, code_base) == 0xD8, "code_base");
_Static_assert(__builtin_offsetof(State, top) == 0x25C, "top");
_Static_assert(__builtin_offsetof(State, control) == 0x262, "control");
_Static_assert(__builtin_offsetof(State, st) == 0x270, "st");
_Static_assert(__builtin_offsetof(State, operand) == 0x310, "operand");
_Static_assert(__builtin_offsetof(State, mxcsr) == 0x330, "mxcsr");
_Static_assert(__builtin_offsetof(State, vectors) == 0x338, "vectors");
_Static_assert(__builtin_offsetof(State, debug) == 5400, "debug");

enum { STATE_IN_PROCESSOR = 0x8A50 }; /* where libunicorn's CPUState has it */

enum { CARRY = 1, PARITY = 4, ZERO = 0x40, SIGN = 0x80, OVERFLOW = 0x800 };

/* libunicorn's: raises a processor exception in the instruction whose translation returns to `where`; does not return. */
typedef void Raise(State *state, int vector, u64 where);
extern Raise *winfs_raise __attribute__((visibility("hidden")));

#define HELPER(name) helper_##name##_x86_64
#define HERE ((u64)__builtin_return_address(0))

#endif
