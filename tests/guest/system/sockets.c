/* Sockets over loopback: blocking, not blocking, select, WSAPoll, network events, overlapped with a completion port. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOW(expression) printf("%s: %lld\n", #expression, (long long)(expression))
#define ERRNO(expression) printf("%s: %lld, error %d\n", #expression, (long long)(expression), WSAGetLastError())

static SOCKADDR_IN at;

static SOCKET listener(void)
{
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    int size = sizeof at;
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(s, (SOCKADDR *)&at, sizeof at) || listen(s, 5) || getsockname(s, (SOCKADDR *)&at, &size))
        printf("listener: %d\n", WSAGetLastError());
    return s;
}

static DWORD WINAPI echo(void *p)
{
    SOCKET s = accept((SOCKET)p, NULL, NULL);
    char data[100];
    int got;
    while ((got = recv(s, data, sizeof data, 0)) > 0) {
        for (int i = 0; i < got; i++) data[i] ^= 0x20;
        send(s, data, got, 0);
    }
    closesocket(s);
    return got;
}

static void blocking(void)
{
    SOCKET l = listener(), c = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    HANDLE thread = CreateThread(NULL, 0, echo, (void *)l, 0, NULL);
    char data[20] = "";
    SOCKADDR_IN peer;
    int size = sizeof peer, value, length = sizeof value;
    DWORD code;
    ERRNO(getpeername(c, (SOCKADDR *)&peer, &size));
    ERRNO(send(c, "x", 1, 0));
    SHOW(connect(c, (SOCKADDR *)&at, sizeof at));
    ERRNO(connect(c, (SOCKADDR *)&at, sizeof at));
    SHOW(getpeername(c, (SOCKADDR *)&peer, &size));
    SHOW(peer.sin_port == at.sin_port && size == 16);
    SHOW(send(c, "hello", 5, 0));
    SHOW(recv(c, data, 5, MSG_WAITALL));
    puts(data);
    SHOW(send(c, "AB", 2, 0));
    SHOW(recv(c, data, 1, MSG_PEEK));
    SHOW(recv(c, data, 2, MSG_WAITALL));
    puts(data);
    SHOW(getsockopt(c, SOL_SOCKET, SO_TYPE, (char *)&value, &length));
    SHOW(value);
    SHOW(shutdown(c, SD_SEND));
    ERRNO(send(c, "x", 1, 0));
    SHOW(recv(c, data, 5, 0));
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    SHOW(code);
    value = 20;
    SHOW(closesocket(c));
    ERRNO(closesocket(c));
    SHOW(closesocket(l));
    c = socket(AF_INET, SOCK_STREAM, 0);
    ERRNO(bind(c, (SOCKADDR *)&at, 3));
    ERRNO(listen(c, 1));
    ERRNO(socket(77, SOCK_STREAM, 0));
    ERRNO(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    ERRNO(connect(c, (SOCKADDR *)&at, sizeof at)); /* nobody listens any more */
    closesocket(c);
}

static void polling(void)
{
    SOCKET l = listener(), c = socket(AF_INET, SOCK_STREAM, 0), s;
    u_long on = 1;
    char data[10];
    fd_set read, write;
    struct timeval none = {0, 1000}, second = {5, 0};
    WSAPOLLFD fds[2];
    ioctlsocket(l, FIONBIO, &on);
    ioctlsocket(c, FIONBIO, &on);
    ERRNO(accept(l, NULL, NULL) == INVALID_SOCKET);
    FD_ZERO(&read); FD_SET(l, &read);
    SHOW(select(0, &read, NULL, NULL, &none));
    SHOW(FD_ISSET(l, &read));
    ERRNO(connect(c, (SOCKADDR *)&at, sizeof at));
    FD_SET(l, &read);
    FD_ZERO(&write); FD_SET(c, &write);
    SHOW(select(0, NULL, &write, NULL, &second));
    SHOW(select(0, &read, NULL, NULL, &second));
    s = accept(l, NULL, NULL);
    ERRNO(recv(c, data, 10, 0));
    fds[0].fd = c; fds[0].events = POLLIN | POLLOUT;
    fds[1].fd = s; fds[1].events = POLLIN;
    SHOW(WSAPoll(fds, 2, 100));
    SHOW(fds[0].revents); SHOW(fds[1].revents);
    send(s, "12345", 5, 0);
    SHOW(WSAPoll(fds, 1, 5000));
    while (!(fds[0].revents & POLLIN)) WSAPoll(fds, 1, 5000);
    SHOW(ioctlsocket(c, FIONREAD, &on)); SHOW(on);
    SHOW(recv(c, data, 3, 0)); SHOW(recv(c, data, 10, 0));
    closesocket(s);
    fds[0].events = POLLIN;
    SHOW(WSAPoll(fds, 1, 5000)); SHOW((fds[0].revents & POLLHUP) != 0);
    SHOW(recv(c, data, 10, 0));
    closesocket(c); closesocket(l);
    FD_ZERO(&read); FD_SET(c, &read);
    ERRNO(select(0, &read, NULL, NULL, &none));
    ERRNO(select(0, NULL, NULL, NULL, &none));
}

