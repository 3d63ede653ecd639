/* Narrow and wide string functions at every alignment, character classes, integers to and from text. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
static unsigned long h;
static void mix(long long v)
{
    h = h * 31 + (unsigned)v;
    h ^= h >> 7;
}
static int sg(int x)
{
    return x < 0 ? -1 : x > 0;
}
int main(void)
{
    static char buf[400], b2[400];
    static wchar_t w1[200], w2[200];
    for (int al = 0; al < 9; al++)
        for (int len = 0; len < 70; len++) {
            memset(buf, 'x', 400);
            memset(b2, 'y', 400);
            char *s = buf + al;
            for (int i = 0; i < len; i++)
                s[i] = 'a' + (i * 7 + al) % 26;
            s[len] = 0;
            mix(strlen(s));
            mix(strnlen(s, 20));
            char *p = strchr(s, 'k');
            mix(p ? p - s : -1);
            p = strrchr(s, 'c');
            mix(p ? p - s : -1);
            p = strrchr(s, 0);
            mix(p - s);
            for (int d = 0; d < 5; d++) {
                strcpy(b2 + d, s);
                mix(sg(strcmp(s, b2 + d)));
                if (len) {
                    b2[d + len / 2] ^= 4;
                    mix(sg(strcmp(s, b2 + d)));
                    mix(sg(strncmp(s, b2 + d, len / 2)));
                    mix(sg(strncmp(s, b2 + d, len / 2 + 1)));
                    mix(sg(memcmp(s, b2 + d, len)));
                    mix(sg(_stricmp(s, b2 + d)));
                    mix(sg(_strnicmp(s, b2 + d, len / 2)));
                }
            }
            p = memchr(s, 'm', len);
            mix(p ? p - s : -1);
            p = strstr(s, "hov");
            mix(p ? p - s : -1);
            mix(strspn(s, "ahovcjqx"));
            mix(strcspn(s, "zx"));
            p = strpbrk(s, "qz");
            mix(p ? p - s : -1);
            memmove(s + 3, s, len + 1);
            for (int i = 0; i < len + 4; i++)
                mix(s[i]);
            memmove(s, s + 5, len);
            for (int i = 0; i < len + 4; i++)
                mix(s[i]);
            memset(s, 7, len);
            for (int i = -1 + (al == 0); i < len + 4; i++)
                mix(s[i]);
        }
    printf("%lx\n", h);
    for (int al = 0; al < 4; al++)
        for (int len = 0; len < 40; len++) {
            for (int i = 0; i < 200; i++)
                w1[i] = w2[i] = 'z';
            wchar_t *s = w1 + al;
            for (int i = 0; i < len; i++)
                s[i] = L'a' + (i * 7 + al) % 26 + (i % 5 ? 0 : 0x300);
            s[len] = 0;
            mix(wcslen(s));
            mix(wcsnlen(s, 11));
            wchar_t *p = wcschr(s, 'k');
            mix(p ? p - s : -1);
            p = wcsrchr(s, 'c');
            mix(p ? p - s : -1);
            for (int d = 0; d < 3; d++) {
                wcscpy(w2 + d, s);
                mix(sg(wcscmp(s, w2 + d)));
                if (len) {
                    w2[d + len / 2] ^= 4;
                    mix(sg(wcscmp(s, w2 + d)));
                    mix(sg(wcsncmp(s, w2 + d, len / 2)));
                    mix(sg(wcsncmp(s, w2 + d, len / 2 + 1)));
                    mix(sg(_wcsicmp(s, w2 + d)));
                }
            }
            p = wcsstr(s, L"ho");
            mix(p ? p - s : -1);
            mix(wcsspn(s, L"ahovcjqx"));
            mix(wcscspn(s, L"zx"));
        }
    printf("%lx\n", h);
    char t[64] = "  one, two,,three ";
    char *ctx = 0;
    for (char *p = strtok(t, " ,"); p; p = strtok(0, " ,"))
        printf("[%s]", p);
    puts("");
    strcpy(t, "a/b//c");
    for (char *p = strtok_s(t, "/", &ctx); p; p = strtok_s(0, "/", &ctx))
        printf("[%s]", p);
    puts("");
    strcpy(t, "Hello World");
    puts(_strrev(t));
    puts(_strupr(t));
    puts(_strlwr(t));
    puts(_strset(t, 'q'));
    strcpy(t, "abcdef");
    puts(_strnset(t, 'z', 3));
    strcpy(t, "abc");
    strncat(t, "defgh", 3);
    puts(t);
    strncpy(t, "xy", 6);
    for (int i = 0; i < 8; i++)
        printf("%d ", t[i]);
    puts("");
    for (int i = -1; i < 256; i++) {
        int m = 0;
        m |= !!isalpha(i);
        m |= !!isdigit(i) << 1;
        m |= !!isspace(i) << 2;
        m |= !!ispunct(i) << 3;
        m |= !!iscntrl(i) << 4;
        m |= !!isprint(i) << 5;
        m |= !!isgraph(i) << 6;
        m |= !!isupper(i) << 7;
        m |= !!islower(i) << 8;
        m |= !!isxdigit(i) << 9;
        m |= !!isalnum(i) << 10;
        mix(m);
        mix(tolower(i));
        mix(toupper(i));
        if (i >= 126 && i < 129 || i == 9 || i == 32)
            printf("%d:%x ", i, m);
    }
    printf("%lx\n", h);
    for (int i = 0; i < 65536; i++) {
        int m = 0;
        m |= !!iswalpha(i);
        m |= !!iswdigit(i) << 1;
        m |= !!iswspace(i) << 2;
        m |= !!iswpunct(i) << 3;
        m |= !!iswcntrl(i) << 4;
        m |= !!iswprint(i) << 5;
        m |= !!iswgraph(i) << 6;
        m |= !!iswupper(i) << 7;
        m |= !!iswlower(i) << 8;
        m |= !!iswxdigit(i) << 9;
        m |= !!iswalnum(i) << 10;
        if (i != 9 && i != 0xaa && i != 0xba && i != 0x2071 && i != 0x207f)
            mix(m);
        mix(towlower(i));
        mix(towupper(i));
        if ((i & 0xfff) == 0xfff)
            printf("%x:%lx ", i, h);
        if (i == 0xe9 || i == 0x660 || i == 0x391 || i == 0xff21)
            printf("(%x %x %x) ", m, towlower(i), towupper(i));
    }
    puts("");
    char n[80];
    int bases[] = {2, 3, 8, 10, 16, 36};
    long long vals[] = {0,
                        1,
                        -1,
                        127,
                        -128,
                        2147483647LL,
                        -2147483647LL - 1,
                        4294967295LL,
                        9223372036854775807LL,
                        (-9223372036854775807LL - 1),
                        123456789012345LL};
    for (int v = 0; v < 11; v++)
        for (int b = 0; b < 6; b++) {
            printf("%s ", _i64toa(vals[v], n, bases[b]));
            printf("%s ", _ui64toa(vals[v], n, bases[b]));
            printf("%s ", _itoa((int)vals[v], n, bases[b]));
            printf("%s\n", _ultoa((unsigned long)vals[v], n, bases[b]));
        }
    const char *nums[] = {"0",
                          "  42",
                          "-17xyz",
                          "+5",
                          "0x1F",
                          "0X",
                          "0xg",
                          "077",
                          "08",
                          "2147483647",
                          "2147483648",
                          "-2147483648",
                          "-2147483649",
                          "4294967295",
                          "4294967296",
                          "-1",
                          "99999999999999999999",
                          "-99999999999999999999",
                          "9223372036854775807",
                          "9223372036854775808",
                          "18446744073709551615",
                          "18446744073709551616",
                          "zz",
                          "",
                          "  ",
                          "-",
                          "+-3",
                          "1e5",
                          " \t\n7"};
    for (int i = 0; i < sizeof nums / sizeof *nums; i++) {
        char *e;
        for (int b = 0; b < 37; b += (b == 0 ? 8 : b == 8 ? 2 : b == 10 ? 6 : b == 16 ? 20 : 1)) {
            errno = 0;
            long l = strtol(nums[i], &e, b);
            printf("%s/%d: %ld %d %d;", nums[i], b, l, (int)(e - nums[i]), errno);
            errno = 0;
            unsigned long ul = strtoul(nums[i], &e, b);
            printf("%lu %d %d;", ul, (int)(e - nums[i]), errno);
            errno = 0;
            long long ll = _strtoi64(nums[i], &e, b);
            printf("%lld %d %d;", ll, (int)(e - nums[i]), errno);
            errno = 0;
            unsigned long long ull = _strtoui64(nums[i], &e, b);
            printf("%llu %d %d\n", ull, (int)(e - nums[i]), errno);
        }
        errno = 0;
        printf("atoi %d %d\n", atoi(nums[i]), errno);
        errno = 0;
        printf("atoi64 %lld %d\n", _atoi64(nums[i]), errno);
    }
    wchar_t wn[64];
    printf("%ls %ls %d\n", _itow(-255, wn, 16), L"x", _wtoi(L" 123"));
    printf("%ls\n", _i64tow(-255, wn, 10));
    return 0;
}
