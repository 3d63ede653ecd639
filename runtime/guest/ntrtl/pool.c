/* Pools and their threads.
 *
 * A pool starts a thread when work is there and nobody is free, up to one for each processor.  Beyond that its threads may
 * all be blocked, which user mode cannot see: then the gate, a thread of its own, looks every 20 ms whether completions
 * stay untouched and adds one.  Idle threads beyond the minimum leave after ten seconds. */
#include "pool.h"

#define ALL_ACCESS 0x1F0003
#define THREAD_ALL 0x1FFFFF
#define IDLE_TIME (-100000000ll)
#define GATE_TIME (-200000ll)
#define DEFAULT_THREADS 500

static struct _TP_POOL *volatile default_pool;

static DWORD WINAPI worker(PVOID argument);
static DWORD WINAPI gate(PVOID argument);

NTSTATUS pool_create(struct _TP_POOL **result)
{
    struct _TP_POOL *pool = RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, sizeof *pool);
    if (!pool)
        return STATUS_NO_MEMORY;
    NTSTATUS status = NtCreateIoCompletion(&pool->port, ALL_ACCESS, NULL, 0);
    if (!NT_SUCCESS(status)) {
        RtlFreeHeap(PROCESS_HEAP(), 0, pool);
        return status;
    }
    pool->refs = 1;
    pool->maximum = DEFAULT_THREADS;
    *result = pool;
    return STATUS_SUCCESS;
}

struct _TP_POOL *pool_default(void)
{
    if (!default_pool) {
        struct _TP_POOL *made;
        if (!NT_SUCCESS(pool_create(&made)))
            return NULL;
        if (InterlockedCompareExchangePointer((PVOID volatile *)&default_pool, made, NULL))
            pool_release(made);
    }
    return default_pool;
}

static void pool_free(struct _TP_POOL *pool)
{
    NtClose(pool->port);
    RtlFreeHeap(PROCESS_HEAP(), 0, pool);
}

void pool_release(struct _TP_POOL *pool)
{
    if (InterlockedDecrement(&pool->refs))
        return;
    RtlAcquireSRWLockExclusive(&pool->lock);
    pool->closing = TRUE;
    LONG threads = pool->threads, watched = pool->gate;
    for (LONG i = 0; i < threads; ++i)
        NtSetIoCompletion(pool->port, NULL, NULL, 0, 0);
    RtlReleaseSRWLockExclusive(&pool->lock);
    if (!threads && !watched)
        pool_free(pool);
}

/* A thread or the gate leaves; the last one of a closed pool frees it. */
static void leave(struct _TP_POOL *pool, volatile LONG *counter)
{
    RtlAcquireSRWLockExclusive(&pool->lock);
    --*counter;
    BOOL last = pool->closing && !pool->threads && !pool->gate;
    RtlReleaseSRWLockExclusive(&pool->lock);
    if (last)
        pool_free(pool);
}

static BOOL start_thread(struct _TP_POOL *pool, LPTHREAD_START_ROUTINE function)
{
    HANDLE thread;
    if (!NT_SUCCESS(NtCreateThreadEx(&thread, THREAD_ALL, NULL, THIS_PROCESS, function, pool, 0, 0, 0, 0, NULL)))
        return FALSE;
    NtClose(thread);
    return TRUE;
}

static void grow(struct _TP_POOL *pool, LONG limit)
{
    RtlAcquireSRWLockExclusive(&pool->lock);
    if (limit > pool->maximum)
        limit = pool->maximum;
    if (limit < pool->minimum)
        limit = pool->minimum;
    if (!pool->idle && !pool->starting && pool->threads < limit && !pool->closing) {
        ++pool->threads;
        ++pool->starting;
        if (!start_thread(pool, worker)) {
            --pool->threads;
            --pool->starting;
        }
    }
    RtlReleaseSRWLockExclusive(&pool->lock);
}

static LONG depth(struct _TP_POOL *pool)
{
    LONG count = 0;
    NtQueryIoCompletion(pool->port, 0, &count, sizeof count, NULL);
    return count;
}

/* There is, or may come, something to do. */
static void attend(struct _TP_POOL *pool)
{
    if (pool->idle)
        return;
    grow(pool, AT(LONG, PEB_POINTER(), PEB_PROCESSORS));
    if (pool->idle || pool->starting || pool->gate || pool->threads >= pool->maximum)
        return;
    RtlAcquireSRWLockExclusive(&pool->lock);
    if (!pool->gate && !pool->closing) {
        pool->gate = 1;
        if (!start_thread(pool, gate))
            pool->gate = 0;
    }
    RtlReleaseSRWLockExclusive(&pool->lock);
}

