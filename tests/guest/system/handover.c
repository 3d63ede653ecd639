/* What one process gives another: sockets, tokens. And when the event of a socket is set again; NtFlushBuffersFileEx. */
#define _WIN32_WINNT 0x0A00
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <winternl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define SHOW(what) printf("%s: %lld\n", #what, (long long)(what))
#define TRY(what) do { SetLastError(0); long long ok = (long long)(what); printf("%s: %lld %lu\n", #what, ok, ok ? 0 : GetLastError()); fflush(stdout); } while (0)
NTSTATUS NTAPI NtFlushBuffersFileEx(HANDLE, ULONG, PVOID, ULONG, PIO_STATUS_BLOCK);
static char self[MAX_PATH];
static struct sockaddr_in at;

static PROCESS_INFORMATION start(const char *what, HANDLE token, BOOL *ok)
{
    char line[400]; STARTUPINFOA si = {sizeof si}; PROCESS_INFORMATION pi = {0};
    sprintf(line, "\"%s\" %s", self, what);
    *ok = token ? CreateProcessAsUserA(token, NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &si, &pi)
                : CreateProcessA(NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &si, &pi);
    return pi;
}
static DWORD end(PROCESS_INFORMATION *pi)
{
    DWORD code = 0;
    WaitForSingleObject(pi->hProcess, INFINITE); GetExitCodeProcess(pi->hProcess, &code);
    CloseHandle(pi->hProcess); CloseHandle(pi->hThread);
    return code;
}
static SOCKET listener(void)
{
    SOCKET l = socket(AF_INET, SOCK_STREAM, 0); int size = sizeof at;
    memset(&at, 0, sizeof at); at.sin_family = AF_INET; at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(l, (struct sockaddr *)&at, sizeof at); getsockname(l, (struct sockaddr *)&at, &size); listen(l, 5);
    return l;
}
static int privileges(HANDLE token, const char *name)
{
    char buffer[4096]; DWORD size, found = 0; LUID luid; TOKEN_PRIVILEGES *list = (void *)buffer;
    LookupPrivilegeValueA(NULL, name, &luid);
    if (!GetTokenInformation(token, TokenPrivileges, buffer, sizeof buffer, &size)) return -1;
    for (DWORD i = 0; i < list->PrivilegeCount; i++)
        if (list->Privileges[i].Luid.LowPart == luid.LowPart) found = 1 + !!(list->Privileges[i].Attributes & SE_PRIVILEGE_ENABLED);
    return found;
}
static void enable(const char *name)
{
    HANDLE token; TOKEN_PRIVILEGES change = {1};
    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token);
    LookupPrivilegeValueA(NULL, name, &change.Privileges[0].Luid); change.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    AdjustTokenPrivileges(token, FALSE, &change, 0, NULL, NULL); CloseHandle(token);
}
static int child(int argc, char **argv)
{
    if (!strcmp(argv[1], "socket")) {                     /* the description comes through a pipe */
        WSAPROTOCOL_INFOA info; DWORD got; char text[20] = "";
        ReadFile(GetStdHandle(STD_INPUT_HANDLE), &info, sizeof info, &got, NULL);
        SOCKET s = WSASocketA(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, 0);
        int n = recv(s, text, 10, 0); send(s, "from the child", 14, 0); closesocket(s);
        return n == 5 && !memcmp(text, "hello", 5) ? 7 : 8;
    }
    if (!strcmp(argv[1], "handle")) {                     /* its output is no handle of the list, and works */
        DWORD put; HANDLE given = (HANDLE)(ULONG_PTR)atoll(argv[2]);
        BOOL other = GetHandleInformation((HANDLE)(ULONG_PTR)atoll(argv[3]), &put);
        printf("heard\n"); fflush(stdout);
        return WriteFile(given, "given", 5, &put, NULL) + 2 * (GetStdHandle(STD_OUTPUT_HANDLE) != given) + 4 * other;
    }
    HANDLE token; OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token);
    if (!strcmp(argv[1], "token")) return 10 * privileges(token, "SeUndockPrivilege") + privileges(token, "SeShutdownPrivilege");
    return privileges(token, "SeShutdownPrivilege");
}
static void sockets(void)
{
    SOCKET l = listener(), c = socket(AF_INET, SOCK_STREAM, 0), s; WSAPROTOCOL_INFOA info; char text[20] = ""; BOOL ok; DWORD put;
    HANDLE in, out; SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    connect(c, (struct sockaddr *)&at, sizeof at); s = accept(l, NULL, NULL);
    CreatePipe(&in, &out, &inherit, 0); SetHandleInformation(out, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation((HANDLE)s, HANDLE_FLAG_INHERIT, 0); SetHandleInformation((HANDLE)c, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation((HANDLE)l, HANDLE_FLAG_INHERIT, 0);
    SetStdHandle(STD_INPUT_HANDLE, in);
    PROCESS_INFORMATION pi = start("socket", NULL, &ok);
    SHOW(WSADuplicateSocketA(s, pi.dwProcessId, &info)); SHOW(info.iSocketType); SHOW(info.iAddressFamily);
    int length = sizeof info; WSAPROTOCOL_INFOW wide;
    SHOW(getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOA, (char *)&info, &length)); SHOW(length); SHOW(info.iProtocol); SHOW(info.iAddressFamily);
    length = sizeof wide; SHOW(getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&wide, &length)); SHOW(length); SHOW(wide.iSocketType);
    length = 100; SHOW(getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&wide, &length)); SHOW(WSAGetLastError());
    SHOW(WSADuplicateSocketA(s, 3, &info)); SHOW(WSAGetLastError());
    WSADuplicateSocketA(s, pi.dwProcessId, &info);
    closesocket(s);                                       /* the connection lives on: the child has a handle to it */
    WriteFile(out, &info, sizeof info, &put, NULL); CloseHandle(in); ResumeThread(pi.hThread);
    SHOW(send(c, "hello", 5, 0)); SHOW(recv(c, text, sizeof text, MSG_WAITALL)); puts(text);
    SHOW(end(&pi));
    CloseHandle(out); closesocket(c); closesocket(l);
}
static void list(void)
{
    HANDLE in, out, unlisted; SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE}; char line[400], data[10] = ""; DWORD got;
    STARTUPINFOEXA si = {{sizeof si}}; PROCESS_INFORMATION pi; SIZE_T size = 0;
    CreatePipe(&in, &out, &inherit, 0); unlisted = CreateEventA(&inherit, 0, 0, NULL);
    for (int i = 0; i < 50; i++) unlisted = CreateEventA(&inherit, 0, 0, NULL);      /* a number that the child does not use */
    InitializeProcThreadAttributeList(NULL, 1, 0, &size); si.lpAttributeList = malloc(size);
    SHOW(InitializeProcThreadAttributeList(si.lpAttributeList, 1, 0, &size));
    SHOW(UpdateProcThreadAttribute(si.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &out, sizeof out, NULL, NULL));
    sprintf(line, "\"%s\" handle %lld %lld", self, (long long)(ULONG_PTR)out, (long long)(ULONG_PTR)unlisted);
    SHOW(CreateProcessA(NULL, line, NULL, NULL, TRUE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL, &si.StartupInfo, &pi));
    SHOW(end(&pi)); CloseHandle(out);
    SHOW(ReadFile(in, data, 5, &got, NULL)); puts(data); CloseHandle(in);
}
static void events(void)
{
    SOCKET l = listener(), c = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET, SOCK_STREAM, 0), s, t; char text[20];
    WSAEVENT event = WSACreateEvent(), other = WSACreateEvent(); WSANETWORKEVENTS what;
