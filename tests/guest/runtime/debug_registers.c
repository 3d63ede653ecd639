/* Hardware breakpoints through the debug registers of a CONTEXT, and single steps through its EFlags. */
#include <stdio.h>
#include <windows.h>

static volatile int watched, other;
static volatile LONG hits;
static DWORD64 last_status;
static int steps;

__attribute__((noinline)) static int callee(int value)
{
    return value + 1;
}

static LONG CALLBACK handler(EXCEPTION_POINTERS *pointers)
{
    CONTEXT *context = pointers->ContextRecord;

    if (pointers->ExceptionRecord->ExceptionCode != STATUS_SINGLE_STEP)
        return EXCEPTION_CONTINUE_SEARCH;
    hits++;
    last_status = context->Dr6;
    if (steps > 0 && --steps) {
        context->EFlags |= 0x100;
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    if (context->Dr6 & 1) {
        printf("breakpoint at callee: %d, Dr6 %llx\n", context->Rip == (DWORD64)callee, context->Dr6 & 0xF);
        context->EFlags |= 0x10000; /* RF: go on with this instruction */
    }
    context->Dr6 = 0;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void set(DWORD64 first, DWORD64 second, DWORD64 control)
{
    CONTEXT context = {.ContextFlags = CONTEXT_DEBUG_REGISTERS};

    context.Dr0 = first;
    context.Dr1 = second;
    context.Dr7 = control;
    printf("set %d\n", SetThreadContext(GetCurrentThread(), &context));
}

static DWORD WINAPI bystander(void *parameter)
{
    watched = 77;
    return callee(1) + !parameter;
}

int main(void)
{
    CONTEXT context = {.ContextFlags = CONTEXT_DEBUG_REGISTERS};

    setvbuf(stdout, NULL, _IONBF, 0);
    AddVectoredExceptionHandler(1, handler);
    set((DWORD64)callee, (DWORD64)&watched, 0x00D00005); /* execute callee; write four bytes of watched */
    GetThreadContext(GetCurrentThread(), &context);
    printf("back %d %d %llx\n", context.Dr0 == (DWORD64)callee, context.Dr1 == (DWORD64)&watched, context.Dr7);
    printf("result %d, hits %ld\n", callee(41), hits);
    hits = 0;
    watched = 5;
    printf("after a write: hits %ld, Dr6 %llx\n", hits, last_status & 0xF);
    other = watched;
    printf("after a read: hits %ld\n", hits);
    WaitForSingleObject(CreateThread(NULL, 0, bystander, NULL, 0, NULL), INFINITE);
    printf("another thread's accesses: hits %ld\n", hits);
    set(0, (DWORD64)&watched, 0x00F00004); /* read or write */
    hits = 0;
    other = watched;
    printf("after a read: hits %ld, %d\n", hits, other);
    __asm__ volatile("addb $1, 2(%0)" : : "r"(&watched) : "memory");
    printf("after an update of a part: hits %ld, %x\n", hits, other = watched);
    set(0, 0, 0);
    hits = 0;
    watched = 6;
    printf("none: hits %ld, result %d\n", hits, callee(1));
    steps = 4;
    hits = 0;
    __asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop" : : : "memory", "cc");
    printf("steps: hits %ld, Dr6 %llx\n", hits, last_status & 0x4000);
    HANDLE ended = CreateThread(NULL, 0, bystander, NULL, 0, NULL);
    WaitForSingleObject(ended, INFINITE);
    context.ContextFlags = CONTEXT_FULL;
    printf("an ended thread: get %d", GetThreadContext(ended, &context));
    printf(" %lu, set %d", GetLastError(), SetThreadContext(ended, &context));
    printf(" %lu\n", GetLastError());
    return 0;
}
