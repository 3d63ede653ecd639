/* What kind of number a floating point value is. */
#include "internal.h"
#include "math_internal.h"

/* Results of _fpclass. */
#define _FPCLASS_SNAN 0x001
#define _FPCLASS_QNAN 0x002
#define _FPCLASS_NINF 0x004
#define _FPCLASS_NN 0x008
#define _FPCLASS_ND 0x010
#define _FPCLASS_NZ 0x020
#define _FPCLASS_PZ 0x040
#define _FPCLASS_PD 0x080
#define _FPCLASS_PN 0x100
#define _FPCLASS_PINF 0x200

/* Results of _dclass; FP_NORMAL and the others of <math.h>. */
#define CLASS_DENORMAL (-2)
#define CLASS_NORMAL (-1)
#define CLASS_ZERO 0
#define CLASS_INFINITE 1
#define CLASS_NAN 2

int _isnan(double x)
{
    return is_nan(x);
}

int _isnanf(float x)
{
    return (bits_of_float(x) & 0x7fffffff) > 0x7f800000;
}

int _finite(double x)
{
    return is_finite(x);
}

int _finitef(float x)
{
    return (bits_of_float(x) & 0x7fffffff) < 0x7f800000;
}

static int class_of(int negative, int exponent, int most, uint64_t fraction, int quiet)
{
    if (exponent == most) {
        if (fraction)
            return quiet ? _FPCLASS_QNAN : _FPCLASS_SNAN;
        return negative ? _FPCLASS_NINF : _FPCLASS_PINF;
    }
    if (exponent)
        return negative ? _FPCLASS_NN : _FPCLASS_PN;
    if (fraction)
        return negative ? _FPCLASS_ND : _FPCLASS_PD;
    return negative ? _FPCLASS_NZ : _FPCLASS_PZ;
}

int _fpclass(double x)
{
    uint64_t bits = bits_of(x);
    return class_of(bits >> 63 != 0, (int)(bits >> 52 & 0x7ff), 0x7ff, bits & 0xfffffffffffff, bits >> 51 & 1);
}

int _fpclassf(float x)
{
    uint32_t bits = bits_of_float(x);
    return class_of(bits >> 31 != 0, (int)(bits >> 23 & 0xff), 0xff, bits & 0x7fffff, bits >> 22 & 1);
}

short _dclass(double x)
{
    uint64_t magnitude = bits_of(x) & ~SIGN64;
    if (magnitude >= INF64)
        return magnitude > INF64 ? CLASS_NAN : CLASS_INFINITE;
    return magnitude >> 52 ? CLASS_NORMAL : magnitude ? CLASS_DENORMAL : CLASS_ZERO;
}

short _fdclass(float x)
{
    uint32_t magnitude = bits_of_float(x) & 0x7fffffff;
    if (magnitude >= 0x7f800000)
        return magnitude > 0x7f800000 ? CLASS_NAN : CLASS_INFINITE;
    return magnitude >> 23 ? CLASS_NORMAL : magnitude ? CLASS_DENORMAL : CLASS_ZERO;
}

short _dtest(double *x)
{
    return _dclass(*x);
}

short _fdtest(float *x)
{
    return _fdclass(*x);
}

int _dsign(double x)
{
    return bits_of(x) >> 48 & 0x8000;
}

int _fdsign(float x)
{
    return bits_of_float(x) >> 16 & 0x8000;
}

/* 1 below, 2 equal, 4 above, 0 not comparable. */
int _dpcomp(double x, double y)
{
    return x < y ? 1 : x == y ? 2 : x > y ? 4 : 0;
}

int _fdpcomp(float x, float y)
{
    return x < y ? 1 : x == y ? 2 : x > y ? 4 : 0;
}
