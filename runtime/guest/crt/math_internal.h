/* Shared by the math files: bit access and error reports. The functions named musl_* are musl's, compiled from the
 * ziglang wheel under those names (build.toml), because they know nothing of errno and _matherr. */
#ifndef CRT_MATH_INTERNAL_H
#define CRT_MATH_INTERNAL_H

#include <stdint.h>

/* exception.type */
#define ERROR_DOMAIN 1
#define ERROR_SINGULAR 2
#define ERROR_OVERFLOW 3
#define ERROR_UNDERFLOW 4

static inline uint64_t bits_of(double x)
{
    union {
        double d;
        uint64_t u;
    } v = {x};
    return v.u;
}

static inline double double_of(uint64_t bits)
{
    union {
        uint64_t u;
        double d;
    } v = {bits};
    return v.d;
}

static inline uint32_t bits_of_float(float x)
{
    union {
        float f;
        uint32_t u;
    } v = {x};
    return v.u;
}

static inline float float_of(uint32_t bits)
{
    union {
        uint32_t u;
        float f;
    } v = {bits};
    return v.f;
}

#define SIGN64 0x8000000000000000ull
#define INF64 0x7ff0000000000000ull
#define INDEFINITE 0xfff8000000000000ull /* what the processor gives for an invalid operation */

static inline int is_nan(double x)
{
    return (bits_of(x) & ~SIGN64) > INF64;
}

static inline int is_inf(double x)
{
    return (bits_of(x) & ~SIGN64) == INF64;
}

static inline int is_finite(double x)
{
    return (bits_of(x) & ~SIGN64) < INF64;
}

/* Reports to the program's _matherr, sets errno (EDOM, or ERANGE except after underflow), and gives the result. */
double crt_math_error(int type, const char *name, double x, double y, double result);

#endif
