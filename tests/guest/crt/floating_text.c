/* strtod, _atodbl, _gcvt, _ecvt and _fcvt. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#undef strtod
static void hx(double d)
{
    unsigned long long u;
    memcpy(&u, &d, 8);
    printf("%016llx ", u);
}
int main(void)
{
    const char *t[] = {
        "0",
        "-0",
        "1",
        "1.5",
        "  -2.25e3x",
        "1e22",
        "1e23",
        "123456789012345678",
        "1234567890123456789012",
        "0.1",
        "1e-5",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.47e-324",
        "1e-400",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "1e309",
        "-1e309",
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "1e",
        "1e+",
        "1e-",
        "1.e5",
        ".5",
        ".",
        "-.",
        "e5",
        "inf",
        "-INF",
        "infinity",
        "nan",
        "nan(abc)",
        "nan(",
        "0x1p3",
        "0x1.8p1",
        "0x",
        "0xg",
        "0x.8",
        "0x1p",
        "0x1.fffffffffffff8p0",
        "1d5",
        "1D-2",
        "123.456789012345678901234567890123456789",
        "9007199254740993",
        "9007199254740992.9999999999999999",
        "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633028641"
        "66928879109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700698555713669"
        "59622842914819860834936475292719074168444365510704342711559699508093042880",
        "1,5",
        "1e5e5",
        "++1",
        "0.000000000000000000000000000000000000000000000000000000000001"};
    for (int i = 0; i < sizeof t / sizeof *t; i++) {
        char *e;
        errno = 0;
        double d = strtod(t[i], &e);
        printf("%.30s: ", t[i]);
        hx(d);
        printf("%d %d | ", (int)(e - t[i]), errno);
        hx(atof(t[i]));
        _CRT_DOUBLE x;
        printf("%d ", _atodbl(&x, (char *)t[i]));
        hx(x.x);
#ifdef _UCRT
        errno = 0;
        float f = strtof(t[i], &e);
        hx(f);
        printf("%d %d", (int)(e - t[i]), errno);
#endif
        puts("");
    }
    double v[] = {0,          1,      -1,     0.5,  1.5,     3.14159265358979, 1e10,  1e20,   1e21,
                  123456.789, 0.001,  0.0001, 0.05, 0.99999, 9.9999e-5,        1e100, 1e-100, 1e300,
                  12345678,   99.999, 1e15,   1e16, 1e17};
    for (int i = 0; i < sizeof v / sizeof *v; i++) {
        char b[128];
        for (int n = 1; n < 18; n += 4) {
            printf("[%s] ", _gcvt(v[i], n, b));
        }
        int dp, sg;
        for (int n = 0; n < 20; n += 5) {
            char *p = _ecvt(v[i], n, &dp, &sg);
            printf("%s,%d,%d ", p, dp, sg);
            p = _fcvt(v[i], n, &dp, &sg);
            printf("%s,%d,%d ", p, dp, sg);
        }
        puts("");
    }
    return 0;
}
