/* Overlapped disk files, completion routines, completion ports, byte-range locks, change notification. */
#include "common.h"

static DWORD routine_error, routine_bytes, routine_calls;
static void CALLBACK routine(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    routine_error = error; routine_bytes = bytes; ++routine_calls;
}

static void files(void)
{
    puts("-- overlapped files");
    char text[32] = {0};
    DWORD done = 0;
    OVERLAPPED at = {0};
    put("f", "0123456789");
    HANDLE file = CreateFileA("f", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    TRY(ReadFile(file, text, 4, &done, NULL));
    at.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL); at.Offset = 6;
    BOOL ok = ReadFile(file, text, 20, NULL, &at);
    SHOW(ok || GetLastError() == ERROR_IO_PENDING); SHOW(GetOverlappedResult(file, &at, &done, TRUE)); SHOW(done); puts(text);
    SHOW(WaitForSingleObject(at.hEvent, 0)); SHOW(at.Internal); SHOW(at.InternalHigh);
    at.Offset = 50;
    ok = ReadFile(file, text, 20, NULL, &at);
    SHOW(!ok);
    if (GetLastError() == ERROR_IO_PENDING) GetOverlappedResult(file, &at, &done, TRUE);
    SHOW(GetLastError());
    at.Offset = at.OffsetHigh = 0xFFFFFFFF;
    ok = WriteFile(file, "end", 3, NULL, &at); SHOW(ok || GetLastError() == ERROR_IO_PENDING);
    SHOW(GetOverlappedResult(file, &at, &done, TRUE)); SHOW(GetFileSize(file, NULL));
    memset(&at, 0, sizeof at);
    SHOW(ReadFileEx(file, text, 5, &at, routine)); SHOW(routine_calls); SHOW(SleepEx(INFINITE, TRUE)); SHOW(routine_calls);
    SHOW(routine_error); SHOW(routine_bytes); SHOW(WriteFileEx(file, "ab", 2, &at, routine)); SHOW(SleepEx(INFINITE, TRUE));
    SHOW(routine_bytes);
    CloseHandle(file); show_file("f");
}

static void ports(void)
{
    puts("-- completion port");
    char text[32] = {0};
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED at = {0}, *which = NULL;
    HANDLE file = CreateFileA("f", GENERIC_READ, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    HANDLE port = CreateIoCompletionPort(file, NULL, 42, 0);
    SHOW(port != NULL);
    BOOL ok = ReadFile(file, text, 5, NULL, &at); SHOW(ok || GetLastError() == ERROR_IO_PENDING);
    SHOW(GetQueuedCompletionStatus(port, &bytes, &key, &which, INFINITE)); SHOW(bytes); SHOW(key); SHOW(which == &at);
    TRY(GetQueuedCompletionStatus(port, &bytes, &key, &which, 10)); SHOW(which == NULL);
    HANDLE pipe = CreateNamedPipeA("\\\\.\\pipe\\winfs-port", PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, 0, 1, 0, 0, 0, NULL);
    SHOW(CreateIoCompletionPort(pipe, port, 7, 0) == port);
    OVERLAPPED connect = {0};
    ConnectNamedPipe(pipe, &connect);
    HANDLE client = open_file("\\\\.\\pipe\\winfs-port", GENERIC_READ | GENERIC_WRITE, 0, OPEN_EXISTING);
    SHOW(GetQueuedCompletionStatus(port, &bytes, &key, &which, INFINITE)); SHOW(key); SHOW(which == &connect);
    ReadFile(pipe, text, 32, NULL, &at);
    CloseHandle(client);
    TRY(GetQueuedCompletionStatus(port, &bytes, &key, &which, INFINITE)); SHOW(which == &at); SHOW(bytes);
    CloseHandle(pipe); CloseHandle(file); CloseHandle(port);
}

static HANDLE waits;

static DWORD WINAPI take_lock(void *file)
{
    OVERLAPPED at = {0};
    at.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    DWORD done;
    if (!LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 10, 0, &at)) {
        if (GetLastError() != ERROR_IO_PENDING) return 1;
        SetEvent(waits);
        if (!GetOverlappedResult(file, &at, &done, TRUE)) return 2;
        return 7;
    }
    return 8;
}

