/* Slim reader/writer locks and condition variables.
 *
 * The lock word: bit 0 held exclusively, bit 2 somebody waits, the rest counts readers in sixteens.  While threads are
 * queued, the waiting bit is set or a woken thread is on its way, which sets the bit again as it takes the lock.
 */
#include "rtl.h"

#define EXCLUSIVE 1ull
#define WAITING 4ull
#define READER 16ull

typedef volatile LONG64 lock_word;

static inline BOOL swap(lock_word *word, uint64_t from, uint64_t to)
{
    return (uint64_t)InterlockedCompareExchange64(word, (LONG64)to, (LONG64)from) == from;
}

static __attribute__((noinline)) void acquire_exclusive_slow(lock_word *word)
{
    uint64_t woken = 0;
    for (;;) {
        uint64_t seen = (uint64_t)*word;
        if (!(seen & ~WAITING)) {
            if (swap(word, seen, seen | EXCLUSIVE | woken))
                return;
        } else if ((seen & WAITING) || swap(word, seen, seen | WAITING)) {
            seen |= WAITING;
            RtlWaitOnAddress(word, &seen, 8, NULL);
            woken = WAITING;
        }
    }
}

void NTAPI RtlAcquireSRWLockExclusive(lock_word *word)
{
    if (!swap(word, 0, EXCLUSIVE))
        acquire_exclusive_slow(word);
}

BOOLEAN NTAPI RtlTryAcquireSRWLockExclusive(lock_word *word)
{
    return swap(word, 0, EXCLUSIVE);
}

void NTAPI RtlReleaseSRWLockExclusive(lock_word *word)
{
    uint64_t seen = (uint64_t)InterlockedExchange64(word, 0);
    if (!(seen & EXCLUSIVE))
        RtlRaiseStatus(STATUS_RESOURCE_NOT_OWNED);
    if (seen & WAITING)
        RtlWakeAddressSingle((const void *)word);
}

static __attribute__((noinline)) void acquire_shared_slow(lock_word *word)
{
    uint64_t woken = 0;
    for (;;) {
        uint64_t seen = (uint64_t)*word;
        if (!(seen & EXCLUSIVE) && (woken || !(seen & WAITING))) {
            if (swap(word, seen, (seen + READER) | woken)) {
                if (woken)
                    RtlWakeAddressSingle((const void *)word);
                return;
            }
        } else if ((seen & WAITING) || swap(word, seen, seen | WAITING)) {
            seen |= WAITING;
            RtlWaitOnAddress(word, &seen, 8, NULL);
            woken = WAITING;
        }
    }
}

void NTAPI RtlAcquireSRWLockShared(lock_word *word)
{
    uint64_t seen = (uint64_t)*word;
    if ((seen & (EXCLUSIVE | WAITING)) || !swap(word, seen, seen + READER))
        acquire_shared_slow(word);
}

BOOLEAN NTAPI RtlTryAcquireSRWLockShared(lock_word *word)
{
    for (;;) {
        uint64_t seen = (uint64_t)*word;
        if (seen & (EXCLUSIVE | WAITING))
            return FALSE;
        if (swap(word, seen, seen + READER))
            return TRUE;
    }
}

void NTAPI RtlReleaseSRWLockShared(lock_word *word)
{
    for (;;) {
        uint64_t seen = (uint64_t)*word;
        if (seen < READER)
            RtlRaiseStatus(STATUS_RESOURCE_NOT_OWNED);
        uint64_t now = seen - READER;
        if (now == WAITING)
            now = 0;
        if (swap(word, seen, now)) {
            if (!now && (seen & WAITING))
                RtlWakeAddressSingle((const void *)word);
            return;
        }
    }
}

void NTAPI RtlInitializeSRWLock(lock_word *word)
{
    *word = 0;
}

/* A condition variable counts wakes; a sleeper waits for the count to change. */
NTSTATUS NTAPI RtlSleepConditionVariableCS(volatile LONG *variable, RTL_CRITICAL_SECTION *cs, const LARGE_INTEGER *timeout);
NTSTATUS NTAPI RtlEnterCriticalSection(RTL_CRITICAL_SECTION *cs);
NTSTATUS NTAPI RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *cs);

void NTAPI RtlInitializeConditionVariable(CONDITION_VARIABLE *variable)
{
    variable->Ptr = NULL;
}

void NTAPI RtlWakeConditionVariable(volatile LONG *variable)
{
    InterlockedIncrement(variable);
    RtlWakeAddressSingle((const void *)variable);
}

void NTAPI RtlWakeAllConditionVariable(volatile LONG *variable)
{
    InterlockedIncrement(variable);
    RtlWakeAddressAll((const void *)variable);
}

NTSTATUS NTAPI RtlSleepConditionVariableCS(volatile LONG *variable, RTL_CRITICAL_SECTION *cs, const LARGE_INTEGER *timeout)
{
    LONG seen = *variable;
    RtlLeaveCriticalSection(cs);
    NTSTATUS status = RtlWaitOnAddress(variable, &seen, sizeof seen, timeout);
    RtlEnterCriticalSection(cs);
    return status;
}

NTSTATUS NTAPI RtlSleepConditionVariableSRW(volatile LONG *variable, lock_word *word, const LARGE_INTEGER *timeout, ULONG flags)
{
    if (flags & ~(ULONG)CONDITION_VARIABLE_LOCKMODE_SHARED)
        return STATUS_INVALID_PARAMETER;
    LONG seen = *variable;
    if (flags & CONDITION_VARIABLE_LOCKMODE_SHARED)
        RtlReleaseSRWLockShared(word);
    else
        RtlReleaseSRWLockExclusive(word);
    NTSTATUS status = RtlWaitOnAddress(variable, &seen, sizeof seen, timeout);
    if (flags & CONDITION_VARIABLE_LOCKMODE_SHARED)
        RtlAcquireSRWLockShared(word);
    else
        RtlAcquireSRWLockExclusive(word);
    return status;
}

static BOOL slept(NTSTATUS status)
{
    if (status == STATUS_SUCCESS)
        return TRUE;
    if (status == STATUS_TIMEOUT)
        set_last_error(ERROR_TIMEOUT);
    else
        rtl_set_status_error(status);
    return FALSE;
}

BOOL WINAPI k32_SleepConditionVariableCS(volatile LONG *variable, RTL_CRITICAL_SECTION *cs, DWORD milliseconds)
{
    LARGE_INTEGER timeout = {.QuadPart = -(LONGLONG)milliseconds * 10000};
    return slept(RtlSleepConditionVariableCS(variable, cs, milliseconds == INFINITE ? NULL : &timeout));
}

BOOL WINAPI k32_SleepConditionVariableSRW(volatile LONG *variable, lock_word *word, DWORD milliseconds, ULONG flags)
{
    LARGE_INTEGER timeout = {.QuadPart = -(LONGLONG)milliseconds * 10000};
    return slept(RtlSleepConditionVariableSRW(variable, word, milliseconds == INFINITE ? NULL : &timeout, flags));
}
