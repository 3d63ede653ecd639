/* The floating point environment: _controlfp, _statusfp and <fenv.h>. On x64 it is MXCSR. */
#include "internal.h"

/* The words of <float.h>, which the compiler's own header hides. */
#define _EM_INEXACT 0x01
#define _EM_UNDERFLOW 0x02
#define _EM_OVERFLOW 0x04
#define _EM_ZERODIVIDE 0x08
#define _EM_INVALID 0x10
#define _EM_DENORMAL 0x80000
#define _MCW_EM 0x8001f
#define _MCW_RC 0x300
#define _MCW_PC 0x30000
#define _MCW_IC 0x40000
#define _MCW_DN 0x3000000
#define _DN_FLUSH 0x1000000
#define _DN_FLUSH_OPERANDS_SAVE_RESULTS 0x2000000
#define _DN_SAVE_OPERANDS_FLUSH_RESULTS 0x3000000

#define MXCSR_STATUS 0x3f
#define MXCSR_DENORMALS_ZERO 0x0040
#define MXCSR_MASKS 0x1f80
#define MXCSR_ROUNDING 0x6000
#define MXCSR_FLUSH_ZERO 0x8000
#define MXCSR_DEFAULT 0x1f80

#define EXCEPTIONS 0x1f /* the five standard ones; the denormal exception is bit 0x80000 */

static unsigned read_mxcsr(void)
{
    unsigned value;
    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

static void write_mxcsr(unsigned value)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(value));
}

/* MXCSR's order of exceptions is invalid, denormal, divide, overflow, underflow, inexact. */
static unsigned exceptions_from(unsigned bits)
{
    return (bits & 0x01 ? _EM_INVALID : 0) | (bits & 0x02 ? _EM_DENORMAL : 0) | (bits & 0x04 ? _EM_ZERODIVIDE : 0) |
           (bits & 0x08 ? _EM_OVERFLOW : 0) | (bits & 0x10 ? _EM_UNDERFLOW : 0) | (bits & 0x20 ? _EM_INEXACT : 0);
}

static unsigned exceptions_to(unsigned flags)
{
    return (flags & _EM_INVALID ? 0x01 : 0) | (flags & _EM_DENORMAL ? 0x02 : 0) | (flags & _EM_ZERODIVIDE ? 0x04 : 0) |
           (flags & _EM_OVERFLOW ? 0x08 : 0) | (flags & _EM_UNDERFLOW ? 0x10 : 0) | (flags & _EM_INEXACT ? 0x20 : 0);
}

static unsigned control_from(unsigned mxcsr)
{
    unsigned control = exceptions_from((mxcsr & MXCSR_MASKS) >> 7) | (mxcsr & MXCSR_ROUNDING) >> 5;
    switch (mxcsr & (MXCSR_DENORMALS_ZERO | MXCSR_FLUSH_ZERO)) {
    case MXCSR_DENORMALS_ZERO | MXCSR_FLUSH_ZERO:
        return control | _DN_FLUSH;
    case MXCSR_DENORMALS_ZERO:
        return control | _DN_FLUSH_OPERANDS_SAVE_RESULTS;
    case MXCSR_FLUSH_ZERO:
        return control | _DN_SAVE_OPERANDS_FLUSH_RESULTS;
    }
    return control;
}

static unsigned control_to(unsigned control)
{
    unsigned mxcsr = exceptions_to(control) << 7 | (control & _MCW_RC) << 5;
    switch (control & _MCW_DN) {
    case _DN_FLUSH:
        return mxcsr | MXCSR_DENORMALS_ZERO | MXCSR_FLUSH_ZERO;
    case _DN_FLUSH_OPERANDS_SAVE_RESULTS:
        return mxcsr | MXCSR_DENORMALS_ZERO;
    case _DN_SAVE_OPERANDS_FLUSH_RESULTS:
        return mxcsr | MXCSR_FLUSH_ZERO;
    }
    return mxcsr;
}

unsigned _control87(unsigned value, unsigned mask)
{
    unsigned mxcsr = read_mxcsr(), control = control_from(mxcsr);
    mask &= _MCW_EM | _MCW_RC | _MCW_DN;
    if (mask) {
        control = (control & ~mask) | (value & mask);
        write_mxcsr((mxcsr & MXCSR_STATUS) | control_to(control));
    }
    return control;
}

unsigned _controlfp(unsigned value, unsigned mask)
{
    return _control87(value, mask & ~_EM_DENORMAL);
}

void _set_controlfp(unsigned value, unsigned mask)
{
    _controlfp(value, mask);
}

