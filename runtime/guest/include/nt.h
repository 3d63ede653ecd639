/* What guest code needs of the NT layer beyond <windows.h>: TEB and PEB by offset (Windows 10 x64), and the system
 * calls, which are imported from ntdll.dll by their real names. */
#pragma once
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>

typedef LONG NTSTATUS;
#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)

typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

typedef struct _STRING {
    USHORT Length;
    USHORT MaximumLength;
    PCHAR Buffer;
} ANSI_STRING, *PANSI_STRING, OEM_STRING, *POEM_STRING, STRING, *PSTRING;
typedef const ANSI_STRING *PCANSI_STRING;

typedef struct _CLIENT_ID {
    HANDLE UniqueProcess;
    HANDLE UniqueThread;
} CLIENT_ID, *PCLIENT_ID;

/* Offsets in the TEB (gs-relative). */
#define TEB_STACK_BASE 0x08
#define TEB_STACK_LIMIT 0x10
#define TEB_FIBER_DATA 0x20
#define TEB_SELF 0x30
#define TEB_PROCESS_ID 0x40
#define TEB_THREAD_ID 0x48
#define TEB_PEB 0x60
#define TEB_LAST_ERROR 0x68
#define TEB_LAST_STATUS 0x1250
#define TEB_DEALLOCATION_STACK 0x1478
#define TEB_TLS_SLOTS 0x1480
#define TEB_GUARANTEED_STACK 0x1748
#define TEB_TLS_EXPANSION 0x1780
#define TEB_FLS_DATA 0x17C8
#define TEB_SAME_FLAGS 0x17EE
#define TEB_HAS_FIBER_DATA 0x0004

/* Offsets in the PEB. */
#define PEB_BEING_DEBUGGED 0x02
#define PEB_IMAGE_BASE 0x10
#define PEB_LDR 0x18
#define PEB_PROCESS_HEAP 0x30
#define PEB_TLS_BITMAP 0x78
#define PEB_TLS_BITS 0x80
#define PEB_PROCESSORS 0xB8
#define PEB_NT_GLOBAL_FLAG 0xBC
#define PEB_HEAP_COUNT 0xE8
#define PEB_HEAP_LIMIT 0xEC
#define PEB_HEAPS 0xF0
#define PEB_LOADER_LOCK 0x110
#define PEB_TLS_EXPANSION_BITMAP 0x238
#define PEB_TLS_EXPANSION_BITS 0x240

#define TEB64(offset) __readgsqword(offset)
#define TEB32(offset) __readgsdword(offset)
#define TEB_POINTER() ((uint8_t *)__readgsqword(TEB_SELF))
#define PEB_POINTER() ((uint8_t *)__readgsqword(TEB_PEB))
#define AT(type, base, offset) (*(type *)((uint8_t *)(base) + (offset)))
#define THIS_PROCESS ((HANDLE)(LONG_PTR)-1)
#define THIS_THREAD ((HANDLE)(LONG_PTR)-2)

#define SHARED_DATA 0x7ffe0000ull

#ifndef EXCEPTION_UNWINDING
#define EXCEPTION_UNWINDING 0x2
#define EXCEPTION_EXIT_UNWIND 0x4
#define EXCEPTION_STACK_INVALID 0x8
#define EXCEPTION_NESTED_CALL 0x10
#define EXCEPTION_TARGET_UNWIND 0x20
#define EXCEPTION_COLLIDED_UNWIND 0x40
#endif
#define EXCEPTION_UNWIND_ANY 0x66

#define NTIMPORT __declspec(dllimport)
NTIMPORT NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE, PVOID *, ULONG_PTR, PSIZE_T, ULONG, ULONG);
NTIMPORT NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG);
NTIMPORT NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG, PULONG);
NTIMPORT NTSTATUS NTAPI NtWaitForAlertByThreadId(PVOID address, PLARGE_INTEGER timeout);
NTIMPORT NTSTATUS NTAPI NtAlertThreadByThreadId(HANDLE thread_id);
NTIMPORT NTSTATUS NTAPI NtYieldExecution(void);
NTIMPORT NTSTATUS NTAPI NtDelayExecution(BOOLEAN alertable, PLARGE_INTEGER interval);
NTIMPORT NTSTATUS NTAPI NtRaiseException(PEXCEPTION_RECORD, PCONTEXT, BOOLEAN first_chance);
NTIMPORT NTSTATUS NTAPI NtContinue(PCONTEXT, BOOLEAN alertable);
NTIMPORT NTSTATUS NTAPI NtTerminateProcess(HANDLE, NTSTATUS);
NTIMPORT NTSTATUS NTAPI NtTerminateThread(HANDLE, NTSTATUS);
NTIMPORT NTSTATUS NTAPI NtQueryInformationThread(HANDLE, ULONG, PVOID, ULONG, PULONG);
NTIMPORT NTSTATUS NTAPI NtSetInformationThread(HANDLE, ULONG, PVOID, ULONG);
NTIMPORT NTSTATUS NTAPI NtCallbackReturn(PVOID result, ULONG length, NTSTATUS status);
NTIMPORT NTSTATUS NTAPI NtFreeUserStack(PVOID);
NTIMPORT void NTAPI LdrShutdownThread(void);
NTIMPORT void NTAPI LdrShutdownProcess(void);
NTIMPORT NTSTATUS NTAPI LdrUnloadDll(PVOID base);
NTIMPORT ULONG NTAPI RtlNtStatusToDosError(NTSTATUS);
