/* The elementary functions for float: musl's results, Windows' errors. */
#include "internal.h"
#include "math_internal.h"
#define nexttowardf hidden_nexttowardf /* declared with the compiler's long double */
#include <math.h>
#undef nexttowardf

#define SIGN32 0x80000000u
#define INF32 0x7f800000u

static inline int nan_float(float x)
{
    return (bits_of_float(x) & ~SIGN32) > INF32;
}

static inline int inf_float(float x)
{
    return (bits_of_float(x) & ~SIGN32) == INF32;
}

static inline int finite_float(float x)
{
    return (bits_of_float(x) & ~SIGN32) < INF32;
}

static float error(int type, const char *name, float x, float y, float result)
{
    return (float)crt_math_error(type, name, x, y, result);
}

#define INDEFINITE_FLOAT float_of(0xffc00000)
#define DOMAIN_ERROR(name, x) error(ERROR_DOMAIN, name, x, 0, INDEFINITE_FLOAT)
#define POLE(name, x, result) error(ERROR_SINGULAR, name, x, 0, result)

double musl_acos(double);
float musl_asinf(float), musl_acoshf(float), musl_atanhf(float), musl_logf(float), musl_log10f(float),
    musl_log2f(float), musl_log1pf(float), musl_logbf(float), musl_expf(float), musl_exp2f(float), musl_expm1f(float),
    musl_coshf(float), musl_sinhf(float), musl_powf(float, float), musl_fmodf(float, float),
    musl_hypotf(float, float), musl_tgammaf(float), musl_lgammaf(float), musl_erfcf(float);

float acosf(float x)
{
    return fabsf(x) > 1 ? DOMAIN_ERROR("acosf", x) : (float)musl_acos(x); /* acosf would be off at 0 */
}

float asinf(float x)
{
    return fabsf(x) > 1 ? DOMAIN_ERROR("asinf", x) : musl_asinf(x);
}

float acoshf(float x)
{
    return x < 1 ? error(ERROR_DOMAIN, "acoshf", x, 0, NAN) : musl_acoshf(x);
}

float atanhf(float x)
{
    if (fabsf(x) > 1)
        return error(ERROR_DOMAIN, "atanhf", x, 0, NAN);
    return fabsf(x) == 1 ? POLE("atanhf", x, float_of((bits_of_float(x) & SIGN32) | INF32)) : musl_atanhf(x);
}

