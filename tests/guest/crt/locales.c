/* setlocale names, localeconv, conversions and classes in several code pages, _mbs functions. */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <mbctype.h>
#include <mbstring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#undef strtod
#undef mbrlen
#undef mbrtowc
#undef wcrtomb
#undef mbsrtowcs
#undef wcsrtombs
static void dl(void)
{
    struct lconv *l = localeconv();
    printf("%s|%s|", l->decimal_point, l->thousands_sep);
    for (char *p = l->grouping; *p; p++)
        printf("%d,", *p);
    printf("|%s|%s|%s|%s|%s|%s|%d %d %d %d %d %d %d %d\n", l->int_curr_symbol, l->currency_symbol, l->mon_decimal_point,
           l->mon_thousands_sep, l->positive_sign, l->negative_sign, l->int_frac_digits, l->frac_digits,
           l->p_cs_precedes, l->p_sep_by_space, l->n_cs_precedes, l->n_sep_by_space, l->p_sign_posn, l->n_sign_posn);
}
static void conv(void)
{
    wchar_t w[64];
    char b[64];
    const char *s[] = {"abc",  "\xe9t\xe9", "\xc3\xa9\xe2\x82\xac", "\xf0\x9f\x98\x80x", "\x82\xa0\x83\x41z", "\xff",
                       "\xc3", "\x81"};
    for (int i = 0; i < 8; i++) {
        errno = 0;
        memset(w, 0xee, sizeof w);
        int n = mbstowcs(w, s[i], 20);
        printf("mbs %d %d:", n, errno);
        for (int k = 0; k < 6 && n >= 0 && k <= n; k++)
            printf(" %x", w[k]);
        errno = 0;
        int l = mbtowc(w, s[i], strlen(s[i]));
        printf(" | %d %d %x", l, errno, l >= 0 ? w[0] : 0);
        errno = 0;
        printf(" len %d %d", (int)mbstowcs(0, s[i], 0), mblen(s[i], 4));
        size_t rv;
        errno = 0;
        int e = mbstowcs_s(&rv, w, 5, s[i], _TRUNCATE);
        printf(" s %d %d\n", e, (int)rv);
    }
    const wchar_t *ws[] = {L"abc", L"\xe9\x20ac", L"\xd83d\xde00x", L"\x3042", L"\xd83d"};
    for (int i = 0; i < 5; i++) {
        errno = 0;
        memset(b, 0, 64);
        int n = wcstombs(b, ws[i], 20);
        printf("wcs %d %d:", n, errno);
        for (int k = 0; k < 8 && n >= 0 && k < n; k++)
            printf(" %x", (unsigned char)b[k]);
        errno = 0;
        n = wctomb(b, ws[i][0]);
        printf(" | %d %d len %d", n, errno, (int)wcstombs(0, ws[i], 0));
        size_t rv = 99;
    e:;
        int e = wcstombs_s(&rv, b, 4, ws[i], _TRUNCATE);
        printf(" s %d %d\n", e, (int)rv);
    }
    mbstate_t st;
    memset(&st, 0, sizeof st);
    char *u = "\xe2\x82\xac";
    for (int i = 0; i < 3; i++) {
        wchar_t x = 0;
        errno = 0;
        printf("mbr %d %x %d; ", (int)mbrtowc(&x, u + i, 1, &st), x, errno);
    }
    puts("");
    printf("%d %d %d %d %d\n", MB_CUR_MAX, btowc(0xe9), btowc(EOF), wctob(0xe9), wctob(0x20ac));
}
static void ct(void)
{
    unsigned long h = 0;
    for (int i = 0; i < 256; i++) {
        int m = 0;
        m |= !!isalpha(i);
        m |= !!isdigit(i) << 1;
        m |= !!isspace(i) << 2;
        m |= !!ispunct(i) << 3;
        m |= !!iscntrl(i) << 4;
        m |= !!isupper(i) << 7;
        m |= !!islower(i) << 8;
        m |= !!isleadbyte(i) << 9;
        h = h * 31 + m;
        h = h * 31 + tolower(i);
        h = h * 31 + toupper(i);
        if (i == 0xe9 || i == 0xa0 || i == 0x81)
            printf("%x:%x %x %x ", i, m, tolower(i), toupper(i));
    }
    printf("%lx %x %x\n", h, towupper(0xe9), towlower(0x391));
}
int main(void)
{
    const char *n[] = {"C",
                       "",
                       ".1252",
                       ".ACP",
                       ".437",
                       ".932",
                       "English",
                       "English_United States",
                       "English_United States.1252",
                       "american",
                       "us",
                       "usa",
                       "xx",
                       "en-US",
                       "en_US",
                       "en-US.utf8",
                       "en_US.UTF-8",
                       ".UTF8",
                       ".utf-8",
                       ".65001",
                       "English_Nowhere",
                       "LC_CTYPE=C",
                       "LC_COLLATE=C;LC_CTYPE=English_United States.1252;LC_MONETARY=C;LC_NUMERIC=C;LC_TIME=C"};
    for (int i = 0; i < sizeof n / sizeof *n; i++) {
        char *r = setlocale(LC_ALL, n[i]);
        printf("%s -> %s\n", n[i], r ? r : "NULL");
        if (r && (i < 3 || i == 5 || i == 16)) {
            dl();
            if (i != 5)
                conv();
            ct();
        }
        setlocale(LC_ALL, "C");
    }
    puts(setlocale(LC_CTYPE, "English") ?: "?");
    puts(setlocale(LC_ALL, NULL));
    puts(setlocale(LC_NUMERIC, NULL));
    printf("%d\n", setlocale(9, "C") == NULL);
    printf("%d %d %d\n", strcoll("a", "B") < 0, _stricmp("\xe9", "\xc9"), _stricoll("a", "A"));
    setlocale(LC_ALL, "English");
    printf("%d %d %d %d\n", strcoll("a", "B") < 0, _stricmp("\xe9", "\xc9"), _stricoll("a", "A"),
           _wcsicmp(L"\xe9", L"\xc9"));
    char x1[64], x2[64];
    int k = strxfrm(x1, "abc", 64);
    strxfrm(x2, "abD", 64);
    printf("%d %d\n", k > 0, strcmp(x1, x2) < 0);
    _locale_t L = _create_locale(LC_ALL, "English");
    printf("%g %d\n", _strtod_l("1.5", 0, L), _isalpha_l(0xe9, L) != 0);
    _free_locale(L);
    setlocale(LC_ALL, "C");
    printf("%d\n", _getmbcp());
    _setmbcp(932);
    printf("%d %d %d %d\n", _getmbcp(), _ismbblead(0x82), _ismbbtrail(0x40), _ismbbkana(0xb1));
    unsigned char j[] = "\x82\xa0\x83\x41z\x82\xa2";
    printf("%d %d %d\n", (int)_mbslen(j), (int)(_mbschr(j, 0x8341) - j), (int)(_mbsrchr(j, 'z') - j));
    printf("%d %x %x %d\n", _mbsicmp((unsigned char *)"\x82\x60", (unsigned char *)"\x82\x81"), _mbctolower(0x8260),
           _mbctoupper(0x8281), (int)_mbsnbcnt(j, 2));
    unsigned char d[32];
    _mbsnbcpy(d, j, 3);
    for (int i = 0; i < 3; i++)
        printf("%x ", d[i]);
    puts("");
    printf("%d %d %d\n", (int)(_mbsdec(j, j + 4) - j), _mbsbtype(j, 1), _ismbcalpha(0x8260) != 0);
    _setmbcp(0);
    printf("%d %d\n", _getmbcp(), (int)_mbslen(j));
    wchar_t *ww = _wsetlocale(LC_ALL, L"English");
    printf("%ls\n", ww);
    return 0;
}
