/* What a program tells Windows about itself is kept, and read back; limits are enforced. */
#include <windows.h>
#include <stdio.h>

static DWORD WINAPI recover(PVOID parameter) { return 0; }

static void restart(void)
{
    WCHAR line[64] = L"";
    DWORD size = 64, flags = 9;
    printf("none: %lx\n", GetApplicationRestartSettings(GetCurrentProcess(), line, &size, &flags));
    printf("bad flags: %lx\n", RegisterApplicationRestart(L"/x", 0x100));
    printf("register: %lx\n", RegisterApplicationRestart(L"/restart 7", RESTART_NO_CRASH | RESTART_NO_REBOOT));
    size = 3;
    printf("short: %lx %lu\n", GetApplicationRestartSettings(GetCurrentProcess(), line, &size, &flags), size);
    size = 64;
    printf("get: %lx", GetApplicationRestartSettings(GetCurrentProcess(), line, &size, &flags));
    printf(" %ls %lu %lu\n", line, size, flags);
    printf("unregister: %lx\n", UnregisterApplicationRestart());
    printf("none: %lx\n", GetApplicationRestartSettings(GetCurrentProcess(), line, &size, &flags));
}

static void recovery(void)
{
    APPLICATION_RECOVERY_CALLBACK callback = NULL;
    PVOID parameter = NULL;
    DWORD interval = 0, flags = 9;
    printf("none: %lx\n", GetApplicationRecoveryCallback(GetCurrentProcess(), &callback, &parameter, &interval, &flags));
    printf("bad interval: %lx\n", RegisterApplicationRecoveryCallback(recover, &flags, 300001, 0));
    printf("register: %lx\n", RegisterApplicationRecoveryCallback(recover, &flags, 0, 0));
    printf("get: %lx", GetApplicationRecoveryCallback(GetCurrentProcess(), &callback, &parameter, &interval, &flags));
    printf(" %d %d %lu %lu\n", callback == recover, parameter == &flags, interval, flags);
    printf("unregister: %lx\n", UnregisterApplicationRecoveryCallback());
    printf("none: %lx\n", GetApplicationRecoveryCallback(GetCurrentProcess(), &callback, &parameter, &interval, &flags));
}

static void affinity(void)
{
    DWORD_PTR process, system, previous;
    GROUP_AFFINITY group;
    GetProcessAffinityMask(GetCurrentProcess(), &process, &system);
    printf("all at first: %d\n", process == system);
    previous = SetThreadAffinityMask(GetCurrentThread(), 1);
    printf("thread: %d\n", previous == process);
    printf("kept: %lld\n", SetThreadAffinityMask(GetCurrentThread(), 1));
    printf("on: %lu\n", GetCurrentProcessorNumber());
    printf("none: %lld %lu\n", SetThreadAffinityMask(GetCurrentThread(), 0), GetLastError());
    printf("process: %d\n", SetProcessAffinityMask(GetCurrentProcess(), 1));
    GetProcessAffinityMask(GetCurrentProcess(), &process, &system);
    printf("kept: %lld\n", process);
    GetThreadGroupAffinity(GetCurrentThread(), &group);
    printf("group: %lld\n", group.Mask);
    SetLastError(0);
    printf("beyond: %d %lu\n", SetProcessAffinityMask(GetCurrentProcess(), system + 1), GetLastError());
    SetLastError(0);
    printf("not the process's: %lld %lu\n", SetThreadAffinityMask(GetCurrentThread(), system + 1), GetLastError());
}

static void locking(void)
{
    SIZE_T minimum, maximum;
    char *pages = VirtualAlloc(NULL, 100 * 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    GetProcessWorkingSetSize(GetCurrentProcess(), &minimum, &maximum);
    printf("default: %llu %llu\n", minimum / 4096, maximum / 4096);
    printf("too much: %d %lu\n", VirtualLock(pages, 100 * 4096), GetLastError());
    printf("raised: %d\n", SetProcessWorkingSetSize(GetCurrentProcess(), 200 * 4096, 500 * 4096));
    printf("enough: %d\n", VirtualLock(pages, 100 * 4096));
    printf("again: %d\n", VirtualLock(pages, 4096));
    printf("unlock: %d\n", VirtualUnlock(pages, 100 * 4096));
}

static void search_mode(void)
{
    printf("bad: %d %lu\n", SetSearchPathMode(3), GetLastError());
    printf("safe: %d\n", SetSearchPathMode(BASE_SEARCH_PATH_ENABLE_SAFE_SEARCHMODE));
    printf("unsafe: %d\n", SetSearchPathMode(BASE_SEARCH_PATH_DISABLE_SAFE_SEARCHMODE));
    printf("for good: %d\n", SetSearchPathMode(BASE_SEARCH_PATH_ENABLE_SAFE_SEARCHMODE | BASE_SEARCH_PATH_PERMANENT));
    printf("unsafe: %d %lu\n", SetSearchPathMode(BASE_SEARCH_PATH_DISABLE_SAFE_SEARCHMODE), GetLastError());
}

int main(void)
{
    restart();
    recovery();
    affinity();
    locking();
    search_mode();
    return 0;
}
