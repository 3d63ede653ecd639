/* Ends in the way that its argument names. Its functions are exported, so that a stack can name them. */
#include <windows.h>
#include <stdlib.h>
#include <string.h>
#define NAMED __declspec(dllexport) __attribute__((noinline))

static volatile int zero;
static int (*volatile nowhere)(void);
static char data_page[64] = "not code";

NAMED int overflow(int depth)
{
    volatile char room[2048];
    room[0] = (char)depth;
    return overflow(depth + 1) + room[0];
}

NAMED int inner(const char *how)
{
    if (!strcmp(how, "write"))
        *(volatile int *)0 = 1;
    else if (!strcmp(how, "read"))
        return *(volatile int *)0x123450;
    else if (!strcmp(how, "execute"))
        return ((int (*)(void))(void *)data_page)();
    else if (!strcmp(how, "jump"))
        return nowhere();
    else if (!strcmp(how, "divide"))
        return 7 / zero;
    else if (!strcmp(how, "overflow"))
        return overflow(1);
    else if (!strcmp(how, "fastfail"))
        __fastfail(5);
    else if (!strcmp(how, "abort"))
        abort();
    else if (!strcmp(how, "raise"))
        RaiseException(0xE0001234, EXCEPTION_NONCONTINUABLE, 2, (ULONG_PTR[]){1, 2});
    else if (!strcmp(how, "cxx")) { /* what _CxxThrowException raises, with nothing behind it */
        RaiseException(0xE06D7363, EXCEPTION_NONCONTINUABLE, 4, (ULONG_PTR[]){0x19930520, 0x10, 0x20, 0x30});
    } else if (!strcmp(how, "itanium")) { /* __cxa_exception, _Unwind_Exception and object as libstdc++ lays them out */
        static struct { const void *vtable; const char *name; const void *base; } base = {0, "St13runtime_error", 0};
        static struct { const void *vtable; const char *name; const void *base; } type = {0, "N4shop6brokenE", &base};
        static struct {
            const void *type, *rest[9];
            char class[8];
            void *cleanup, *private[6];
            const void *vtable;
            const char *what;
        } exception = {&type, {0}, "GNUCC++", 0, {0}, 0, "the till is open"};
        RaiseException(0x20474343, EXCEPTION_NONCONTINUABLE, 1, (ULONG_PTR[]){(ULONG_PTR)exception.class});
    } else if (!strcmp(how, "corrupt")) {
        void *volatile *frame = (void *volatile *)__builtin_frame_address(0);
        for (int i = 0; i < 24; i++) frame[i] = (void *)0x4141414141414141;
    }
    return zero;
}

NAMED int outer(const char *how) { return inner(how) + 1; }

static DWORD WINAPI other(void *how) { return outer(how); }

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    if (!strcmp(how, "thread")) {
        HANDLE thread = CreateThread(NULL, 0, other, "write", 0, NULL);
        WaitForSingleObject(thread, INFINITE);
    }
    return outer(how);
}
