/* Breakpoints of the system's own, for debuggers. */
#include "rtl.h"

__attribute__((noreturn)) void NTAPI RtlExitUserThread(NTSTATUS code);

__attribute__((naked)) void NTAPI DbgBreakPoint(void)
{
    __asm__("int3\n\tret");
}

__attribute__((naked)) void NTAPI DbgUserBreakPoint(void)
{
    __asm__("int3\n\tret");
}

/* What a debugger stops at first: everything is mapped, none of the program has run. */
void NTAPI LdrpDoDebuggerBreak(void)
{
    __try {
        DbgBreakPoint();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
}

/* The start of the thread by which a debugger breaks into a running process. */
void NTAPI DbgUiRemoteBreakin(PVOID context)
{
    if (AT(BYTE, PEB_POINTER(), PEB_BEING_DEBUGGED))
        LdrpDoDebuggerBreak();
    RtlExitUserThread(0);
}
