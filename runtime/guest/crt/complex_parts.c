/* The parts and products of complex numbers, as the universal runtime passes them: structures of two numbers. The
 * functions on them are musl's, from the ziglang wheel. */
#include "internal.h"

typedef struct crt_dcomplex {
    double parts[2];
} crt_dcomplex;

typedef struct crt_fcomplex {
    float parts[2];
} crt_fcomplex;

#define COMPLEX(TYPE, NUMBER, suffix, prefix)                                                                          \
    NUMBER creal##suffix(TYPE z)                                                                                       \
    {                                                                                                                  \
        return z.parts[0];                                                                                             \
    }                                                                                                                  \
    NUMBER norm##suffix(TYPE z)                                                                                        \
    {                                                                                                                  \
        return z.parts[0] * z.parts[0] + z.parts[1] * z.parts[1];                                                      \
    }                                                                                                                  \
    TYPE _##prefix##Cbuild(NUMBER real, NUMBER imaginary)                                                              \
    {                                                                                                                  \
        return (TYPE){{real, imaginary}};                                                                              \
    }                                                                                                                  \
    TYPE _##prefix##Cmulcc(TYPE a, TYPE b)                                                                             \
    {                                                                                                                  \
        return (TYPE){{a.parts[0] * b.parts[0] - a.parts[1] * b.parts[1],                                              \
                       a.parts[0] * b.parts[1] + a.parts[1] * b.parts[0]}};                                            \
    }                                                                                                                  \
    TYPE _##prefix##Cmulcr(TYPE a, NUMBER b)                                                                           \
    {                                                                                                                  \
        return (TYPE){{a.parts[0] * b, a.parts[1] * b}};                                                               \
    }

COMPLEX(crt_dcomplex, double, , )
COMPLEX(crt_fcomplex, float, f, F)

crt_dcomplex clog(crt_dcomplex z);
crt_fcomplex clogf(crt_fcomplex z);

#define LOG10_E 0.43429448190325182765

crt_dcomplex clog10(crt_dcomplex z)
{
    return _Cmulcr(clog(z), LOG10_E);
}

crt_fcomplex clog10f(crt_fcomplex z)
{
    return _FCmulcr(clogf(z), (float)LOG10_E);
}
