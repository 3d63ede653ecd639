/* Tasks of a thread pool: their life, their callbacks, timers and waits. */
#include "pool.h"

#define TIMER_ACCESS 0x1F0003
#define PACKET_ACCESS 1
#define SYNCHRONIZATION_TIMER 1

NTSTATUS task_create(struct task **result, enum kind kind, PVOID callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    struct _TP_POOL *pool = environment && environment->Pool ? (struct _TP_POOL *)environment->Pool : pool_default();
    struct task *task = pool ? RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, sizeof *task) : NULL;
    if (!task)
        return STATUS_NO_MEMORY;
    task->kind = kind;
    task->refs = 1;
    task->pool = pool;
    task->callback = callback;
    task->context = context;
    InterlockedIncrement(&pool->refs);
    if (environment) {
        task->finalization = environment->FinalizationCallback;
        task->cancelled = environment->CleanupGroupCancelCallback;
        struct _TP_CLEANUP_GROUP *group = (struct _TP_CLEANUP_GROUP *)environment->CleanupGroup;
        if (group) {
            InterlockedIncrement(&group->refs);
            task->group = group;
            RtlAcquireSRWLockExclusive(&group->lock);
            task->next = group->members;
            task->link = &group->members;
            if (task->next)
                task->next->link = &task->next;
            group->members = task;
            RtlReleaseSRWLockExclusive(&group->lock);
        }
    }
    *result = task;
    return STATUS_SUCCESS;
}

static void unlink_from(struct task *task, SRWLOCK *lock)
{
    RtlAcquireSRWLockExclusive(lock);
    if (task->link) {
        *task->link = task->next;
        if (task->next)
            task->next->link = task->link;
        task->next = NULL;
        task->link = NULL;
    }
    RtlReleaseSRWLockExclusive(lock);
}

static void close(HANDLE handle)
{
    if (handle)
        NtClose(handle);
}

void queue_release(struct queue *queue)
{
    if (InterlockedDecrement(&queue->refs))
        return;
    if (queue->done)
        NtSetEvent(queue->done, NULL);
    RtlFreeHeap(PROCESS_HEAP(), 0, queue);
}

void task_release(struct task *task)
{
    if (InterlockedDecrement(&task->refs))
        return;
    if (task->group) {
        unlink_from(task, &task->group->lock);
        TpReleaseCleanupGroup(task->group);
    }
    if (task->packet || task->kind == NATIVE_IO || task->kind == WIN32_IO)
        pool_source(task->pool, -1);
    close(task->packet);
    close(task->timer_packet);
    close(task->timer);
    pool_release(task->pool);
    HANDLE done = task->done;
    struct queue *queue = task->queue;
    if (queue)
        unlink_from(task, &queue->lock);
    RtlFreeHeap(PROCESS_HEAP(), 0, task);
    if (done)
        NtSetEvent(done, NULL);
    if (queue)
        queue_release(queue);
}

static void changed(struct task *task)
{
    InterlockedIncrement(&task->changes);
    RtlWakeAddressAll((const void *)&task->changes);
}

NTSTATUS task_submit(struct task *task)
{
    InterlockedIncrement(&task->refs);
    InterlockedIncrement(&task->pending);
    NTSTATUS status = pool_post(task->pool, task, NULL);
    if (!NT_SUCCESS(status)) {
        InterlockedDecrement(&task->pending);
        task_release(task);
    }
    return status;
}

/* Until no callback runs and none is to come; those that have not begun are dropped with `cancel`. */
void task_wait(struct task *task, BOOL cancel)
{
    if (cancel)
        InterlockedExchange(&task->pending, 0);
    for (;;) {
        LONG seen = task->changes;
        if (!task->running && !task->pending)
            return;
        RtlWaitOnAddress(&task->changes, &seen, sizeof seen, NULL);
    }
}

static BOOL take_pending(struct task *task)
{
    for (;;) {
        LONG pending = task->pending;
        if (pending <= 0)
            return FALSE;
        /* Running counts first, so that nobody sees the task at rest in between. */
        InterlockedIncrement(&task->running);
        if (InterlockedCompareExchange(&task->pending, pending - 1, pending) == pending)
            return TRUE;
        InterlockedDecrement(&task->running);
    }
}

static void not_running(struct task *task)
{
    InterlockedDecrement(&task->running);
    changed(task);
}

