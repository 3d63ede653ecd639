// Loads a DLL that raises while it attaches: the loader turns a fault into a failed load, and goes on.
#include <windows.h>
#include <stdio.h>

int main(void)
{
    static const char *const ways[] = {"", "fault", "refuse", ""};
    for (int i = 0; i < 4; i++) {
        SetEnvironmentVariableA("HOW", ways[i]);
        HMODULE module = LoadLibraryA("faulting.dll");
        DWORD error = GetLastError();
        printf("%s: %s", ways[i], module ? "loaded\n" : "");
        if (!module) printf("error %lu, there: %d\n", error, GetModuleHandleA("faulting.dll") != NULL);
        fflush(stdout);
        if (module) FreeLibrary(module);
    }
    __try { RaiseException(0xE0000002, 0, 0, NULL); } __except (1) { puts("exceptions still work"); }
}
