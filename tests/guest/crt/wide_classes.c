/* Classes and case of every UTF-16 unit, a checksum for each 4096. */
#include <stdio.h>
#include <wctype.h>
static unsigned sum;
static void mix(unsigned v)
{
    sum = (sum ^ v) * 16777619u;
}
int main(void)
{
    for (int i = 0; i < 65536; i++) {
        mix(!!iswalpha(i) | !!iswdigit(i) << 1 | !!iswspace(i) << 2 | !!iswpunct(i) << 3 | !!iswcntrl(i) << 4 |
            !!iswprint(i) << 5 | !!iswgraph(i) << 6 | !!iswupper(i) << 7 | !!iswlower(i) << 8 | !!iswxdigit(i) << 9 |
            !!iswalnum(i) << 10);
        mix(towlower(i));
        mix(towupper(i));
        if ((i & 0xfff) == 0xfff)
            printf("%04x %08x\n", i, sum);
    }
    return 0;
}
