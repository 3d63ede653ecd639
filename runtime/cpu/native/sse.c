/* SSE floating point by the host's own unit: results, MXCSR flags, rounding, FTZ, DAZ and unmasked exceptions.
 *
 * libunicorn computes these in software, sets no flag in MXCSR, raises nothing and applies FTZ to the x87 unit. The
 * functions here have its functions' names, which the dynamic linker prefers to its own.
 */
#include "state.h"

enum { FLAGS = 0x3F, BEFORE = 7, ALL_MASKED = 0x1F80, WRITABLE = 0xFFFF, DENORMALS_ZERO = 0x40 };

static const u32 host_control = ALL_MASKED;

Raise *winfs_raise;
State *winfs_last_state; /* of the last LDMXCSR: shows that the functions here are the ones that run */

#define CONTROL(state) (((state)->mxcsr & (WRITABLE & ~FLAGS)) | ALL_MASKED)

/* Notes an operation's flags; whether it raises an unmasked exception, so that its result must be dropped. */
static inline __attribute__((always_inline)) int settle(State *state, u32 control, u32 after)
{
    u32 raised;

    if (control != ALL_MASKED)
        __asm__ volatile("ldmxcsr %0" : : "m"(host_control));
    after &= FLAGS;
    raised = after & ~(state->mxcsr >> 7);
    if (__builtin_expect(raised != 0, 0)) {
        if (raised & BEFORE) /* found before the computation: what the computation would have set is not set */
            after &= BEFORE;
        state->mxcsr |= after;
        return 1;
    }
    state->mxcsr |= after;
    return 0;
}

#define CALCULATE(state, text, ...)                                                                                    \
    u32 control = CONTROL(state), after;                                                                               \
    __asm__ volatile("ldmxcsr %[control]\n\t" text "\n\tstmxcsr %[after]" __VA_ARGS__);                               \
    if (settle(state, control, after))                                                                                 \
        winfs_raise(state, 19, HERE)

/* xmm = op(xmm, xmm/m128); the other half of a scalar operation's destination stays. */
#define BINARY(name, text)                                                                                             \
    void HELPER(name)(State * state, vector * d, vector * s)                                                           \
    {                                                                                                                  \
        vector value = *d;                                                                                             \
        CALCULATE(state, text, : [value] "+x"(value), [after] "=m"(after) : [control] "m"(control), [s] "x"(*s));      \
        *d = value;                                                                                                    \
    }