static void locks(void)
{
    puts("-- locks");
    char text[32];
    DWORD done, code;
    put("l", "0123456789");
    HANDLE first = open_file("l", GENERIC_READ | GENERIC_WRITE, 7, OPEN_EXISTING);
    HANDLE second = CreateFileA("l", GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    HANDLE third = open_file("l", GENERIC_READ | GENERIC_WRITE, 7, OPEN_EXISTING);
    SHOW(LockFile(first, 2, 0, 3, 0)); TRY(LockFile(third, 4, 0, 1, 0)); SHOW(LockFile(third, 5, 0, 1, 0));
    TRY(ReadFile(third, text, 5, &done, NULL)); SHOW(ReadFile(third, text, 2, &done, NULL)); SHOW(done);
    SetFilePointer(third, 2, NULL, FILE_BEGIN); TRY(WriteFile(third, "x", 1, &done, NULL));
    SHOW(ReadFile(first, text, 5, &done, NULL)); SHOW(done); TRY(UnlockFile(third, 2, 0, 3, 0)); TRY(UnlockFile(first, 2, 0, 2, 0));
    SHOW(UnlockFile(third, 5, 0, 1, 0));
    waits = CreateEventA(NULL, FALSE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, take_lock, second, 0, NULL);
    WaitForSingleObject(waits, INFINITE);
    SHOW(WaitForSingleObject(thread, 50)); SHOW(UnlockFile(first, 2, 0, 3, 0)); SHOW(WaitForSingleObject(thread, INFINITE));
    GetExitCodeThread(thread, &code); SHOW(code);
    OVERLAPPED at = {0};
    TRY(LockFileEx(first, LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at));
    CloseHandle(second);
    SHOW(LockFileEx(first, LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)); SHOW(LockFileEx(third, LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at));
    CloseHandle(first); CloseHandle(third);
}

static void changes(void)
{
    puts("-- changes");
    static DWORD buffer[256];
    DWORD done;
    OVERLAPPED at = {0};
    CreateDirectoryA("watched", NULL); CreateDirectoryA("watched\\sub", NULL);
    HANDLE directory = CreateFileA("watched", FILE_LIST_DIRECTORY, 7, NULL, OPEN_EXISTING,
                                   FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    at.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    SHOW(ReadDirectoryChangesW(directory, buffer, sizeof buffer, FALSE, FILE_NOTIFY_CHANGE_FILE_NAME, NULL, &at, NULL));
    SHOW(WaitForSingleObject(at.hEvent, 20)); put("outside", "x"); put("watched\\sub\\deep", "x");
    SHOW(WaitForSingleObject(at.hEvent, 50)); put("watched\\new", "x"); SHOW(WaitForSingleObject(at.hEvent, INFINITE));
    SHOW(GetOverlappedResult(directory, &at, &done, FALSE));
    FILE_NOTIFY_INFORMATION *info = (void *)buffer;
    SHOW(info->Action); printf("%.*ls\n", (int)(info->FileNameLength / 2), info->FileName);
    SHOW(ReadDirectoryChangesW(directory, buffer, sizeof buffer, FALSE, FILE_NOTIFY_CHANGE_FILE_NAME, NULL, &at, NULL));
    DeleteFileA("watched\\new"); SHOW(WaitForSingleObject(at.hEvent, INFINITE)); SHOW(info->Action);
    SHOW(ReadDirectoryChangesW(directory, buffer, sizeof buffer, FALSE, FILE_NOTIFY_CHANGE_FILE_NAME, NULL, &at, NULL));
    SHOW(CancelIoEx(directory, &at)); TRY(GetOverlappedResult(directory, &at, &done, TRUE));
    CloseHandle(directory);
    HANDLE change = FindFirstChangeNotificationA("watched", TRUE, FILE_NOTIFY_CHANGE_FILE_NAME);
    SHOW(WaitForSingleObject(change, 20)); put("watched\\sub\\more", "x"); SHOW(WaitForSingleObject(change, INFINITE));
    SHOW(FindNextChangeNotification(change)); SHOW(FindCloseChangeNotification(change));
}

int main(void)
{
    files();
    ports();
    locks();
    changes();
    return 0;
}
