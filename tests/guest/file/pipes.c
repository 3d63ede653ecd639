/* Anonymous and named pipes, synchronous and overlapped. */
#include "common.h"
#define NAME "\\\\.\\pipe\\winfs-test"

static DWORD WINAPI write_late(void *pipe)
{
    DWORD done;
    Sleep(50);
    WriteFile(pipe, "late", 4, &done, NULL);
    Sleep(50);
    CloseHandle(pipe);
    return 0;
}

static void anonymous(void)
{
    puts("-- anonymous");
    HANDLE reader, writer;
    char text[64] = {0};
    DWORD done = 0, available = 0;
    SHOW(CreatePipe(&reader, &writer, NULL, 0)); SHOW(GetFileType(reader));
    SHOW(WriteFile(writer, "hello", 5, &done, NULL)); SHOW(done);
    SHOW(PeekNamedPipe(reader, text, 3, &done, &available, NULL)); SHOW(done); SHOW(available); puts(text);
    SHOW(ReadFile(reader, text, sizeof text, &done, NULL)); SHOW(done); puts(text);
    TRY(ReadFile(writer, text, 1, &done, NULL)); TRY(WriteFile(reader, text, 1, &done, NULL));
    /* A position means nothing to a pipe, but it can be set; Wine refuses. */
    LARGE_INTEGER where = {.QuadPart = 3}, result;
    SHOW(SetFilePointerEx(reader, where, &result, FILE_BEGIN)); SHOW(result.QuadPart); SHOW(SetFilePointer(writer, 0, NULL, FILE_END));
    HANDLE thread = CreateThread(NULL, 0, write_late, writer, 0, NULL);
    SHOW(ReadFile(reader, text, sizeof text, &done, NULL)); SHOW(done);
    TRY(ReadFile(reader, text, sizeof text, &done, NULL)); SHOW(done);
    TRY(PeekNamedPipe(reader, NULL, 0, NULL, &available, NULL));
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(reader);
    CreatePipe(&reader, &writer, NULL, 0);
    CloseHandle(reader);
    TRY(WriteFile(writer, "x", 1, &done, NULL));
    CloseHandle(writer);
}

static HANDLE server(DWORD mode, DWORD type, DWORD instances)
{
    return CreateNamedPipeA(NAME, mode, type, instances, 4096, 4096, 100, NULL);
}

