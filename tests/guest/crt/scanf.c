/* scanf: conversions, widths, sets, assignment suppression, results at mismatches and ends. */
#include <stdio.h>
#include <string.h>
#include <wchar.h>

static int i1, i2;
static unsigned u1;
static short h1;
static long long q1;
static float f1;
static double d1;
static char s1[64], s2[64], c1[8];
static wchar_t w1[64];
static void *p1;

static void clear(void)
{
    i1 = i2 = -77;
    u1 = 77;
    h1 = -7;
    q1 = -777;
    f1 = -7;
    d1 = -77;
    memset(s1, 0, sizeof s1);
    memset(s2, 0, sizeof s2);
    memset(c1, 0, sizeof c1);
    memset(w1, 0, sizeof w1);
    p1 = 0;
}

#define S(text, format, ...)                                                                                           \
    do {                                                                                                               \
        clear();                                                                                                       \
        int result = sscanf(text, format, ##__VA_ARGS__);                                                              \
        printf("%-20s %-14s %2d | %d %d %u %d %lld %g %g [%s] [%s] [%.8s] [%ls] %p\n", text, format, result, i1, i2, u1, \
               h1, q1, f1, d1, s1, s2, c1, w1, p1);                                                                    \
    } while (0)

int main(void)
{
    S("12 34", "%d%d", &i1, &i2);
    S("  -12,34", "%d,%d", &i1, &i2);
    S("12 ,34", "%d,%d", &i1, &i2);
    S("0x1F 077 9", "%i%i%i", &i1, &i2, &u1);
    S("1F 77", "%x%o", &i1, &i2);
    S("0x1F", "%x", &i1);
    S("0xg", "%x", &i1);
    S("123456", "%3d%d", &i1, &i2);
    S("70000", "%hd", &h1);
    S("5000000000", "%lld", &q1);
    S("5000000000", "%I64d", &q1);
    S("-5000000000", "%I64d", &q1);
    S("4294967295", "%u", &u1);
    S("-1", "%u", &u1);
    S("1.5 2.5e3", "%f%lf", &f1, &d1);
    S(".5 5.", "%f%lf", &f1, &d1);
    S("1e", "%lf", &d1);
    S("1e+5x", "%lf%s", &d1, s1);
    S("abc", "%lf", &d1);
    S("-.e5", "%lf", &d1);
    S("12.345", "%4lf%d", &d1, &i1);
    S("hello world", "%s%s", s1, s2);
    S("hello world", "%3s%s", s1, s2);
    S("hello", "%*s%s", s1);
    S("a b", "%c%c%c", c1, c1 + 1, c1 + 2);
    S("abcdef", "%3c", c1);
    S("ab", "%3c", c1);
    S("abc123", "%[a-z]%d", s1, &i1);
    S("abc123", "%[^0-9]%d", s1, &i1);
    S("]x[", "%[]x]%s", s1, s2);
    S("a-b", "%[a-]%s", s1, s2);
    S("123", "%[a-z]", s1);
    S("", "%d", &i1);
    S("   ", "%d", &i1);
    S("x", "%d", &i1);
    S("5", "%d%d", &i1, &i2);
    S("", "%s", s1);
    S("abc", "abc%n", &i1);
    S("abd", "abc%n", &i1);
    S("12 x", "%d%n%n", &i1, &i2, &u1);
    S("50%", "%d%%", &i1);
    S("wide text", "%ls%S", w1, w1 + 10);
    S("wide", "%S", w1);
    S("narrow", "%hs", s1);
    S("7ff", "%p", &p1);
    S("5 6", "%*d%d", &i1);
    S("a:b", "%1[^:]:%s", s1, s2);
    {
        wchar_t text[32] = {0};
        char narrow[32] = {0};
        int n = -1;
        printf("%d", swscanf(L"12 wide nar", L"%d %ls %hs", &n, text, narrow));
        printf(" %d %ls %s\n", n, text, narrow);
    }
    {
        FILE *f = fopen("s.txt", "w+");
        int a = -1, b = -1;
        char word[16] = "";
        fputs("10 20\n30 word\n", f);
        rewind(f);
        printf("%d", fscanf(f, "%d %d", &a, &b));
        printf(" %d %d", a, b);
        printf(" %d", fscanf(f, "%d%15s", &a, word));
        printf(" %d %s", a, word);
        printf(" %d", fscanf(f, "%d", &a));
        printf(" %d\n", feof(f) != 0);
        fclose(f);
        remove("s.txt");
    }
    return 0;
}
