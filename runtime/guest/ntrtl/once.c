/* One-time initialisation.  The two low bits of the word are the state, the rest the context. */
#include "rtl.h"

enum { ONCE_NEW = 0, ONCE_PENDING = 1, ONCE_DONE = 2, ONCE_ASYNC = 3, ONCE_STATE = 3 };

typedef volatile LONG64 once_word;

void NTAPI RtlpRunOnceInitialize(once_word *once)
{
    *once = 0;
}

NTSTATUS NTAPI RtlpRunOnceBeginInitialize(once_word *once, ULONG flags, PVOID *context)
{
    if (flags & RTL_RUN_ONCE_CHECK_ONLY) {
        LONG64 seen = *once;
        if (flags & RTL_RUN_ONCE_ASYNC)
            return STATUS_INVALID_PARAMETER;
        if ((seen & ONCE_STATE) != ONCE_DONE)
            return STATUS_UNSUCCESSFUL;
        if (context)
            *context = (PVOID)(seen & ~(LONG64)ONCE_STATE);
        return STATUS_SUCCESS;
    }
    for (;;) {
        LONG64 seen = *once;
        switch (seen & ONCE_STATE) {
        case ONCE_NEW: {
            LONG64 next = flags & RTL_RUN_ONCE_ASYNC ? ONCE_ASYNC : ONCE_PENDING;
            if (InterlockedCompareExchange64(once, next, seen) == seen)
                return STATUS_PENDING;
            break;
        }
        case ONCE_PENDING:
            if (flags & RTL_RUN_ONCE_ASYNC)
                return STATUS_INVALID_PARAMETER;
            RtlWaitOnAddress(once, &seen, 8, NULL);
            break;
        case ONCE_DONE:
            if (context)
                *context = (PVOID)(seen & ~(LONG64)ONCE_STATE);
            return STATUS_SUCCESS;
        default:
            return flags & RTL_RUN_ONCE_ASYNC ? STATUS_PENDING : STATUS_INVALID_PARAMETER;
        }
    }
}

NTSTATUS NTAPI RtlpRunOnceComplete(once_word *once, ULONG flags, PVOID context)
{
    if (((LONG64)context & ONCE_STATE) || ((flags & RTL_RUN_ONCE_INIT_FAILED) && context))
        return STATUS_INVALID_PARAMETER;
    if (flags & RTL_RUN_ONCE_INIT_FAILED && flags & RTL_RUN_ONCE_ASYNC)
        return STATUS_INVALID_PARAMETER;
    for (;;) {
        LONG64 seen = *once;
        LONG64 next = flags & RTL_RUN_ONCE_INIT_FAILED ? ONCE_NEW : (LONG64)context | ONCE_DONE;
        switch (seen & ONCE_STATE) {
        case ONCE_PENDING:
            if (flags & RTL_RUN_ONCE_ASYNC)
                return STATUS_INVALID_PARAMETER;
            InterlockedExchange64(once, next);
            RtlWakeAddressAll((const void *)once);
            return STATUS_SUCCESS;
        case ONCE_ASYNC:
            if (!(flags & RTL_RUN_ONCE_ASYNC))
                return STATUS_INVALID_PARAMETER;
            if (InterlockedCompareExchange64(once, next, seen) == seen)
                return STATUS_SUCCESS;
            break;
        case ONCE_DONE:
            if (flags & RTL_RUN_ONCE_ASYNC)
                return STATUS_OBJECT_NAME_COLLISION;
            return STATUS_UNSUCCESSFUL;
        default:
            return STATUS_UNSUCCESSFUL;
        }
    }
}

typedef ULONG(NTAPI *once_function)(PVOID once, PVOID parameter, PVOID *context);

NTSTATUS NTAPI RtlpRunOnceExecuteOnce(once_word *once, once_function function, PVOID parameter, PVOID *context)
{
    NTSTATUS status = RtlpRunOnceBeginInitialize(once, 0, context);
    if (status != STATUS_PENDING)
        return status;
    PVOID value = NULL;
    if (!function((PVOID)once, parameter, context ? context : &value)) {
        RtlpRunOnceComplete(once, RTL_RUN_ONCE_INIT_FAILED, NULL);
        return STATUS_UNSUCCESSFUL;
    }
    return RtlpRunOnceComplete(once, 0, context ? *context : value);
}

static BOOL success(NTSTATUS status)
{
    if (NT_SUCCESS(status))
        return TRUE;
    rtl_set_status_error(status);
    return FALSE;
}

BOOL WINAPI k32_InitOnceBeginInitialize(once_word *once, DWORD flags, BOOL *pending, PVOID *context)
{
    NTSTATUS status = RtlpRunOnceBeginInitialize(once, flags, context);
    if (NT_SUCCESS(status))
        *pending = status == STATUS_PENDING;
    return success(status);
}

BOOL WINAPI k32_InitOnceComplete(once_word *once, DWORD flags, PVOID context)
{
    return success(RtlpRunOnceComplete(once, flags, context));
}

BOOL WINAPI k32_InitOnceExecuteOnce(once_word *once, once_function function, PVOID parameter, PVOID *context)
{
    /* The callback's own last error must survive a failure. */
    return NT_SUCCESS(RtlpRunOnceExecuteOnce(once, function, parameter, context));
}

/* Synchronization barriers. */
struct barrier {
    volatile LONG left, total;
    volatile LONG phase, inside;
    LONG spin;
};

BOOL WINAPI k32_InitializeSynchronizationBarrier(struct barrier *barrier, LONG total, LONG spin)
{
    if (!barrier || total <= 0) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    *barrier = (struct barrier){.left = total, .total = total, .spin = spin};
    return TRUE;
}

BOOL WINAPI k32_EnterSynchronizationBarrier(struct barrier *barrier, DWORD flags)
{
    InterlockedIncrement(&barrier->inside);
    LONG phase = barrier->phase;
    BOOL last = InterlockedDecrement(&barrier->left) == 0;
    if (last) {
        barrier->left = barrier->total;
        InterlockedIncrement(&barrier->phase);
        RtlWakeAddressAll((const void *)&barrier->phase);
    } else {
        while (barrier->phase == phase)
            RtlWaitOnAddress(&barrier->phase, &phase, sizeof phase, NULL);
    }
    if (InterlockedDecrement(&barrier->inside) == 0)
        RtlWakeAddressAll((const void *)&barrier->inside);
    return last;
}

BOOL WINAPI k32_DeleteSynchronizationBarrier(struct barrier *barrier)
{
    LONG inside;
    while ((inside = barrier->inside) != 0)
        RtlWaitOnAddress(&barrier->inside, &inside, sizeof inside, NULL);
    return TRUE;
}
