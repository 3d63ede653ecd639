/* Calls functions of DLLs that are loaded late: one that is there, one that is not, one function that is not. */
#include <windows.h>
#include <delayimp.h>

__declspec(dllimport) int WINAPI nothing_here(int);
__declspec(dllimport) int WINAPI no_such_function(int);

static void put(const char *text)
{
    DWORD done;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, lstrlenA(text), &done, NULL);
}

static int WINAPI instead(int value) { return value + 1; }

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *pointers)
{
    EXCEPTION_RECORD *record = pointers->ExceptionRecord;
    DelayLoadInfo *info = (DelayLoadInfo *)record->ExceptionInformation[0];
    if (record->ExceptionCode == 0xC06D007E) put("no DLL ");
    else if (record->ExceptionCode == 0xC06D007F) put("no function ");
    else return EXCEPTION_CONTINUE_SEARCH;
    put(info->szDll);
    put("\n");
    if (GetCommandLineW()[lstrlenW(GetCommandLineW()) - 1] == L'!') return EXCEPTION_CONTINUE_SEARCH;
    info->pfnCur = (FARPROC)instead;
    return EXCEPTION_CONTINUE_EXECUTION;
}

#ifdef BY_THE_SYSTEM
/* The newer way: the linker's calls go to the system, failures to a hook of the program's own. */
extern IMAGE_DOS_HEADER __ImageBase;
typedef struct { ULONG Size; void *Descriptor, *Thunk; const char *Dll; ULONG ByName; const char *Name; void *Base, *Unused; ULONG LastError; } INFO;
PVOID WINAPI ResolveDelayLoadedAPI(PVOID, const void *, PVOID, PVOID, PVOID, ULONG);
static void *WINAPI failed(ULONG reason, INFO *info)
{
    if (reason == 4 && info->Size == sizeof *info && info->ByName) put(info->LastError == 0xC0000135 ? "no DLL " : "no function ");
    put(info->Dll);
    put("\n");
    return GetCommandLineW()[lstrlenW(GetCommandLineW()) - 1] == L'!' ? NULL : (void *)instead;
}
FARPROC WINAPI __delayLoadHelper2(PCImgDelayDescr descriptor, FARPROC *thunk)
{
    return ResolveDelayLoadedAPI(&__ImageBase, descriptor, failed, NULL, thunk, 0);
}
#endif

void start(void)
{
    DWORD zero;
    AddVectoredExceptionHandler(1, on_exception);
    put(GetModuleHandleW(L"version.dll") ? "loaded before\n" : "not loaded before\n");
    put(GetFileVersionInfoSizeW(L"C:\\Windows\\System32\\kernel32.dll", &zero) ? "called\n" : "failed\n");
    put(GetModuleHandleW(L"version.dll") ? "loaded after\n" : "not loaded after\n");
    put(nothing_here(6) == 7 ? "replaced\n" : "wrong\n");
    put(no_such_function(8) == 9 ? "replaced\n" : "wrong\n");
    ExitProcess(0);
}
