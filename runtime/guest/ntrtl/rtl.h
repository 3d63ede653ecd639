/* Shared inside ntrtl.dll. */
#pragma once
#include <stdint.h>
#include <nt.h>
#include "words.h"

/* Waiting (wait.c). */
NTSTATUS NTAPI RtlWaitOnAddress(const volatile void *address, const void *compare, SIZE_T size, const LARGE_INTEGER *timeout);
void NTAPI RtlWakeAddressSingle(const void *address);
void NTAPI RtlWakeAddressAll(const void *address);

/* The thread that runs RtlExitUserProcess once the others have ended, else 0 (start.c). */
extern DWORD shutdown_thread;
__attribute__((noreturn)) void shutdown_stuck(void);

/* Errors (teb.c). */
void NTAPI RtlSetLastWin32Error(DWORD error);
DWORD rtl_set_status_error(NTSTATUS status);
__attribute__((noreturn)) void NTAPI RtlRaiseStatus(NTSTATUS status);

/* Heap (heap.c). */
void heap_init_process(void);
PVOID NTAPI RtlAllocateHeap(PVOID heap, ULONG flags, SIZE_T size);
BOOLEAN NTAPI RtlFreeHeap(PVOID heap, ULONG flags, PVOID block);
PVOID NTAPI RtlReAllocateHeap(PVOID heap, ULONG flags, PVOID block, SIZE_T size);
SIZE_T NTAPI RtlSizeHeap(PVOID heap, ULONG flags, const void *block);
BOOLEAN NTAPI RtlLockHeap(PVOID heap);
BOOLEAN NTAPI RtlUnlockHeap(PVOID heap);
#define PROCESS_HEAP() AT(PVOID, PEB_POINTER(), PEB_PROCESS_HEAP)

/* Thread data (tls.c, fls.c). */
void tls_init_process(void);
void NTAPI RtlProcessFlsData(PVOID fls_data, ULONG flags);

/* Locks that hold nothing but a few instructions: they spin, giving the processor away when the owner lost it. */
typedef volatile LONG spin_lock;
void spin_wait(spin_lock *lock);
static inline void spin_acquire(spin_lock *lock)
{
    if (__builtin_expect(InterlockedCompareExchange(lock, 1, 0) != 0, 0))
        spin_wait(lock);
}
static inline void spin_release(spin_lock *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

static inline DWORD this_thread_id(void)
{
    return (DWORD)TEB64(TEB_THREAD_ID);
}
static inline void set_last_error(DWORD error)
{
    __writegsdword(TEB_LAST_ERROR, error);
}

/* Exceptions (except.c, unwind.c). */
void NTAPI RtlRaiseException(PEXCEPTION_RECORD record);
BOOLEAN NTAPI RtlDispatchException(PEXCEPTION_RECORD record, PCONTEXT context);
LONG NTAPI RtlpUnhandledExceptionFilter(PEXCEPTION_POINTERS pointers);
