/* PCMPxSTRx by the host's own unit: libunicorn's "equal ordered" misses matches that run over the end. */
#include "state.h"

typedef long long whole __attribute__((vector_size(16), aligned(1)));

#define FLAGS_OUT "=@ccc"(carry), "=@ccz"(zero), "=@ccs"(sign), "=@cco"(overflow)
#define NOTE_FLAGS(state)                                                                                              \
    (state)->cc_src = (carry ? CARRY : 0) | (zero ? ZERO : 0) | (sign ? SIGN : 0) | (overflow ? OVERFLOW : 0)

#define INDEX_IMPLICIT(n)                                                                                              \
    case n:                                                                                                            \
        __asm__("pcmpistri $" #n ", %[s], %[d]" : "=c"(index), FLAGS_OUT : [d] "x"(*d), [s] "x"(*s));                  \
        break;
#define MASK_IMPLICIT(n)                                                                                               \
    case n:                                                                                                            \
        __asm__("pcmpistrm $" #n ", %[s], %[d]" : "=Yz"(mask), FLAGS_OUT : [d] "x"(*d), [s] "x"(*s));                  \
        break;
#define INDEX_EXPLICIT(n)                                                                                              \
    case n:                                                                                                            \
        __asm__("pcmpestri $" #n ", %[s], %[d]"                                                                        \
                : "=c"(index), FLAGS_OUT : [d] "x"(*d), [s] "x"(*s), "a"(first), "d"(second));                         \
        break;
#define MASK_EXPLICIT(n)                                                                                               \
    case n:                                                                                                            \
        __asm__("pcmpestrm $" #n ", %[s], %[d]"                                                                        \
                : "=Yz"(mask), FLAGS_OUT : [d] "x"(*d), [s] "x"(*s), "a"(first), "d"(second));                         \
        break;

#define FOUR(X, a, b, c, d) X(a) X(b) X(c) X(d)
#define SIXTEEN(X, h)                                                                                                  \
    FOUR(X, 0x##h##0, 0x##h##1, 0x##h##2, 0x##h##3) FOUR(X, 0x##h##4, 0x##h##5, 0x##h##6, 0x##h##7)                    \
    FOUR(X, 0x##h##8, 0x##h##9, 0x##h##a, 0x##h##b) FOUR(X, 0x##h##c, 0x##h##d, 0x##h##e, 0x##h##f)
#define EVERY(X) SIXTEEN(X, 0) SIXTEEN(X, 1) SIXTEEN(X, 2) SIXTEEN(X, 3) SIXTEEN(X, 4) SIXTEEN(X, 5) SIXTEEN(X, 6) SIXTEEN(X, 7)

void HELPER(pcmpistri_xmm)(State *state, whole *d, whole *s, u32 control)
{
    u8 carry = 0, zero = 0, sign = 0, overflow = 0;
    u32 index = 0;

    switch (control & 0x7F) { EVERY(INDEX_IMPLICIT) }
    state->general[1] = index;
    NOTE_FLAGS(state);
}

void HELPER(pcmpistrm_xmm)(State *state, whole *d, whole *s, u32 control)
{
    u8 carry = 0, zero = 0, sign = 0, overflow = 0;
    whole mask = {0};

    switch (control & 0x7F) { EVERY(MASK_IMPLICIT) }
    *(whole *)state->vectors[0] = mask;
    NOTE_FLAGS(state);
}

/* A length in a register: with REX.W (bits above 7 of `control`) all 64 bits count. The host's instruction, which looks
 * at 32 bits, gets it clipped to what it treats alike. */
static i32 length(u64 value, u32 control)
{
    i64 wide = control >> 8 ? (i64)value : (i64)(i32)value;

    return wide < -16 || wide > 16 ? 16 : (i32)wide;
}

void HELPER(pcmpestri_xmm)(State *state, whole *d, whole *s, u32 control)
{
    u8 carry = 0, zero = 0, sign = 0, overflow = 0;
    i32 first = length(state->general[0], control), second = length(state->general[2], control);
    u32 index = 0;

    switch (control & 0x7F) { EVERY(INDEX_EXPLICIT) }
    state->general[1] = index;
    NOTE_FLAGS(state);
}

void HELPER(pcmpestrm_xmm)(State *state, whole *d, whole *s, u32 control)
{
    u8 carry = 0, zero = 0, sign = 0, overflow = 0;
    i32 first = length(state->general[0], control), second = length(state->general[2], control);
    whole mask = {0};

    switch (control & 0x7F) { EVERY(MASK_EXPLICIT) }
    *(whole *)state->vectors[0] = mask;
    NOTE_FLAGS(state);
}
