/* Thread pools.  A pool is a completion port and the threads that serve it.  Everything a pool can be asked to do is a task; a
 * completion's key is its task.  Timers and waits are NT objects whose wait completion packets post to the port. */
#pragma once
#include "rtl.h"

struct entry { /* FILE_IO_COMPLETION_INFORMATION */
    struct task *task;
    PVOID context;
    ULONG_PTR status, information;
};

struct _TP_POOL {
    volatile LONG refs;
    HANDLE port;
    SRWLOCK lock;
    volatile LONG threads, starting, idle, sources, progress, gate;
    LONG minimum, maximum;
    BOOL closing;
};

struct _TP_CLEANUP_GROUP {
    SRWLOCK lock;
    volatile LONG refs;
    struct task *members;
};

enum kind { WORK, SIMPLE, TIMER, WAIT, NATIVE_IO, WIN32_IO, OLD_WORK, OLD_TIMER, OLD_WAIT, OLD_IO };

struct queue { /* of CreateTimerQueue */
    volatile LONG refs;
    SRWLOCK lock;
    HANDLE done;
    struct task *timers;
};

struct task {
    enum kind kind;
    volatile LONG refs;     /* the owner's, one for each completion on its way, one for each running callback */
    volatile LONG pending;  /* callbacks asked for and not begun */
    volatile LONG running;
    volatile LONG changes;  /* counts up whenever pending or running fall: what waiters watch */
    SRWLOCK lock;
    struct _TP_POOL *pool;
    PVOID callback, context;
    PTP_SIMPLE_CALLBACK finalization;
    struct _TP_CLEANUP_GROUP *group;
    PTP_CLEANUP_GROUP_CANCEL_CALLBACK cancelled;
    struct task *next, **link; /* in the group, or in a timer queue */
    struct queue *queue;
    HANDLE done;               /* set when the last reference goes */
    /* timers and waits */
    HANDLE packet, timer, timer_packet, object;
    ULONG generation;
    LONG period;
    DWORD timeout;
    BOOL armed, timed, once, closed;
};

struct _TP_CALLBACK_INSTANCE { /* one running callback, and what to do when it returns */
    struct task *task;
    HANDLE event, semaphore, mutex;
    LONG units;
    CRITICAL_SECTION *section;
    HMODULE module;
    BOOL left;
};

void NTAPI RtlAcquireSRWLockExclusive(SRWLOCK *lock);
void NTAPI RtlReleaseSRWLockExclusive(SRWLOCK *lock);
NTSTATUS NTAPI RtlLeaveCriticalSection(CRITICAL_SECTION *section);
void NTAPI TpReleaseCleanupGroup(struct _TP_CLEANUP_GROUP *group);

struct _TP_POOL *pool_default(void);
NTSTATUS pool_create(struct _TP_POOL **pool);
void pool_release(struct _TP_POOL *pool);
void pool_source(struct _TP_POOL *pool, LONG change);
NTSTATUS pool_post(struct _TP_POOL *pool, struct task *task, PVOID context);

NTSTATUS task_create(struct task **task, enum kind kind, PVOID callback, PVOID context, PTP_CALLBACK_ENVIRON environment);
void task_release(struct task *task);
NTSTATUS task_submit(struct task *task);
void task_wait(struct task *task, BOOL cancel);
BOOL task_disarm(struct task *task);
NTSTATUS task_arm_timer(struct task *task, const LARGE_INTEGER *due, LONG period);
NTSTATUS task_arm_wait(struct task *task, HANDLE object, const LARGE_INTEGER *timeout);
void task_close(struct task *task);
void task_serve(struct task *task, struct entry *entry);

NTIMPORT NTSTATUS NTAPI NtClose(HANDLE);
NTIMPORT NTSTATUS NTAPI NtCreateIoCompletion(PHANDLE, ACCESS_MASK, PVOID, ULONG);
NTIMPORT NTSTATUS NTAPI NtSetIoCompletion(HANDLE, PVOID, PVOID, NTSTATUS, ULONG_PTR);
NTIMPORT NTSTATUS NTAPI NtRemoveIoCompletionEx(HANDLE, PVOID, ULONG, PULONG, PLARGE_INTEGER, BOOLEAN);
NTIMPORT NTSTATUS NTAPI NtQueryIoCompletion(HANDLE, ULONG, PVOID, ULONG, PULONG);
NTIMPORT NTSTATUS NTAPI NtCreateWaitCompletionPacket(PHANDLE, ACCESS_MASK, PVOID);
NTIMPORT NTSTATUS NTAPI NtAssociateWaitCompletionPacket(HANDLE, HANDLE, HANDLE, PVOID, PVOID, NTSTATUS, ULONG_PTR, PBOOLEAN);
NTIMPORT NTSTATUS NTAPI NtCancelWaitCompletionPacket(HANDLE, BOOLEAN);
NTIMPORT NTSTATUS NTAPI NtCreateTimer(PHANDLE, ACCESS_MASK, PVOID, ULONG);
NTIMPORT NTSTATUS NTAPI NtSetTimer(HANDLE, PLARGE_INTEGER, PVOID, PVOID, BOOLEAN, LONG, PBOOLEAN);
NTIMPORT NTSTATUS NTAPI NtCancelTimer(HANDLE, PBOOLEAN);
NTIMPORT NTSTATUS NTAPI NtSetEvent(HANDLE, PLONG);
NTIMPORT NTSTATUS NTAPI NtReleaseSemaphore(HANDLE, LONG, PLONG);
NTIMPORT NTSTATUS NTAPI NtReleaseMutant(HANDLE, PLONG);
NTIMPORT NTSTATUS NTAPI NtCreateThreadEx(PHANDLE, ACCESS_MASK, PVOID, HANDLE, PVOID, PVOID, ULONG, SIZE_T, SIZE_T, SIZE_T, PVOID);
NTIMPORT NTSTATUS NTAPI NtSetInformationFile(HANDLE, PVOID, PVOID, ULONG, ULONG);