#define FOUR(name)                                                                                                     \
    BINARY(name##ps, #name "ps %[s], %[value]")                                                                        \
    BINARY(name##ss, #name "ss %[s], %[value]")                                                                        \
    BINARY(name##pd, #name "pd %[s], %[value]")                                                                        \
    BINARY(name##sd, #name "sd %[s], %[value]")

FOUR(add)
FOUR(sub)
FOUR(mul)
FOUR(div)
FOUR(min)
FOUR(max)
FOUR(sqrt)
FOUR(cmpeq)
FOUR(cmplt)
FOUR(cmple)
FOUR(cmpunord)
FOUR(cmpneq)
FOUR(cmpnlt)
FOUR(cmpnle)
FOUR(cmpord)

#define ONE(name) BINARY(name, #name " %[s], %[value]")
ONE(rsqrtps)
ONE(rsqrtss)
ONE(rcpps)
ONE(rcpss)
ONE(haddps)
ONE(haddpd)
ONE(hsubps)
ONE(hsubpd)
ONE(addsubps)
ONE(addsubpd)
ONE(cvtps2pd)
ONE(cvtpd2ps)
ONE(cvtss2sd)
ONE(cvtsd2ss)
ONE(cvtdq2ps)
ONE(cvtdq2pd)
ONE(cvtps2dq)
ONE(cvtpd2dq)
ONE(cvttps2dq)
ONE(cvttpd2dq)

/* MMX operands: the low half of a vector whose other half is zero, which raises nothing. */
#define LOW(pointer) ((vector)(__attribute__((vector_size(16))) u64){*(const u64 *)(pointer), 0})

#define FROM_MMX(name, text)                                                                                           \
    void HELPER(name)(State * state, vector * d, void *s)                                                              \
    {                                                                                                                  \
        vector value = {0};                                                                                            \
        CALCULATE(state, text, : [value] "+x"(value), [after] "=m"(after) : [control] "m"(control), [s] "x"(LOW(s)));  \
        __builtin_memcpy(d, &value, FROM_MMX_SIZE);                                                                    \
    }
#define TO_MMX(name, text, source)                                                                                     \
    void HELPER(name)(State * state, void *d, vector *s)                                                               \
    {                                                                                                                  \
        vector value = {0};                                                                                            \
        CALCULATE(state, text, : [value] "+x"(value), [after] "=m"(after) : [control] "m"(control), [s] "x"(source));  \
        __builtin_memcpy(d, &value, 8);                                                                                \
    }
#define FROM_MMX_SIZE 8
FROM_MMX(cvtpi2ps, "cvtdq2ps %[s], %[value]")
#undef FROM_MMX_SIZE
#define FROM_MMX_SIZE 16
FROM_MMX(cvtpi2pd, "cvtdq2pd %[s], %[value]")
TO_MMX(cvtps2pi, "cvtps2dq %[s], %[value]", LOW(s))
TO_MMX(cvttps2pi, "cvttps2dq %[s], %[value]", LOW(s))
TO_MMX(cvtpd2pi, "cvtpd2dq %[s], %[value]", *s)
TO_MMX(cvttpd2pi, "cvttpd2dq %[s], %[value]", *s)

#define FROM_INTEGER(name, type, text)                                                                                 \
    void HELPER(name)(State * state, vector * d, type s)                                                               \
    {                                                                                                                  \
        vector value = *d;                                                                                             \
        CALCULATE(state, text, : [value] "+x"(value), [after] "=m"(after) : [control] "m"(control), [s] "r"(s));       \
        *d = value;                                                                                                    \
    }
FROM_INTEGER(cvtsi2ss, u32, "cvtsi2ssl %[s], %[value]")
FROM_INTEGER(cvtsi2sd, u32, "cvtsi2sdl %[s], %[value]")
FROM_INTEGER(cvtsq2ss, u64, "cvtsi2ssq %[s], %[value]")
FROM_INTEGER(cvtsq2sd, u64, "cvtsi2sdq %[s], %[value]")

#define TO_INTEGER(name, type, text)                                                                                   \
    type HELPER(name)(State * state, vector * s)                                                                       \
    {                                                                                                                  \
        type value;                                                                                                    \
        CALCULATE(state, text, : [value] "=r"(value), [after] "=m"(after) : [control] "m"(control), [s] "x"(*s));      \
        return value;                                                                                                  \
    }
TO_INTEGER(cvtss2si, i32, "cvtss2sil %[s], %[value]")
TO_INTEGER(cvtsd2si, i32, "cvtsd2sil %[s], %[value]")
TO_INTEGER(cvtss2sq, i64, "cvtss2siq %[s], %[value]")
TO_INTEGER(cvtsd2sq, i64, "cvtsd2siq %[s], %[value]")
TO_INTEGER(cvttss2si, i32, "cvttss2sil %[s], %[value]")
TO_INTEGER(cvttsd2si, i32, "cvttsd2sil %[s], %[value]")
TO_INTEGER(cvttss2sq, i64, "cvttss2siq %[s], %[value]")
TO_INTEGER(cvttsd2sq, i64, "cvttsd2siq %[s], %[value]")

#define COMPARE(name)                                                                                                  \
    void HELPER(name)(State * state, vector * d, vector * s)                                                           \
    {                                                                                                                  \
        u8 carry, zero, parity;                                                                                        \
        CALCULATE(state, #name " %[s], %[d]",                                                                          \
                  : [after] "=m"(after), "=@ccc"(carry), "=@ccz"(zero), "=@ccp"(parity)                                \
                  : [control] "m"(control), [s] "x"(*s), [d] "x"(*d));                                                 \
        state->cc_src = (carry ? CARRY : 0) | (zero ? ZERO : 0) | (parity ? PARITY : 0);                               \
    }
COMPARE(ucomiss)
COMPARE(comiss)
COMPARE(ucomisd)
COMPARE(comisd)

#define CASE(name, number)                                                                                             \
    case number: {                                                                                                     \
        CALCULATE(state, #name " $" #number ", %[s], %[value]",                                                        \
                  : [value] "+x"(value), [after] "=m"(after) : [control] "m"(control), [s] "x"(*s));                   \
        break;                                                                                                         \
    }
#define CASES4(name, a, b, c, d) CASE(name, a) CASE(name, b) CASE(name, c) CASE(name, d)
#define CASES16(name, h)                                                                                               \
    CASES4(name, 0x##h##0, 0x##h##1, 0x##h##2, 0x##h##3) CASES4(name, 0x##h##4, 0x##h##5, 0x##h##6, 0x##h##7)          \
    CASES4(name, 0x##h##8, 0x##h##9, 0x##h##a, 0x##h##b) CASES4(name, 0x##h##c, 0x##h##d, 0x##h##e, 0x##h##f)
#define CASES64(name, a, b, c, d) CASES16(name, a) CASES16(name, b) CASES16(name, c) CASES16(name, d)

#define ROUND(name)                                                                                                    \
    void HELPER(name##_xmm)(State * state, vector * d, vector * s, u32 mode)                                           \
    {                                                                                                                  \
        vector value = *d;                                                                                             \
        switch (mode & 15) { CASES16(name, 0) }                                                                        \
        *d = value;                                                                                                    \
    }
ROUND(roundps)
ROUND(roundpd)
ROUND(roundss)
ROUND(roundsd)

#define PRODUCT(name)                                                                                                  \
    void HELPER(name##_xmm)(State * state, vector * d, vector * s, u32 mask)                                           \
    {                                                                                                                  \
        vector value = *d;                                                                                             \
        switch (mask & 0xFF) {                                                                                         \
            CASES64(name, 0, 1, 2, 3) CASES64(name, 4, 5, 6, 7) CASES64(name, 8, 9, a, b) CASES64(name, c, d, e, f)    \
        }                                                                                                              \
        *d = value;                                                                                                    \
    }
PRODUCT(dpps)
PRODUCT(dppd)

static void (*update_status)(State *);

/* LDMXCSR faults on reserved bits; libunicorn would keep them. */
void HELPER(ldmxcsr)(State *state, u32 value)
{
    winfs_last_state = state;
    if (value & ~WRITABLE)
        winfs_raise(state, 13, HERE);
    state->mxcsr = value;
    update_status(state);
}

/* Called once, before the first engine starts, with two functions of libunicorn. */
void winfs_attach(Raise *raise, void (*update)(State *))
{
    winfs_raise = raise;
    update_status = update;
}
