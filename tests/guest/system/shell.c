/* shell32: what it says of files, where folders lie, item lists, operations on files, programs of documents. */
#define INITGUID
#include <windows.h>
#include <shellapi.h>
#include <shlobj.h>
#include <knownfolders.h>
#include <stdio.h>

static void info(const WCHAR *path, DWORD attributes, UINT flags)
{
    SHFILEINFOW found;
    memset(&found, 0, sizeof found);
    DWORD_PTR result = SHGetFileInfoW(path, attributes, &found, sizeof found, flags);
    printf("%ls: %llx", path, (unsigned long long)result);
    if (result && flags & SHGFI_DISPLAYNAME) printf(", '%ls'", found.szDisplayName);
    if (result && flags & SHGFI_TYPENAME) printf(", '%ls'", found.szTypeName);
    if (result && flags & SHGFI_ATTRIBUTES) printf(", %lx", found.dwAttributes);
    if (result && flags & SHGFI_ICONLOCATION) printf(", %ls %d", found.szDisplayName, found.iIcon);
    if (result && flags & SHGFI_ICON) printf(", destroyed %d", DestroyIcon(found.hIcon));
    printf("\n");
}

static void touch(const WCHAR *path)
{
    CloseHandle(CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
}

static int exists(const WCHAR *path) { return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES; }

static void files(void)
{
    SHFILEINFOA narrow;
    UINT told = SHGFI_USEFILEATTRIBUTES | SHGFI_DISPLAYNAME | SHGFI_TYPENAME;
    info(L"read me.txt", FILE_ATTRIBUTE_NORMAL, told);
    info(L"what.zzz", FILE_ATTRIBUTE_NORMAL, told);
    info(L"none", FILE_ATTRIBUTE_NORMAL, told);
    info(L"none", FILE_ATTRIBUTE_DIRECTORY, told);
    info(L"program.exe", FILE_ATTRIBUTE_NORMAL, told | SHGFI_ICON | SHGFI_SMALLICON);
    info(L"C:\\no such\\file.txt", 0, SHGFI_DISPLAYNAME);
    info(L"C:\\shell test\\file.txt", 0, SHGFI_DISPLAYNAME | SHGFI_TYPENAME | SHGFI_ATTRIBUTES);
    info(L"C:\\shell test", 0, SHGFI_DISPLAYNAME | SHGFI_TYPENAME | SHGFI_ATTRIBUTES);
    SetFileAttributesW(L"C:\\shell test\\file.txt", FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN);
    info(L"C:\\shell test\\file.txt", 0, SHGFI_ATTRIBUTES);
    SetFileAttributesW(L"C:\\shell test\\file.txt", FILE_ATTRIBUTE_NORMAL);
    info(L"run.cmd", FILE_ATTRIBUTE_NORMAL, SHGFI_USEFILEATTRIBUTES | SHGFI_EXETYPE);
    info(L"C:\\Windows\\System32\\cmd.exe", 0, SHGFI_EXETYPE);
    info(L"C:\\shell test\\file.txt", 0, SHGFI_EXETYPE);
    printf("A: %lld", (long long)SHGetFileInfoA("x.txt", FILE_ATTRIBUTE_NORMAL, &narrow, sizeof narrow, told));
    printf(" %s %s\n", narrow.szDisplayName, narrow.szTypeName);
    printf("of nothing: %lld\n", (long long)SHGetFileInfoW(NULL, 0, NULL, 0, told));
    printf("icons of a text: %u\n", ExtractIconExW(L"C:\\shell test\\file.txt", -1, NULL, NULL, 0));
    printf("of the system: %d, no such: %d\n", LoadIconW(NULL, IDI_WARNING) == LoadIconW(NULL, IDI_WARNING),
           LoadIconW(NULL, MAKEINTRESOURCEW(5)) != NULL);
    SetLastError(0);
    printf("not an icon: %d %lu\n", DestroyIcon((HICON)0x1234), GetLastError());
}

static void lists(void)
{
    WCHAR path[MAX_PATH] = L"";
    PIDLIST_ABSOLUTE list, folder, copy;
    SFGAOF attributes = 0;
    HRESULT result = SHParseDisplayName(L"C:\\shell test\\file.txt", NULL, &list, SFGAO_FOLDER | SFGAO_STREAM, &attributes);
    printf("parse: %lx %lx\n", result, attributes);
    printf("path: %d", SHGetPathFromIDListW(list, path));
    printf(" %ls\n", path);
    folder = ILCreateFromPathW(L"c:\\SHELL TEST");
    printf("parent: %d %d\n", ILIsParent(folder, list, TRUE), ILIsParent(list, folder, FALSE));
    copy = ILClone(list);
    printf("same: %d\n", ILIsEqual(copy, list));
    printf("size: %d\n", ILGetSize(copy) == ILGetSize(list) && ILGetSize(NULL) == 0);
    printf("cut: %d %d\n", ILRemoveLastID(copy), ILIsEqual(copy, folder));
    PIDLIST_ABSOLUTE joined = ILCombine(folder, ILFindLastID(list));
    printf("joined: %d\n", ILIsEqual(joined, list));
    printf("none: %d %lx\n", ILCreateFromPathW(L"C:\\no such") != NULL, SHParseDisplayName(L"C:\\no such", NULL, &copy, 0, NULL));
    ILFree(joined);
    ILFree(folder);
    ILFree(list);
}

static void folders(void)
{
    WCHAR path[MAX_PATH], *known;
    PIDLIST_ABSOLUTE list;
    GUID nobody = {1, 2, 3};
    printf("profile: %lx", SHGetFolderPathW(NULL, CSIDL_WINDOWS, NULL, SHGFP_TYPE_CURRENT, path));
    printf(" %ls\n", path);
    printf("unknown: %lx\n", SHGetFolderPathW(NULL, 0x77, NULL, 0, path));
    printf("below: %lx\n", SHGetFolderPathAndSubDirW(NULL, CSIDL_WINDOWS, NULL, 0, L"no such", path));
    printf("System: %lx", SHGetKnownFolderPath(&FOLDERID_System, 0, NULL, &known));
    printf(" %ls\n", known);
    CoTaskMemFree(known);
    printf("unknown: %lx %d\n", SHGetKnownFolderPath(&nobody, 0, NULL, &known), known != NULL);
    printf("as a list: %lx", SHGetKnownFolderIDList(&FOLDERID_Windows, 0, NULL, &list));
    printf(" %d", SHGetPathFromIDListW(list, path));
    printf(" %d\n", !lstrcmpiW(path, L"C:\\Windows"));
    ILFree(list);
}

static int operate(UINT function, const WCHAR *from, const WCHAR *to, FILEOP_FLAGS flags)
{
    SHFILEOPSTRUCTW operation = {NULL, function, from, to, flags};
    int result = SHFileOperationW(&operation);
    return operation.fAnyOperationsAborted ? -result : result;
}

static void operations(void)
{
    FILEOP_FLAGS quiet = FOF_NOCONFIRMATION | FOF_SILENT | FOF_NOERRORUI | FOF_NOCONFIRMMKDIR;
    printf("folders: %d, again %d\n", SHCreateDirectoryExW(NULL, L"C:\\shell test\\a\\b", NULL),
           SHCreateDirectoryExW(NULL, L"C:\\shell test\\a\\b", NULL));
    printf("relative: %d\n", SHCreateDirectoryExW(NULL, L"a\\b", NULL));
    printf("copy: %d", operate(FO_COPY, L"C:\\shell test\\file.txt\0", L"C:\\shell test\\new\\copy.txt\0", quiet));
    printf(" %d\n", exists(L"C:\\shell test\\new\\copy.txt"));
    printf("many: %d", operate(FO_COPY, L"C:\\shell test\\file.txt\0C:\\shell test\\new\0", L"C:\\shell test\\a\0", quiet));
    printf(" %d\n", exists(L"C:\\shell test\\a\\file.txt") && exists(L"C:\\shell test\\a\\new\\copy.txt"));
    printf("wild: %d", operate(FO_COPY, L"C:\\shell test\\*.txt\0", L"C:\\shell test\\a\\b\0", quiet));
    printf(" %d\n", exists(L"C:\\shell test\\a\\b\\file.txt"));
    printf("rename: %d", operate(FO_RENAME, L"C:\\shell test\\new\0", L"C:\\shell test\\renamed\0", quiet));
    printf(" %d\n", exists(L"C:\\shell test\\renamed\\copy.txt") && !exists(L"C:\\shell test\\new"));
    printf("move: %d", operate(FO_MOVE, L"C:\\shell test\\renamed\0", L"C:\\shell test\\a\\b\0", quiet));
    printf(" %d\n", exists(L"C:\\shell test\\a\\b\\renamed\\copy.txt") && !exists(L"C:\\shell test\\renamed"));
    printf("of none: %d\n", operate(FO_DELETE, L"C:\\shell test\\no such\0", NULL, quiet));
    printf("delete: %d", operate(FO_DELETE, L"C:\\shell test\\a\0", NULL, quiet));
    printf(" %d\n", exists(L"C:\\shell test\\a"));
}

static void programs(void)
{
    WCHAR found[MAX_PATH];
    HKEY key;
    RegCreateKeyW(HKEY_CURRENT_USER, L"Software\\Classes\\.shelltest", &key);
    RegSetValueExW(key, NULL, 0, REG_SZ, (BYTE *)L"shelltest.1", 24);
    RegCloseKey(key);
    RegCreateKeyW(HKEY_CURRENT_USER, L"Software\\Classes\\shelltest.1\\shell\\open\\command", &key);
    const WCHAR *command = L"%SystemRoot%\\System32\\cmd.exe /c echo [%1] %* %2 & rem";
    RegSetValueExW(key, NULL, 0, REG_EXPAND_SZ, (BYTE *)command, 2 * (wcslen(command) + 1));
    RegCloseKey(key);
    RegCreateKeyW(HKEY_CURRENT_USER, L"Software\\Classes\\shelltest.1", &key);
    RegSetValueExW(key, NULL, 0, REG_SZ, (BYTE *)L"Shell Test Document", 40);
    RegCloseKey(key);
    touch(L"C:\\shell test\\document.shelltest");
    info(L"C:\\shell test\\document.shelltest", 0, SHGFI_TYPENAME);
    printf("program: %d", (int)(INT_PTR)FindExecutableW(L"C:\\shell test\\document.shelltest", NULL, found) > 32);
    printf(" %d\n", !lstrcmpiW(found, L"C:\\Windows\\System32\\cmd.exe"));
    printf("itself: %d", (int)(INT_PTR)FindExecutableW(L"cmd.exe", NULL, found) > 32);
    printf(" %d\n", !lstrcmpiW(found, L"C:\\Windows\\System32\\cmd.exe"));
    printf("of nothing: %d\n", (int)(INT_PTR)FindExecutableW(L"C:\\no such.shelltest", NULL, found));
    fflush(stdout);
    SHELLEXECUTEINFOW execute = {sizeof execute, SEE_MASK_NOCLOSEPROCESS | SEE_MASK_FLAG_NO_UI | SEE_MASK_NO_CONSOLE};
    execute.lpFile = L"C:\\shell test\\document.shelltest";
    execute.lpParameters = L"one two";
    printf("opened: %d", ShellExecuteExW(&execute));
    WaitForSingleObject(execute.hProcess, INFINITE);
    printf(" %d\n", (int)(INT_PTR)execute.hInstApp > 32);
    execute.lpFile = L"C:\\shell test\\file.txt";
    execute.lpVerb = L"no such verb";
    printf("not opened: %d %lu %d\n", ShellExecuteExW(&execute), GetLastError(), (int)(INT_PTR)execute.hInstApp);
}

int main(void)
{
    CoInitialize(NULL);
    CreateDirectoryW(L"C:\\shell test", NULL);
    touch(L"C:\\shell test\\file.txt");
    files();
    lists();
    folders();
    operations();
    programs();
    DeleteFileW(L"C:\\shell test\\document.shelltest");
    DeleteFileW(L"C:\\shell test\\file.txt");
    printf("clean: %d\n", RemoveDirectoryW(L"C:\\shell test"));
    return 0;
}
