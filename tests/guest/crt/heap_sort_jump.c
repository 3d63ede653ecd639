/* qsort order, rand, bsearch, div, heap functions, setjmp and longjmp. */
#include <errno.h>
#include <intrin.h>
#include <malloc.h>
#include <search.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef struct {
    int k, i;
} P;
static int cmp(const void *a, const void *b)
{
    return ((P *)a)->k - ((P *)b)->k;
}
static int ci(const void *a, const void *b)
{
    return *(int *)a - *(int *)b;
}
#ifdef _UCRT
static int cs(void *c, const void *a, const void *b)
{
    (*(int *)c)++;
    return *(int *)a - *(int *)b;
}
#endif
static jmp_buf jb;
static void deep(int n)
{
    char b[100];
    memset(b, n, 100);
    if (!n)
        longjmp(jb, 7);
    deep(n - 1);
    printf("%d", b[3]);
}
int main(void)
{
    unsigned long h = 0;
    for (int n = 0; n < 120; n++) {
        static P p[200];
        for (int m = 1; m < 20; m += 3) {
            unsigned r = n * 77 + m;
            for (int i = 0; i < n; i++) {
                r = r * 1103515245 + 12345;
                p[i].k = (r >> 16) % m;
                p[i].i = i;
            }
            qsort(p, n, sizeof *p, cmp);
            for (int i = 0; i < n; i++) {
                h = h * 31 + p[i].k;
                h = h * 31 + p[i].i;
                if (i && p[i - 1].k > p[i].k)
                    puts("BAD");
            }
        }
    }
    printf("%lx\n", h);
    srand(1);
    for (int i = 0; i < 5; i++)
        printf("%d ", rand());
    srand(12345);
    for (int i = 0; i < 5; i++)
        printf("%d ", rand());
    puts("");
    int a[] = {1, 3, 5, 7, 9, 11};
    for (int i = 0; i < 13; i++) {
        int *p = bsearch(&i, a, 6, 4, ci);
        printf("%d ", p ? (int)(p - a) : -1);
    }
    unsigned n = 6;
    int k = 7;
    printf("%d ", (int)((int *)_lfind(&k, a, &n, 4, ci) - a));
    int b[8] = {1, 2};
    n = 2;
    k = 9;
    _lsearch(&k, b, &n, 4, ci);
    printf("%d %d\n", n, b[2]);
    div_t d = div(-7, 2);
    ldiv_t l = ldiv(-7, 2);
    printf("%d %d %ld %ld %d %ld\n", d.quot, d.rem, l.quot, l.rem, abs(-5), labs(-6));
    unsigned char *p = malloc(10);
    printf("%d ", (int)_msize(p));
    p = realloc(p, 100);
    printf("%d ", (int)_msize(p));
    free(p);
    p = calloc(3, 5);
    int z = 0;
    for (int i = 0; i < 15; i++)
        z |= p[i];
    printf("%d %d\n", z, (int)_msize(p));
    printf("%d %d\n", z, _heapchk());
    free(p);
    errno = 0;
    printf("%d %d ", malloc((size_t)-1) == NULL, errno);
    errno = 0;
    printf("%d %d ", calloc((size_t)-1, 2) == NULL, errno);
    errno = 0;
    printf("%d\n", realloc(malloc(4), 0) == 0);
    for (int al = 1; al < 300; al *= 2)
        for (int o = 0; o < 20; o += 7) {
            char *q = _aligned_offset_malloc(50, al, o);
            memset(q, 1, 50);
            if (((size_t)q + o) % al)
                puts("AL");
            q = _aligned_offset_realloc(q, 500, al, o);
            if (q[49] != 1 || ((size_t)q + o) % al)
                puts("AL2");
            memset(q, 2, 500);
            _aligned_free(q);
        }
    printf("%d\n", _heapchk());
    int v = setjmp(jb);
    printf("sj %d\n", v);
    if (!v)
        deep(20);
    for (int i = 0; i < 100000; i++) {
        if (setjmp(jb) == 0)
            longjmp(jb, 1);
    }
    puts("ok");
    char s[32];
    errno = 0;
    printf("%d %d\n", strcpy_s(s, 4, "abcdef"), errno);
#ifdef _UCRT
    int cnt = 0;
    int q[] = {3, 1, 2};
    qsort_s(q, 3, 4, cs, &cnt);
    printf("%d %d %d\n", q[0], q[1], cnt);
#endif
    printf("%s %s\n", _strdup("dup"), strpbrk("hello", "xl"));
    printf("%d\n", _heapmin());
HEAPINFO:
    {
        _HEAPINFO hi;
        hi._pentry = 0;
        int c = 0, st;
        while ((st = _heapwalk(&hi)) == _HEAPOK && c < 100000)
            c++;
        printf("%d %d\n", st, c > 3);
    }
    return 0;
}
