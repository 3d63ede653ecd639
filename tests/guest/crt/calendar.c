/* Time zones, gmtime, localtime, mktime, strftime, asctime over odd instants. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timeb.h>
#include <time.h>
#ifndef _UCRT
#undef _timezone
#undef _tzname
#undef _daylight
extern __declspec(dllimport) long _timezone;
extern __declspec(dllimport) int _daylight;
extern __declspec(dllimport) char *_tzname[2];
#endif
static void ptm(struct tm *t)
{
    if (!t) {
        printf("NULL %d\n", errno);
        return;
    }
    printf("%d-%d-%d %d:%d:%d w%d y%d d%d\n", t->tm_year, t->tm_mon, t->tm_mday, t->tm_hour, t->tm_min, t->tm_sec,
           t->tm_wday, t->tm_yday, t->tm_isdst);
}
#ifdef _UCRT
static int calls;
static void note(const wchar_t *expression, const wchar_t *function, const wchar_t *file, unsigned line, uintptr_t reserved)
{
    calls++;
}
#endif
int main(int c, char **v)
{
    _putenv("TZ=PST8PDT");
    _tzset();
    long long ts[] = {0,
                      1,
                      86399,
                      951782400,
                      951868799,
                      1700000000,
                      1710000000,
                      1710064800 - 1 + 0 * 3600,
                      1710064799,
                      1710064800,
                      1730624400,
                      1730620799,
                      1730620800,
                      1730624399,
                      2147483647,
                      4102444800LL,
                      32535215999LL,
                      32535216000LL,
                      -1,
                      -43200,
                      -43201,
                      7200,
                      28800,
                      28799};
    for (int i = 0; i < sizeof ts / sizeof *ts; i++) {
        __time64_t t = ts[i];
        printf("%lld\n", t);
        errno = 0;
        ptm(_gmtime64(&t));
        errno = 0;
        struct tm *p = _localtime64(&t);
        ptm(p);
        if (p) {
            struct tm x = *p;
            printf("mk %lld %lld\n", (long long)_mktime64(&x) - t, (long long)_mkgmtime64(p));
        }
        p = _gmtime64(&t);
        if (p) {
            char b[300];
            const char *fs[] = {"%a %A %b %B",
                                "%c|%x|%X",
                                "%#c|%#x",
                                "%d %H %I %j %m %M %p %S %U %w %W %y %Y %%",
                                "%#d %#H %#I %#j %#m %#M %#S %#U %#w %#W %#y %#Y",
#ifdef _UCRT
                                "%C %D %e %F %g %G %h %n %r %R %t %T %u %V",
                                "%#e %#g %#V",
#endif
                                "%Z"};
            for (int k = 0; k < sizeof fs / sizeof *fs; k++) {
                int n = strftime(b, 300, fs[k], p);
                printf("%d [%s]\n", n, b);
            }
            printf("%s", asctime(p));
        }
    }
    struct tm m = {0};
    m.tm_year = 124;
    m.tm_mon = 14;
    m.tm_mday = -5;
    m.tm_hour = 50;
    m.tm_min = -70;
    m.tm_sec = 1000;
    m.tm_isdst = -1;
    printf("%lld ", (long long)_mktime64(&m));
    ptm(&m);
    int hh[] = {0, 1, 2, 3};
    for (int mo = 2; mo < 11; mo += 8)
        for (int d = 3; d < 12; d += 7)
            for (int h = 0; h < 4; h++)
                for (int dst = -1; dst < 2; dst++) {
                    struct tm q = {0, 30, h, d, mo, 124, 0, 0, dst};
                    printf("%d %d %d %d: %lld ", mo, d, h, dst, (long long)_mktime64(&q));
                    ptm(&q);
                }
    struct tm neg = {0, 0, 0, 1, 0, 60};
    errno = 0;
    printf("%lld %d\n", (long long)_mktime64(&neg), errno);
    char b[20];
    struct tm g = {0};
    g.tm_mday = 1;
    errno = 0;
    printf("%d %d\n", (int)strftime(b, 5, "%Y-%m-%d", &g), errno);
    errno = 0;
    printf("%d %d\n", (int)strftime(b, 20, "", &g), errno);
    printf("%ld %d %s %s\n", _timezone, _daylight, _tzname[0], _tzname[1]);
    __time64_t z = 86400 * 365;
    printf("%s", _ctime64(&z));
    wchar_t wb[64];
    wcsftime(wb, 64, L"%Y/%m/%d %B", _gmtime64(&z));
    printf("%ls\n", wb);
    printf("%g\n", _difftime64(5, 3));
    printf("%d\n", clock() >= 0);
    struct __timeb64 tb;
    _ftime64(&tb);
    printf("%d %d\n", tb.timezone, tb.dstflag > 1);
    setlocale(LC_ALL, "English_United States.1252");
    char bb[200];
    strftime(bb, 200, "%c|%x|%X|%#c|%#x|%p|%a", _gmtime64(&z));
    puts(bb);
    struct tm odd = {.tm_sec = 61, .tm_mday = 40, .tm_mon = 1, .tm_hour = 25};
    size_t length = strftime(bb, 200, "only what is asked for counts: %M %y", &odd);
    printf("%d %s\n", (int)length, bb);
#ifdef _UCRT
    _set_invalid_parameter_handler(note);
    struct tm spare;
    __time64_t late = 1LL << 60;
    printf("%d", _localtime64_s(&spare, &late));
    printf(" %d", _gmtime64_s(&spare, &late));
    printf(" %d calls\n", calls);
    printf("%d", (int)strftime(bb, 200, "%S", &odd));
    printf(" %d", (int)strftime(bb, 200, "%d", &odd));
    printf(" %d", (int)strftime(bb, 200, "%H", &odd));
    printf(" %d calls\n", calls);
#endif
    return 0;
}