#define LOGARITHM(name, least)                                                                                         \
    float name(float x)                                                                                                \
    {                                                                                                                  \
        if (x < (least))                                                                                               \
            return DOMAIN_ERROR(#name, x);                                                                             \
        return x == (least) ? POLE(#name, x, -INFINITY) : musl_##name(x);                                              \
    }

LOGARITHM(logf, 0)
LOGARITHM(log10f, 0)
LOGARITHM(log2f, 0)
LOGARITHM(log1pf, -1)

float logbf(float x)
{
    return x == 0 ? POLE("logbf", x, -INFINITY) : musl_logbf(x);
}

float _logbf(float x)
{
    return logbf(x);
}

float sqrtf(float x)
{
    if (x < 0)
        return DOMAIN_ERROR("sqrtf", x);
    __asm__("sqrtss %0, %0" : "+x"(x));
    return x;
}

#define EXPONENTIAL(name)                                                                                              \
    float name(float x)                                                                                                \
    {                                                                                                                  \
        float result = musl_##name(x);                                                                                 \
        if (inf_float(result) && finite_float(x))                                                                      \
            return error(ERROR_OVERFLOW, #name, x, 0, result);                                                         \
        if (result == 0 && x != 0 && finite_float(x))                                                                  \
            return error(ERROR_UNDERFLOW, #name, x, 0, result);                                                        \
        return result;                                                                                                 \
    }

EXPONENTIAL(expf)
EXPONENTIAL(exp2f)
EXPONENTIAL(expm1f)
EXPONENTIAL(coshf)
EXPONENTIAL(sinhf)

float powf(float x, float y)
{
    float result = musl_powf(x, y);
    if (!finite_float(x) || !finite_float(y))
        return result;
    if (nan_float(result))
        return error(ERROR_DOMAIN, "powf", x, y, INDEFINITE_FLOAT);
    if (inf_float(result))
        return error(x == 0 ? ERROR_SINGULAR : ERROR_OVERFLOW, "powf", x, y, result);
    if (result == 0 && x != 0)
        return error(ERROR_UNDERFLOW, "powf", x, y, result);
    return result;
}

float hypotf(float x, float y)
{
    float result = musl_hypotf(x, y);
    if (inf_float(result) && finite_float(x) && finite_float(y))
        return error(ERROR_OVERFLOW, "_hypotf", x, y, result);
    return result;
}

float _hypotf(float x, float y)
{
    return hypotf(x, y);
}

float fmodf(float x, float y)
{
    if (!nan_float(x) && !nan_float(y) && (inf_float(x) || y == 0))
        return error(ERROR_DOMAIN, "fmodf", x, y, INDEFINITE_FLOAT);
    return musl_fmodf(x, y);
}

float crt_remainderf(float x, float y)
{
    if (!nan_float(x) && !nan_float(y) && (inf_float(x) || y == 0))
        return error(ERROR_DOMAIN, "remainderf", x, y, INDEFINITE_FLOAT);
    return remainderf(x, y);
}

float erfcf(float x)
{
    float result = musl_erfcf(x);
    return result == 0 && finite_float(x) ? error(ERROR_SINGULAR, "erfcf", x, 0, result) : result;
}

float tgammaf(float x)
{
    if (x == 0)
        return POLE("tgammaf", x, float_of((bits_of_float(x) & SIGN32) | INF32));
    if (x < 0 && (inf_float(x) || floorf(x) == x))
        return DOMAIN_ERROR("tgammaf", x);
    float result = musl_tgammaf(x);
    return inf_float(result) && finite_float(x) ? error(ERROR_OVERFLOW, "tgammaf", x, 0, result) : result;
}

float lgammaf(float x)
{
    float result = musl_lgammaf(x);
    if (inf_float(result) && finite_float(x))
        return error(x <= 0 ? ERROR_SINGULAR : ERROR_OVERFLOW, "lgammaf", x, 0, result);
    return result;
}

/* ---- trigonometry: musl's kernels after reduction of the argument ------------------------------------------------ */

float __sindf(double), __cosdf(double), __tandf(double, int);
int __rem_pio2f(float, double *);

#define SMALL(x) ((bits_of_float(x) & ~SIGN32) <= 0x3f490fda) /* below pi/4 */
#define TINY(x) ((bits_of_float(x) & ~SIGN32) < 0x39800000)   /* below 2**-12 */

float sinf(float x)
{
    double y;
    if (SMALL(x))
        return TINY(x) ? x : __sindf(x);
    if (!finite_float(x))
        return nan_float(x) ? x : DOMAIN_ERROR("sinf", x);
    int quadrant = __rem_pio2f(x, &y);
    float result = quadrant & 1 ? __cosdf(y) : __sindf(y);
    return quadrant & 2 ? -result : result;
}

float cosf(float x)
{
    double y;
    if (SMALL(x))
        return TINY(x) ? 1.0f : __cosdf(x);
    if (!finite_float(x))
        return nan_float(x) ? x : DOMAIN_ERROR("cosf", x);
    int quadrant = __rem_pio2f(x, &y) & 3;
    float result = quadrant & 1 ? __sindf(y) : __cosdf(y);
    return quadrant == 1 || quadrant == 2 ? -result : result;
}

float tanf(float x)
{
    double y;
    if (SMALL(x))
        return TINY(x) ? x : __tandf(x, 0);
    if (!finite_float(x))
        return nan_float(x) ? x : DOMAIN_ERROR("tanf", x);
    int quadrant = __rem_pio2f(x, &y);
    return __tandf(y, quadrant & 1);
}

/* ---- rounding and parts: integer code ---------------------------------------------------------------------------- */

float fabsf(float x)
{
    return float_of(bits_of_float(x) & ~SIGN32);
}

float floorf(float x)
{
    uint32_t bits = bits_of_float(x);
    int exponent = (int)(bits >> 23 & 0xff) - 127;

    if (exponent >= 23)
        return x;
    if (exponent < 0)
        return bits << 1 == 0 ? x : bits >> 31 ? -1.0f : 0.0f;
    uint32_t fraction = 0x7fffffu >> exponent;
    if (!(bits & fraction))
        return x;
    if (bits >> 31)
        bits += fraction;
    return float_of(bits & ~fraction);
}

float ceilf(float x)
{
    uint32_t bits = bits_of_float(x);
    int exponent = (int)(bits >> 23 & 0xff) - 127;

    if (exponent >= 23)
        return x;
    if (exponent < 0)
        return bits << 1 == 0 ? x : bits >> 31 ? -0.0f : 1.0f;
    uint32_t fraction = 0x7fffffu >> exponent;
    if (!(bits & fraction))
        return x;
    if (!(bits >> 31))
        bits += fraction;
    return float_of(bits & ~fraction);
}

float truncf(float x)
{
    uint32_t bits = bits_of_float(x);
    int exponent = (int)(bits >> 23 & 0xff) - 127;

    if (exponent >= 23)
        return x;
    if (exponent < 0)
        return float_of(bits & SIGN32);
    return float_of(bits & ~(0x7fffffu >> exponent));
}

float modff(float x, float *whole)
{
    *whole = truncf(x);
    if (inf_float(x))
        return float_of(bits_of_float(x) & SIGN32);
    return float_of(bits_of_float(x - *whole) | (bits_of_float(x) & SIGN32));
}

float _scalbf(float x, long n)
{
    return scalbnf(x, n);
}

float _copysignf(float x, float y)
{
    return float_of((bits_of_float(x) & ~SIGN32) | (bits_of_float(y) & SIGN32));
}

float _chgsignf(float x)
{
    return float_of(bits_of_float(x) ^ SIGN32);
}

float _nextafterf(float x, float y)
{
    return nextafterf(x, y);
}

/* The direction is a long double, which is a double here. */
float nexttowardf(float x, double y)
{
    if (nan_float(x) || is_nan(y))
        return x + (float)y;
    return x == y ? (float)y : nextafterf(x, x < y ? INFINITY : -INFINITY);
}
