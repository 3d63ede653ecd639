/* Wild pointers and lengths: every call fails or raises, and the program goes on. */
#include "common.h"
#include <setjmp.h>
#include <winternl.h>

static jmp_buf back;
static volatile LONG raised, failed, passed;
static LONG CALLBACK caught(EXCEPTION_POINTERS *info)
{
    if (info->ExceptionRecord->ExceptionCode == EXCEPTION_ACCESS_VIOLATION) {
        InterlockedIncrement(&raised);
        longjmp(back, 1);
    }
    return EXCEPTION_CONTINUE_SEARCH;
}
#define WILD(call)                      \
    do {                                \
        if (!setjmp(back)) {            \
            if ((long long)(call) > 0)  \
                ++passed;               \
            else                        \
                ++failed;               \
        }                               \
    } while (0)

int main(void)
{
    static const ULONG_PTR wild[] = {1, 0x1234, 0x7FFFFFFEFFFF, 0x800000000000, 0xFFFF800000000000, 0xFFFFFFFFFFFFFFF0};
    DWORD n;
    AddVectoredExceptionHandler(1, caught);
    put("f", "data");
    HANDLE file = open_file("f", GENERIC_READ | GENERIC_WRITE, 7, OPEN_EXISTING), reader, writer;
    CreatePipe(&reader, &writer, NULL, 0);
    for (size_t i = 0; i < sizeof wild / sizeof *wild; ++i) {
        void *p = (void *)wild[i];
        WILD(CreateFileW(p, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL));
        WILD(CreateFileA("f", GENERIC_READ, 7, p, OPEN_EXISTING, 0, NULL));
        WILD(ReadFile(file, p, 4, &n, NULL)); WILD(ReadFile(file, p, 0xFFFFFFFF, &n, NULL)); WILD(ReadFile(file, &n, 4, p, NULL));
        WILD(ReadFile(file, &n, 4, NULL, p)); WILD(WriteFile(file, p, 4, &n, NULL)); WILD(WriteFile(writer, p, 0xFFFFFFFF, &n, NULL));
        WILD(WriteFile(file, "x", 1, &n, p)); WILD(GetFileSizeEx(file, p)); WILD(SetFilePointerEx(file, (LARGE_INTEGER){0}, p, 0));
        WILD(GetFileInformationByHandle(file, p)); WILD(GetFileInformationByHandleEx(file, FileBasicInfo, p, 40));
        WILD(SetFileInformationByHandle(file, FileBasicInfo, p, 40)); WILD(SetFileInformationByHandle(file, FileRenameInfo, p, 0xFFFFFFFF));
        WILD(FindFirstFileW(L"*", p)); WILD(FindFirstFileW(p, p)); WILD(FindNextFileW(p, p)); WILD(GetFullPathNameW(p, 10, NULL, NULL));
        WILD(GetFullPathNameW(L"x", 0xFFFFFFFF, p, NULL)); WILD(GetCurrentDirectoryW(0xFFFFFFFF, p)); WILD(GetTempPathW(500, p));
        WILD(GetVolumeInformationW(L"C:\\", p, 100, p, p, p, p, 100)); WILD(GetDiskFreeSpaceExW(L"C:\\", p, p, p));
        WILD(DeviceIoControl(file, 0x900A8, p, 100, p, 100, &n, NULL)); WILD(DeviceIoControl(file, 0xFFFFFFFF, p, 0xFFFFFFFF, p, 0, &n, NULL));
        WILD(CreatePipe(p, p, NULL, 0)); WILD(PeekNamedPipe(reader, p, 10, &n, NULL, NULL)); WILD(LockFileEx(file, 1, 0, 1, 0, p));
        WILD(GetOverlappedResult(file, p, &n, FALSE)); WILD(CopyFileW(p, L"g", FALSE)); WILD(MoveFileW(L"f", p)); WILD(DeleteFileW(p));
        WILD(WriteConsoleW(file, p, 10, &n, NULL)); WILD(GetConsoleMode(p, &n)); WILD(ReadDirectoryChangesW(file, p, 10, 0, 1, p, p, p));
        WILD(SearchPathW(p, p, p, 10, p, p)); WILD(CreateNamedPipeW(p, 3, 0, 1, 0, 0, 0, p)); WILD(GetFileAttributesExW(L"f", 0, p));
        WILD(SetCurrentDirectoryW(p)); WILD(CreateDirectoryW(p, p)); WILD(CloseHandle(p)); WILD(GetFileType(p));
        WILD(NtCreateFile(p, GENERIC_READ, p, p, p, 0, 0, 1, 0, p, 0) == 0); WILD(NtClose(p) == 0);
    }
    SHOW(raised > 0); SHOW(failed > 0);
    CloseHandle(file);
    show_file("f");
    return 0;
}
