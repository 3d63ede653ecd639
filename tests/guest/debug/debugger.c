/* A small debugger and what it debugs: runs itself. Every event is printed by the debugger, nothing by the child. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

typedef NTSTATUS(NTAPI *query_process)(HANDLE, ULONG, PVOID, ULONG, PULONG);
typedef NTSTATUS(NTAPI *set_thread)(HANDLE, ULONG, PVOID, ULONG);

static HANDLE child_process;
static volatile int answer = 1;

__declspec(dllexport) __attribute__((noinline)) int target(int value)
{
    return value * 2 + answer;
}

static DWORD WINAPI second_thread(LPVOID parameter)
{
    return 77;
}

static DWORD WINAPI hidden_thread(LPVOID parameter)
{
    OutputDebugStringA("nobody hears this");
    return 78;
}

static LONG WINAPI on_exception(PEXCEPTION_POINTERS pointers)
{
    if (pointers->ExceptionRecord->ExceptionCode == 0xE0001234)
        return EXCEPTION_CONTINUE_EXECUTION;
    if (pointers->ExceptionRecord->ExceptionCode == EXCEPTION_BREAKPOINT) {
        pointers->ContextRecord->Rip++;
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    if (pointers->ExceptionRecord->ExceptionCode == STATUS_INVALID_HANDLE)
        return EXCEPTION_CONTINUE_EXECUTION;
    return EXCEPTION_CONTINUE_SEARCH;
}

static int child(const char *what)
{
    HANDLE thread;
    BOOL present = FALSE;
    ULONG_PTR port = 5;
    ULONG flags = 5;
    query_process query = (query_process)GetProcAddress(GetModuleHandleA("ntdll"), "NtQueryInformationProcess");
    char text[128];

    if (!strcmp(what, "fault")) {
        *(volatile int *)0x20 = 3;
        return 1;
    }
    if (!strcmp(what, "wait")) {
        SetEvent(OpenEventA(EVENT_MODIFY_STATE, FALSE, "debugger ready"));
        WaitForSingleObject(OpenEventA(SYNCHRONIZE, FALSE, "debugger go"), INFINITE);
        return IsDebuggerPresent() ? 91 : 90;
    }
    if (!strcmp(what, "spin"))
        Sleep(INFINITE);
    AddVectoredExceptionHandler(1, on_exception);
    CheckRemoteDebuggerPresent(GetCurrentProcess(), &present);
    query(GetCurrentProcess(), 7, &port, sizeof port, NULL);
    query(GetCurrentProcess(), 31, &flags, sizeof flags, NULL);
    sprintf(text, "present %d remote %d port %d flags %d", IsDebuggerPresent(), present, (int)port, (int)flags);
    OutputDebugStringA(text);
    OutputDebugStringW(L"wide \x00e9\x4e2d");
    thread = CreateThread(NULL, 0, second_thread, NULL, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    thread = CreateThread(NULL, 0, hidden_thread, NULL, CREATE_SUSPENDED, NULL);
    ((set_thread)GetProcAddress(GetModuleHandleA("ntdll"), "NtSetInformationThread"))(thread, 17, NULL, 0);
    ResumeThread(thread);
    WaitForSingleObject(thread, INFINITE);
    sprintf(text, "target gives %d", target(10));
    OutputDebugStringA(text);
    DebugBreak();
    RaiseException(0xE0001234, 0, 0, NULL);
    RaiseException(0xE0005678, 0, 0, NULL);
    CloseHandle((HANDLE)0x7770);
    FreeLibrary(LoadLibraryA("version.dll"));
    return 42;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '\\');

    return slash ? slash + 1 : path;
}

static void read_text(ULONG_PTR address, int wide, char *text, int size)
{
    wchar_t buffer[MAX_PATH] = L"";
    SIZE_T got;

    if (!wide) {
        ReadProcessMemory(child_process, (void *)address, text, size, &got);
        return;
    }
    for (int i = 0; i < MAX_PATH - 1; i++)
        if (!ReadProcessMemory(child_process, (char *)address + 2 * i, buffer + i, 2, &got) || !buffer[i])
            break;
    WideCharToMultiByte(CP_ACP, 0, buffer, -1, text, size, NULL, NULL);
}

static BYTE saved;
static ULONG_PTR breakpoint;
static int initial, steps, second_chances, modules, ntdll_first, created, threads, others;

static DWORD on_debug_exception(const DEBUG_EVENT *event, HANDLE thread)
{
    const EXCEPTION_RECORD *record = &event->u.Exception.ExceptionRecord;
    CONTEXT context = {.ContextFlags = CONTEXT_FULL};
    SIZE_T done;
    BYTE trap = 0xCC;

    GetThreadContext(thread, &context);
    switch (record->ExceptionCode) {
    case EXCEPTION_BREAKPOINT:
        if (!initial) {
            initial = 1;
            printf("initial breakpoint: first chance %lu, rip is behind it %d\n", event->u.Exception.dwFirstChance,
                   context.Rip == (ULONG_PTR)record->ExceptionAddress + 1);
            breakpoint = (ULONG_PTR)target;
            ReadProcessMemory(child_process, (void *)breakpoint, &saved, 1, &done);
            printf("breakpoint set %d\n", WriteProcessMemory(child_process, (void *)breakpoint, &trap, 1, &done));
            FlushInstructionCache(child_process, (void *)breakpoint, 1);
            return DBG_CONTINUE;
        }
        if ((ULONG_PTR)record->ExceptionAddress == breakpoint) {
            printf("our breakpoint: argument %d\n", (int)context.Rcx);
            WriteProcessMemory(child_process, (void *)breakpoint, &saved, 1, &done);
            context.Rip--;
            context.Rcx = 20;
            context.EFlags |= 0x100;
            printf("context set %d\n", SetThreadContext(thread, &context));
            return DBG_CONTINUE;
        }
        printf("breakpoint of the program's own: first chance %lu\n", event->u.Exception.dwFirstChance);
        return DBG_EXCEPTION_NOT_HANDLED;
    case EXCEPTION_SINGLE_STEP:
        steps++;
        printf("step: still near %d, argument %d\n", context.Rip - breakpoint < 16, (int)context.Rcx);
        return DBG_CONTINUE;
    case EXCEPTION_ACCESS_VIOLATION:
        printf("access violation: first chance %lu, kind %d address %x\n", event->u.Exception.dwFirstChance,
               (int)record->ExceptionInformation[0], (int)record->ExceptionInformation[1]);
        return DBG_EXCEPTION_NOT_HANDLED;
    case 0xE0005678:
        printf("exception %lx: the debugger handles it\n", record->ExceptionCode);
        return DBG_CONTINUE;
    default:
        printf("exception %lx: first chance %lu, %lu parameters\n", record->ExceptionCode,
               event->u.Exception.dwFirstChance, record->NumberParameters);
        return DBG_EXCEPTION_NOT_HANDLED;
    }
}

/* Prints events until the process is over. */
static void loop(int extended)
{
    DEBUG_EVENT event;
    HANDLE threads_of[8] = {0};
    DWORD ids[8] = {0}, status;
    char text[MAX_PATH];
    ULONG_PTR name;
    SIZE_T got;
    int count = 0;

    for (;;) {
        if (!(extended ? WaitForDebugEventEx(&event, INFINITE) : WaitForDebugEvent(&event, INFINITE))) {
            printf("no event %lu\n", GetLastError());
            return;
        }
        status = DBG_CONTINUE;
        switch (event.dwDebugEventCode) {
        case CREATE_PROCESS_DEBUG_EVENT:
            created++;
            child_process = event.u.CreateProcessInfo.hProcess;
            threads_of[count] = event.u.CreateProcessInfo.hThread;
            ids[count++] = event.dwThreadId;
            printf("process: file %d base is ours %d thread block %d start %d\n",
                   GetFileType(event.u.CreateProcessInfo.hFile) == FILE_TYPE_DISK,
                   event.u.CreateProcessInfo.lpBaseOfImage == GetModuleHandle(NULL),
                   event.u.CreateProcessInfo.lpThreadLocalBase != NULL,
                   event.u.CreateProcessInfo.lpStartAddress != NULL);
            CloseHandle(event.u.CreateProcessInfo.hFile);
            break;
        case LOAD_DLL_DEBUG_EVENT:
            if (!modules++)
                ntdll_first = event.u.LoadDll.lpBaseOfDll == GetModuleHandleA("ntdll.dll");
            *text = 0;
            if (event.u.LoadDll.lpImageName &&
                ReadProcessMemory(child_process, event.u.LoadDll.lpImageName, &name, sizeof name, &got) && name)
                read_text(name, event.u.LoadDll.fUnicode, text, sizeof text);
            if (!_stricmp(last_part(text), "version.dll"))
                printf("loaded %s\n", last_part(text));
            if (event.u.LoadDll.hFile)
                CloseHandle(event.u.LoadDll.hFile);
            break;
        case UNLOAD_DLL_DEBUG_EVENT:
            printf("unloaded a module\n");
            break;
        case CREATE_THREAD_DEBUG_EVENT:
            threads++;
            printf("thread: start %d block %d\n", event.u.CreateThread.lpStartAddress == second_thread,
                   event.u.CreateThread.lpThreadLocalBase != NULL);
            if (count < 8) {
                threads_of[count] = event.u.CreateThread.hThread;
                ids[count++] = event.dwThreadId;
            }
            break;
        case EXIT_THREAD_DEBUG_EVENT:
            printf("thread ended: %lu\n", event.u.ExitThread.dwExitCode);
            break;
        case OUTPUT_DEBUG_STRING_EVENT:
            memset(text, 0, sizeof text);
            if (event.u.DebugString.fUnicode)
                read_text((ULONG_PTR)event.u.DebugString.lpDebugStringData, 1, text, sizeof text);
            else
                ReadProcessMemory(child_process, event.u.DebugString.lpDebugStringData, text,
                                  event.u.DebugString.nDebugStringLength, &got);
            printf("text (%u, unicode %u): ", event.u.DebugString.nDebugStringLength, event.u.DebugString.fUnicode);
            for (char *p = text; *p; p++)
                printf(*p & 0x80 ? "\\x%02x" : "%c", (unsigned char)*p);
            printf("\n");
            break;
        case EXCEPTION_DEBUG_EVENT: {
            HANDLE thread = NULL;
            for (int i = 0; i < count; i++)
                if (ids[i] == event.dwThreadId)
                    thread = threads_of[i];
            status = on_debug_exception(&event, thread);
            break;
        }
        case EXIT_PROCESS_DEBUG_EVENT:
            printf("process ended: %lx, still unsignalled %d, memory readable %d\n", event.u.ExitProcess.dwExitCode,
                   WaitForSingleObject(child_process, 0) == WAIT_TIMEOUT,
                   ReadProcessMemory(child_process, (void *)target, text, 1, &got));
            printf("continued %d\n", ContinueDebugEvent(event.dwProcessId, event.dwThreadId, DBG_CONTINUE));
            return;
        default:
            printf("event %lu\n", event.dwDebugEventCode);
        }
        if (!ContinueDebugEvent(event.dwProcessId, event.dwThreadId, status))
            printf("not continued %lu\n", GetLastError());
    }
}

