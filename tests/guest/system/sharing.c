/* The clipboard, and the restart manager. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <restartmanager.h>
#include <stdio.h>
#include <string.h>

#define SHOW(expression) printf("%s: %lld\n", #expression, (long long)(expression))

static void put(UINT format, const void *data, SIZE_T size)
{
    HGLOBAL block = GlobalAlloc(GMEM_MOVEABLE, size);
    memcpy(GlobalLock(block), data, size);
    GlobalUnlock(block);
    SHOW(SetClipboardData(format, block) != NULL);
}

static DWORD WINAPI other(void *p)
{
    return OpenClipboard(NULL) ? 0 : GetLastError();
}

int main(void)
{
    UINT own = RegisterClipboardFormatA("My Format");
    char name[20] = "";
    DWORD code;
    SHOW(EmptyClipboard()); SHOW(GetLastError());
    SHOW(OpenClipboard(NULL));
    SHOW(EmptyClipboard()); SHOW(CountClipboardFormats());
    DWORD before = GetClipboardSequenceNumber();
    put(CF_UNICODETEXT, L"caf\u00e9", 10);
    put(own, "data", 4);
    SHOW(GetClipboardSequenceNumber() != before);
    HANDLE thread = CreateThread(NULL, 0, other, NULL, 0, NULL);
    WaitForSingleObject(thread, INFINITE); GetExitCodeThread(thread, &code); SHOW(code);
    SHOW(CloseClipboard()); SHOW(CloseClipboard());
    SHOW(IsClipboardFormatAvailable(CF_TEXT)); SHOW(IsClipboardFormatAvailable(CF_BITMAP));
    SHOW(OpenClipboard(NULL));
    const unsigned char *text = GlobalLock(GetClipboardData(CF_TEXT));
    printf("%.3s %d %d\n", text, text[3], text[4]);
    SHOW(memcmp(GlobalLock(GetClipboardData(own)), "data", 4));
    SHOW(GetClipboardData(CF_BITMAP) == NULL);
    SHOW(GetClipboardFormatNameA(own, name, 20)); puts(name); SHOW(GetClipboardFormatNameA(CF_TEXT, name, 20));
    int first = EnumClipboardFormats(0); SHOW(first); SHOW(EnumClipboardFormats(first) == own);
    SHOW(CloseClipboard());

    DWORD session, needed = 0, count = 0, reasons;
    WCHAR key[CCH_RM_SESSION_KEY + 1] = L"", path[MAX_PATH];
    const WCHAR *files[1] = {path};
    RM_PROCESS_INFO found[4];
    GetModuleFileNameW(NULL, path, MAX_PATH);
    SHOW(RmStartSession(&session, 0, key)); SHOW(lstrlenW(key));
    SHOW(RmRegisterResources(session, 1, files, 0, NULL, 0, NULL));
    SHOW(RmGetList(session, &needed, &count, NULL, &reasons)); SHOW(needed);
    count = 4;
    SHOW(RmGetList(session, &needed, &count, found, &reasons)); SHOW(count); SHOW(reasons);
    SHOW(found[0].Process.dwProcessId == GetCurrentProcessId());
    printf("%ls\n", found[0].strAppName);
    SHOW(RmEndSession(session)); SHOW(RmEndSession(session));
    return 0;
}
