/* The elementary functions for double: musl's results, Windows' errors. */
#include "internal.h"
#include "math_internal.h"
#include <math.h>

#undef _HUGE
#undef __setusermatherr

double _HUGE = __builtin_inf();

static int (*user_handler)(struct _exception *);

void crt_math_init(void)
{
}

void __setusermatherr(int (*handler)(struct _exception *))
{
    user_handler = handler;
}

double crt_math_error(int type, const char *name, double x, double y, double result)
{
    if (user_handler) {
        struct _exception report = {type, name, x, y, result};
        if (user_handler(&report))
            return report.retval;
    }
    if (type == ERROR_DOMAIN)
        errno = EDOM;
    else if (type != ERROR_UNDERFLOW)
        errno = ERANGE;
    return result;
}

/* ---- functions whose arguments have a domain --------------------------------------------------------------------- */

#define DOMAIN_ERROR(name, x) crt_math_error(ERROR_DOMAIN, name, x, 0, double_of(INDEFINITE))
#define POLE(name, x, result) crt_math_error(ERROR_SINGULAR, name, x, 0, result)

double musl_acos(double), musl_asin(double), musl_acosh(double), musl_atanh(double), musl_log(double),
    musl_log10(double), musl_log2(double), musl_log1p(double), musl_logb(double), musl_exp(double), musl_exp2(double),
    musl_expm1(double), musl_cosh(double), musl_sinh(double), musl_pow(double, double), musl_fmod(double, double),
    musl_hypot(double, double), musl_tgamma(double), musl_lgamma(double), musl_erfc(double),
    musl_y0(double), musl_y1(double), musl_yn(int, double);

double acos(double x)
{
    return fabs(x) > 1 ? DOMAIN_ERROR("acos", x) : musl_acos(x);
}

double asin(double x)
{
    return fabs(x) > 1 ? DOMAIN_ERROR("asin", x) : musl_asin(x);
}

double acosh(double x)
{
    return x < 1 ? crt_math_error(ERROR_DOMAIN, "acosh", x, 0, NAN) : musl_acosh(x);
}

double atanh(double x)
{
    if (fabs(x) > 1)
        return crt_math_error(ERROR_DOMAIN, "atanh", x, 0, NAN);
    return fabs(x) == 1 ? POLE("atanh", x, double_of((bits_of(x) & SIGN64) | INF64)) : musl_atanh(x);
}

