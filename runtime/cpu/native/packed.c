/* Horizontal additions whose two operands are one register: libunicorn overwrites what it is still to read. */
#include "state.h"

typedef long long whole __attribute__((vector_size(16), aligned(1)));

/* MMX operands: the sums of the destination's pairs, then those of the source's, are the low half of the result. */
#define HORIZONTAL(name)                                                                                               \
    void HELPER(name##_xmm)(State * state, whole * d, whole * s)                                                       \
    {                                                                                                                  \
        whole value = *d;                                                                                              \
        (void)state;                                                                                                   \
        __asm__(#name " %[s], %[value]" : [value] "+x"(value) : [s] "x"(*s));                                          \
        *d = value;                                                                                                    \
    }                                                                                                                  \
    void HELPER(name##_mmx)(State * state, u64 * d, u64 * s)                                                           \
    {                                                                                                                  \
        whole value = {(i64)*d, (i64)*s};                                                                              \
        (void)state;                                                                                                   \
        __asm__(#name " %[value], %[value]" : [value] "+x"(value));                                                    \
        *d = (u64)value[0];                                                                                            \
    }
HORIZONTAL(phaddw)
HORIZONTAL(phaddd)
HORIZONTAL(phaddsw)
HORIZONTAL(phsubw)
HORIZONTAL(phsubd)
HORIZONTAL(phsubsw)
