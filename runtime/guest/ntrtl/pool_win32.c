/* kernel32's faces of the thread pool, and the older interfaces that stand on it. */
#include "pool.h"

NTSTATUS pool_bind(struct task *task, HANDLE file);
NTSTATUS pool_alloc_io(struct task **, enum kind, HANDLE, PVOID, PVOID, PTP_CALLBACK_ENVIRON);
void queue_release(struct queue *queue);
void NTAPI TpSetTimer(struct task *, PLARGE_INTEGER, LONG, LONG);
NTSTATUS NTAPI TpSetTimerEx(struct task *, PLARGE_INTEGER, LONG, LONG);
void NTAPI TpSetWait(struct task *, HANDLE, PLARGE_INTEGER);
LONG NTAPI TpSetWaitEx(struct task *, HANDLE, PLARGE_INTEGER, PVOID);

/* NULL and the last error when the status says so. */
static PVOID made(NTSTATUS status, PVOID object)
{
    if (NT_SUCCESS(status))
        return object;
    rtl_set_status_error(status);
    return NULL;
}

static BOOL done(NTSTATUS status)
{
    if (NT_SUCCESS(status))
        return TRUE;
    rtl_set_status_error(status);
    return FALSE;
}

PVOID WINAPI k32_CreateThreadpool(PVOID reserved)
{
    struct _TP_POOL *pool = NULL;
    return made(reserved ? STATUS_INVALID_PARAMETER : pool_create(&pool), pool);
}

BOOL WINAPI k32_SetThreadpoolThreadMinimum(struct _TP_POOL *pool, DWORD minimum)
{
    pool->minimum = (LONG)minimum;
    if (pool->maximum < pool->minimum)
        pool->maximum = pool->minimum;
    return TRUE;
}

PVOID WINAPI k32_CreateThreadpoolWork(PTP_WORK_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    struct task *task = NULL;
    NTSTATUS status = task_create(&task, WORK, (PVOID)callback, context, environment);
    return made(status, task);
}

BOOL WINAPI k32_TrySubmitThreadpoolCallback(PTP_SIMPLE_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    struct task *task;
    NTSTATUS status = task_create(&task, SIMPLE, (PVOID)callback, context, environment);
    if (NT_SUCCESS(status)) {
        status = task_submit(task);
        task_release(task);
    }
    return done(status);
}

PVOID WINAPI k32_CreateThreadpoolTimer(PTP_TIMER_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    struct task *task = NULL;
    NTSTATUS status = task_create(&task, TIMER, (PVOID)callback, context, environment);
    return made(status, task);
}

PVOID WINAPI k32_CreateThreadpoolWait(PTP_WAIT_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    struct task *task = NULL;
    NTSTATUS status = task_create(&task, WAIT, (PVOID)callback, context, environment);
    return made(status, task);
}

PVOID WINAPI k32_CreateThreadpoolIo(HANDLE file, PVOID callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    struct task *task = NULL;
    NTSTATUS status = pool_alloc_io(&task, WIN32_IO, file, callback, context, environment);
    return made(status, task);
}

PVOID WINAPI k32_CreateThreadpoolCleanupGroup(void)
{
    struct _TP_CLEANUP_GROUP *group = RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, sizeof *group);
    if (group)
        group->refs = 1;
    return made(group ? STATUS_SUCCESS : STATUS_NO_MEMORY, group);
}

static BOOL k32_may_run_long(struct _TP_CALLBACK_INSTANCE *instance)
{
    struct _TP_POOL *pool = instance->task->pool;
    return pool->threads < pool->maximum;
}

BOOL WINAPI k32_CallbackMayRunLong(struct _TP_CALLBACK_INSTANCE *instance)
{
    if (k32_may_run_long(instance))
        return TRUE;
    set_last_error(ERROR_TOO_MANY_THREADS);
    return FALSE;
}

/* Since Windows 2000: work items, registered waits, timer queues. */

BOOL WINAPI k32_QueueUserWorkItem(LPTHREAD_START_ROUTINE function, PVOID context, ULONG flags)
{
    (void)flags;
    struct task *task;
    NTSTATUS status = task_create(&task, OLD_WORK, (PVOID)function, context, NULL);
    if (NT_SUCCESS(status)) {
        status = task_submit(task);
        task_release(task);
    }
    return done(status);
}

BOOL WINAPI k32_BindIoCompletionCallback(HANDLE file, PVOID function, ULONG flags)
{
    struct task *task;
    NTSTATUS status = flags ? STATUS_INVALID_PARAMETER : task_create(&task, OLD_IO, function, NULL, NULL);
    if (NT_SUCCESS(status)) {
        status = pool_bind(task, file);
        if (!NT_SUCCESS(status))
            task_release(task);
    }
    return done(status);
}