static PROCESS_INFORMATION start(const char *what, DWORD flags)
{
    char line[MAX_PATH + 32], path[MAX_PATH];
    STARTUPINFOA info = {.cb = sizeof info};
    PROCESS_INFORMATION process = {0};

    GetModuleFileNameA(NULL, path, sizeof path);
    sprintf(line, "\"%s\" %s", path, what);
    initial = steps = modules = ntdll_first = created = threads = 0;
    if (!CreateProcessA(path, line, NULL, NULL, FALSE, flags, NULL, NULL, &info, &process))
        printf("not started %lu\n", GetLastError());
    return process;
}

static void finish(PROCESS_INFORMATION process)
{
    DWORD code = 0;

    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    printf("exit code %lx\n", code);
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
}

int main(int argc, char **argv)
{
    PROCESS_INFORMATION process;
    DEBUG_EVENT event;
    HANDLE ready, go;
    BOOL present;

    if (argc > 1)
        return child(argv[1]);
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("nothing debugged %d", WaitForDebugEvent(&event, 0));
    printf(" %lu\n", GetLastError());

    printf("-- a program from its start\n");
    process = start("tour", DEBUG_ONLY_THIS_PROCESS);
    loop(0);
    printf("modules %d, ntdll first %d, steps %d\n", modules > 2, ntdll_first, steps);
    finish(process);
    printf("no event left %d", WaitForDebugEvent(&event, 0));
    printf(" %lu\n", GetLastError());

    printf("-- Unicode texts, an unhandled fault\n");
    process = start("fault", DEBUG_PROCESS);
    loop(1);
    finish(process);

    printf("-- attached and left alone again\n");
    ready = CreateEventA(NULL, FALSE, FALSE, "debugger ready");
    go = CreateEventA(NULL, FALSE, FALSE, "debugger go");
    process = start("wait", 0);
    WaitForSingleObject(ready, INFINITE);
    CheckRemoteDebuggerPresent(process.hProcess, &present);
    printf("before %d\n", present);
    printf("attach %d", DebugActiveProcess(process.dwProcessId));
    printf(" twice %d", DebugActiveProcess(process.dwProcessId));
    printf(" %lu\n", GetLastError());
    CheckRemoteDebuggerPresent(process.hProcess, &present);
    printf("attached %d\n", present);
    for (int seen = 0; !seen;) {
        WaitForDebugEvent(&event, INFINITE);
        if (event.dwDebugEventCode == CREATE_PROCESS_DEBUG_EVENT)
            printf("process first %d\n", !modules && event.dwThreadId == process.dwThreadId);
        modules += event.dwDebugEventCode == LOAD_DLL_DEBUG_EVENT;
        seen = event.dwDebugEventCode == EXCEPTION_DEBUG_EVENT;
        if (seen)
            printf("break-in %lx in a thread of its own %d\n", event.u.Exception.ExceptionRecord.ExceptionCode,
                   event.dwThreadId != process.dwThreadId);
        ContinueDebugEvent(event.dwProcessId, event.dwThreadId, DBG_CONTINUE);
    }
    printf("modules %d\n", modules > 2);
    printf("wrong id %d", ContinueDebugEvent(process.dwProcessId, 1, DBG_CONTINUE));
    printf(" %lu\n", GetLastError());
    printf("detach %d\n", DebugActiveProcessStop(process.dwProcessId));
    SetEvent(go);
    finish(process);

    printf("-- ended by the debugger\n");
    process = start("spin", DEBUG_ONLY_THIS_PROCESS);
    WaitForDebugEvent(&event, INFINITE);
    printf("first event %lu\n", event.dwDebugEventCode);
    printf("terminate %d\n", TerminateProcess(process.hProcess, 0x55));
    ContinueDebugEvent(event.dwProcessId, event.dwThreadId, DBG_CONTINUE);
    while (event.dwDebugEventCode != EXIT_PROCESS_DEBUG_EVENT) {
        WaitForDebugEvent(&event, INFINITE);
        ContinueDebugEvent(event.dwProcessId, event.dwThreadId, DBG_CONTINUE);
    }
    finish(process);
    return 0;
}
