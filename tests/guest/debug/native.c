/* The native side of debugging: debug objects, state changes, what a query of a debugged process says. Runs itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

typedef struct {
    ULONG state;
    ULONG_PTR pid, tid;
    union {
        BYTE bytes[0xA0];
        struct {
            HANDLE process, thread;
            ULONG subsystem;
            HANDLE file;
            PVOID base;
        } create;
        struct {
            HANDLE file;
            PVOID base;
        } load;
        struct {
            EXCEPTION_RECORD record;
            ULONG first;
        } exception;
        NTSTATUS status;
    };
} state_change;

static NTSTATUS(NTAPI *create_object)(HANDLE *, ULONG, PVOID, ULONG);
static NTSTATUS(NTAPI *attach)(HANDLE, HANDLE);
static NTSTATUS(NTAPI *detach)(HANDLE, HANDLE);
static NTSTATUS(NTAPI *wait_event)(HANDLE, BOOLEAN, LARGE_INTEGER *, state_change *);
static NTSTATUS(NTAPI *proceed)(HANDLE, PVOID, NTSTATUS);
static NTSTATUS(NTAPI *set_object)(HANDLE, ULONG, PVOID, ULONG, PULONG);
static NTSTATUS(NTAPI *query)(HANDLE, ULONG, PVOID, ULONG, PULONG);
static NTSTATUS(NTAPI *set_process)(HANDLE, ULONG, PVOID, ULONG);

static PROCESS_INFORMATION start(const char *what, DWORD flags)
{
    char line[MAX_PATH + 32], path[MAX_PATH];
    STARTUPINFOA info = {.cb = sizeof info};
    PROCESS_INFORMATION process = {0};

    GetModuleFileNameA(NULL, path, sizeof path);
    sprintf(line, "\"%s\" %s", path, what);
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
}

static void asked(HANDLE process)
{
    ULONG_PTR port = 9;
    ULONG flags = 9;
    HANDLE object = NULL;
    NTSTATUS status;

    query(process, 7, &port, sizeof port, NULL);
    query(process, 31, &flags, sizeof flags, NULL);
    status = query(process, 30, &object, sizeof object, NULL);
    printf("port %d flags %lu object %lx %d\n", (int)port, flags, status, object != NULL);
    if (object)
        CloseHandle(object);
}

int main(int argc, char **argv)
{
    HMODULE ntdll = GetModuleHandleA("ntdll");
    HANDLE object, second;
    PROCESS_INFORMATION process, other;
    state_change change;
    LARGE_INTEGER now = {.QuadPart = 0};
    ULONG value;
    int exits = 0, processes = 0;

    if (argc > 1 && !strcmp(argv[1], "spin"))
        Sleep(INFINITE);
    if (argc > 1 && !strcmp(argv[1], "leaf"))
        return 17;
    if (argc > 1 && !strcmp(argv[1], "parent")) {
        process = start("leaf", 0);
        WaitForSingleObject(process.hProcess, INFINITE);
        GetExitCodeProcess(process.hProcess, &value);
        return value + 1;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    *(FARPROC *)&create_object = GetProcAddress(ntdll, "NtCreateDebugObject");
    *(FARPROC *)&attach = GetProcAddress(ntdll, "NtDebugActiveProcess");
    *(FARPROC *)&detach = GetProcAddress(ntdll, "NtRemoveProcessDebug");
    *(FARPROC *)&wait_event = GetProcAddress(ntdll, "NtWaitForDebugEvent");
    *(FARPROC *)&proceed = GetProcAddress(ntdll, "NtDebugContinue");
    *(FARPROC *)&set_object = GetProcAddress(ntdll, "NtSetInformationDebugObject");
    *(FARPROC *)&query = GetProcAddress(ntdll, "NtQueryInformationProcess");
    *(FARPROC *)&set_process = GetProcAddress(ntdll, "NtSetInformationProcess");

    printf("create %lx", create_object(&object, 0x1F000F, NULL, 1));
    printf(" bad flags %lx\n", create_object(&second, 0x1F000F, NULL, 2));
    create_object(&second, 0x1F000F, NULL, 0);
    printf("self %lx\n", attach(GetCurrentProcess(), object));
    printf("empty %lx, signalled %d\n", wait_event(object, FALSE, &now, &change),
           WaitForSingleObject(object, 0) == WAIT_OBJECT_0);

    process = start("leaf", CREATE_SUSPENDED);
    asked(process.hProcess);
    printf("attach %lx", attach(process.hProcess, object));
    printf(" again %lx other's %lx\n", attach(process.hProcess, object), detach(process.hProcess, second));
    asked(process.hProcess);
    value = 0;
    printf("do not inherit %lx\n", set_process(process.hProcess, 31, &value, sizeof value));
    asked(process.hProcess);
    ResumeThread(process.hThread);
    wait_event(object, FALSE, NULL, &change);
    printf("state %lu ours %d handles %d %d base %d\n", change.state,
           change.pid == process.dwProcessId && change.tid == process.dwThreadId, change.create.process != NULL,
           change.create.thread != NULL, change.create.base == GetModuleHandle(NULL));
    printf("only one at a time %lx\n", wait_event(object, FALSE, &now, &change));
    printf("bad status %lx\n", proceed(object, &change.pid, 0x1234));
    printf("later %lx", proceed(object, &change.pid, 0x40010001));
    printf(" %lx", wait_event(object, FALSE, NULL, &change));
    printf(" state %lu\n", change.state);
    printf("continue %lx", proceed(object, &change.pid, DBG_CONTINUE));
    printf(" twice %lx\n", proceed(object, &change.pid, DBG_CONTINUE));
    wait_event(object, FALSE, NULL, &change);
    printf("state %lu ntdll %d\n", change.state, change.load.base == ntdll);
    while (change.state != 5) {
        proceed(object, &change.pid, DBG_CONTINUE);
        wait_event(object, FALSE, NULL, &change);
        if (change.state == 7)
            printf("breakpoint %lx first %lu\n", change.exception.record.ExceptionCode, change.exception.first);
    }
    printf("exit %ld\n", change.status);
    proceed(object, &change.pid, DBG_CONTINUE);
    finish(process);

    printf("-- children are debugged too\n");
    process = start("parent", CREATE_SUSPENDED);
    attach(process.hProcess, object);
    ResumeThread(process.hThread);
    while (exits < 2) {
        wait_event(object, FALSE, NULL, &change);
        if (change.state == 3)
            printf("process %d, ours %d\n", ++processes, change.pid == process.dwProcessId);
        if (change.state == 5)
            printf("exit %ld, ours %d\n", change.status, change.pid == process.dwProcessId), exits++;
        proceed(object, &change.pid, DBG_CONTINUE);
    }
    finish(process);

    printf("-- the end of a debug object\n");
    process = start("spin", CREATE_SUSPENDED);
    attach(process.hProcess, object);
    ResumeThread(process.hThread);
    wait_event(object, FALSE, NULL, &change);
    other = start("leaf", CREATE_SUSPENDED);
    attach(other.hProcess, second);
    ResumeThread(other.hThread);
    wait_event(second, FALSE, NULL, &change);
    printf("state %lu\n", change.state);
    value = 0;
    printf("let live %lx\n", set_object(second, 1, &value, sizeof value, NULL));
    CloseHandle(object);
    CloseHandle(second);
    finish(process);
    finish(other);

    printf("-- terminated by an answer\n");
    create_object(&object, 0x1F000F, NULL, 1);
    process = start("spin", CREATE_SUSPENDED);
    attach(process.hProcess, object);
    ResumeThread(process.hThread);
    wait_event(object, FALSE, NULL, &change);
    printf("continue %lx\n", proceed(object, &change.pid, 0x40010004));
    while (change.state != 5) {
        wait_event(object, FALSE, NULL, &change);
        proceed(object, &change.pid, DBG_CONTINUE);
    }
    finish(process);
    return 0;
}
