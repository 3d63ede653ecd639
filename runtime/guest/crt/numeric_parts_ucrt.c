/* Parts of the C++ library of Visual Studio 2012 to 2015, which the C library exports for it: scaling, splitting and the
 * kernels of exp, log and sin. Their declarations are in its <ymath.h>; results are classes as _dtest gives them. */
#include "internal.h"
#include "math_internal.h"
#include <math.h>

short _dtest(double *x);
short _fdtest(float *x);

/* Drop the bits of a fraction below 2^-bits; 0 where nothing was there to drop. */
short _d_int(double *x, short bits)
{
    double scaled, whole;
    short class = _dtest(x);

    if (class >= 0)
        return class;
    scaled = ldexp(*x, bits);
    whole = scaled < 0 ? ceil(scaled) : floor(scaled);
    if (whole == scaled)
        return 0;
    *x = ldexp(whole, -bits);
    return -1;
}

short _dscale(double *x, long exponent)
{
    *x = ldexp(*x, exponent);
    return _dtest(x);
}

/* frexp: the fraction stays, the exponent goes to the first argument. */
short _dunscale(short *exponent, double *x)
{
    int found = 0;
    short class = _dtest(x);

    if (class < 0)
        *x = frexp(*x, &found);
    *exponent = (short)found;
    return class < 0 ? -1 : class;
}

/* A polynomial whose highest coefficient comes first. */
double _dpoly(double x, const double *table, int order)
{
    double sum = *table;

    while (--order >= 0)
        sum = sum * x + *++table;
    return sum;
}

/* *x = y * e^*x * 2^exponent */
short _dexp(double *x, double y, long exponent)
{
    *x = y == 0 ? y : ldexp(y * exp(*x), exponent);
    return _dtest(x);
}

double _dlog(double x, int decimal)
{
    return decimal ? log10(x) : log(x);
}

/* The sine of an angle with a number of quarter turns added. */
double _dsin(double x, unsigned int quarters)
{
    double value = quarters & 1 ? cos(x) : sin(x);

    return quarters & 2 ? -value : value;
}

short _fd_int(float *x, short bits)
{
    double wide = *x;
    short class = _fdtest(x);

    if (class >= 0)
        return class;
    class = _d_int(&wide, bits);
    *x = (float)wide;
    return class;
}

short _fdscale(float *x, long exponent)
{
    *x = (float)ldexp(*x, exponent);
    return _fdtest(x);
}

short _fdunscale(short *exponent, float *x)
{
    double wide = *x;
    short class = _dunscale(exponent, &wide);

    *x = (float)wide;
    return class;
}

float _fdpoly(float x, const float *table, int order)
{
    float sum = *table;

    while (--order >= 0)
        sum = sum * x + *++table;
    return sum;
}

short _fdexp(float *x, float y, long exponent)
{
    *x = y == 0 ? y : (float)ldexp(y * exp(*x), exponent);
    return _fdtest(x);
}

float _fdlog(float x, int decimal)
{
    return (float)_dlog(x, decimal);
}

float _fdsin(float x, unsigned int quarters)
{
    return (float)_dsin(x, quarters);
}
