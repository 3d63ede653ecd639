// A DLL whose DllMain or TLS callback raises: handled inside, or let through to the loader.
#include <windows.h>
#include <stdio.h>

static void say(const char *text)
{
    DWORD n;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, lstrlenA(text), &n, NULL);
}

__attribute__((noinline, optnone)) static void store(volatile int *p) { *p = 1; }

static void NTAPI callback(PVOID instance, DWORD reason, PVOID reserved)
{
    if (reason != DLL_PROCESS_ATTACH) return;
    __try { store((int *)8); } __except (1) { say("handled in a TLS callback\n"); }
}

__attribute__((section(".CRT$XLC"), used)) static PIMAGE_TLS_CALLBACK callbacks = callback;

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    char how[16] = "";
    if (reason == DLL_PROCESS_DETACH) say("detached\n");
    if (reason != DLL_PROCESS_ATTACH) return TRUE;
    __try { RaiseException(0xE0000001, 0, 0, NULL); } __except (1) { say("handled in DllMain\n"); }
    GetEnvironmentVariableA("HOW", how, sizeof how);
    if (!lstrcmpA(how, "fault")) store((int *)16);
    if (!lstrcmpA(how, "refuse")) return FALSE;
    say("attached\n");
    return TRUE;
}
