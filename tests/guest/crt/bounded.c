/* Bounded functions: every small size against every small count, with NULL and unterminated arguments. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
static char d[16];
static wchar_t w[16];
static void set(const char *s)
{
    memset(d, '?', sizeof d);
    if (s)
        strcpy(d, s);
    for (int i = 0; i < 16; i++)
        w[i] = (unsigned char)d[i];
    errno = 0;
}
static void out(const char *n, int a, int b, int r)
{
    printf("%s %d %d: %d %d [", n, a, b, r, errno);
    for (int i = 0; i < 10; i++)
        printf("%c", d[i] ? d[i] : '.');
    puts("]");
}
static void wout(const char *n, int a, int b, int r)
{
    for (int i = 0; i < 16; i++)
        d[i] = (char)w[i];
    out(n, a, b, r);
}
#ifdef _UCRT
static void quiet(const wchar_t *a, const wchar_t *b, const wchar_t *c, unsigned l, uintptr_t r)
{
}
#endif
int main(void)
{
#ifdef _UCRT
    _set_invalid_parameter_handler(quiet);
#endif
    const char *src[] = {"", "a", "abc", 0};
    const wchar_t *wsrc[] = {L"", L"a", L"abc", 0};
    for (int s = 0; s < 4; s++)
        for (int n = 0; n < 6; n++) {
            set("xy");
            out("strcpy_s", s, n, strcpy_s(d, n, src[s]));
            set("xy");
            wout("wcscpy_s", s, n, wcscpy_s(w, n, wsrc[s]));
            set("xy");
            out("strcat_s", s, n, strcat_s(d, n, src[s]));
            set("xy");
            wout("wcscat_s", s, n, wcscat_s(w, n, wsrc[s]));
            for (int c = -1; c < 5; c++) {
                set("xy");
                out("strncpy_s", s * 10 + n, c, strncpy_s(d, n, src[s], (size_t)c));
                set("xy");
                wout("wcsncpy_s", s * 10 + n, c, wcsncpy_s(w, n, wsrc[s], (size_t)c));
                set("xy");
                out("strncat_s", s * 10 + n, c, strncat_s(d, n, src[s], (size_t)c));
                set("xy");
                wout("wcsncat_s", s * 10 + n, c, wcsncat_s(w, n, wsrc[s], (size_t)c));
            }
            set("XyZ");
            out("_strlwr_s", s, n, _strlwr_s(d, n));
            set("XyZ");
            out("_strupr_s", s, n, _strupr_s(d, n));
            set("XyZ");
            wout("_wcslwr_s", s, n, _wcslwr_s(w, n));
            set("XyZ");
            set("xyz");
            out("memcpy_s", s, n, memcpy_s(d, n, src[s], s == 3 ? 1 : strlen(src[s])));
            set("xyz");
            out("memmove_s", s, n, memmove_s(d, n, src[s], s == 3 ? 0 : strlen(src[s])));
        }
    for (int n = 0; n < 7; n++) {
        set("xy");
        out("_itoa_s", n, 0, _itoa_s(-123, d, n, 10));
        set("xy");
        out("_i64toa_s", n, 0, _i64toa_s(255, d, n, 16));
        set("xy");
        out("_ultoa_s", n, 1, _ultoa_s(5, d, n, 37));
        set("xy");
        wout("_itow_s", n, 0, _itow_s(-1, w, n, 2));
        size_t r = 77;
        set("xy");
        int e = mbstowcs_s(&r, w, n, "abc", n > 2 ? 2 : _TRUNCATE);
        wout("mbstowcs_s", n, (int)r, e);
        r = 77;
        set("xy");
        e = wcstombs_s(&r, d, n, L"abc", n > 2 ? 2 : _TRUNCATE);
        out("wcstombs_s", n, (int)r, e);
        r = 77;
        set("xy");
        e = wcstombs_s(&r, d, n, L"abc", 5);
        out("wcstombs_s", n, (int)r, e);
        r = 77;
        set("xy");
        e = mbstowcs_s(&r, w, n, "abc", 5);
        wout("mbstowcs_s", n, (int)r, e);
        int l = 77;
        set("xy");
        e = wctomb_s(&l, d, n, L'a');
        out("wctomb_s", n, l, e);
        int dp = 9, sg = 9;
        set("xy");
        e = _ecvt_s(d, n, 1.25, 3, &dp, &sg);
        out("_ecvt_s", n, dp, e);
        set("xy");
        e = _fcvt_s(d, n, 1.25, 2, &dp, &sg);
        out("_fcvt_s", n, dp, e);
    }
    set(0);
    out("unterminated", 0, 0, strcat_s(d, 5, "a"));
    set(0);
    out("unterminated", 0, 1, _strlwr_s(d, 5));
    set(0);
    wout("unterminated", 0, 2, wcscat_s(w, 5, L"a"));
    char *next = 0;
    errno = 0;
    printf("%d %d\n", strtok_s(0, ",", &next) == 0, errno);
    errno = 0;
    printf("%d %d\n", _strdup(0) == 0, errno);
    errno = 0;
    printf("%d %d\n", _stricmp(0, "a"), errno);
    set("abcdef");
    printf("%s %s\n", _strset(d, '-'), "");
    return 0;
}