int _controlfp_s(unsigned *current, unsigned value, unsigned mask)
{
    unsigned known = _MCW_EM | _MCW_RC | _MCW_DN | _MCW_PC | _MCW_IC;
    if (value & mask & ~known) {
        if (current)
            *current = _control87(0, 0);
        CRT_INVALID(EINVAL);
        return EINVAL;
    }
    unsigned control = _controlfp(value, mask);
    if (current)
        *current = control;
    return 0;
}

unsigned _statusfp(void)
{
    return exceptions_from(read_mxcsr() & MXCSR_STATUS);
}

unsigned _clearfp(void)
{
    unsigned mxcsr = read_mxcsr();
    write_mxcsr(mxcsr & ~MXCSR_STATUS);
    return exceptions_from(mxcsr & MXCSR_STATUS);
}

void _fpreset(void)
{
    unsigned short x87 = 0x27f;
    __asm__ volatile("fninit\n\tfldcw %0" : : "m"(x87));
    write_mxcsr(MXCSR_DEFAULT);
}

/* FLT_ROUNDS: 0 toward zero, 1 nearest, 2 up, 3 down. */
int __fpe_flt_rounds(void)
{
    switch (read_mxcsr() & MXCSR_ROUNDING) {
    case 0x2000:
        return 3;
    case 0x4000:
        return 2;
    case 0x6000:
        return 0;
    }
    return 1;
}

int _set_SSE2_enable(int on)
{
    (void)on;
    return 1; /* x64 cannot do without */
}

int _get_FMA3_enable(void)
{
    return 0;
}

int _set_FMA3_enable(int on)
{
    (void)on;
    return 0; /* there is no FMA code in this runtime */
}

/* ---- <fenv.h> of the universal runtime: the words of _controlfp -------------------------------------------------- */

typedef struct crt_fenv {
    unsigned long control, status;
} crt_fenv;

int fegetround(void)
{
    return (int)(_control87(0, 0) & _MCW_RC);
}

int fesetround(int direction)
{
    if (direction & ~_MCW_RC)
        return 1;
    _control87((unsigned)direction, _MCW_RC);
    return 0;
}

int fetestexcept(int flags)
{
    return (int)_statusfp() & flags & EXCEPTIONS;
}

int feclearexcept(int flags)
{
    write_mxcsr(read_mxcsr() & ~exceptions_to((unsigned)flags & EXCEPTIONS));
    return 0;
}

int fegetexceptflag(unsigned long *status, int flags)
{
    *status = (unsigned long)fetestexcept(flags);
    return 0;
}

int fesetexceptflag(const unsigned long *status, int flags)
{
    unsigned chosen = exceptions_to((unsigned)flags & EXCEPTIONS);
    write_mxcsr((read_mxcsr() & ~chosen) | (exceptions_to((unsigned)*status) & chosen));
    return 0;
}

int fegetenv(crt_fenv *environment)
{
    environment->control = _control87(0, 0) & (EXCEPTIONS | _MCW_RC | _EM_DENORMAL);
    environment->status = _statusfp();
    return 0;
}

int fesetenv(const crt_fenv *environment)
{
    unsigned keep = read_mxcsr() & (MXCSR_DENORMALS_ZERO | MXCSR_FLUSH_ZERO);
    unsigned control = environment->control & (EXCEPTIONS | _MCW_RC | _EM_DENORMAL);
    write_mxcsr(keep | control_to(control) | exceptions_to((unsigned)environment->status));
    return 0;
}

int feholdexcept(crt_fenv *environment)
{
    fegetenv(environment);
    _control87(_MCW_EM, _MCW_EM);
    _clearfp();
    return 0;
}

/* ---- the same for musl's mathematics, whose flags are MXCSR's ---------------------------------------------------- */

int musl_fetestexcept(int flags)
{
    return (int)read_mxcsr() & flags & MXCSR_STATUS;
}

int musl_feclearexcept(int flags)
{
    write_mxcsr(read_mxcsr() & ~((unsigned)flags & MXCSR_STATUS));
    return 0;
}

int musl_feraiseexcept(int flags)
{
    write_mxcsr(read_mxcsr() | ((unsigned)flags & MXCSR_STATUS));
    return 0;
}

int musl_fegetround(void)
{
    return (int)(read_mxcsr() & MXCSR_ROUNDING) >> 3;
}

int musl_fesetround(int direction)
{
    write_mxcsr((read_mxcsr() & ~MXCSR_ROUNDING) | ((unsigned)direction << 3 & MXCSR_ROUNDING));
    return 0;
}