static void call(struct task *task, struct _TP_CALLBACK_INSTANCE *instance, struct entry *entry, DWORD result)
{
    PTP_CALLBACK_INSTANCE given = (PTP_CALLBACK_INSTANCE)instance;
    PVOID callback = task->callback, context = task->context;
    switch (task->kind) {
    case WORK: ((PTP_WORK_CALLBACK)callback)(given, context, (PTP_WORK)task); break;
    case SIMPLE: ((PTP_SIMPLE_CALLBACK)callback)(given, context); break;
    case TIMER: ((PTP_TIMER_CALLBACK)callback)(given, context, (PTP_TIMER)task); break;
    case WAIT: ((PTP_WAIT_CALLBACK)callback)(given, context, (PTP_WAIT)task, result); break;
    case NATIVE_IO:
        ((void(NTAPI *)(PTP_CALLBACK_INSTANCE, PVOID, PVOID, PVOID, PTP_IO))callback)(
            given, context, entry->context, &entry->status, (PTP_IO)task);
        break;
    case WIN32_IO:
        ((void(NTAPI *)(PTP_CALLBACK_INSTANCE, PVOID, PVOID, ULONG, ULONG_PTR, PTP_IO))callback)(
            given, context, entry->context, RtlNtStatusToDosError((NTSTATUS)entry->status), entry->information, (PTP_IO)task);
        break;
    case OLD_WORK: ((LPTHREAD_START_ROUTINE)callback)(context); break;
    case OLD_TIMER: ((void(NTAPI *)(PVOID, BOOLEAN))callback)(context, TRUE); break;
    case OLD_WAIT: ((void(NTAPI *)(PVOID, BOOLEAN))callback)(context, result == WAIT_TIMEOUT); break;
    case OLD_IO:
        ((void(NTAPI *)(DWORD, DWORD, PVOID))callback)(
            RtlNtStatusToDosError((NTSTATUS)entry->status), (DWORD)entry->information, entry->context);
        break;
    }
}

/* Run the callback; `running` and one reference are already taken. */
static void run(struct task *task, struct entry *entry, DWORD result)
{
    struct _TP_CALLBACK_INSTANCE instance = {.task = task};
    call(task, &instance, entry, result);
    if (task->finalization)
        task->finalization((PTP_CALLBACK_INSTANCE)&instance, task->context);
    if (instance.section)
        RtlLeaveCriticalSection(instance.section);
    if (instance.mutex)
        NtReleaseMutant(instance.mutex, NULL);
    if (instance.semaphore)
        NtReleaseSemaphore(instance.semaphore, instance.units, NULL);
    if (instance.event)
        NtSetEvent(instance.event, NULL);
    if (instance.module)
        LdrUnloadDll(instance.module);
    if (!instance.left)
        not_running(task);
    if (task->kind == OLD_WAIT && !task->once && !task->closed) {
        LARGE_INTEGER timeout = {.QuadPart = -10000ll * task->timeout};
        task_arm_wait(task, task->object, task->timeout == INFINITE ? NULL : &timeout);
    }
    if (task->kind == SIMPLE && task->group)
        unlink_from(task, &task->group->lock);
    task_release(task);
}

/* Timers and waits.  While armed, every associated packet holds a reference; its completion carries the generation, by which a
 * completion that was overtaken by another arming is known. */

static PVOID mark(struct task *task, BOOL timed)
{
    return (PVOID)(ULONG_PTR)(task->generation << 1 | timed);
}

static NTSTATUS associate(struct task *task, HANDLE packet, HANDLE object, BOOL timed)
{
    InterlockedIncrement(&task->refs);
    NTSTATUS status =
        NtAssociateWaitCompletionPacket(packet, task->pool->port, object, task, mark(task, timed), 0, 0, NULL);
    if (!NT_SUCCESS(status))
        InterlockedDecrement(&task->refs);
    return status;
}

static void dissociate(struct task *task, HANDLE packet)
{
    if (packet && NtCancelWaitCompletionPacket(packet, TRUE) == STATUS_SUCCESS)
        InterlockedDecrement(&task->refs); /* not the last: the caller holds one */
}

static BOOL disarm(struct task *task)
{
    BOOL armed = task->armed;
    task->armed = FALSE;
    ++task->generation;
    if (armed) {
        dissociate(task, task->packet);
        if (task->timed) {
            NtCancelTimer(task->timer, NULL);
            dissociate(task, task->timer_packet);
            task->timed = FALSE;
        } else if (task->timer && (task->kind == TIMER || task->kind == OLD_TIMER)) {
            NtCancelTimer(task->timer, NULL);
        }
    }
    return armed;
}

BOOL task_disarm(struct task *task)
{
    RtlAcquireSRWLockExclusive(&task->lock);
    BOOL armed = disarm(task);
    RtlReleaseSRWLockExclusive(&task->lock);
    return armed;
}

