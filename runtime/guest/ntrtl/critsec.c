/* Critical sections.
 *
 * LockCount as Windows has it since Vista: bit 0 clear while locked, bits above bit 1 the complement of the number of
 * waiters; -1 is free, -2 locked without waiters.  Waiters sleep on the LockCount word.
 */
#include "rtl.h"

#define CS_NO_DEBUG ((PRTL_CRITICAL_SECTION_DEBUG)(LONG_PTR)-1)

NTSTATUS NTAPI RtlInitializeCriticalSectionEx(RTL_CRITICAL_SECTION *cs, ULONG spin, ULONG flags)
{
    if (flags & ~(ULONG)0x1F000000)
        return STATUS_INVALID_PARAMETER_3;
    if (flags & 0x04000000)
        return STATUS_SUCCESS;
    cs->DebugInfo = CS_NO_DEBUG;
    cs->LockCount = -1;
    cs->RecursionCount = 0;
    cs->OwningThread = NULL;
    cs->LockSemaphore = NULL;
    cs->SpinCount = AT(ULONG, PEB_POINTER(), PEB_PROCESSORS) > 1 ? (spin & 0x00ffffff) : 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlInitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION *cs, ULONG spin)
{
    return RtlInitializeCriticalSectionEx(cs, spin, 0);
}

NTSTATUS NTAPI RtlInitializeCriticalSection(RTL_CRITICAL_SECTION *cs)
{
    return RtlInitializeCriticalSectionEx(cs, 0, 0);
}

BOOL WINAPI k32_InitializeCriticalSectionEx(RTL_CRITICAL_SECTION *cs, DWORD spin, DWORD flags)
{
    NTSTATUS status = RtlInitializeCriticalSectionEx(cs, spin, flags);
    if (NT_SUCCESS(status))
        return TRUE;
    rtl_set_status_error(status);
    return FALSE;
}

BOOL WINAPI k32_InitializeCriticalSectionAndSpinCount(RTL_CRITICAL_SECTION *cs, DWORD spin)
{
    return k32_InitializeCriticalSectionEx(cs, spin & 0x00ffffff, 0);
}

ULONG NTAPI RtlSetCriticalSectionSpinCount(RTL_CRITICAL_SECTION *cs, ULONG spin)
{
    ULONG old = (ULONG)cs->SpinCount;
    cs->SpinCount = AT(ULONG, PEB_POINTER(), PEB_PROCESSORS) > 1 ? spin : 0;
    return old;
}

NTSTATUS NTAPI RtlDeleteCriticalSection(RTL_CRITICAL_SECTION *cs)
{
    cs->DebugInfo = NULL;
    cs->LockCount = 0;
    cs->RecursionCount = 0;
    cs->OwningThread = NULL;
    cs->LockSemaphore = NULL;
    cs->SpinCount = 0;
    return STATUS_SUCCESS;
}

static __attribute__((noinline)) void wait_for_section(RTL_CRITICAL_SECTION *cs)
{
    LONG seen;
    do
        seen = cs->LockCount;
    while (!(seen & 1) && InterlockedCompareExchange(&cs->LockCount, seen - 4, seen) != seen);
    if (seen & 1) {
        /* Released meanwhile: take it without ever having been counted as a waiter. */
        if (InterlockedCompareExchange(&cs->LockCount, seen & ~1, seen) == seen)
            return;
        wait_for_section(cs);
        return;
    }
    for (;;) {
        seen = cs->LockCount;
        if (seen & 1) {
            if (InterlockedCompareExchange(&cs->LockCount, (seen & ~1) + 4, seen) == seen)
                return;
        } else {
            RtlWaitOnAddress(&cs->LockCount, &seen, sizeof seen, NULL);
        }
    }
}

NTSTATUS NTAPI RtlEnterCriticalSection(RTL_CRITICAL_SECTION *cs)
{
    HANDLE self = (HANDLE)TEB64(TEB_THREAD_ID);
    if (InterlockedCompareExchange(&cs->LockCount, -2, -1) != -1) {
        if (cs->OwningThread == self) {
            ++cs->RecursionCount;
            return STATUS_SUCCESS;
        }
        wait_for_section(cs);
    }
    cs->OwningThread = self;
    cs->RecursionCount = 1;
    return STATUS_SUCCESS;
}

BOOL NTAPI RtlTryEnterCriticalSection(RTL_CRITICAL_SECTION *cs)
{
    HANDLE self = (HANDLE)TEB64(TEB_THREAD_ID);
    LONG seen = cs->LockCount;
    if ((seen & 1) && InterlockedCompareExchange(&cs->LockCount, seen & ~1, seen) == seen) {
        cs->OwningThread = self;
        cs->RecursionCount = 1;
        return TRUE;
    }
    if (cs->OwningThread == self) {
        ++cs->RecursionCount;
        return TRUE;
    }
    return FALSE;
}

NTSTATUS NTAPI RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *cs)
{
    if (--cs->RecursionCount > 0)
        return STATUS_SUCCESS;
    cs->OwningThread = NULL;
    LONG now = InterlockedIncrement(&cs->LockCount);
    if (now != -1)
        RtlWakeAddressSingle(&cs->LockCount);
    return STATUS_SUCCESS;
}

ULONG NTAPI RtlIsCriticalSectionLocked(RTL_CRITICAL_SECTION *cs)
{
    return cs->RecursionCount != 0;
}

ULONG NTAPI RtlIsCriticalSectionLockedByThread(RTL_CRITICAL_SECTION *cs)
{
    return cs->OwningThread == (HANDLE)TEB64(TEB_THREAD_ID) && cs->RecursionCount;
}

void NTAPI RtlEnableEarlyCriticalSectionEventCreation(void)
{
}

/* The loader lock and the PEB lock. */
static RTL_CRITICAL_SECTION peb_lock = {CS_NO_DEBUG, -1, 0, 0, 0, 0};

void NTAPI RtlAcquirePebLock(void)
{
    RtlEnterCriticalSection(&peb_lock);
}

void NTAPI RtlReleasePebLock(void)
{
    RtlLeaveCriticalSection(&peb_lock);
}
