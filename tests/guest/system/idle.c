/* WaitForInputIdle: of a program with a message queue (this one, marked as one for windows), and of one for the console. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

static void copy_for_windows(const WCHAR *target)
{
    WCHAR path[MAX_PATH];
    FILE *file;
    GetModuleFileNameW(NULL, path, MAX_PATH);
    file = _wfopen(path, L"rb");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    char *data = malloc(size);
    rewind(file);
    fread(data, 1, size, file);
    fclose(file);
    *(WORD *)(data + *(DWORD *)(data + 0x3C) + 0x5C) = IMAGE_SUBSYSTEM_WINDOWS_GUI;
    file = _wfopen(target, L"wb");
    fwrite(data, 1, size, file);
    fclose(file);
}

int main(int argc, char **argv)
{
    STARTUPINFOW startup = {sizeof startup};
    PROCESS_INFORMATION child;
    WCHAR line[] = L"C:\\idle.exe wait";
    MSG message;
    if (argc > 1) {
        while (GetMessageW(&message, NULL, 0, 0) > 0) DispatchMessageW(&message);
        return 0;
    }
    copy_for_windows(L"C:\\idle.exe");
    printf("itself: %lx\n", WaitForInputIdle(GetCurrentProcess(), 0));
    if (!CreateProcessW(NULL, line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &startup, &child)) return 1;
    printf("before it runs: %lx\n", WaitForInputIdle(child.hProcess, 0));
    ResumeThread(child.hThread);
    printf("idle: %lx\n", WaitForInputIdle(child.hProcess, INFINITE));
    printf("again: %lx\n", WaitForInputIdle(child.hProcess, 0));
    TerminateProcess(child.hProcess, 0);
    WaitForSingleObject(child.hProcess, INFINITE);
    printf("ended: %lx\n", WaitForInputIdle(child.hProcess, INFINITE));
    SetLastError(0);
    printf("nothing: %lx %lu\n", WaitForInputIdle((HANDLE)0x1234560, 0), GetLastError());
    DeleteFileW(L"C:\\idle.exe");
    return 0;
}