static NTSTATUS need_packet(struct task *task, HANDLE *packet)
{
    return *packet ? STATUS_SUCCESS : NtCreateWaitCompletionPacket(packet, PACKET_ACCESS, NULL);
}

static NTSTATUS need_timer(struct task *task)
{
    return task->timer ? STATUS_SUCCESS : NtCreateTimer(&task->timer, TIMER_ACCESS, NULL, SYNCHRONIZATION_TIMER);
}

static NTSTATUS first_packet(struct task *task)
{
    if (task->packet)
        return STATUS_SUCCESS;
    NTSTATUS status = need_packet(task, &task->packet);
    if (NT_SUCCESS(status))
        pool_source(task->pool, 1);
    return status;
}

NTSTATUS task_arm_timer(struct task *task, const LARGE_INTEGER *due, LONG period)
{
    RtlAcquireSRWLockExclusive(&task->lock);
    disarm(task);
    NTSTATUS status = STATUS_SUCCESS;
    if (due && !task->closed) {
        LARGE_INTEGER when = *due;
        status = first_packet(task);
        if (NT_SUCCESS(status))
            status = need_timer(task);
        if (NT_SUCCESS(status))
            status = NtSetTimer(task->timer, &when, NULL, NULL, FALSE, period, NULL);
        task->period = period;
        if (NT_SUCCESS(status))
            status = associate(task, task->packet, task->timer, FALSE);
        task->armed = NT_SUCCESS(status);
    }
    RtlReleaseSRWLockExclusive(&task->lock);
    return status;
}

NTSTATUS task_arm_wait(struct task *task, HANDLE object, const LARGE_INTEGER *timeout)
{
    RtlAcquireSRWLockExclusive(&task->lock);
    disarm(task);
    NTSTATUS status = STATUS_SUCCESS;
    if (object && !task->closed) {
        status = first_packet(task);
        if (NT_SUCCESS(status) && timeout) {
            LARGE_INTEGER when = *timeout;
            status = need_timer(task);
            if (NT_SUCCESS(status))
                status = need_packet(task, &task->timer_packet);
            if (NT_SUCCESS(status))
                status = NtSetTimer(task->timer, &when, NULL, NULL, FALSE, 0, NULL);
        }
        if (NT_SUCCESS(status))
            status = associate(task, task->packet, object, FALSE);
        if (NT_SUCCESS(status)) {
            task->armed = TRUE;
            task->timed = timeout && NT_SUCCESS(associate(task, task->timer_packet, task->timer, TRUE));
        }
    }
    RtlReleaseSRWLockExclusive(&task->lock);
    return status;
}

/* A completion of an armed task arrived: whether it still counts. */
static BOOL fires(struct task *task, PVOID context, BOOL *timed)
{
    RtlAcquireSRWLockExclusive(&task->lock);
    BOOL valid = task->armed && ((ULONG)(ULONG_PTR)context | 1) == (ULONG)(ULONG_PTR)mark(task, TRUE);
    if (valid) {
        InterlockedIncrement(&task->running);
        *timed = (ULONG_PTR)context & 1;
        if (task->kind == TIMER || task->kind == OLD_TIMER) {
            task->armed = task->period && NT_SUCCESS(associate(task, task->packet, task->timer, FALSE));
        } else {
            InterlockedIncrement(&task->refs);
            disarm(task);
            InterlockedDecrement(&task->refs);
        }
    }
    RtlReleaseSRWLockExclusive(&task->lock);
    return valid;
}

/* A worker took a completion; with it comes one reference. */
void task_serve(struct task *task, struct entry *entry)
{
    BOOL timed = FALSE;
    switch (task->kind) {
    case TIMER:
    case OLD_TIMER:
    case WAIT:
    case OLD_WAIT:
        if (fires(task, entry->context, &timed))
            run(task, entry, timed ? WAIT_TIMEOUT : WAIT_OBJECT_0);
        else
            task_release(task);
        return;
    case OLD_IO: /* bound for as long as the file is open; no reference travels */
        InterlockedIncrement(&task->refs);
        InterlockedIncrement(&task->running);
        run(task, entry, 0);
        return;
    default:
        if (take_pending(task)) {
            run(task, entry, 0);
        } else {
            changed(task);
            task_release(task);
        }
    }
}

/* The owner lets go: callbacks that began or are queued still finish, timers and waits end. */
void task_close(struct task *task)
{
    if (task->group)
        unlink_from(task, &task->group->lock);
    task->closed = TRUE;
    task_disarm(task);
    task_release(task);
}
