/* x87 arithmetic by the host's own unit: 80-bit results (libunicorn's transcendental functions have 53 bits), the
 * status word's flags, and exceptions that the control word does not mask.
 *
 * An unmasked exception sets the error summary; the next waiting instruction raises #MF, as on the processor.
 */
#include "state.h"

enum {
    INVALID = 1,
    BEFORE = 7, /* invalid, denormal, division by zero: found before the computation */
    EXCEPTIONS = 0x3F,
    SUMMARY = 0x80,
    C1 = 0x200,
    CONDITIONS = 0x4700,
    BUSY = 0x8000
};

static const u16 host_control = 0x37F;

#define ST(n) (state->st[(state->top + (n)) & 7])

/* Notes the flags of one operation; whether its result is to be stored. */
static inline int settle(State *state, u16 status, u16 conditions)
{
    u16 raised = status & EXCEPTIONS & ~state->control;

    state->status = (state->status & ~conditions) | (status & (conditions | EXCEPTIONS));
    if (raised)
        state->status |= SUMMARY | BUSY;
    return !(raised & BEFORE);
}

#define PENDING()                                                                                                      \
    if (__builtin_expect(state->status & SUMMARY, 0))                                                                  \
        winfs_raise(state, 16, HERE)

#define RUN(text, ...)                                                                                                 \
    u16 control = state->control | EXCEPTIONS, status;                                                                 \
    __asm__ volatile("fnclex\n\tfldcw %[control]\n\t" text "\n\tfldcw %[host]" __VA_ARGS__)

#define IN [control] "m"(control), [host] "m"(host_control)
#define CLOBBERS "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)"

/* result = a op b */
#define ARITHMETIC(op, result, a, b)                                                                                   \
    do {                                                                                                               \
        Extended value;                                                                                                \
        RUN("fldt %[y]\n\tfldt %[x]\n\t" op " %%st(1), %%st\n\tfnstsw %[status]\n\tfstpt %[value]\n\tfstp %%st(0)",    \
            : [value] "=m"(value), [status] "=&a"(status) : IN, [x] "m"(a), [y] "m"(b) : CLOBBERS);                     \
        if (settle(state, status, C1))                                                                                 \
            result = value;                                                                                            \
    } while (0)