#define LOGARITHM(name, least)                                                                                         \
    double name(double x)                                                                                              \
    {                                                                                                                  \
        if (x < (least))                                                                                               \
            return DOMAIN_ERROR(#name, x);                                                                             \
        return x == (least) ? POLE(#name, x, -INFINITY) : musl_##name(x);                                              \
    }

LOGARITHM(log, 0)
LOGARITHM(log10, 0)
LOGARITHM(log2, 0)
LOGARITHM(log1p, -1)

double logb(double x)
{
    return x == 0 ? POLE("logb", x, -INFINITY) : musl_logb(x);
}

double _logb(double x)
{
    return logb(x);
}

double sqrt(double x)
{
    if (x < 0)
        return DOMAIN_ERROR("sqrt", x);
    __asm__("sqrtsd %0, %0" : "+x"(x));
    return x;
}

/* ---- functions whose results leave the range --------------------------------------------------------------------- */

#define EXPONENTIAL(name)                                                                                              \
    double name(double x)                                                                                              \
    {                                                                                                                  \
        double result = musl_##name(x);                                                                                \
        if (is_inf(result) && is_finite(x))                                                                            \
            return crt_math_error(ERROR_OVERFLOW, #name, x, 0, result);                                                \
        if (result == 0 && x != 0 && is_finite(x))                                                                     \
            return crt_math_error(ERROR_UNDERFLOW, #name, x, 0, result);                                               \
        return result;                                                                                                 \
    }

EXPONENTIAL(exp)
EXPONENTIAL(exp2)
EXPONENTIAL(expm1)
EXPONENTIAL(cosh)
EXPONENTIAL(sinh)

double pow(double x, double y)
{
    double result = musl_pow(x, y);
    if (!is_finite(x) || !is_finite(y))
        return result;
    if (is_nan(result))
        return crt_math_error(ERROR_DOMAIN, "pow", x, y, double_of(INDEFINITE));
    if (is_inf(result))
        return crt_math_error(x == 0 ? ERROR_SINGULAR : ERROR_OVERFLOW, "pow", x, y, result);
    if (result == 0 && x != 0)
        return crt_math_error(ERROR_UNDERFLOW, "pow", x, y, result);
    return result;
}

double hypot(double x, double y)
{
    double result = musl_hypot(x, y);
    if (is_inf(result) && is_finite(x) && is_finite(y))
        return crt_math_error(ERROR_OVERFLOW, "_hypot", x, y, result);
    return result;
}

double _hypot(double x, double y)
{
    return hypot(x, y);
}

double _cabs(struct _complex z)
{
    return hypot(z.x, z.y);
}

double fmod(double x, double y)
{
    if (!is_nan(x) && !is_nan(y) && (is_inf(x) || y == 0))
        return crt_math_error(ERROR_DOMAIN, "fmod", x, y, double_of(INDEFINITE));
    return musl_fmod(x, y);
}

double crt_remainder(double x, double y)
{
    if (!is_nan(x) && !is_nan(y) && (is_inf(x) || y == 0))
        return crt_math_error(ERROR_DOMAIN, "remainder", x, y, double_of(INDEFINITE));
    return remainder(x, y);
}

double erfc(double x)
{
    double result = musl_erfc(x);
    return result == 0 && is_finite(x) ? crt_math_error(ERROR_SINGULAR, "erfc", x, 0, result) : result;
}

double tgamma(double x)
{
    if (x == 0)
        return POLE("tgamma", x, double_of((bits_of(x) & SIGN64) | INF64));
    if (x < 0 && (is_inf(x) || floor(x) == x))
        return DOMAIN_ERROR("tgamma", x);
    double result = musl_tgamma(x);
    return is_inf(result) && is_finite(x) ? crt_math_error(ERROR_OVERFLOW, "tgamma", x, 0, result) : result;
}

double lgamma(double x)
{
    double result = musl_lgamma(x);
    if (is_inf(result) && is_finite(x))
        return crt_math_error(x <= 0 ? ERROR_SINGULAR : ERROR_OVERFLOW, "lgamma", x, 0, result);
    return result;
}

/* Bessel functions of the second kind: defined for positive numbers only. */
#define BESSEL(name, call, x)                                                                                          \
    if (x < 0)                                                                                                         \
        return DOMAIN_ERROR(name, x);                                                                                  \
    return x == 0 ? POLE(name, x, -INFINITY) : call

double _y0(double x)
{
    BESSEL("_y0", musl_y0(x), x);
}

double _y1(double x)
{
    BESSEL("_y1", musl_y1(x), x);
}

double _yn(int n, double x)
{
    BESSEL("_yn", musl_yn(n, x), x);
}

double j0(double), j1(double), jn(int, double);

double _j0(double x)
{
    return j0(x);
}

double _j1(double x)
{
    return j1(x);
}

double _jn(int n, double x)
{
    return jn(n, x);
}

/* ---- trigonometry: musl's kernels after reduction of the argument ------------------------------------------------ */

double __sin(double, double, int), __cos(double, double), __tan(double, double, int);
int __rem_pio2(double, double *);

#define SMALL(x) ((uint32_t)(bits_of(x) >> 32 & 0x7fffffff) <= 0x3fe921fb) /* below pi/4 */
#define TINY(x, bits) ((uint32_t)(bits_of(x) >> 32 & 0x7fffffff) < (bits))

double sin(double x)
{
    double y[2];
    if (SMALL(x))
        return TINY(x, 0x3e500000) ? x : __sin(x, 0, 0);
    if (!is_finite(x))
        return is_nan(x) ? x : DOMAIN_ERROR("sin", x);
    int quadrant = __rem_pio2(x, y);
    double result = quadrant & 1 ? __cos(y[0], y[1]) : __sin(y[0], y[1], 1);
    return quadrant & 2 ? -result : result;
}

double cos(double x)
{
    double y[2];
    if (SMALL(x))
        return TINY(x, 0x3e46a09e) ? 1.0 : __cos(x, 0);
    if (!is_finite(x))
        return is_nan(x) ? x : DOMAIN_ERROR("cos", x);
    int quadrant = __rem_pio2(x, y) & 3;
    double result = quadrant & 1 ? __sin(y[0], y[1], 1) : __cos(y[0], y[1]);
    return quadrant == 1 || quadrant == 2 ? -result : result;
}

double tan(double x)
{
    double y[2];
    if (SMALL(x))
        return TINY(x, 0x3e400000) ? x : __tan(x, 0, 0);
    if (!is_finite(x))
        return is_nan(x) ? x : DOMAIN_ERROR("tan", x);
    int quadrant = __rem_pio2(x, y);
    return __tan(y[0], y[1], quadrant & 1);
}

/* ---- rounding and parts: integer code ---------------------------------------------------------------------------- */

double fabs(double x)
{
    return double_of(bits_of(x) & ~SIGN64);
}

double floor(double x)
{
    uint64_t bits = bits_of(x);
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023;

    if (exponent >= 52)
        return x;
    if (exponent < 0)
        return bits << 1 == 0 ? x : bits >> 63 ? -1.0 : 0.0;
    uint64_t fraction = 0xfffffffffffffull >> exponent;
    if (!(bits & fraction))
        return x;
    if (bits >> 63)
        bits += fraction;
    return double_of(bits & ~fraction);
}

double ceil(double x)
{
    uint64_t bits = bits_of(x);
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023;

    if (exponent >= 52)
        return x;
    if (exponent < 0)
        return bits << 1 == 0 ? x : bits >> 63 ? -0.0 : 1.0;
    uint64_t fraction = 0xfffffffffffffull >> exponent;
    if (!(bits & fraction))
        return x;
    if (!(bits >> 63))
        bits += fraction;
    return double_of(bits & ~fraction);
}

double trunc(double x)
{
    uint64_t bits = bits_of(x);
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023;

    if (exponent >= 52)
        return x;
    if (exponent < 0)
        return double_of(bits & SIGN64);
    return double_of(bits & ~(0xfffffffffffffull >> exponent));
}

double modf(double x, double *whole)
{
    *whole = trunc(x);
    if (is_inf(x))
        return double_of(bits_of(x) & SIGN64);
    return double_of(bits_of(x - *whole) | (bits_of(x) & SIGN64));
}

double scalbn(double x, int n);

double ldexp(double x, int n)
{
    double result = scalbn(x, n);
    if (is_finite(x) && x != 0) {
        if (is_inf(result))
            return crt_math_error(ERROR_OVERFLOW, "ldexp", x, n, result);
        if (result == 0)
            return crt_math_error(ERROR_UNDERFLOW, "ldexp", x, n, result);
    }
    return result;
}

double _scalb(double x, long n)
{
    return ldexp(x, n);
}

double _copysign(double x, double y)
{
    return double_of((bits_of(x) & ~SIGN64) | (bits_of(y) & SIGN64));
}

double _chgsign(double x)
{
    return double_of(bits_of(x) ^ SIGN64);
}

double _nextafter(double x, double y)
{
    return nextafter(x, y);
}

/* Integers that do not fit are a domain error with result 0. */
#define TO_INTEGER(TYPE, name, round, FLOAT, limit)                                                                    \
    TYPE name(FLOAT x)                                                                                                 \
    {                                                                                                                  \
        FLOAT whole = round(x);                                                                                        \
        if (!(whole >= -(limit) && whole < (limit))) {                                                                 \
            errno = EDOM;                                                                                              \
            return 0;                                                                                                  \
        }                                                                                                              \
        return (TYPE)whole;                                                                                            \
    }

TO_INTEGER(long, lrint, rint, double, 0x1p31)
TO_INTEGER(long, lrintf, rintf, float, 0x1p31f)
TO_INTEGER(long long, llrint, rint, double, 0x1p63)
TO_INTEGER(long long, llrintf, rintf, float, 0x1p63f)
TO_INTEGER(long, lround, round, double, 0x1p31)
TO_INTEGER(long, lroundf, roundf, float, 0x1p31f)
TO_INTEGER(long long, llround, round, double, 0x1p63)
TO_INTEGER(long long, llroundf, roundf, float, 0x1p63f)
