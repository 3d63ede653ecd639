/* WaitOnAddress: a table of waiting threads, keyed by address, over NtWaitForAlertByThreadId.
 *
 * A waiter lives on its thread's stack.  Whoever unlinks it (the waker, or the waiter itself after a timeout) does so under
 * the bucket's lock; a waker reads the thread id before it sets `woken`, after which the waiter may be gone.
 */
#include "rtl.h"

struct waiter {
    struct waiter *next, **link;
    const volatile void *address;
    HANDLE thread;
    volatile LONG woken;
};

static struct bucket {
    spin_lock lock;
    struct waiter *first, **last;
} buckets[128];

void spin_wait(spin_lock *lock)
{
    do {
        for (int tries = 0; tries < 32; ++tries)
            if (!*lock)
                break;
        if (*lock && shutdown_thread)
            *lock = 0; /* its owner ended with it */
        else if (*lock)
            NtYieldExecution();
    } while (InterlockedCompareExchange(lock, 1, 0) != 0);
}

static struct bucket *bucket_of(const volatile void *address)
{
    uintptr_t key = (uintptr_t)address;
    return &buckets[((key >> 4) ^ (key >> 11)) & 127];
}

static void unlink_waiter(struct bucket *bucket, struct waiter *waiter)
{
    *waiter->link = waiter->next;
    if (waiter->next)
        waiter->next->link = waiter->link;
    else
        bucket->last = waiter->link;
}

static BOOL unchanged(const volatile void *address, const void *compare, SIZE_T size)
{
    switch (size) {
    case 1: return *(const volatile uint8_t *)address == *(const uint8_t *)compare;
    case 2: return *(const volatile uint16_t *)address == *(const uint16_t *)compare;
    case 4: return *(const volatile uint32_t *)address == *(const uint32_t *)compare;
    default: return *(const volatile uint64_t *)address == *(const uint64_t *)compare;
    }
}

NTSTATUS NTAPI RtlWaitOnAddress(const volatile void *address, const void *compare, SIZE_T size, const LARGE_INTEGER *timeout)
{
    if (size != 1 && size != 2 && size != 4 && size != 8)
        return STATUS_INVALID_PARAMETER;
    if (!unchanged(address, compare, size))
        return STATUS_SUCCESS;

    if (shutdown_thread && !timeout)
        shutdown_stuck();
    struct bucket *bucket = bucket_of(address);
    struct waiter self = {.address = address, .thread = (HANDLE)TEB64(TEB_THREAD_ID)};
    LARGE_INTEGER due;
    if (timeout) {
        /* An alert meant for an earlier wait may end this one: keep the deadline absolute. */
        due = *timeout;
        if (due.QuadPart < 0) {
            const volatile ULONG *now = (const volatile ULONG *)(SHARED_DATA + 0x14);
            LONG high;
            ULONG low;
            do {
                high = (LONG)now[1];
                low = now[0];
            } while (high != (LONG)now[2]);
            due.QuadPart = (((LONGLONG)high << 32) | low) - due.QuadPart;
        }
    }

    spin_acquire(&bucket->lock);
    if (!unchanged(address, compare, size)) {
        spin_release(&bucket->lock);
        return STATUS_SUCCESS;
    }
    if (!bucket->first)
        bucket->last = &bucket->first;
    self.link = bucket->last;
    *bucket->last = &self;
    bucket->last = &self.next;
    spin_release(&bucket->lock);

    BOOL first = TRUE;
    while (!self.woken) {
        LARGE_INTEGER *until = timeout ? (first ? (LARGE_INTEGER *)timeout : &due) : NULL;
        NTSTATUS status = NtWaitForAlertByThreadId((void *)address, until);
        first = FALSE;
        if (status == STATUS_TIMEOUT && !self.woken) {
            spin_acquire(&bucket->lock);
            BOOL queued = !self.woken;
            if (queued)
                unlink_waiter(bucket, &self);
            spin_release(&bucket->lock);
            if (queued)
                return STATUS_TIMEOUT;
        }
    }
    return STATUS_SUCCESS;
}

static void wake(const void *address, BOOL all)
{
    struct bucket *bucket = bucket_of(address);
    /* Whoever waits had its value checked under the lock after the caller's store, or will see the store. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!*(struct waiter *volatile *)&bucket->first && !bucket->lock)
        return;
    HANDLE threads[16];
    int count;
    do {
        count = 0;
        spin_acquire(&bucket->lock);
        for (struct waiter *waiter = bucket->first, *next; waiter && count < 16; waiter = next) {
            next = waiter->next;
            if (waiter->address != address)
                continue;
            unlink_waiter(bucket, waiter);
            threads[count++] = waiter->thread;
            waiter->woken = 1;
            if (!all)
                break;
        }
        spin_release(&bucket->lock);
        for (int i = 0; i < count; ++i)
            NtAlertThreadByThreadId(threads[i]);
    } while (all && count == 16);
}

void NTAPI RtlWakeAddressSingle(const void *address)
{
    wake(address, FALSE);
}

void NTAPI RtlWakeAddressAll(const void *address)
{
    wake(address, TRUE);
}

BOOL WINAPI k32_WaitOnAddress(const volatile void *address, PVOID compare, SIZE_T size, DWORD milliseconds)
{
    LARGE_INTEGER timeout = {.QuadPart = -(LONGLONG)milliseconds * 10000};
    NTSTATUS status = RtlWaitOnAddress(address, compare, size, milliseconds == INFINITE ? NULL : &timeout);
    if (status == STATUS_SUCCESS)
        return TRUE;
    if (status == STATUS_TIMEOUT)
        set_last_error(ERROR_TIMEOUT);
    else
        rtl_set_status_error(status);
    return FALSE;
}