#define SET(e) (WSAWaitForMultipleEvents(1, &e, TRUE, 0, FALSE) == 0)
#define WAIT(e) WSAWaitForMultipleEvents(1, &e, TRUE, WSA_INFINITE, FALSE)
    WSAEventSelect(l, event, FD_ACCEPT);
    connect(c, (struct sockaddr *)&at, sizeof at); WAIT(event);
    WSAEnumNetworkEvents(l, event, &what); SHOW(what.lNetworkEvents); SHOW(SET(event));   /* not again before accept */
    s = accept(l, NULL, NULL); SHOW(SET(event));
    SHOW(accept(l, NULL, NULL) == INVALID_SOCKET); SHOW(WSAGetLastError());
    connect(d, (struct sockaddr *)&at, sizeof at); SHOW(WAIT(event));
    WSAEnumNetworkEvents(l, event, &what); SHOW(what.lNetworkEvents);
    t = accept(l, NULL, NULL); SHOW(SET(event));
    WSAEventSelect(s, other, FD_READ | FD_CLOSE); SHOW(SET(other));
    send(c, "abcdef", 6, 0); WAIT(other);
    WSAEnumNetworkEvents(s, other, &what); SHOW(what.lNetworkEvents); SHOW(SET(other));
    SHOW(recv(s, text, 2, 0)); SHOW(SET(other));                                          /* the rest is told again */
    WSAEnumNetworkEvents(s, other, &what); SHOW(what.lNetworkEvents);
    SHOW(recv(s, text, 20, 0)); SHOW(SET(other));
    WSAEventSelect(l, 0, 0); closesocket(s); closesocket(t); closesocket(c); closesocket(d); closesocket(l);
}
static void tokens(void)
{
    HANDLE own, less, query; BOOL ok; LUID_AND_ATTRIBUTES gone = {0}; PROCESS_INFORMATION pi;
    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own);
    LookupPrivilegeValueA(NULL, "SeShutdownPrivilege", &gone.Luid);
    TRY(CreateRestrictedToken(own, 0, 0, NULL, 1, &gone, 0, NULL, &less));
    pi = start("token", less, &ok); SHOW(ok); SHOW(end(&pi));
    SHOW(privileges(own, "SeShutdownPrivilege"));
    pi = start("privilege", NULL, &ok); enable("SeShutdownPrivilege"); ResumeThread(pi.hThread); SHOW(end(&pi));   /* a token of its own */
    pi = start("privilege", NULL, &ok); ResumeThread(pi.hThread); SHOW(end(&pi));
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &query);
    pi = start("token", query, &ok); SHOW(ok); SHOW(GetLastError());
    CloseHandle(own); CloseHandle(less); CloseHandle(query);
}
int main(int argc, char **argv)
{
    WSADATA data; IO_STATUS_BLOCK io = {0};
    setvbuf(stdout, NULL, _IONBF, 0); WSAStartup(MAKEWORD(2, 2), &data); GetModuleFileNameA(NULL, self, MAX_PATH);
    if (argc > 1) return child(argc, argv);
    sockets(); list(); events(); tokens();
    HANDLE file = CreateFileA("flushed.txt", GENERIC_READ | GENERIC_WRITE, 0, 0, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, 0);
    printf("%#lx\n", (unsigned long)NtFlushBuffersFileEx(file, 0, NULL, 0, &io));
    printf("%#lx\n", (unsigned long)NtFlushBuffersFileEx(file, 4, NULL, 0, &io));
    CloseHandle(file);
    printf("%#lx\n", (unsigned long)NtFlushBuffersFileEx((HANDLE)0x1230, 0, NULL, 0, &io));
    return 0;
}