static void events(void)
{
    SOCKET l = listener(), c = socket(AF_INET, SOCK_STREAM, 0), s;
    WSAEVENT event = WSACreateEvent(), other = WSACreateEvent();
    WSANETWORKEVENTS what;
    SHOW(WSAEventSelect(l, event, FD_ACCEPT));
    SHOW(WSAWaitForMultipleEvents(1, &event, TRUE, 0, FALSE) == WSA_WAIT_TIMEOUT);
    connect(c, (SOCKADDR *)&at, sizeof at);
    SHOW(WSAWaitForMultipleEvents(1, &event, TRUE, 5000, FALSE));
    SHOW(WSAEnumNetworkEvents(l, event, &what)); SHOW(what.lNetworkEvents); SHOW(what.iErrorCode[FD_ACCEPT_BIT]);
    s = accept(l, NULL, NULL);
    SHOW(WSAEventSelect(c, other, FD_READ | FD_CLOSE));
    send(s, "x", 1, 0);
    SHOW(WSAWaitForMultipleEvents(1, &other, TRUE, 5000, FALSE));
    SHOW(WSAEnumNetworkEvents(c, other, &what)); SHOW(what.lNetworkEvents);
    closesocket(c); closesocket(s); closesocket(l);
}

static void overlapped(void)
{
    GUID accept_id = WSAID_ACCEPTEX, connect_id = WSAID_CONNECTEX, names_id = WSAID_GETACCEPTEXSOCKADDRS;
    LPFN_ACCEPTEX accept_ex = NULL;
    LPFN_CONNECTEX connect_ex = NULL;
    LPFN_GETACCEPTEXSOCKADDRS names = NULL;
    SOCKET l = listener(), c = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0);
    HANDLE port = CreateIoCompletionPort((HANDLE)l, NULL, 1, 1);
    OVERLAPPED a = {0}, b = {0}, r = {0}, *done;
    char room[64], data[10] = "";
    DWORD bytes, got, flags = 0;
    ULONG_PTR key;
    SOCKADDR_IN any = {0};
    SOCKADDR *near_end, *far_end;
    int near_size, far_size;
    WSABUF two[2] = {{2, data}, {4, data + 2}}, one = {6, "abcdef"};
    CreateIoCompletionPort((HANDLE)c, port, 2, 1);
    CreateIoCompletionPort((HANDLE)s, port, 3, 1);
    WSAIoctl(c, SIO_GET_EXTENSION_FUNCTION_POINTER, &accept_id, sizeof accept_id, &accept_ex, 8, &bytes, NULL, NULL);
    SHOW(bytes);
    WSAIoctl(c, SIO_GET_EXTENSION_FUNCTION_POINTER, &connect_id, sizeof connect_id, &connect_ex, 8, &bytes, NULL, NULL);
    WSAIoctl(c, SIO_GET_EXTENSION_FUNCTION_POINTER, &names_id, sizeof names_id, &names, 8, &bytes, NULL, NULL);
    ERRNO(accept_ex(l, s, room, 0, 32, 32, &got, &a));
    any.sin_family = AF_INET;
    ERRNO(connect_ex(c, (SOCKADDR *)&at, sizeof at, NULL, 0, NULL, &b));
    SHOW(bind(c, (SOCKADDR *)&any, sizeof any));
    connect_ex(c, (SOCKADDR *)&at, sizeof at, NULL, 0, NULL, &b);
    for (int i = 0, seen = 0; i < 2; i++) {
        SHOW(GetQueuedCompletionStatus(port, &bytes, &key, &done, 5000));
        seen += (int)key;
        if (i) SHOW(seen);
    }
    names(room, 0, 32, 32, &near_end, &near_size, &far_end, &far_size);
    SHOW(near_size); SHOW(((SOCKADDR_IN *)near_end)->sin_port == at.sin_port);
    SHOW(setsockopt(s, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (char *)&l, sizeof l));
    ERRNO(WSARecv(s, two, 2, NULL, &flags, &r, NULL));
    SHOW(WSAGetOverlappedResult(s, &r, &bytes, FALSE, &flags)); SHOW(WSAGetLastError());
    SHOW(WSASend(c, &one, 1, &bytes, 0, NULL, NULL)); SHOW(bytes);
    SHOW(GetQueuedCompletionStatus(port, &bytes, &key, &done, 5000));
    SHOW(bytes); SHOW(key); SHOW(done == &r);
    puts(data);
    memset(&r, 0, sizeof r);
    ERRNO(WSARecv(s, two, 2, NULL, &flags, &r, NULL));
    SHOW(CancelIoEx((HANDLE)s, &r));
    ERRNO(GetQueuedCompletionStatus(port, &bytes, &key, &done, 5000));
    SHOW(GetLastError());
    memset(&r, 0, sizeof r);
    WSARecv(s, two, 2, NULL, &flags, &r, NULL);
    closesocket(c);
    SHOW(GetQueuedCompletionStatus(port, &bytes, &key, &done, 5000));
    SHOW(bytes); SHOW(key);
    closesocket(s); closesocket(l);
}

