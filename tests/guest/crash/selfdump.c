/* Writes minidumps of itself as crash handlers do, and walks its stack. */
#include <windows.h>
#include <dbghelp.h>
#include <stdio.h>
#include <string.h>
#define NAMED __declspec(dllexport) __attribute__((noinline))
static volatile int went;
static int cancels, threads_asked, modules_asked;

static BOOL CALLBACK choose(void *parameter, const PMINIDUMP_CALLBACK_INPUT in, PMINIDUMP_CALLBACK_OUTPUT out)
{
    static int given;
    switch (in->CallbackType) {
    case IncludeThreadCallback: threads_asked++; return in->IncludeThread.ThreadId == GetCurrentThreadId();
    case IncludeModuleCallback: modules_asked++; return TRUE;
    case ModuleCallback:
        if (wcsstr(in->Module.FullPath, L"dbghelp")) out->ModuleWriteFlags &= ~ModuleWriteModule;
        return TRUE;
    case MemoryCallback:
        if (given++) return FALSE;
        out->MemoryBase = (ULONG64)parameter;
        out->MemorySize = 32;
        return TRUE;
    case CancelCallback: cancels++; out->CheckCancel = TRUE; out->Cancel = parameter == NULL; return TRUE;
    default: return FALSE;
    }
}

static DWORD WINAPI idle(void *event) { return WaitForSingleObject(event, INFINITE); }

static LONG WINAPI on_crash(EXCEPTION_POINTERS *pointers)
{
    HANDLE file = CreateFileA("crash.dmp", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    MINIDUMP_EXCEPTION_INFORMATION information = {GetCurrentThreadId(), pointers, FALSE};
    BOOL done = MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), file, MiniDumpNormal, &information, NULL, NULL);
    printf("crash dump: %d\n", done);
    fflush(stdout);
    CloseHandle(file);
    return EXCEPTION_EXECUTE_HANDLER;
}

NAMED void walker(void)
{
    CONTEXT context;
    STACKFRAME64 frame;
    char room[sizeof(SYMBOL_INFO) + 256];
    SYMBOL_INFO *symbol = (SYMBOL_INFO *)room;
    DWORD64 displacement;
    IMAGEHLP_MODULE64 module = {sizeof module};
    RtlCaptureContext(&context);
    memset(&frame, 0, sizeof frame);
    frame.AddrPC.Offset = context.Rip;
    frame.AddrPC.Mode = frame.AddrFrame.Mode = frame.AddrStack.Mode = AddrModeFlat;
    frame.AddrStack.Offset = context.Rsp;
    frame.AddrFrame.Offset = context.Rbp;
    DWORD64 expected = 0;
    for (int i = 0; i < 20; i++) {
        if (!StackWalk64(IMAGE_FILE_MACHINE_AMD64, GetCurrentProcess(), GetCurrentThread(), &frame, &context, NULL,
                         SymFunctionTableAccess64, SymGetModuleBase64, NULL)) break;
        if (expected && expected != frame.AddrPC.Offset) printf("AddrReturn was wrong\n");
        expected = frame.AddrReturn.Offset;
        symbol->SizeOfStruct = sizeof(SYMBOL_INFO);
        symbol->MaxNameLen = 255;
        RUNTIME_FUNCTION *entry = SymFunctionTableAccess64(GetCurrentProcess(), frame.AddrPC.Offset);
        DWORD64 base = SymGetModuleBase64(GetCurrentProcess(), frame.AddrPC.Offset);
        if (!entry || !frame.FuncTableEntry) printf("no entry\n");
        if (i < 3 && SymFromAddr(GetCurrentProcess(), frame.AddrPC.Offset, &displacement, symbol))
            printf("%s %d\n", symbol->Name, symbol->Address == base + entry->BeginAddress);
    }
    printf("end %d\n", expected == 0);
    if (SymGetModuleInfo64(GetCurrentProcess(), (DWORD64)(ULONG_PTR)walker, &module))
        printf("%s %d\n", module.ModuleName, module.BaseOfImage == (DWORD64)(ULONG_PTR)GetModuleHandleW(NULL));
    symbol->MaxNameLen = 255;
    if (SymFromName(GetCurrentProcess(), "walker", symbol)) printf("found %d\n", symbol->Address == (DWORD64)(ULONG_PTR)walker);
    IMAGEHLP_SYMBOL64 *older = (IMAGEHLP_SYMBOL64 *)room;
    memset(room, 0, sizeof room);
    older->SizeOfStruct = sizeof *older;
    older->MaxNameLength = 64;
    if (SymGetSymFromAddr64(GetCurrentProcess(), (DWORD64)(ULONG_PTR)walker + 3, &displacement, older))
        printf("%s+%d\n", older->Name, (int)displacement);
    printf("loaded %d\n", SymLoadModule64(GetCurrentProcess(), NULL, "kernel32.dll", NULL, 0, 0) == (DWORD64)(ULONG_PTR)GetModuleHandleW(L"kernel32"));
    went = 1;
}
NAMED void middle(void) { walker(); went = 2; }
NAMED void top(void) { middle(); went = 3; }

int main(int argc, char **argv)
{
    char text[32] = "wanted by the memory callback";
    char stream[] = "the program's own stream";
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, idle, event, 0, NULL);
    MINIDUMP_USER_STREAM own = {LastReservedStream + 7, sizeof stream, stream};
    MINIDUMP_USER_STREAM_INFORMATION streams = {1, &own};
    char *apart = VirtualAlloc(NULL, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    strcpy(apart, text);
    MINIDUMP_CALLBACK_INFORMATION callback = {choose, apart};
    HANDLE file = CreateFileA("chosen.dmp", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    printf("chosen: %d", MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), file, MiniDumpNormal, NULL, &streams, &callback));
    printf(" %d %d %d\n", threads_asked, modules_asked > 3, cancels > 1);
    CloseHandle(file);
    callback.CallbackParam = NULL;
    file = CreateFileA("cancelled.dmp", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    BOOL done = MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), file, MiniDumpNormal, NULL, NULL, &callback);
    printf("cancelled: %d %08lx\n", done, GetLastError());
    CloseHandle(file);
    done = MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), (HANDLE)0x4444, MiniDumpNormal, NULL, NULL, NULL);
    printf("no file: %d %08lx\n", done, GetLastError());
    file = CreateFileA("full.dmp", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    printf("full: %d\n", MiniDumpWriteDump(GetCurrentProcess(), GetCurrentProcessId(), file, MiniDumpWithFullMemory, NULL, NULL, NULL));
    CloseHandle(file);
    SymInitialize(GetCurrentProcess(), NULL, TRUE);
    top();
    SetEvent(event);
    printf("other thread: %lu\n", WaitForSingleObject(thread, INFINITE));
    fflush(stdout);
    SetUnhandledExceptionFilter(on_crash);
    *(volatile int *)0x20 = 1;
    return 0;
}
