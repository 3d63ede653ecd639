/* Work, timers, waits and I/O of thread pools: what ntdll exports. */
#include "pool.h"

#define FILE_COMPLETION_INFORMATION 30

NTSTATUS NTAPI TpAllocWork(PTP_WORK *work, PTP_WORK_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    return task_create((struct task **)work, WORK, (PVOID)callback, context, environment);
}

void NTAPI TpPostWork(struct task *work)
{
    task_submit(work);
}

void NTAPI TpReleaseWork(struct task *work)
{
    task_close(work);
}

void NTAPI TpWaitForWork(struct task *work, LONG cancel)
{
    task_wait(work, cancel);
}

NTSTATUS NTAPI TpSimpleTryPost(PTP_SIMPLE_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    struct task *task;
    NTSTATUS status = task_create(&task, SIMPLE, (PVOID)callback, context, environment);
    if (!NT_SUCCESS(status))
        return status;
    status = task_submit(task);
    task_release(task);
    return status;
}

NTSTATUS NTAPI TpAllocTimer(PTP_TIMER *timer, PTP_TIMER_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    return task_create((struct task **)timer, TIMER, (PVOID)callback, context, environment);
}

void NTAPI TpSetTimer(struct task *timer, PLARGE_INTEGER due, LONG period, LONG window)
{
    (void)window;
    task_arm_timer(timer, due, period);
}

NTSTATUS NTAPI TpSetTimerEx(struct task *timer, PLARGE_INTEGER due, LONG period, LONG window)
{
    (void)window;
    BOOL armed = task_disarm(timer);
    task_arm_timer(timer, due, period);
    return armed;
}

LONG NTAPI TpIsTimerSet(struct task *timer)
{
    return timer->armed;
}

void NTAPI TpReleaseTimer(struct task *timer)
{
    task_close(timer);
}

/* Queued callbacks of a timer are not counted: `cancel` stops the timer, as it does on Windows for what has not begun. */
void NTAPI TpWaitForTimer(struct task *timer, LONG cancel)
{
    if (cancel)
        task_disarm(timer);
    task_wait(timer, cancel);
}

NTSTATUS NTAPI TpAllocWait(PTP_WAIT *wait, PTP_WAIT_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    return task_create((struct task **)wait, WAIT, (PVOID)callback, context, environment);
}

void NTAPI TpSetWait(struct task *wait, HANDLE object, PLARGE_INTEGER timeout)
{
    NTSTATUS status = task_arm_wait(wait, object, timeout);
    if (!NT_SUCCESS(status))
        RtlRaiseStatus(status);
}

LONG NTAPI TpSetWaitEx(struct task *wait, HANDLE object, PLARGE_INTEGER timeout, PVOID reserved)
{
    (void)reserved;
    BOOL armed = task_disarm(wait);
    TpSetWait(wait, object, timeout);
    return armed;
}

void NTAPI TpReleaseWait(struct task *wait)
{
    task_close(wait);
}

void NTAPI TpWaitForWait(struct task *wait, LONG cancel)
{
    if (cancel)
        task_disarm(wait);
    task_wait(wait, cancel);
}

/* Bind a file to the pool's port, with the task as its key. */
NTSTATUS pool_bind(struct task *task, HANDLE file)
{
    struct {
        HANDLE port;
        PVOID key;
    } completion = {task->pool->port, task};
    ULONG_PTR block[2];
    NTSTATUS status = NtSetInformationFile(file, block, &completion, sizeof completion, FILE_COMPLETION_INFORMATION);
    if (NT_SUCCESS(status))
        pool_source(task->pool, 1);
    return status;
}

NTSTATUS pool_alloc_io(struct task **io, enum kind kind, HANDLE file, PVOID callback, PVOID context,
                       PTP_CALLBACK_ENVIRON environment)
{
    struct task *task;
    NTSTATUS status = task_create(&task, kind, callback, context, environment);
    if (!NT_SUCCESS(status))
        return status;
    status = pool_bind(task, file);
    if (NT_SUCCESS(status)) {
        *io = task;
    } else {
        pool_source(task->pool, 1); /* which the release takes back */
        task_close(task);
    }
    return status;
}

NTSTATUS NTAPI TpAllocIoCompletion(struct task **io, HANDLE file, PVOID callback, PVOID context,
                                   PTP_CALLBACK_ENVIRON environment)
{
    return pool_alloc_io(io, NATIVE_IO, file, callback, context, environment);
}

void NTAPI TpStartAsyncIoOperation(struct task *io)
{
    InterlockedIncrement(&io->refs);
    InterlockedIncrement(&io->pending);
}

void NTAPI TpCancelAsyncIoOperation(struct task *io)
{
    InterlockedDecrement(&io->pending);
    InterlockedIncrement(&io->changes);
    RtlWakeAddressAll((const void *)&io->changes);
    task_release(io);
}

void NTAPI TpReleaseIoCompletion(struct task *io)
{
    task_close(io);
}

void NTAPI TpWaitForIoCompletion(struct task *io, LONG cancel)
{
    task_wait(io, cancel);
}

/* What a callback may ask for. */

NTSTATUS NTAPI TpCallbackMayRunLong(struct _TP_CALLBACK_INSTANCE *instance)
{
    struct _TP_POOL *pool = instance->task->pool;
    return pool->threads < pool->maximum ? STATUS_SUCCESS : STATUS_TOO_MANY_THREADS;
}

void NTAPI TpCallbackSetEventOnCompletion(struct _TP_CALLBACK_INSTANCE *instance, HANDLE event)
{
    instance->event = event;
}

void NTAPI TpCallbackReleaseSemaphoreOnCompletion(struct _TP_CALLBACK_INSTANCE *instance, HANDLE semaphore, LONG units)
{
    instance->semaphore = semaphore;
    instance->units = units;
}

void NTAPI TpCallbackReleaseMutexOnCompletion(struct _TP_CALLBACK_INSTANCE *instance, HANDLE mutex)
{
    instance->mutex = mutex;
}

void NTAPI TpCallbackLeaveCriticalSectionOnCompletion(struct _TP_CALLBACK_INSTANCE *instance, CRITICAL_SECTION *section)
{
    instance->section = section;
}

void NTAPI TpCallbackUnloadDllOnCompletion(struct _TP_CALLBACK_INSTANCE *instance, HMODULE module)
{
    instance->module = module;
}

void NTAPI TpDisassociateCallback(struct _TP_CALLBACK_INSTANCE *instance)
{
    struct task *task = instance->task;
    if (instance->left)
        return;
    instance->left = TRUE;
    InterlockedDecrement(&task->running);
    InterlockedIncrement(&task->changes);
    RtlWakeAddressAll((const void *)&task->changes);
}