static void datagrams(void)
{
    SOCKET a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    SOCKADDR_IN name = {0}, from;
    int size = sizeof name, wait = 20;
    char data[4];
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(a, (SOCKADDR *)&name, sizeof name);
    getsockname(a, (SOCKADDR *)&name, &size);
    SHOW(sendto(b, "one", 3, 0, (SOCKADDR *)&name, sizeof name));
    SHOW(sendto(b, "too long", 8, 0, (SOCKADDR *)&name, sizeof name));
    size = sizeof from;
    SHOW(recvfrom(a, data, 4, 0, (SOCKADDR *)&from, &size));
    SHOW(from.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    ERRNO(recvfrom(a, data, 4, 0, NULL, NULL));
    SHOW(sendto(a, "back", 4, 0, (SOCKADDR *)&from, sizeof from));
    SHOW(recv(b, data, 4, 0));
    setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, (char *)&wait, sizeof wait);
    ERRNO(recv(a, data, 4, 0));
    closesocket(a); closesocket(b);
}

/* The other side has closed: what is sent first is lost, and only then is the connection known to be reset. */
static void closed(void)
{
    SOCKET l = listener(), c = socket(AF_INET, SOCK_STREAM, 0), s;
    char data[4];
    connect(c, (SOCKADDR *)&at, sizeof at);
    s = accept(l, NULL, NULL);
    closesocket(c);
    SHOW(recv(s, data, 4, 0));
    SHOW(send(s, "lost", 4, 0));
    Sleep(50);
    ERRNO(send(s, "more", 4, 0));
    closesocket(s); closesocket(l);
}

/* More than the other side takes at once: the call comes back before the end. */
static void transmission(void)
{
    enum { SIZE = 3000000 };
    SOCKET l = listener(), c = socket(AF_INET, SOCK_STREAM, 0), s;
    OVERLAPPED o = {.Offset = 1000};
    TRANSMIT_FILE_BUFFERS around = {"head", 4, "tail", 4};
    char path[MAX_PATH], *data = malloc(SIZE), *got = malloc(SIZE);
    DWORD done, flags, wrong = 0;
    int total = 0, n;
    GetTempFileNameA(".", "tf", 0, path);
    HANDLE f = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    for (int i = 0; i < SIZE; i++) data[i] = (char)(i / 7);
    WriteFile(f, data, SIZE, &done, NULL);
    connect(c, (SOCKADDR *)&at, sizeof at);
    s = accept(l, NULL, NULL);
    o.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    SHOW(TransmitFile(s, f, SIZE - 2000, 0, &o, &around, 0)); SHOW(WSAGetLastError() == WSA_IO_PENDING);
    while (total < SIZE - 2000 + 8 && (n = recv(c, got + total, SIZE - total, 0)) > 0) total += n;
    SHOW(total);
    SHOW(WaitForSingleObject(o.hEvent, 10000));
    SHOW(WSAGetOverlappedResult(s, &o, &done, TRUE, &flags)); SHOW(done);
    for (int i = 0; i < SIZE - 2000; i++) wrong += got[4 + i] != data[1000 + i];
    SHOW(wrong); SHOW(memcmp(got, "head", 4)); SHOW(memcmp(got + total - 4, "tail", 4));
    SetFilePointer(f, SIZE - 5, NULL, FILE_BEGIN);
    SHOW(TransmitFile(s, f, 0, 0, NULL, NULL, 0)); SHOW(recv(c, got, 100, 0)); SHOW(memcmp(got, data + SIZE - 5, 5));
    o.Offset = 0;
    SHOW(TransmitFile(s, f, 0, 0, &o, NULL, 0));
    closesocket(c);
    SHOW(WaitForSingleObject(o.hEvent, 10000));
    SHOW(WSAGetOverlappedResult(s, &o, &done, TRUE, &flags)); SHOW(WSAGetLastError());
    closesocket(s); closesocket(l); CloseHandle(f);
}

static void scopes(void)
{
    struct addrinfo *found, hints = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    char host[64], port[8];
    SHOW(getaddrinfo("ff02::1%42", "80", &hints, &found));
    SHOW((int)((SOCKADDR_IN6 *)found->ai_addr)->sin6_scope_id);
    SHOW(getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV));
    printf("%s %s\n", host, port);
    freeaddrinfo(found);
    SHOW(getaddrinfo("ff02::1%no", "80", &hints, &found));
}

int main(void)
{
    WSADATA start;
    WSAStartup(0x202, &start);
    blocking();
    polling();
    events();
    overlapped();
    datagrams();
    closed();
    transmission();
    scopes();
    return WSACleanup();
}
