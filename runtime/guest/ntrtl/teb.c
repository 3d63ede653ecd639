/* What can be answered from the TEB and the PEB: last error and status, ids, the process heap. */
#include "rtl.h"

DWORD NTAPI RtlGetLastWin32Error(void)
{
    return TEB32(TEB_LAST_ERROR);
}

void NTAPI RtlSetLastWin32Error(DWORD error)
{
    set_last_error(error);
}

NTSTATUS NTAPI RtlGetLastNtStatus(void)
{
    return (NTSTATUS)TEB32(TEB_LAST_STATUS);
}

DWORD rtl_set_status_error(NTSTATUS status)
{
    DWORD error = RtlNtStatusToDosError(status);
    __writegsdword(TEB_LAST_STATUS, (DWORD)status);
    set_last_error(error);
    return error;
}

void NTAPI RtlSetLastWin32ErrorAndNtStatusFromNtStatus(NTSTATUS status)
{
    rtl_set_status_error(status);
}

void NTAPI RtlRestoreLastWin32Error(DWORD error)
{
    set_last_error(error);
}

HANDLE WINAPI k32_GetCurrentProcess(void)
{
    return THIS_PROCESS;
}

HANDLE WINAPI k32_GetCurrentThread(void)
{
    return THIS_THREAD;
}

DWORD WINAPI k32_GetCurrentProcessId(void)
{
    return (DWORD)TEB64(TEB_PROCESS_ID);
}

DWORD WINAPI k32_GetCurrentThreadId(void)
{
    return this_thread_id();
}

HANDLE WINAPI k32_GetProcessHeap(void)
{
    return PROCESS_HEAP();
}

PVOID NTAPI RtlGetCurrentPeb(void)
{
    return PEB_POINTER();
}

PVOID NTAPI rtl_NtCurrentTeb(void)
{
    return TEB_POINTER();
}

void NTAPI RtlAcquirePebLock(void);
void NTAPI RtlReleasePebLock(void);

ULONG NTAPI RtlGetNtGlobalFlags(void)
{
    return AT(ULONG, PEB_POINTER(), PEB_NT_GLOBAL_FLAG);
}

BOOL WINAPI k32_IsDebuggerPresent(void)
{
    return AT(BYTE, PEB_POINTER(), PEB_BEING_DEBUGGED);
}

void NTAPI RtlGetNtVersionNumbers(DWORD *major, DWORD *minor, DWORD *build)
{
    if (major)
        *major = AT(DWORD, PEB_POINTER(), 0x118);
    if (minor)
        *minor = AT(DWORD, PEB_POINTER(), 0x11C);
    if (build)
        *build = 0xF0000000u | AT(USHORT, PEB_POINTER(), 0x120);
}

void WINAPI k32_GetCurrentThreadStackLimits(PULONG_PTR low, PULONG_PTR high)
{
    *low = TEB64(TEB_DEALLOCATION_STACK);
    *high = TEB64(TEB_STACK_BASE);
}
