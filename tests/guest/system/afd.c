/* Polling sockets through \Device\Afd and a completion port, as event loops do. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <winternl.h>
#include <stdint.h>
#include <stdio.h>

#define SHOW(expression) printf("%s: %llx\n", #expression, (unsigned long long)(expression))
#define IOCTL_AFD_POLL 0x12024

typedef struct { LARGE_INTEGER timeout; ULONG count, exclusive; struct { HANDLE handle; ULONG events; NTSTATUS status; } on; } Poll;

NTSTATUS NTAPI NtCancelIoFileEx(HANDLE, PIO_STATUS_BLOCK, PIO_STATUS_BLOCK);

static HANDLE afd, port;
static ULONG exclusive;

static ULONG ask(Poll *poll, IO_STATUS_BLOCK *block, SOCKET s, ULONG events, LONGLONG timeout)
{
    memset(poll, 0, sizeof *poll);
    poll->timeout.QuadPart = timeout;
    poll->count = 1;
    poll->exclusive = exclusive;
    poll->on.handle = (HANDLE)s;
    poll->on.events = events;
    return NtDeviceIoControlFile(afd, NULL, NULL, block, block, IOCTL_AFD_POLL, poll, sizeof *poll, poll, sizeof *poll);
}

static void take(const char *what, Poll *poll, IO_STATUS_BLOCK *expected)
{
    OVERLAPPED *done = NULL;
    DWORD bytes = 0;
    ULONG_PTR key;
    BOOL fine = GetQueuedCompletionStatus(port, &bytes, &key, &done, 5000);
    printf("%s: %d %d %lx, %lu ready: %lx\n", what, fine, (void *)done == (void *)expected, (long)expected->Status, poll->count,
           poll->count ? poll->on.events : 0);
}

int main(void)
{
    WSADATA start;
    WCHAR text[] = L"\\Device\\Afd\\Test";
    UNICODE_STRING name = {sizeof text - 2, sizeof text, text};
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK block, other;
    Poll poll, second;
    SOCKADDR_IN at = {0};
    int size = sizeof at;
    char data[10];
    WSAStartup(0x202, &start);
    InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
    SHOW(NtCreateFile(&afd, SYNCHRONIZE, &attributes, &block, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, NULL, 0));
    port = CreateIoCompletionPort(afd, NULL, 7, 0);
    SOCKET l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(l, (SOCKADDR *)&at, sizeof at);
    listen(l, 5);
    getsockname(l, (SOCKADDR *)&at, &size);
    SHOW(ask(&poll, &block, l, 0x80, INT64_MAX));
    connect(c, (SOCKADDR *)&at, sizeof at);
    take("accept", &poll, &block);
    SOCKET s = accept(l, NULL, NULL);
    ask(&poll, &block, c, 0x4, INT64_MAX);
    take("send", &poll, &block);
    SHOW(ask(&poll, &block, c, 0x1, INT64_MAX));
    SHOW(ask(&second, &other, s, 0x1, INT64_MAX));
    send(s, "x", 1, 0);
    take("receive", &poll, &block);
    SHOW(NtCancelIoFileEx(afd, &other, &block));
    OVERLAPPED *done = NULL;
    DWORD bytes;
    ULONG_PTR key;
    SHOW(GetQueuedCompletionStatus(port, &bytes, &key, &done, 5000)); SHOW(GetLastError()); SHOW((void *)done == &other);
    recv(c, data, 10, 0);
    SHOW(ask(&poll, &block, c, 0x1, -10000));
    take("timeout", &poll, &block);
    SHOW(ask(&poll, &block, c, 0x9, INT64_MAX));
    closesocket(s);
    take("disconnect", &poll, &block);
    SOCKET d = socket(AF_INET, SOCK_STREAM, 0), e;          /* through a socket, one poll in the place of the other: libuv */
    connect(d, (SOCKADDR *)&at, sizeof at); e = accept(l, NULL, NULL);
    CloseHandle(afd); CloseHandle(port);
    afd = (HANDLE)d; port = CreateIoCompletionPort(afd, NULL, 7, 0);
    exclusive = 1;
    SHOW(ask(&poll, &block, e, 0x1, INT64_MAX));
    SHOW(ask(&second, &other, e, 0x9, INT64_MAX));
    take("replaced", &poll, &block);
    send(d, "x", 1, 0);
    take("receive", &second, &other);
    SHOW(ask(&poll, &block, (SOCKET)0x7ffc, 0x1, 0));
    return 0;
}