#define BOTH(name, op)                                                                                                 \
    void HELPER(f##name##_ST0_FT0)(State * state) { PENDING(); ARITHMETIC(op, ST(0), ST(0), state->operand); }         \
    void HELPER(f##name##_STN_ST0)(State * state, int n) { PENDING(); ARITHMETIC(op, ST(n), ST(n), ST(0)); }           \
    void HELPER(f##name##r_ST0_FT0)(State * state) { PENDING(); ARITHMETIC(op, ST(0), state->operand, ST(0)); }        \
    void HELPER(f##name##r_STN_ST0)(State * state, int n) { PENDING(); ARITHMETIC(op, ST(n), ST(0), ST(n)); }
#define COMMUTATIVE(name, op)                                                                                          \
    void HELPER(f##name##_ST0_FT0)(State * state) { PENDING(); ARITHMETIC(op, ST(0), ST(0), state->operand); }         \
    void HELPER(f##name##_STN_ST0)(State * state, int n) { PENDING(); ARITHMETIC(op, ST(n), ST(n), ST(0)); }
COMMUTATIVE(add, "fadd")
COMMUTATIVE(mul, "fmul")
BOTH(sub, "fsub")
BOTH(div, "fdiv")

/* Loads of narrower operands: a signalling NaN or a denormal shows here. */
#define LOAD(name, type, text)                                                                                         \
    void HELPER(name##_FT0)(State * state, type source)                                                                \
    {                                                                                                                  \
        PENDING();                                                                                                     \
        RUN(text " %[s]\n\tfnstsw %[status]\n\tfstpt %[value]",                                                        \
            : [value] "=m"(state->operand), [status] "=&a"(status) : IN, [s] "m"(source) : CLOBBERS);                   \
        settle(state, status, C1);                                                                                     \
    }
#define PUSH(name, type, text)                                                                                         \
    void HELPER(name##_ST0)(State * state, type source)                                                                \
    {                                                                                                                  \
        Extended value;                                                                                                \
        PENDING();                                                                                                     \
        RUN(text " %[s]\n\tfnstsw %[status]\n\tfstpt %[value]",                                                        \
            : [value] "=m"(value), [status] "=&a"(status) : IN, [s] "m"(source) : CLOBBERS);                            \
        if (settle(state, status, C1)) {                                                                               \
            state->top = (state->top - 1) & 7;                                                                         \
            state->empty[state->top] = 0;                                                                              \
            ST(0) = value;                                                                                             \
        }                                                                                                              \
    }
LOAD(flds, u32, "flds")
LOAD(fldl, u64, "fldl")
LOAD(fildl, i32, "fildl")
PUSH(flds, u32, "flds")
PUSH(fldl, u64, "fldl")
PUSH(fildl, i32, "fildl")
PUSH(fildll, i64, "fildll")

#define STORE(name, type, memory, text)                                                                                \
    type HELPER(name##_ST0)(State * state)                                                                             \
    {                                                                                                                  \
        memory value;                                                                                                  \
        PENDING();                                                                                                     \
        RUN("fldt %[s]\n\t" text " %[value]\n\tfnstsw %[status]",                                                      \
            : [value] "=m"(value), [status] "=&a"(status) : IN, [s] "m"(ST(0)) : CLOBBERS);                             \
        settle(state, status, C1);                                                                                     \
        return value;                                                                                                  \
    }
STORE(fsts, u32, u32, "fstps")
STORE(fstl, u64, u64, "fstpl")
STORE(fist, i32, short, "fistps")
STORE(fistl, i32, i32, "fistpl")
STORE(fistll, i64, i64, "fistpll")
STORE(fistt, i32, short, "fisttps")
STORE(fisttl, i32, i32, "fisttpl")
STORE(fisttll, i64, i64, "fisttpll")

#define COMPARE(name, text)                                                                                            \
    void HELPER(name##_ST0_FT0)(State * state)                                                                         \
    {                                                                                                                  \
        PENDING();                                                                                                     \
        RUN("fldt %[y]\n\tfldt %[x]\n\t" text "\n\tfnstsw %[status]\n\tfstp %%st(0)\n\tfstp %%st(0)",                  \
            : [status] "=&a"(status) : IN, [x] "m"(ST(0)), [y] "m"(state->operand) : CLOBBERS);                         \
        settle(state, status, CONDITIONS);                                                                             \
    }
COMPARE(fcom, "fcom %%st(1)")
COMPARE(fucom, "fucom %%st(1)")

/* FCOMI leaves ZF, PF and CF as FCOM leaves C3, C2 and C0; OF, SF and AF are cleared (Intel SDM volume 2, FCOMI). */
#define COMPARE_FLAGS(name, text)                                                                                      \
    void HELPER(name##_ST0_FT0)(State * state)                                                                         \
    {                                                                                                                  \
        PENDING();                                                                                                     \
        RUN("fldt %[y]\n\tfldt %[x]\n\t" text "\n\tfnstsw %[status]\n\tfstp %%st(0)\n\tfstp %%st(0)",                  \
            : [status] "=&a"(status) : IN, [x] "m"(ST(0)), [y] "m"(state->operand) : CLOBBERS);                         \
        settle(state, status & ~(CONDITIONS & ~C1), C1);                                                               \
        state->cc_src = (status >> 14 & 1) << 6 | (status >> 10 & 1) << 2 | (status >> 8 & 1);                         \
    }
COMPARE_FLAGS(fcomi, "fcom %%st(1)")
COMPARE_FLAGS(fucomi, "fucom %%st(1)")

/* ST0 = op(ST0) */
#define UNARY(name, text, conditions)                                                                                  \
    void HELPER(name)(State * state)                                                                                   \
    {                                                                                                                  \
        Extended value;                                                                                                \
        PENDING();                                                                                                     \
        RUN("fldt %[x]\n\t" text "\n\tfnstsw %[status]\n\tfstpt %[value]",                                             \
            : [value] "=m"(value), [status] "=&a"(status) : IN, [x] "m"(ST(0)) : CLOBBERS);                             \
        if (settle(state, status, conditions))                                                                         \
            ST(0) = value;                                                                                             \
    }
UNARY(fsqrt, "fsqrt", C1)
UNARY(frndint, "frndint", C1)
UNARY(f2xm1, "f2xm1", C1)
UNARY(fsin, "fsin", C1 | 0x400)
UNARY(fcos, "fcos", C1 | 0x400)

/* ST0 = op(ST0, ST1); ST1 stays. From FNINIT on: condition codes that an operation leaves alone are then zero. */
#define WITH_ST1(name, text, conditions)                                                                               \
    void HELPER(name)(State * state)                                                                                   \
    {                                                                                                                  \
        Extended value;                                                                                                \
        PENDING();                                                                                                     \
        RUN("fninit\n\tfldcw %[control]\n\tfldt %[y]\n\tfldt %[x]\n\t" text                                               \
            "\n\tfnstsw %[status]\n\tfstpt %[value]\n\tfstp %%st(0)",                                                \
            : [value] "=m"(value), [status] "=&a"(status) : IN, [x] "m"(ST(0)), [y] "m"(ST(1)) : CLOBBERS);             \
        if (settle(state, status, status & INVALID ? 0 : (conditions)))                                                \
            ST(0) = value;                                                                                             \
    }
WITH_ST1(fprem, "fprem", CONDITIONS)
WITH_ST1(fprem1, "fprem1", CONDITIONS)
WITH_ST1(fscale, "fscale", C1)

/* ST1 = op(ST0, ST1), then pop */
#define AND_POP(name, text)                                                                                            \
    void HELPER(name)(State * state)                                                                                   \
    {                                                                                                                  \
        Extended value;                                                                                                \
        PENDING();                                                                                                     \
        RUN("fldt %[y]\n\tfldt %[x]\n\t" text "\n\tfnstsw %[status]\n\tfstpt %[value]",                                \
            : [value] "=m"(value), [status] "=&a"(status) : IN, [x] "m"(ST(0)), [y] "m"(ST(1)) : CLOBBERS);             \
        if (settle(state, status, C1)) {                                                                               \
            ST(1) = value;                                                                                             \
            state->empty[state->top] = 1;                                                                              \
            state->top = (state->top + 1) & 7;                                                                         \
        }                                                                                                              \
    }
AND_POP(fyl2x, "fyl2x")
AND_POP(fyl2xp1, "fyl2xp1")
AND_POP(fpatan, "fpatan")

/* ST0 becomes one result and another is pushed; FPTAN and FSINCOS leave ST0 alone and set C2 when it is too large. */
#define AND_PUSH(name, text, conditions)                                                                               \
    void HELPER(name)(State * state)                                                                                   \
    {                                                                                                                  \
        Extended below, above;                                                                                         \
        PENDING();                                                                                                     \
        RUN("fldz\n\tfldt %[x]\n\t" text "\n\tfnstsw %[status]\n\tfstpt %[above]\n\tfstpt %[below]\n\tfninit",         \
            : [above] "=m"(above), [below] "=m"(below), [status] "=&a"(status) : IN, [x] "m"(ST(0)) : CLOBBERS);        \
        if (settle(state, status, conditions) && !((conditions) & status & 0x400)) {                                   \
            ST(0) = below;                                                                                             \
            state->top = (state->top - 1) & 7;                                                                         \
            state->empty[state->top] = 0;                                                                              \
            ST(0) = above;                                                                                             \
        }                                                                                                              \
    }
AND_PUSH(fptan, "fptan", C1 | 0x400)
AND_PUSH(fsincos, "fsincos", C1 | 0x400)
AND_PUSH(fxtract, "fxtract", C1)

/* The constants are rounded as the control word says; ST0 has been pushed already. */
#define CONSTANT(name)                                                                                                 \
    void HELPER(name##_ST0)(State * state)                                                                             \
    {                                                                                                                  \
        RUN(#name "\n\tfnstsw %[status]\n\tfstpt %[value]",                                                            \
            : [value] "=m"(ST(0)), [status] "=&a"(status) : IN : CLOBBERS);                                             \
    }
CONSTANT(fldl2t)
CONSTANT(fldl2e)
CONSTANT(fldpi)
CONSTANT(fldlg2)
CONSTANT(fldln2)

/* FLD of zero as the second operand (FTST): libunicorn's function overwrites ST0. */
void HELPER(fldz_FT0)(State *state)
{
    state->operand = (Extended){{0}};
}

/* FLDCW: an exception that is noted already and no longer masked waits for the next instruction. */
void HELPER(fldcw)(State *state, u32 value)
{
    PENDING();
    state->control = value | 0x40;
    if (state->status & EXCEPTIONS & ~value)
        state->status |= SUMMARY | BUSY;
    else
        state->status &= ~(SUMMARY | BUSY);
}
