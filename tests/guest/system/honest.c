/* Functions that could lie without anybody noticing soon. */
#include <winsock2.h>
#include <ws2ipdef.h>
#include <windows.h>
#include <iphlpapi.h>
#include <netioapi.h>
#include <shellscalingapi.h>
#include <stdio.h>

static volatile int notified;
static VOID WINAPI changed(PVOID context, PMIB_IPINTERFACE_ROW row, MIB_NOTIFICATION_TYPE kind)
{
    notified = context == &notified && !row && kind == MibInitialNotification;
}

static void show(const char *name, int value) { printf("%s: %d\n", name, value); }

static void keys(void)
{
    MSG message;
    HWND window = CreateWindowExW(0, L"Message", NULL, 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
    PostMessageW(window, WM_KEYDOWN, 'A', 7);
    PostMessageW(window, WM_APP, 0, 0);
    PostMessageW(window, WM_KEYUP, 'A', 7);
    PostMessageW(window, WM_KEYDOWN, VK_F1, 0);
    for (int i = 0; i < 5 && PeekMessageW(&message, NULL, 0, 0, PM_REMOVE); i++) {
        int translated = TranslateMessage(&message);
        printf("message %x %x, translated %d\n", message.message, (unsigned)message.wParam, translated);
    }
}

int main(void)
{
    ULONGLONG before, after;
    HANDLE handle = NULL;
    PROCESS_DPI_AWARENESS awareness = 9;
    char *page = VirtualAlloc(NULL, 0x3000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)((char *)GetModuleHandleW(NULL) + ((IMAGE_DOS_HEADER *)GetModuleHandleW(NULL))->e_lfanew);
    DWORD expected = MAKELONG(headers->OptionalHeader.MinorSubsystemVersion, headers->OptionalHeader.MajorSubsystemVersion);
    show("version", GetProcessVersion(0) == expected && GetProcessVersion(GetCurrentProcessId()) == expected);
    SetLastError(0);
    printf("of no process: %lu %lu\n", GetProcessVersion(0x7FFFFFF0), GetLastError());
    printf("unlock: %d %lu\n", VirtualUnlock(page, 0x1000), GetLastError());
    show("lock", VirtualLock(page, 0x2000));
    show("unlock one", VirtualUnlock(page + 0x1000, 0x1000));
    printf("unlock both: %d %lu\n", VirtualUnlock(page, 0x2000), GetLastError());
    show("unlock the other", VirtualUnlock(page, 0x1000));
    QueryUnbiasedInterruptTime(&before);
    show("beep", Beep(440, 60));
    QueryUnbiasedInterruptTime(&after);
    show("it lasted", after - before >= 55 * 10000);
    printf("language %x, set %x, then %x\n", GetThreadUILanguage(), SetThreadUILanguage(0x407), GetThreadUILanguage());
    SetThreadUILanguage(0);
    show("aware", IsProcessDPIAware());
    show("set", SetProcessDPIAware());
    show("aware", IsProcessDPIAware());
    GetProcessDpiAwareness(NULL, &awareness);
    show("the same", awareness == PROCESS_SYSTEM_DPI_AWARE);
    show("again", SetProcessDpiAwareness(PROCESS_PER_MONITOR_DPI_AWARE) == E_ACCESSDENIED);
    show("registered", NotifyIpInterfaceChange(AF_UNSPEC, changed, &notified, TRUE, &handle) == NO_ERROR);
    while (!notified) Sleep(1);
    show("notified", notified);
    show("cancelled", CancelMibChangeNotify2(handle) == NO_ERROR);
    show("desktop", GetThreadDesktop(GetCurrentThreadId()) != NULL);
    show("desktop of nobody", GetThreadDesktop(0x7FFFFFF0) != NULL);
    keys();
    return 0;
}