NTSTATUS pool_post(struct _TP_POOL *pool, struct task *task, PVOID context)
{
    NTSTATUS status = NtSetIoCompletion(pool->port, task, context, STATUS_SUCCESS, 0);
    if (NT_SUCCESS(status))
        attend(pool);
    return status;
}

/* Timers, waits and files that may post to the port without `pool_post`. */
void pool_source(struct _TP_POOL *pool, LONG change)
{
    InterlockedExchangeAdd(&pool->sources, change);
    if (change > 0)
        attend(pool);
}

static DWORD WINAPI gate(PVOID argument)
{
    struct _TP_POOL *pool = argument;
    LARGE_INTEGER tick = {.QuadPart = GATE_TIME};
    for (int quiet = 0; quiet < 10 && !pool->closing;) {
        LONG progress = pool->progress;
        NtDelayExecution(FALSE, &tick);
        if (pool->idle || !(pool->sources || depth(pool))) {
            ++quiet;
            continue;
        }
        quiet = 0;
        if (pool->progress == progress && depth(pool))
            grow(pool, pool->maximum);
    }
    leave(pool, &pool->gate);
    return 0;
}

static DWORD WINAPI worker(PVOID argument)
{
    struct _TP_POOL *pool = argument;
    InterlockedDecrement(&pool->starting);
    for (;;) {
        struct entry entry;
        ULONG count;
        LARGE_INTEGER timeout = {.QuadPart = IDLE_TIME};
        InterlockedIncrement(&pool->idle);
        NTSTATUS status = NtRemoveIoCompletionEx(pool->port, &entry, 1, &count, &timeout, FALSE);
        InterlockedDecrement(&pool->idle);
        if (status == STATUS_TIMEOUT) {
            if (pool->threads > (pool->minimum > 1 ? pool->minimum : pool->sources ? 1 : 0))
                break;
            continue;
        }
        if (status || !entry.task)
            break;
        InterlockedIncrement(&pool->progress);
        if (!pool->idle && (pool->sources || depth(pool)))
            attend(pool);
        task_serve(entry.task, &entry);
    }
    leave(pool, &pool->threads);
    return 0;
}

/* The native interface. */

NTSTATUS NTAPI TpAllocPool(struct _TP_POOL **pool, PVOID reserved)
{
    (void)reserved;
    return pool_create(pool);
}

void NTAPI TpReleasePool(struct _TP_POOL *pool)
{
    pool_release(pool);
}

void NTAPI TpSetPoolMaxThreads(struct _TP_POOL *pool, LONG maximum)
{
    pool->maximum = maximum < 1 ? 1 : maximum;
    if (pool->minimum > pool->maximum)
        pool->minimum = pool->maximum;
}

NTSTATUS NTAPI TpSetPoolMinThreads(struct _TP_POOL *pool, LONG minimum)
{
    pool->minimum = minimum;
    if (pool->maximum < minimum)
        pool->maximum = minimum;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI TpAllocCleanupGroup(struct _TP_CLEANUP_GROUP **result)
{
    struct _TP_CLEANUP_GROUP *group = RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, sizeof *group);
    if (!group)
        return STATUS_NO_MEMORY;
    group->refs = 1;
    *result = group;
    return STATUS_SUCCESS;
}

void NTAPI TpReleaseCleanupGroup(struct _TP_CLEANUP_GROUP *group)
{
    if (!InterlockedDecrement(&group->refs))
        RtlFreeHeap(PROCESS_HEAP(), 0, group);
}

void NTAPI TpReleaseCleanupGroupMembers(struct _TP_CLEANUP_GROUP *group, LONG cancel, PVOID cleanup)
{
    for (;;) {
        RtlAcquireSRWLockExclusive(&group->lock);
        struct task *task = group->members;
        if (task) {
            group->members = task->next;
            if (task->next)
                task->next->link = &group->members;
            task->next = NULL;
            task->link = NULL;
            InterlockedIncrement(&task->refs);
        }
        RtlReleaseSRWLockExclusive(&group->lock);
        if (!task)
            return;
        BOOL owned = task->kind != SIMPLE;
        task->closed = TRUE;
        task_disarm(task);
        if (cancel && task->cancelled)
            task->cancelled(task->context, cleanup);
        task_wait(task, cancel);
        if (owned)
            task_release(task); /* the owner's: the group closes its members */
        task_release(task);
    }
}
