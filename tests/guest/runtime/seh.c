/* Structured exceptions: filters, termination handlers, nesting, collided unwinds, long jumps, vectored handlers. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#define SLOW __attribute__((noinline))

SLOW int load(volatile int *p) { return *p; }
SLOW int quotient(int a, volatile int *b) { return a / *b; }
static int note(const char *text, int answer) { printf("filter %s\n", text); return answer; }

SLOW void catches(void)
{
    __try { load((int *)0x10); printf("not reached\n"); }
    __except (note("access", GetExceptionCode() == EXCEPTION_ACCESS_VIOLATION)) { printf("caught\n"); }
    int zero = 0;
    __try { quotient(3, &zero); }
    __except (GetExceptionCode() == EXCEPTION_INT_DIVIDE_BY_ZERO) { printf("caught a division\n"); }
    ULONG_PTR arguments[2] = {11, 22};
    __try { RaiseException(0xE0001234, 0, 2, arguments); }
    __except (printf("%lu arguments, the second %d\n", GetExceptionInformation()->ExceptionRecord->NumberParameters,
                     (int)GetExceptionInformation()->ExceptionRecord->ExceptionInformation[1]), 1) { printf("caught it\n"); }
    __try { RaiseException(0xE0001234, 0, 0, 0); printf("continued\n"); } __except (-1) {}
}
SLOW void ends(int n) { __try { load((int *)(size_t)(n * 8)); } __finally { printf("ending %d, abnormal %d\n", n, _abnormal_termination()); } }
SLOW void ending(void) { __try { ends(3); } __except (note("ending", 1)) { printf("after the endings\n"); } }

static int repair(PEXCEPTION_POINTERS p, int *good)
{
    p->ContextRecord->Rcx = p->ContextRecord->Rax = (ULONG64)good;
    return EXCEPTION_CONTINUE_EXECUTION;
}
SLOW void repairs(void)
{
    static int good = 77;
    int value = 0;
    __try { value = load((int *)8); } __except (repair(GetExceptionInformation(), &good)) { printf("not reached\n"); }
    printf("repaired: %d\n", value);
}
SLOW void descends(int n) { __try { if (n == 0) RaiseException(0xE0000005, 0, 0, 0); else descends(n - 1); } __finally { printf("%d ", n); } }
SLOW void descending(void) { __try { descends(5); } __except (1) { printf("bottom\n"); } }

static int filter_count;
static int bad_filter(void) { if (filter_count++) return 0; load((int *)0x18); return 1; }
SLOW void nested(void)
{
    __try {
        __try { RaiseException(0xE0000006, 0, 0, 0); } __except (bad_filter()) { printf("not reached\n"); }
    } __except (printf("in a filter: %08lx flags %lx\n", GetExceptionCode(), GetExceptionInformation()->ExceptionRecord->ExceptionFlags), 1) {
        printf("nested\n");
    }
}
SLOW void collides(void) { __try { RaiseException(0xE0000007, 0, 0, 0); } __finally { RaiseException(0xE0000008, 0, 0, 0); } }
SLOW void colliding(void)
{
    __try {
        __try { collides(); } __except (GetExceptionCode() == 0xE0000007) { printf("not reached\n"); }
    } __except (GetExceptionCode() == 0xE0000008) { printf("the second exception won\n"); }
}
static jmp_buf place;
SLOW void jumps(void) { __try { longjmp(place, 42); } __finally { printf("unwound by a jump\n"); } }
SLOW void jumping(void)
{
    volatile int local = 5;
    int value = setjmp(place);
    if (!value) { local = 6; jumps(); }
    printf("jumped: %d, local %d\n", value, local);
}
SLOW void escapes(void) { __try { RaiseException(0xE0000009, 0, 0, 0); } __finally { longjmp(place, 7); } }
SLOW void escaping(void)
{
    int value = setjmp(place);
    if (!value) { __try { escapes(); } __except (1) { printf("not reached\n"); } }
    else printf("left an unwind by a jump: %d\n", value);
}
static LONG WINAPI first(PEXCEPTION_POINTERS p) { printf("first %08lx\n", p->ExceptionRecord->ExceptionCode); return 0; }
static LONG WINAPI last(PEXCEPTION_POINTERS p) { printf("last\n"); return p->ExceptionRecord->ExceptionCode == 0xE0000010 ? -1 : 0; }
SLOW void vectored(void)
{
    PVOID a = AddVectoredExceptionHandler(1, first), b = AddVectoredExceptionHandler(0, last);
    RaiseException(0xE0000010, 0, 0, 0);
    printf("went on\n");
    __try { RaiseException(0xE0000011, 0, 0, 0); } __except (1) { printf("frames come after\n"); }
    printf("removed: %lu %lu, again %lu\n", RemoveVectoredExceptionHandler(a), RemoveVectoredExceptionHandler(b), RemoveVectoredExceptionHandler(a));
}
SLOW double precise(double a, double b, int *p)
{
    double product = a * b;
    __try { load(p); } __except (1) { return product + a; }
    return product;
}
SLOW int big(int n, int *sum)
{
    volatile char room[5000];
    room[n] = 1;
    __try { if (n > 0) return big(n - 1, sum) + room[n]; load((int *)0x20); } __finally { *sum += n; }
    return 0;
}
int main(void)
{
    setvbuf(stdout, 0, _IONBF, 0);
    catches(); ending(); repairs(); descending(); nested(); colliding(); jumping(); escaping(); vectored();
    int sum = 0;
    __try { big(20, &sum); } __except (1) { printf("sum %d\n", sum); }
    volatile double three = 3;
    double kept = three * 1.5;
    printf("doubles %g %g\n", precise(2.5, 4, (int *)8), kept);
    PVOID trace[32];
    printf("backtrace: %d\n", CaptureStackBackTrace(0, 32, trace, 0) >= 2);
    return 0;
}
