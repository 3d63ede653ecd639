
#include <windows.h>
#include <stdio.h>
#include <string.h>
#define SHOW(expression) printf("%s: %lld\n", #expression, (long long)(expression))
/* The result of a BOOL or handle call, and the error when it failed. */
#define TRY(expression)                                                                    \
    do {                                                                                   \
        SetLastError(0xDEAD);                                                              \
        long long result_ = (long long)(expression);                                       \
        if (result_ == 0 || result_ == -1 || result_ == 0xFFFFFFFF)                        \
            printf("%s: failed %lu\n", #expression, GetLastError());                       \
        else                                                                               \
            printf("%s: ok\n", #expression);                                               \
    } while (0)
static HANDLE keep(HANDLE handle)
{
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    return handle;
}
static HANDLE open_file(const char *name, DWORD access, DWORD share, DWORD creation)
{
    return CreateFileA(name, access, share, NULL, creation, FILE_ATTRIBUTE_NORMAL, NULL);
}
static void put(const char *name, const char *text)
{
    DWORD done;
    HANDLE file = open_file(name, GENERIC_WRITE, 0, CREATE_ALWAYS);
    WriteFile(file, text, (DWORD)strlen(text), &done, NULL);
    CloseHandle(file);
}
static void show_file(const char *name)
{
    char text[256];
    DWORD done = 0;
    HANDLE file = open_file(name, GENERIC_READ, 7, OPEN_EXISTING);
    if (file == INVALID_HANDLE_VALUE) {
        printf("%s: error %lu\n", name, GetLastError());
        return;
    }
    ReadFile(file, text, sizeof text - 1, &done, NULL);
    text[done] = 0;
    printf("%s: [%s]\n", name, text);
    CloseHandle(file);
}
