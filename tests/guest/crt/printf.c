/* printf: every conversion, flag, width, precision and size; one line each. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

static void show(const char *name, int result, const char *text)
{
    printf("%-14s %3d [%s]\n", name, result, text);
}

#define T(format, ...)                                                                                                 \
    do {                                                                                                               \
        char buffer[1200];                                                                                             \
        int result;                                                                                                    \
        memset(buffer, 'z', sizeof buffer);                                                                            \
        buffer[sizeof buffer - 1] = 0;                                                                                 \
        result = sprintf(buffer, format, __VA_ARGS__);                                                                 \
        show(format, result, buffer);                                                                                  \
    } while (0)

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

int main(void)
{
    static const double values[] = {0.0,    -0.0, 1.0,    0.5,     1.5,     2.5,    0.125,   0.375,      9.995,   0.1,
                                    1e10,   1e15, 1e16,   1e17,    123456., 1e21,   1e22,    1e23,       1e100,   1e-5,
                                    1e-100, 5e-324, 1.7976931348623157e308, 0.00001234, 999999.5, 9999995., 0.05, 0.25, 0.35};
    static const char *formats[] = {"%f",   "%.0f", "%.1f", "%.2f", "%.20f", "%e",   "%.0e", "%.1e", "%.20e",
                                    "%g",   "%.0g", "%.3g", "%.17g", "%#g",  "%+f",  "% f",  "%010.2f", "%-12.1f|",
                                    "%#.0f", "%G",   "%E"};

    T("%d", 0); T("%d", -1); T("%i", 2147483647); T("%u", 4294967295u);
    T("%5d", 42); T("%-5d|", 42); T("%05d", 42); T("%05d", -42); T("%+d", 42); T("% d", 42); T("%+ d", 42);
    T("%.3d", 7); T("%8.3d", -7); T("%08.3d", -7); T("%.0d", 0); T("%5.0d|", 0); T("%*d", 6, 42); T("%*d|", -6, 42);
    T("%.*d", 4, 42); T("%.*d", -4, 42);
    T("%x", 0xbeef); T("%X", 0xbeef); T("%#x", 0xbeef); T("%#X", 0xbeef); T("%#x", 0); T("%08x", 0xbeef);
    T("%#010x", 0xbeef); T("%o", 511); T("%#o", 511); T("%#o", 0); T("%#.3o", 7);
    T("%hd", 70000); T("%hu", 70000); T("%ld", -5L); T("%lu", 5UL); T("%lld", -5000000000LL); T("%I64d", -5000000000LL);
    T("%I64x", 0x123456789abcLL); T("%I32d", -7); T("%Id", (long long)-9); T("%Ix", (long long)0x1234567890LL);
    T("%p", (void *)0x1234abcd); T("%20p", (void *)0x1234abcd); T("%#p", (void *)0x1234);
    T("%c%c", 'a', 'b'); T("%5c", 'x'); T("%-5c|", 'x'); T("%05c", 'x');
    T("%s", "text"); T("%10s", "text"); T("%-10s|", "text"); T("%.2s", "text"); T("%010s", "text"); T("%.0s", "text");
    T("%s", (char *)0); T("%.3s", (char *)0); T("%S", L"wide"); T("%ls", L"wide"); T("%hs", "narrow"); T("%ws", L"w");
    T("%lc", L'w'); T("%C", L'w'); T("%hc", 'n'); T("%.2S", L"wide"); T("%8S", L"wide"); T("%S", (wchar_t *)0);
    T("%%%d%%", 5);
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            char buffer[1200];
            int result = sprintf(buffer, formats[f], values[v]);
            show(formats[f], result, buffer);
        }
    T("%f", HUGE_VAL); T("%F", -1.5); T("%f", -HUGE_VAL); T("%e", HUGE_VAL); T("%g", HUGE_VAL); T("%.2f", HUGE_VAL);
    T("%.0f", HUGE_VAL); T("%10f|", HUGE_VAL); T("%010f", HUGE_VAL); T("%G", HUGE_VAL); T("%.1e", HUGE_VAL);
    T("%f", from_bits(0x7FF8000000000000)); T("%f", from_bits(0xFFF8000000000000)); T("%g", from_bits(0x7FF8000000000001));
    T("%g", from_bits(0x7FF0000000000001)); T("%+f", HUGE_VAL); T("%E", from_bits(0xFFF8000000000000));
    T("%a", 1.0); T("%a", 0.1); T("%A", -3.75); T("%.2a", 1.999); T("%.0a", 1.5); T("%a", 0.0); T("%a", 5e-324);
    T("%20.3a", 1.0 / 3); T("%020.3a", 1.0 / 3); T("%Lf", 1.25); T("%lf", 1.25);
    T("%.300f", 1e-300); T("%.400f", 1.0);
    return 0;
}
