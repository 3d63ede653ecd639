/* COM, automation, version resources, shell paths, Winsock's names, windows without a screen. */
#define COBJMACROS
#define _WIN32_WINNT 0x0A00
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <oleauto.h>
#include <shlobj.h>
#include <shellapi.h>
#include <shlwapi.h>
#include <stdio.h>

#define SHOW(call) printf("%s -> %ld\n", #call, (long)(call))
#define HEX(call) printf("%s -> %08lx\n", #call, (unsigned long)(call))

static void strings(void)
{
    BSTR text = SysAllocString(L"hello"), copy;
    SHOW(SysStringLen(text)); SHOW(SysStringByteLen(text)); SHOW(SysReAllocString(&text, L"longer text")); SHOW(SysStringLen(text));
    copy = SysAllocStringLen(text, 3); printf("%ls\n", copy); SysFreeString(copy); SHOW(SysStringLen(NULL));
    VARIANT a, b;
    VariantInit(&a); a.vt = VT_BSTR; a.bstrVal = text; VariantInit(&b);
    HEX(VariantCopy(&b, &a)); SHOW(b.bstrVal != a.bstrVal); SHOW(wcscmp(b.bstrVal, text));
    HEX(VariantClear(&a)); SHOW(a.vt); HEX(VariantClear(&b));
    a.vt = VT_I4; a.lVal = -42;
    HEX(VariantChangeType(&b, &a, 0, VT_BSTR)); printf("%ls\n", b.bstrVal);
    HEX(VariantChangeType(&a, &b, 0, VT_R8)); printf("%g\n", a.dblVal); VariantClear(&b);
    a.vt = 77; HEX(VariantClear(&a));
    SAFEARRAYBOUND bounds[2] = {{2, 1}, {3, 0}};
    SAFEARRAY *array = SafeArrayCreate(VT_I4, 2, bounds);
    LONG index[2] = {2, 1}, value = 7, low, high;
    HEX(SafeArrayPutElement(array, index, &value)); value = 0; HEX(SafeArrayGetElement(array, index, &value)); SHOW(value);
    index[0] = 3; HEX(SafeArrayGetElement(array, index, &value));
    HEX(SafeArrayGetLBound(array, 1, &low)); HEX(SafeArrayGetUBound(array, 1, &high)); printf("%ld..%ld\n", low, high);
    SHOW(SafeArrayGetDim(array)); SHOW(SafeArrayGetElemsize(array));
    HEX(SafeArrayLock(array)); HEX(SafeArrayDestroy(array)); HEX(SafeArrayUnlock(array)); HEX(SafeArrayDestroy(array));
}

static void objects(void)
{
    GUID guid, parsed; WCHAR text[40]; void *object; CLSID nothing = {0x12345678};
    HEX(CoCreateInstance(&nothing, NULL, CLSCTX_INPROC_SERVER, &IID_IUnknown, &object));
    HEX(CoInitializeEx(NULL, COINIT_MULTITHREADED)); HEX(CoInitializeEx(NULL, COINIT_MULTITHREADED));
    HEX(CoInitializeEx(NULL, COINIT_APARTMENTTHREADED));
    HEX(CoCreateInstance(&nothing, NULL, CLSCTX_INPROC_SERVER, &IID_IUnknown, &object)); SHOW(object == NULL);
    HEX(CoCreateGuid(&guid)); SHOW(StringFromGUID2(&guid, text, 40)); SHOW(StringFromGUID2(&guid, text, 10));
    HEX(CLSIDFromString(text, &parsed)); SHOW(memcmp(&guid, &parsed, sizeof guid));
    HEX(CLSIDFromString(L"no such thing", &parsed)); HEX(IIDFromString(L"{junk}", &parsed));
    char *block = CoTaskMemAlloc(10); strcpy(block, "task"); block = CoTaskMemRealloc(block, 1000); puts(block); CoTaskMemFree(block);
    CoUninitialize(); CoUninitialize();
}

static void folders(void)
{
    WCHAR path[MAX_PATH], *known; int count;
    HEX(SHGetFolderPathW(NULL, CSIDL_WINDOWS, NULL, 0, path)); printf("%ls\n", wcsrchr(path, '\\') + 1);
    HEX(SHGetFolderPathW(NULL, 0x99, NULL, 0, path));
    HEX(SHGetKnownFolderPath(&FOLDERID_RoamingAppData, 0, NULL, &known)); printf("%ls\n", wcsrchr(known, '\\') + 1); CoTaskMemFree(known);
    GUID nothing = {1}; HEX(SHGetKnownFolderPath(&nothing, 0, NULL, &known));
    LPWSTR *list = CommandLineToArgvW(L"\"a b\" c\\\"d \\\\\"e f\\\\\"", &count);
    for (int i = 0; i < count; i++) printf("[%ls]", list[i]);
    printf("\n"); LocalFree(list);
    wcscpy(path, L"C:\\x\\y.txt"); printf("%ls %ls\n", PathFindFileNameW(path), PathFindExtensionW(path));
    PathRemoveFileSpecW(path); printf("%ls\n", path); SHOW(PathMatchSpecW(L"a.C", L"*.h;*.c")); SHOW(PathIsRelativeW(path));
    DWORD handle, size = GetFileVersionInfoSizeW(L"kernel32.dll", &handle);
    SHOW(size > 0);
    void *data = malloc(size), *value; UINT length;
    SHOW(GetFileVersionInfoW(L"kernel32.dll", 0, size, data)); SHOW(VerQueryValueW(data, L"\\", &value, &length)); SHOW(length);
    SHOW(((VS_FIXEDFILEINFO *)value)->dwSignature == 0xFEEF04BD);
    SHOW(VerQueryValueA(data, "\\StringFileInfo\\040904B0\\OriginalFilename", &value, &length)); puts(value);
    SHOW(VerQueryValueW(data, L"\\nothing", &value, &length)); SHOW(GetFileVersionInfoSizeW(L"no such file", &handle));
}