static void named(void)
{
    puts("-- named");
    char text[64] = {0};
    DWORD done, value;
    TRY(keep(open_file(NAME, GENERIC_READ, 0, OPEN_EXISTING))); TRY(WaitNamedPipeA(NAME, 10));
    TRY(CreateNamedPipeA("C:\\nopipe", 3, 0, 1, 0, 0, 0, NULL)); TRY(server(3, PIPE_READMODE_MESSAGE, 1));
    HANDLE pipe = server(PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1);
    SHOW(pipe != INVALID_HANDLE_VALUE); TRY(server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE, 1));
    OVERLAPPED connect = {0}, reading = {0};
    connect.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    reading.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    TRY(ConnectNamedPipe(pipe, &connect)); SHOW(WaitForSingleObject(connect.hEvent, 0));
    TRY(GetOverlappedResult(pipe, &connect, &done, FALSE));
    HANDLE client = open_file(NAME, GENERIC_READ | GENERIC_WRITE, 0, OPEN_EXISTING);
    SHOW(client != INVALID_HANDLE_VALUE); SHOW(WaitForSingleObject(connect.hEvent, INFINITE));
    SHOW(GetOverlappedResult(pipe, &connect, &done, FALSE));
    TRY(keep(open_file(NAME, GENERIC_READ, 0, OPEN_EXISTING))); TRY(WaitNamedPipeA(NAME, 50));
    TRY(ConnectNamedPipe(pipe, &connect));
    TRY(ReadFile(pipe, text, 4, &done, &reading)); SHOW(reading.Internal == STATUS_PENDING);
    SHOW(WriteFile(client, "message", 7, &done, NULL)); SHOW(WaitForSingleObject(reading.hEvent, INFINITE));
    TRY(GetOverlappedResult(pipe, &reading, &done, TRUE)); SHOW(done);
    SHOW(ReadFile(pipe, text + 4, 60, &done, &reading)); SHOW(GetOverlappedResult(pipe, &reading, &done, TRUE)); SHOW(done);
    puts(text);
    SHOW(GetNamedPipeInfo(pipe, &value, NULL, NULL, &done)); SHOW(value); SHOW(done);
    SHOW(GetNamedPipeHandleStateA(client, &value, &done, NULL, NULL, NULL, 0)); SHOW(value); SHOW(done);
    value = PIPE_READMODE_MESSAGE;
    SHOW(SetNamedPipeHandleState(client, &value, NULL, NULL));
    SHOW(WriteFile(pipe, "one", 3, &done, &reading)); SHOW(WriteFile(pipe, "two", 3, &done, &reading));
    memset(text, 0, sizeof text);
    SHOW(ReadFile(client, text, 64, &done, NULL)); puts(text);
    TRY(ReadFile(client, text, 1, &done, NULL)); SHOW(done); SHOW(ReadFile(client, text + 1, 60, &done, NULL)); puts(text);
    SHOW(GetNamedPipeClientProcessId(pipe, &value)); SHOW(value == GetCurrentProcessId());
    ReadFile(pipe, text, 4, &done, &reading);
    SHOW(CancelIo(pipe)); TRY(GetOverlappedResult(pipe, &reading, &done, TRUE)); TRY(CancelIoEx(pipe, &reading));
    ReadFile(pipe, text, 4, &done, &reading);
    CloseHandle(client);
    TRY(GetOverlappedResult(pipe, &reading, &done, TRUE)); TRY(WriteFile(pipe, "x", 1, &done, &reading));
    TRY(ConnectNamedPipe(pipe, &connect)); SHOW(DisconnectNamedPipe(pipe));
    TRY(ReadFile(pipe, text, 4, &done, &reading)); TRY(DisconnectNamedPipe(pipe)); TRY(ConnectNamedPipe(pipe, &connect));
    CloseHandle(pipe);
    TRY(keep(open_file(NAME, GENERIC_READ, 0, OPEN_EXISTING)));
}

static DWORD WINAPI answer(void *pipe)
{
    char text[64];
    DWORD done;
    ConnectNamedPipe(pipe, NULL);
    ReadFile(pipe, text, sizeof text, &done, NULL);
    for (DWORD i = 0; i < done; ++i) text[i] ^= 0x20;
    WriteFile(pipe, text, done, &done, NULL);
    FlushFileBuffers(pipe);
    return 0;
}

static void transactions(void)
{
    puts("-- transactions");
    char text[64] = {0};
    DWORD done;
    HANDLE pipe = server(PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 2);
    HANDLE thread = CreateThread(NULL, 0, answer, pipe, 0, NULL);
    SHOW(CallNamedPipeA(NAME, "shout", 5, text, sizeof text, &done, NMPWAIT_USE_DEFAULT_WAIT)); SHOW(done); puts(text);
    SHOW(WaitForSingleObject(thread, INFINITE));
    CloseHandle(pipe);
}

static DWORD WINAPI fill(void *pipe)
{
    static char block[10000];
    DWORD done = 0;
    BOOL ok = WriteFile(pipe, block, sizeof block, &done, NULL);
    CloseHandle(pipe);
    return ok ? done : 0;
}

static void room(void)
{
    puts("-- room");
    HANDLE reader, writer;
    static char text[20000];
    DWORD done, total = 0, code;
    CreatePipe(&reader, &writer, NULL, 100);
    HANDLE thread = CreateThread(NULL, 0, fill, writer, 0, NULL);
    SHOW(WaitForSingleObject(thread, 50));
    while (ReadFile(reader, text, 3000, &done, NULL)) total += done;
    SHOW(total); SHOW(GetLastError()); SHOW(WaitForSingleObject(thread, INFINITE));
    GetExitCodeThread(thread, &code); SHOW(code);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    anonymous();
    named();
    transactions();
    room();
    return 0;
}
