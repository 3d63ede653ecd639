/* TLS callbacks with exceptions of their own, continue handlers, function tables that grow. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

typedef DWORD(NTAPI *add_growable)(PVOID *, PRUNTIME_FUNCTION, DWORD, DWORD, ULONG_PTR, ULONG_PTR);
typedef void(NTAPI *grow)(PVOID, DWORD);
typedef void(NTAPI *remove_growable)(PVOID);

static int attached, threads;

static void NTAPI on_thread(PVOID module, DWORD reason, PVOID reserved)
{
    attached += reason == DLL_PROCESS_ATTACH;
    threads += reason == DLL_THREAD_ATTACH;
    if (reason == DLL_THREAD_ATTACH) {
        __try {
            RaiseException(0xE0000001, 0, 0, NULL);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            threads += 10;
        }
    }
}
__attribute__((section(".CRT$XLB"), used)) static PIMAGE_TLS_CALLBACK tls_entry = on_thread;

static DWORD WINAPI nothing(PVOID parameter)
{
    return 0;
}

static int continued;
static LONG WINAPI on_continue(PEXCEPTION_POINTERS pointers)
{
    continued++;
    printf("continue handler %lx\n", pointers->ExceptionRecord->ExceptionCode);
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG WINAPI repair(PEXCEPTION_POINTERS pointers)
{
    return pointers->ExceptionRecord->ExceptionCode == 0xE0000002 ? EXCEPTION_CONTINUE_EXECUTION
                                                                   : EXCEPTION_CONTINUE_SEARCH;
}

/* Code in memory of our own: push rbx; sub rsp, 32; call rcx; add rsp, 32; pop rbx; ret */
static const BYTE code[] = {0x53, 0x48, 0x83, 0xec, 0x20, 0xff, 0xd1, 0x48, 0x83, 0xc4, 0x20, 0x5b, 0xc3};
static const BYTE unwind[] = {1, 5, 2, 0, 5, 0x32, 1, 0x30};

static void throws(void)
{
    RaiseException(0xE0000003, 0, 0, NULL);
}

static void growable(void)
{
    HMODULE ntdll = GetModuleHandleA("ntdll");
    BYTE *page = VirtualAlloc(NULL, 0x1000, MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    RUNTIME_FUNCTION *table = (RUNTIME_FUNCTION *)(page + 0x800);
    DWORD64 base = 0;
    PVOID handle;
    PRUNTIME_FUNCTION found;

    for (int i = 0; i < 2; i++) {
        memcpy(page + 0x100 * i, code, sizeof code);
        table[i].BeginAddress = 0x100 * i;
        table[i].EndAddress = 0x100 * i + sizeof code;
        table[i].UnwindData = 0x700;
    }
    memcpy(page + 0x700, unwind, sizeof unwind);
    printf("add %lx\n", ((add_growable)GetProcAddress(ntdll, "RtlAddGrowableFunctionTable"))(
                            &handle, table, 1, 2, (ULONG_PTR)page, (ULONG_PTR)page + 0x1000));
    found = RtlLookupFunctionEntry((DWORD64)page + 4, &base, NULL);
    printf("first %d base %d", found && found->BeginAddress == 0, base == (DWORD64)page);
    printf(" second %d", RtlLookupFunctionEntry((DWORD64)page + 0x104, &base, NULL) != NULL);
    ((grow)GetProcAddress(ntdll, "RtlGrowFunctionTable"))(handle, 2);
    printf(" grown %d\n", RtlLookupFunctionEntry((DWORD64)page + 0x104, &base, NULL) != NULL);
    for (int i = 0; i < 2; i++) {
        __try {
            ((void (*)(void (*)(void)))(page + 0x100 * i))(throws);
        } __except (GetExceptionCode() == 0xE0000003) {
            printf("caught through table %d\n", i);
        }
    }
    ((remove_growable)GetProcAddress(ntdll, "RtlDeleteGrowableFunctionTable"))(handle);
    printf("gone %d\n", RtlLookupFunctionEntry((DWORD64)page + 4, &base, NULL) == NULL);
}

int main(void)
{
    HANDLE thread;
    PVOID first, second;

    thread = CreateThread(NULL, 0, nothing, NULL, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    printf("callbacks %d %d\n", attached, threads);
    first = AddVectoredExceptionHandler(1, repair);
    second = AddVectoredContinueHandler(1, on_continue);
    RaiseException(0xE0000002, 0, 0, NULL);
    printf("continued %d, removed %d %d\n", continued, RemoveVectoredContinueHandler(second) != 0,
           RemoveVectoredExceptionHandler(first) != 0);
    growable();
    return 0;
}