static void network(void)
{
    WSADATA data; struct in_addr address; char text[64]; struct addrinfo *found, hints = {AI_NUMERICHOST};
    SHOW(htons(0x1234)); SHOW(ntohl(0x01020304)); SHOW(inet_addr("1.2.3.4")); SHOW(WSACleanup()); SHOW(WSAGetLastError());
    SHOW(WSAStartup(MAKEWORD(2, 2), &data)); SHOW(data.wVersion);
    SHOW(inet_pton(AF_INET, "10.0.0.1", &address)); SHOW(inet_pton(AF_INET, "10.0.0", &address));
    puts(inet_ntoa(address)); puts(inet_ntop(AF_INET, &address, text, sizeof text));
    SHOW(getaddrinfo("127.0.0.1", "80", &hints, &found)); SHOW(found->ai_family); SHOW(found->ai_addrlen);
    SHOW(((struct sockaddr_in *)found->ai_addr)->sin_port); freeaddrinfo(found);
    SHOW(getaddrinfo("not a number", NULL, &hints, &found));
    SHOW(closesocket(99)); SHOW(WSAGetLastError()); SHOW(getprotobyname("tcp")->p_proto); SHOW(WSACleanup());
}

static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM w, LPARAM l)
{
    static int rings;
    if (message == WM_NCCREATE) printf("nccreate %p %ls\n", ((CREATESTRUCTW *)l)->lpCreateParams, ((CREATESTRUCTW *)l)->lpszName);
    if (message == WM_CREATE) printf("create\n");
    if (message == WM_DESTROY) { printf("destroy\n"); PostQuitMessage(7); }
    if (message == WM_USER) { printf("user %d %d\n", (int)w, (int)l); return w + l; }
    if (message == WM_TIMER) { printf("timer %d\n", (int)w); if (++rings == 2) DestroyWindow(window); }
    return DefWindowProcW(window, message, w, l);
}

static DWORD WINAPI sender(void *window) { return SendMessageW(window, WM_USER, 10, 20); }

static void windows(void)
{
    WNDCLASSEXW kind = {sizeof kind}; WCHAR text[20]; MSG message; int result; char line[64]; DWORD code;
    kind.lpfnWndProc = procedure; kind.lpszClassName = L"Test"; kind.cbWndExtra = 8;
    SHOW(RegisterClassExW(&kind) != 0); SHOW(RegisterClassExW(&kind)); SHOW(GetLastError());
    SHOW(CreateWindowExW(0, L"none", L"", 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL) != NULL); SHOW(GetLastError());
    HWND window = CreateWindowExW(0, L"test", L"title", 0, 0, 0, 10, 10, HWND_MESSAGE, NULL, NULL, (void *)0x1234);
    SHOW(window != NULL); SHOW(GetWindowTextW(window, text, 20)); printf("%ls\n", text);
    SHOW(SendMessageW(window, WM_USER, 3, 4)); SHOW(SetWindowLongPtrW(window, 0, 55)); SHOW(GetWindowLongPtrW(window, 0));
    HANDLE thread = CreateThread(NULL, 0, sender, window, 0, NULL);
    while (MsgWaitForMultipleObjects(1, &thread, FALSE, INFINITE, QS_ALLINPUT) == 1)
        while (PeekMessageW(&message, NULL, 0, 0, PM_REMOVE)) DispatchMessageW(&message);
    GetExitCodeThread(thread, &code); SHOW(code);
    PostMessageW(window, WM_USER, 5, 6); PostThreadMessageW(GetCurrentThreadId(), WM_APP, 1, 2);
    while (PeekMessageW(&message, NULL, 0, 0, PM_REMOVE)) {
        if (message.message == WM_APP) printf("app %d\n", (int)message.wParam);
        DispatchMessageW(&message);
    }
    SetTimer(window, 9, 20, NULL);
    while ((result = GetMessageW(&message, NULL, 0, 0)) > 0) DispatchMessageW(&message);
    printf("quit %d %d\n", result, (int)message.wParam); SHOW(IsWindow(window)); SHOW(UnregisterClassW(L"Test", NULL));
    SHOW(wsprintfA(line, "%-5d|%05x|%s|%c|%lu|%I64d|%#x|%08X", -3, 0xab, "str", 'c', 7UL, 1234567890123LL, 255, 0xBEEF)); puts(line);
    strcpy(line, "mixed Case"); puts(CharUpperA(line)); SHOW(LoadStringA(NULL, 1, line, 64));
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    strings(); objects(); folders(); network(); windows();
    return 0;
}
