/* Full paths, current directory, searching, listings, temporary files. */
#include "common.h"

static const char *below(const char *path, const char *base)
{
    size_t length = strlen(base);
    return !_strnicmp(path, base, length) ? path + length : path;
}

static void full(const char *path)
{
    char out[MAX_PATH], *part = NULL, here[MAX_PATH];
    GetCurrentDirectoryA(sizeof here, here);
    SetLastError(0xDEAD);
    DWORD length = GetFullPathNameA(path, sizeof out, out, &part);
    if (!length) printf("[%s] -> failed %lu\n", path, GetLastError());
    else printf("[%s] -> [%s] %s\n", path, below(out, here), part ? part : "(none)");
}

static void list(const char *pattern)
{
    WIN32_FIND_DATAA found;
    SetLastError(0);
    HANDLE search = FindFirstFileA(pattern, &found);
    printf("[%s]:", pattern);
    if (search == INVALID_HANDLE_VALUE) { printf(" failed %lu\n", GetLastError()); return; }
    do printf(" %s%s", found.cFileName, found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? "/" : "");
    while (FindNextFileA(search, &found));
    printf(" | %lu\n", GetLastError());
    FindClose(search);
}

int main(void)
{
    char here[MAX_PATH], text[MAX_PATH];
    GetCurrentDirectoryA(sizeof here, here);
    static const char *const paths[] = {
        "C:\\a\\b", "c:/a//b/", "C:\\a\\..\\..\\b", "C:\\a\\.\\b\\.", "C:\\..", "C:\\a\\b...", "C:\\a.\\b", "x",
        "\\\\server\\share\\..\\..\\x", "\\\\?\\C:\\a\\..\\b", "\\\\.\\pipe\\x", "NUL", "C:\\x\\nul", "nullable", "",
        "a\\b:stream", "C:\\a\\ b \\ c ", "\\\\.\\C:\\x", "C:\\...", "q:x",
    };
    puts("-- full paths");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; ++i) full(paths[i]);
    SHOW(GetFullPathNameA("C:\\abc", 3, text, NULL)); SHOW(GetFullPathNameA("C:\\abc", 6, text, NULL));
    SHOW(GetFullPathNameA("C:\\abc", 7, text, NULL)); SHOW(GetFullPathNameW(L"C:\\abc", 0, NULL, NULL));

    puts("-- current directory");
    SHOW(CreateDirectoryA("sub", NULL)); SHOW(CreateDirectoryA("sub\\Deep", NULL));
    SHOW(SetCurrentDirectoryA("SUB")); put("in.txt", "x"); SHOW(SetCurrentDirectoryA("deep"));
    TRY(SetCurrentDirectoryA("missing")); TRY(SetCurrentDirectoryA("..\\in.txt")); TRY(SetCurrentDirectoryA(""));
    show_file("..\\in.txt"); TRY(RemoveDirectoryA("."));
    SHOW(SetCurrentDirectoryA("..\\.."));
    GetCurrentDirectoryA(sizeof text, text);
    SHOW(strcmp(text, here)); SHOW(GetCurrentDirectoryA(2, text) == strlen(here) + 1);

    puts("-- listings");
    put("A.txt", "1"); put("b.TXT", "22"); put("c.doc", "333"); put("noext", ""); put("long name.html", "");
    list("*.txt"); list("*.*x"); list("*."); list("?.t?t"); list("a*"); list("*.d?c"); list("zzz*"); list("no\\*");
    list("c.doc"); list("C.DOC"); list("c.doc\\*"); list("sub\\*"); list("sub"); list("sub\\"); list("sub\\.");
    list("sub\\deep\\*"); list("b.tx?"); list("noext*.*"); list("?????.");
    list("");
    WIN32_FIND_DATAA found;
    HANDLE search = FindFirstFileA("C.doc", &found);
    SHOW(found.nFileSizeLow); SHOW(found.dwFileAttributes); puts(found.cFileName);
    TRY(FindNextFileA(search, &found)); SHOW(FindClose(search)); TRY(FindNextFileA(INVALID_HANDLE_VALUE, &found));
    search = FindFirstFileExA("*", FindExInfoBasic, &found, FindExSearchLimitToDirectories, NULL, 0);
    int count = 0;
    do count += found.cFileName[0] != '.'; while (FindNextFileA(search, &found));
    SHOW(count >= 1); FindClose(search);

    puts("-- names");
    SHOW(GetLongPathNameA("SUB\\IN.TXT", text, sizeof text)); puts(text);
    TRY(GetLongPathNameA("missing", text, sizeof text)); SHOW(GetLongPathNameA("a.TXT", text, 3));
    HANDLE file = open_file("sub\\IN.TXT", GENERIC_READ, 7, OPEN_EXISTING);
    DWORD length = GetFinalPathNameByHandleA(file, text, sizeof text, 0);
    SHOW(length == strlen(text)); SHOW(!strncmp(text, "\\\\?\\", 4)); puts(text + length - 11);
    CloseHandle(file);
    SHOW(SearchPathA(here, "a", ".TXT", sizeof text, text, NULL) > 0); puts(below(text, here));
    TRY(SearchPathA(here, "zzz", NULL, sizeof text, text, NULL));

    puts("-- temporary files");
    UINT number = GetTempFileNameA(".", "abcdef", 0, text);
    SHOW(number > 0 && number < 0x10000); SHOW(GetFileAttributesA(text) != INVALID_FILE_ATTRIBUTES);
    SHOW(!strncmp(text, ".\\abc", 5)); SHOW(!strcmp(text + strlen(text) - 4, ".tmp")); DeleteFileA(text);
    SHOW(GetTempFileNameA(".", "p", 0x1234, text)); puts(text); TRY(GetTempFileNameA("missing", "p", 0, text));
    SHOW(GetTempPathA(sizeof text, text) > 3); SHOW(text[strlen(text) - 1] == '\\');
    SHOW(GetFileAttributesA(text) & FILE_ATTRIBUTE_DIRECTORY);

    puts("-- drives");
    SHOW(GetDriveTypeA("C:\\")); SHOW(GetDriveTypeA("Q:\\")); SHOW(GetLogicalDrives() >> 2 & 1);
    DWORD serial, component, flags;
    char system[32];
    SHOW(GetVolumeInformationA("C:\\", NULL, 0, &serial, &component, &flags, system, sizeof system));
    SHOW(component); SHOW(flags & 6); puts(system); TRY(GetVolumeInformationA("C:", NULL, 0, NULL, NULL, NULL, NULL, 0));
    ULARGE_INTEGER free, total, all;
    SHOW(GetDiskFreeSpaceExA(NULL, &free, &total, &all)); SHOW(free.QuadPart <= total.QuadPart && total.QuadPart > 0);
    SHOW(GetVolumePathNameA("C:\\windows\\x", text, sizeof text)); puts(text);
    SHOW(QueryDosDeviceA("C:", text, sizeof text) > 0); SHOW(!strncmp(text, "\\Device\\Harddisk", 16));
    return 0;
}