BOOL WINAPI k32_RegisterWaitForSingleObject(PHANDLE result, HANDLE object, PVOID callback, PVOID context, ULONG timeout,
                                            ULONG flags)
{
    struct task *task;
    LARGE_INTEGER due = {.QuadPart = -10000ll * timeout};
    NTSTATUS status = task_create(&task, OLD_WAIT, callback, context, NULL);
    if (NT_SUCCESS(status)) {
        task->object = object;
        task->timeout = timeout;
        task->once = (flags & WT_EXECUTEONLYONCE) != 0;
        *result = task;
        status = task_arm_wait(task, object, timeout == INFINITE ? NULL : &due);
        if (!NT_SUCCESS(status)) {
            *result = NULL;
            task_close(task);
        }
    }
    return done(status);
}

/* Close a wait or timer.  `event`: NULL does not wait, INVALID_HANDLE_VALUE waits for its callbacks, any other is set once they
 * are over. */
static BOOL close_old(struct task *task, HANDLE event)
{
    task->closed = TRUE;
    task_disarm(task);
    if (event == INVALID_HANDLE_VALUE) {
        task_wait(task, TRUE);
        task_release(task);
        return TRUE;
    }
    BOOL running = task->running != 0;
    task->done = event;
    task_release(task);
    if (running) {
        set_last_error(ERROR_IO_PENDING);
        return FALSE;
    }
    return TRUE;
}

BOOL WINAPI k32_UnregisterWaitEx(struct task *task, HANDLE event)
{
    if (!task) {
        set_last_error(ERROR_INVALID_HANDLE);
        return FALSE;
    }
    return close_old(task, event);
}

BOOL WINAPI k32_UnregisterWait(struct task *task)
{
    return k32_UnregisterWaitEx(task, NULL);
}

PVOID WINAPI k32_CreateTimerQueue(void)
{
    struct queue *queue = RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, sizeof *queue);
    if (queue)
        queue->refs = 1;
    return made(queue ? STATUS_SUCCESS : STATUS_NO_MEMORY, queue);
}

BOOL WINAPI k32_CreateTimerQueueTimer(PHANDLE result, struct queue *queue, PVOID callback, PVOID context, DWORD due,
                                      DWORD period, ULONG flags)
{
    struct task *task;
    LARGE_INTEGER when = {.QuadPart = -10000ll * due};
    NTSTATUS status = task_create(&task, OLD_TIMER, callback, context, NULL);
    if (!NT_SUCCESS(status))
        return done(status);
    if (queue) {
        InterlockedIncrement(&queue->refs);
        task->queue = queue;
        RtlAcquireSRWLockExclusive(&queue->lock);
        task->next = queue->timers;
        task->link = &queue->timers;
        if (task->next)
            task->next->link = &task->next;
        queue->timers = task;
        RtlReleaseSRWLockExclusive(&queue->lock);
    }
    *result = task;
    status = task_arm_timer(task, due == INFINITE ? NULL : &when, flags & WT_EXECUTEONLYONCE ? 0 : (LONG)period);
    if (!NT_SUCCESS(status))
        task_close(task);
    return done(status);
}

BOOL WINAPI k32_ChangeTimerQueueTimer(struct queue *queue, struct task *task, ULONG due, ULONG period)
{
    (void)queue;
    LARGE_INTEGER when = {.QuadPart = -10000ll * due};
    return done(task_arm_timer(task, due == INFINITE ? NULL : &when, (LONG)period));
}

BOOL WINAPI k32_DeleteTimerQueueTimer(struct queue *queue, struct task *task, HANDLE event)
{
    (void)queue;
    if (!task) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    return close_old(task, event);
}

BOOL WINAPI k32_DeleteTimerQueueEx(struct queue *queue, HANDLE event)
{
    if (!queue) {
        set_last_error(ERROR_INVALID_HANDLE);
        return FALSE;
    }
    BOOL running = FALSE;
    queue->done = event == INVALID_HANDLE_VALUE ? NULL : event;
    for (;;) {
        RtlAcquireSRWLockExclusive(&queue->lock);
        struct task *task = queue->timers;
        if (task) {
            queue->timers = task->next;
            if (task->next)
                task->next->link = &queue->timers;
            task->next = NULL;
            task->link = NULL;
        }
        RtlReleaseSRWLockExclusive(&queue->lock);
        if (!task)
            break;
        if (!close_old(task, event == INVALID_HANDLE_VALUE ? event : NULL))
            running = TRUE;
    }
    queue_release(queue);
    if (running && event != INVALID_HANDLE_VALUE) {
        set_last_error(ERROR_IO_PENDING);
        return FALSE;
    }
    return TRUE;
}

BOOL WINAPI k32_DeleteTimerQueue(struct queue *queue)
{
    return k32_DeleteTimerQueueEx(queue, NULL);
}
