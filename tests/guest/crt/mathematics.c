/* Every function of math.h over ordinary and odd arguments, with errno; rounding and status words. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void hx(double d)
{
    unsigned long long u;
    memcpy(&u, &d, 8);
    printf("%016llx/%d ", u, errno);
    errno = 0;
}
static unsigned long long sum;
static void mix(double d)
{
    unsigned long long u;
    memcpy(&u, &d, 8);
    sum = (sum ^ u) * 1099511628211ull + errno;
    errno = 0;
}
static void hf(float d)
{
    unsigned u;
    memcpy(&u, &d, 4);
    printf("%08x/%d ", u, errno);
    errno = 0;
}
double a[] = {0.0,  -0.0,   1,     -1,     0.5,      -0.5,       2,      -2,    3.7,   -3.7, 1e-10, 1e10,
              1e22, -1e300, 1e308, 1e-308, 4.9e-324, 0.99999999, 100.25, 709.7, 710.5, -745, -746,  1.0 / 3};
int main(void)
{
    int n = sizeof a / sizeof *a;
    volatile double z = 0;
    double inf = 1 / z;
    double nan = z / z;
    double arr[40];
    memcpy(arr, a, sizeof a);
    arr[n] = inf;
    arr[n + 1] = -inf;
    arr[n + 2] = -nan;
    n += 3;
#define F1(f)                                                                                                          \
    printf(#f ": ");                                                                                                   \
    for (int i = 0; i < n; i++)                                                                                        \
        hx(f(arr[i]));                                                                                                 \
    puts("");
#define G1(f)                                                                                                          \
    printf(#f ": ");                                                                                                   \
    for (int i = 0; i < n; i++)                                                                                        \
        hf(f((float)arr[i]));                                                                                          \
    puts("");
#define F2(f)                                                                                                          \
    printf(#f ": ");                                                                                                   \
    for (int i = 0; i < n; i++) {                                                                                      \
        for (int j = 0; j < n; j += 1)                                                                                 \
            mix(f(arr[i], arr[j]));                                                                                    \
    }                                                                                                                  \
    printf("%016llx\n", sum);
#define G2(f)                                                                                                          \
    printf(#f ": ");                                                                                                   \
    for (int i = 0; i < n; i++) {                                                                                      \
        for (int j = 0; j < n; j += 1)                                                                                 \
            mix(f((float)arr[i], (float)arr[j]));                                                                      \
    }                                                                                                                  \
    printf("%016llx\n", sum);
    errno = 0;
    F1(sin)
    F1(cos)
    F1(tan) F1(asin) F1(acos) F1(atan) F1(sinh) F1(cosh) F1(tanh) F1(exp) F1(log) F1(log10) F1(sqrt) F1(ceil) F1(floor)
        F1(fabs) F1(_logb) F1(_y0) F1(_y1) F1(_j0) F1(_j1) F2(pow) F2(fmod) F2(atan2) F2(_hypot) F2(_nextafter)
            F2(_copysign) for (int i = 0; i < n; i++)
    {
        int e = 0;
        double w = 0;
        hx(frexp(arr[i], &e));
        printf("%d ", _finite(arr[i]) ? e : 0);
        hx(modf(arr[i], &w));
        hx(w);
        hx(ldexp(arr[i], 5));
        hx(ldexp(arr[i], -2000));
        hx(ldexp(arr[i], 2000));
        hx(_scalb(arr[i], 3));
        printf("%d %d %x ", _isnan(arr[i]), _finite(arr[i]), _fpclass(arr[i]));
        hx(_yn(2, arr[i]));
        hx(_jn(3, arr[i]));
        puts("");
    }
    G1(sinf)
    G1(cosf)
    G1(tanf) G1(asinf) G1(acosf) G1(atanf) G1(sinhf) G1(coshf) G1(tanhf) G1(expf) G1(logf) G1(log10f) G1(sqrtf)
        G1(ceilf) G1(floorf) G2(powf) G2(fmodf) G2(atan2f)
#ifdef _UCRT
            F1(asinh) F1(acosh) F1(atanh) F1(cbrt) F1(exp2) F1(expm1) F1(log1p) F1(log2) F1(logb) F1(erf) F1(erfc)
                F1(tgamma) F1(lgamma) F1(rint) F1(round) F1(trunc) F1(nearbyint) F2(remainder) F2(fdim) F2(fmax)
                    F2(fmin) G1(asinhf) G1(acoshf) G1(atanhf) G1(cbrtf) G1(exp2f) G1(expm1f) G1(log1pf) G1(log2f)
                        G1(erff) G1(tgammaf) G1(roundf) G1(rintf) for (int i = 0; i < n; i++)
    {
        printf("%d %ld %lld %ld %lld ", ilogb(arr[i]), lround(arr[i]), llround(arr[i]), lrint(arr[i]), llrint(arr[i]));
        errno = 0;
        int q = 0;
        hx(remquo(arr[i], 3.1, &q));
        hx(fma(arr[i], 1.5, arr[(i + 7) % n]));
        hf(fmaf(arr[i], 1.5f, arr[(i + 7) % n]));
        puts("");
    }
#endif
    printf("%x %x\n", _control87(0, 0), _controlfp(0, 0));
    printf("%x ", _controlfp(_RC_UP, _MCW_RC));
    volatile double q = 1, r = 3;
    hx(q / r);
    printf("%x\n", _controlfp(_RC_NEAR, _MCW_RC));
    hx(q / r);
    return 0;
}
