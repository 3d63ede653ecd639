/* What a program without any C library needs to print: for tests of the Microsoft C++ ABI, which no headers at hand support. */
typedef unsigned long DWORD;
typedef unsigned long long size_t;
extern "C" {
__declspec(dllimport) void *GetStdHandle(DWORD);
__declspec(dllimport) int WriteFile(void *, const void *, DWORD, DWORD *, void *);
__declspec(dllimport) void ExitProcess(unsigned);
__declspec(dllimport) int __uncaught_exceptions();
int _fltused = 0;
/* The vtable that type descriptors point to; nothing here calls through it. */
const void *type_info_vtable[1] __asm__("??_7type_info@@6B@") = {0};
void *memset(void *p, int c, size_t n) { char *q = (char *)p; while (n--) *q++ = (char)c; return p; }
}
void operator delete(void *) noexcept {}
void operator delete(void *, size_t) noexcept {}
#define SLOW __attribute__((noinline))
static void put(const char *s) { DWORD n = 0, w; while (s[n]) n++; WriteFile(GetStdHandle((DWORD)-11), s, n, &w, 0); }
static void show(const char *text, long long value)
{
    char digits[24]; int i = 23; bool negative = value < 0;
    digits[i] = 0;
    if (negative) value = -value;
    do digits[--i] = (char)('0' + value % 10); while (value /= 10);
    if (negative) digits[--i] = '-';
    put(text); put(" "); put(digits + i); put("\n");
}
