/* The floating-point environment: status, rounding, denormals, unmasked exceptions in SSE and x87. */
#include <excpt.h>
#include <fenv.h>
#include <float.h>
#include <stdio.h>
#include <windows.h>
#include <xmmintrin.h>

static volatile double zero = 0, one = 1, three = 3, huge = 1e308, tiny = 1e-308;
static volatile float small = 1e-38f, narrow = 3;

static int status(void)
{
    unsigned found = _statusfp();
    unsigned order[] = {_EM_INVALID, _EM_DENORMAL, _EM_ZERODIVIDE, _EM_OVERFLOW, _EM_UNDERFLOW, _EM_INEXACT};
    int result = 0;

    for (int i = 0; i < 6; i++)
        result |= !!(found & order[i]) << i;
    _clearfp();
    return result;
}

static int last_byte(long double value)
{
    return *(unsigned char *)&value;
}

#define SHOW(expression)                                                                                               \
    do {                                                                                                               \
        volatile double result;                                                                                        \
        _mm_setcsr(_mm_getcsr() & ~0x3F);                                                                              \
        result = (expression);                                                                                         \
        printf("%-28s %.17g mxcsr %x\n", #expression, result, _mm_getcsr() & 0x3F);                                    \
    } while (0)

static LONG CALLBACK handler(EXCEPTION_POINTERS *pointers)
{
    CONTEXT *context = pointers->ContextRecord;

    printf("  exception %08lx", pointers->ExceptionRecord->ExceptionCode);
    context->MxCsr = context->FltSave.MxCsr = 0x1F80;
    context->FltSave.ControlWord = 0x37F;
    context->FltSave.StatusWord &= ~0x80FF;
    printf(" and on\n");
    return EXCEPTION_CONTINUE_EXECUTION;
}

int main(void)
{
    static const struct { int mode; const char *name; } modes[] = {
        {FE_TONEAREST, "nearest"}, {FE_DOWNWARD, "down"}, {FE_UPWARD, "up"}, {FE_TOWARDZERO, "zero"}};

    setvbuf(stdout, NULL, _IONBF, 0);
    SHOW(one / three);
    SHOW(one / zero);
    SHOW(zero / zero);
    SHOW(huge * 10);
    SHOW(tiny * 1e-10);
    SHOW(tiny / 4);
    SHOW(one + one);
    SHOW((float)(one / three));
    SHOW((double)_mm_cvttsd_si32(_mm_set_sd(huge)));
    _clearfp();
    three = one / zero;
    printf("_statusfp %x\n", status());
    three = 3;
    for (int i = 0; i < 4; i++) {
        fesetround(modes[i].mode);
        printf("%s %d: %.20g %.20g, %d, ...%02x\n", modes[i].name, fegetround() == modes[i].mode, one / three,
               -one / three, _mm_cvtsd_si32(_mm_set_sd(2.5 * one)), last_byte((long double)one / three));
    }
    fesetround(FE_TONEAREST);
    feclearexcept(FE_ALL_EXCEPT);
    three = one / zero;
    printf("fetestexcept %d %d\n", !!fetestexcept(FE_DIVBYZERO), !!fetestexcept(FE_INVALID));
    three = 3;
    _mm_setcsr(0x1F80 | 0x8000);
    SHOW(tiny / 4);
    printf("flush to zero %g\n", small / narrow);
    _mm_setcsr(0x1F80 | 0x40);
    SHOW((tiny / 4) * 4);
    _mm_setcsr(0x1F80);

    AddVectoredExceptionHandler(1, handler);
    _controlfp(_EM_INEXACT | _EM_UNDERFLOW | _EM_DENORMAL | _EM_INVALID | _EM_OVERFLOW, _MCW_EM);
    printf("division\n");
    three = one / zero;
    _controlfp(_EM_INEXACT | _EM_UNDERFLOW | _EM_DENORMAL | _EM_INVALID | _EM_ZERODIVIDE, _MCW_EM);
    printf("overflow\n");
    three = huge * huge;
    _controlfp(_EM_INEXACT | _EM_UNDERFLOW | _EM_DENORMAL | _EM_OVERFLOW | _EM_ZERODIVIDE, _MCW_EM);
    printf("invalid\n");
    three = (huge * 10) * zero;
    printf("end\n");
    return 0;
}
