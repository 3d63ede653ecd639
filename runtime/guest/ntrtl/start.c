/* Start and end of processes and threads, and the filter for exceptions that nobody handles. */
#include "rtl.h"

#define THREAD_AM_I_LAST_THREAD 12

typedef LPTOP_LEVEL_EXCEPTION_FILTER top_filter;
static volatile top_filter unhandled_filter;

LPTOP_LEVEL_EXCEPTION_FILTER WINAPI k32_SetUnhandledExceptionFilter(top_filter filter)
{
    return InterlockedExchangePointer((PVOID volatile *)&unhandled_filter, filter);
}

/* ntdll's own hook, which Windows lets kernel32 fill: here both are one. */
void NTAPI RtlSetUnhandledExceptionFilter(top_filter filter)
{
    k32_SetUnhandledExceptionFilter(filter);
}

/* Nobody wanted the exception: the program's filter decides, else it is raised for the second chance, which ends the process
 * with a report. */
LONG WINAPI RtlpUnhandledExceptionFilter(PEXCEPTION_POINTERS pointers)
{
    top_filter filter = unhandled_filter;
    if (filter && !AT(BYTE, PEB_POINTER(), PEB_BEING_DEBUGGED)) {
        LONG answer = filter(pointers);
        if (answer == EXCEPTION_CONTINUE_EXECUTION || answer == EXCEPTION_EXECUTE_HANDLER)
            return answer;
    }
    NtRaiseException(pointers->ExceptionRecord, pointers->ContextRecord, FALSE);
    return EXCEPTION_EXECUTE_HANDLER;
}

void NTAPI LdrpInitializeProcess(void)
{
    heap_init_process();
    tls_init_process();
}

typedef BOOL(WINAPI *dll_entry)(PVOID base, DWORD reason, PVOID reserved);

static LONG init_filter(BOOL fatal, PEXCEPTION_POINTERS pointers, NTSTATUS *status)
{
    /* Whoever starts a process whose own DLL cannot attach is to see where it failed; every other failure is the loader's:
     * a load that fails with the exception's code, or a detach that went wrong and must not keep the rest from ending. */
    if (fatal)
        return EXCEPTION_CONTINUE_SEARCH;
    *status = pointers->ExceptionRecord->ExceptionCode;
    return EXCEPTION_EXECUTE_HANDLER;
}

/* Run a DllMain or TLS callback; returns what it returned in the low half, and the code of an exception that it let
 * through in the high half, unless such an exception is to stay `fatal`. */
ULONG64 NTAPI LdrpCallInitRoutine(dll_entry entry, PVOID base, DWORD reason, PVOID reserved, BOOL fatal)
{
    NTSTATUS status = 0;
    BOOL result = FALSE;
    __try {
        result = entry(base, reason, reserved);
    } __except (init_filter(fatal, GetExceptionInformation(), &status)) {
        result = FALSE;
    }
    return (ULONG64)(ULONG)status << 32 | (ULONG)result;
}

DWORD shutdown_thread;
static NTSTATUS shutdown_code;

/* The thread that ends the process waits for what only a thread that is gone could give: end at once. */
void shutdown_stuck(void)
{
    for (;;)
        NtTerminateProcess(THIS_PROCESS, shutdown_code);
}

void NTAPI RtlExitUserProcess(NTSTATUS code)
{
    /* The other threads end wherever they are, but not within the heap. */
    RtlLockHeap(PROCESS_HEAP());
    NtTerminateProcess(NULL, code);
    shutdown_code = code;
    shutdown_thread = this_thread_id();
    RtlUnlockHeap(PROCESS_HEAP());
    RtlProcessFlsData((PVOID)TEB64(TEB_FLS_DATA), 1);
    LdrShutdownProcess();
    for (;;)
        NtTerminateProcess(THIS_PROCESS, code);
}

BOOLEAN NTAPI RtlDllShutdownInProgress_(void)
{
    return shutdown_thread != 0;
}

void NTAPI RtlExitUserThread(NTSTATUS code)
{
    ULONG last = 0;
    NtQueryInformationThread(THIS_THREAD, THREAD_AM_I_LAST_THREAD, &last, sizeof last, NULL);
    if (last)
        RtlExitUserProcess(code);
    RtlProcessFlsData((PVOID)TEB64(TEB_FLS_DATA), 3);
    LdrShutdownThread();
    for (;;)
        NtTerminateThread(THIS_THREAD, code);
}

void WINAPI k32_ExitThread(DWORD code)
{
    RtlExitUserThread((NTSTATUS)code);
}

void WINAPI k32_ExitProcess(UINT code)
{
    RtlExitUserProcess((NTSTATUS)code);
}

void NTAPI k32_FreeLibraryAndExitThread(HMODULE module, DWORD code)
{
    LdrUnloadDll(module);
    RtlExitUserThread((NTSTATUS)code);
}

typedef DWORD(WINAPI *thread_start)(PVOID parameter);

static LONG thread_filter(PEXCEPTION_POINTERS pointers, DWORD *code)
{
    *code = pointers->ExceptionRecord->ExceptionCode;
    return RtlpUnhandledExceptionFilter(pointers);
}

static __attribute__((noinline)) void run_thread(thread_start start, PVOID parameter)
{
    RtlExitUserThread((NTSTATUS)start(parameter));
}

/* Where every thread begins: rip is here, rcx and rdx are the start address and its parameter. */
void NTAPI RtlUserThreadStart(thread_start start, PVOID parameter)
{
    DWORD code = 0;
    __try {
        run_thread(start, parameter);
    } __except (thread_filter(GetExceptionInformation(), &code)) {
        NtTerminateProcess(THIS_PROCESS, (NTSTATUS)code);
    }
}
