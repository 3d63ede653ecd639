/* Opening, sharing, reading, writing, attributes, deleting, renaming. */
#include "common.h"

static void opening(void)
{
    puts("-- opening");
    TRY(keep(open_file("missing.txt", GENERIC_READ, 0, OPEN_EXISTING)));
    TRY(keep(open_file("no\\missing.txt", GENERIC_READ, 0, OPEN_EXISTING)));
    TRY(keep(open_file("a.txt", GENERIC_WRITE, 0, CREATE_NEW)));
    TRY(keep(open_file("A.TXT", GENERIC_WRITE, 0, CREATE_NEW)));
    TRY(keep(open_file("b.txt", GENERIC_WRITE, 0, TRUNCATE_EXISTING)));
    TRY(keep(open_file("b.txt", GENERIC_WRITE, 0, OPEN_ALWAYS)));
    SHOW(GetLastError());
    TRY(keep(open_file("b.txt", GENERIC_WRITE, 0, OPEN_ALWAYS)));
    SHOW(GetLastError());
    TRY(keep(open_file("b.txt", GENERIC_WRITE, 0, CREATE_ALWAYS)));
    SHOW(GetLastError());
    TRY(keep(open_file("", GENERIC_READ, 0, OPEN_EXISTING)));
    TRY(keep(open_file("a<b", GENERIC_WRITE, 0, CREATE_ALWAYS)));
    TRY(keep(open_file("a.txt\\x", GENERIC_READ, 0, OPEN_EXISTING)));
    TRY(keep(open_file("a.txt\\", GENERIC_READ, 0, OPEN_EXISTING)));
    TRY(keep(open_file(".", GENERIC_READ, 0, OPEN_EXISTING)));
    TRY(keep(CreateFileA(".", GENERIC_READ, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL)));
    TRY(keep(open_file("a.txt", GENERIC_READ, 0, 9)));
    TRY(keep(open_file("Q:\\x", GENERIC_READ, 0, OPEN_EXISTING)));
    TRY(keep(open_file("NUL", GENERIC_READ | GENERIC_WRITE, 0, OPEN_EXISTING)));
    TRY(keep(open_file("a.txt. . ", GENERIC_READ, 0, OPEN_EXISTING)));
}

static void sharing(void)
{
    puts("-- sharing");
    HANDLE first = open_file("a.txt", GENERIC_READ, FILE_SHARE_READ, OPEN_EXISTING);
    TRY(keep(open_file("a.txt", GENERIC_READ, FILE_SHARE_READ, OPEN_EXISTING)));
    TRY(keep(open_file("a.txt", GENERIC_WRITE, FILE_SHARE_READ, OPEN_EXISTING)));
    TRY(keep(open_file("a.txt", GENERIC_READ, 0, OPEN_EXISTING)));
    TRY(keep(open_file("a.txt", 0, 0, OPEN_EXISTING)));
    TRY(DeleteFileA("a.txt"));
    CloseHandle(first);
    first = open_file("a.txt", GENERIC_WRITE, FILE_SHARE_WRITE | FILE_SHARE_DELETE, OPEN_EXISTING);
    TRY(keep(open_file("a.txt", GENERIC_WRITE, FILE_SHARE_WRITE, OPEN_EXISTING)));
    TRY(keep(open_file("a.txt", GENERIC_READ, 7, OPEN_EXISTING)));
    CloseHandle(first);
}

static void data(void)
{
    puts("-- data");
    char buffer[64] = {0};
    DWORD done = 77;
    HANDLE file = open_file("data", GENERIC_READ | GENERIC_WRITE, 0, CREATE_ALWAYS);
    SHOW(WriteFile(file, "0123456789", 10, &done, NULL)); SHOW(done);
    SHOW(SetFilePointer(file, -4, NULL, FILE_END));
    SHOW(ReadFile(file, buffer, sizeof buffer, &done, NULL)); SHOW(done); puts(buffer);
    SHOW(ReadFile(file, buffer, sizeof buffer, &done, NULL)); SHOW(done);
    SHOW(SetFilePointer(file, 3, NULL, FILE_BEGIN)); SHOW(SetEndOfFile(file));
    SHOW(GetFileSize(file, NULL));
    SHOW(SetFilePointer(file, 8, NULL, FILE_BEGIN)); SHOW(WriteFile(file, "X", 1, &done, NULL));
    LARGE_INTEGER size, at = {0};
    SHOW(GetFileSizeEx(file, &size)); SHOW(size.QuadPart);
    SHOW(SetFilePointerEx(file, at, &size, FILE_CURRENT)); SHOW(size.QuadPart);
    at.QuadPart = -1;
    TRY(SetFilePointerEx(file, at, &size, FILE_BEGIN));
    TRY(SetFilePointer(file, 0, NULL, 7));
    OVERLAPPED place = {0};
    place.Offset = 1;
    SHOW(ReadFile(file, buffer, 2, &done, &place)); SHOW(done); SHOW(buffer[0]);
    SHOW(SetFilePointer(file, 0, NULL, FILE_CURRENT));
    place.Offset = 100;
    TRY(ReadFile(file, buffer, 2, &done, &place)); SHOW(done);
    SHOW(GetFileType(file)); SHOW(FlushFileBuffers(file));
    CloseHandle(file);
    file = open_file("data", GENERIC_READ, 0, OPEN_EXISTING);
    TRY(WriteFile(file, "x", 1, &done, NULL)); SHOW(done);
    CloseHandle(file);
    TRY(ReadFile(file, buffer, 1, &done, NULL));
    file = open_file("data", FILE_APPEND_DATA, 0, OPEN_EXISTING);
    SHOW(WriteFile(file, "end", 3, &done, NULL));
    CloseHandle(file);
    file = open_file("data", GENERIC_READ, 0, OPEN_EXISTING);
    SHOW(ReadFile(file, buffer, sizeof buffer, &done, NULL)); SHOW(done);
    printf("%.3s %.3s\n", buffer, buffer + 9);
    CloseHandle(file);
}

static void attributes(void)
{
    puts("-- attributes");
    put("f", "data");
    SHOW(GetFileAttributesA("f")); SHOW(GetFileAttributesA(".") & FILE_ATTRIBUTE_DIRECTORY);
    TRY(GetFileAttributesA("missing")); TRY(GetFileAttributesA("no\\missing")); TRY(GetFileAttributesA(""));
    SHOW(SetFileAttributesA("f", FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN)); SHOW(GetFileAttributesA("f"));
    TRY(keep(open_file("f", GENERIC_WRITE, 0, OPEN_EXISTING)));
    TRY(keep(open_file("f", GENERIC_WRITE, 0, CREATE_ALWAYS)));
    TRY(DeleteFileA("f"));
    SHOW(SetFileAttributesA("f", FILE_ATTRIBUTE_NORMAL)); SHOW(GetFileAttributesA("f"));
    WIN32_FILE_ATTRIBUTE_DATA info;
    SHOW(GetFileAttributesExA("f", GetFileExInfoStandard, &info)); SHOW(info.nFileSizeLow);
    HANDLE file = open_file("f", GENERIC_READ | GENERIC_WRITE, 0, OPEN_EXISTING);
    FILETIME created = {0x12345678, 0x01C00000}, read = {0x87654321, 0x01C10000}, written = {0x11111110, 0x01C20000}, t[3];
    SHOW(SetFileTime(file, &created, &read, &written)); SHOW(GetFileTime(file, &t[0], &t[1], &t[2]));
    printf("%lx%08lx %lx%08lx\n", t[1].dwHighDateTime, t[1].dwLowDateTime, t[2].dwHighDateTime, t[2].dwLowDateTime);
    BY_HANDLE_FILE_INFORMATION by;
    SHOW(GetFileInformationByHandle(file, &by)); SHOW(by.nNumberOfLinks); SHOW(by.nFileSizeLow);
    FILE_STANDARD_INFO standard;
    SHOW(GetFileInformationByHandleEx(file, FileStandardInfo, &standard, sizeof standard));
    SHOW(standard.EndOfFile.QuadPart); SHOW(standard.Directory); SHOW(standard.DeletePending);
    CloseHandle(file);
}

static void deleting(void)
{
    puts("-- deleting");
    put("gone", "x");
    HANDLE file = open_file("gone", GENERIC_READ, 7, OPEN_EXISTING);
    SHOW(DeleteFileA("gone"));
    char byte; DWORD done;
    SHOW(ReadFile(file, &byte, 1, &done, NULL)); SHOW(done);
    CloseHandle(file);
    TRY(keep(open_file("gone", GENERIC_READ, 7, OPEN_EXISTING)));
    TRY(DeleteFileA("gone")); TRY(DeleteFileA("no\\gone")); TRY(DeleteFileA("."));
    SHOW(CreateDirectoryA("dir", NULL)); TRY(CreateDirectoryA("DIR", NULL)); TRY(CreateDirectoryA("no\\dir", NULL));
    put("dir\\inner", "x");
    TRY(RemoveDirectoryA("dir")); TRY(DeleteFileA("dir")); TRY(RemoveDirectoryA("dir\\inner"));
    SHOW(DeleteFileA("DIR\\INNER")); SHOW(RemoveDirectoryA("Dir")); TRY(RemoveDirectoryA("dir"));
    file = CreateFileA("temp", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    SHOW(GetFileAttributesA("temp") != INVALID_FILE_ATTRIBUTES);
    CloseHandle(file);
    SHOW(GetFileAttributesA("temp") != INVALID_FILE_ATTRIBUTES);
}

static void moving(void)
{
    puts("-- moving");
    put("one", "1"); put("two", "2");
    TRY(MoveFileA("one", "two")); SHOW(MoveFileExA("one", "two", MOVEFILE_REPLACE_EXISTING)); show_file("two");
    TRY(MoveFileA("one", "three")); TRY(MoveFileA("two", "no\\two"));
    SHOW(MoveFileA("two", "TWO")); show_file("two");
    WIN32_FIND_DATAA found;
    HANDLE search = FindFirstFileA("tw?", &found);
    puts(found.cFileName);
    FindClose(search);
    SHOW(CopyFileA("two", "copy", TRUE)); TRY(CopyFileA("two", "copy", TRUE)); SHOW(CopyFileA("two", "copy", FALSE));
    show_file("copy"); TRY(CopyFileA("missing", "copy", FALSE));
    SHOW(CreateHardLinkA("link", "copy", NULL)); put("link", "changed"); show_file("copy");
    put("new", "new"); SHOW(ReplaceFileA("copy", "new", "backup", 0, NULL, NULL)); show_file("copy"); show_file("backup");
    SHOW(CreateDirectoryA("from", NULL)); put("from\\x", "x");
    SHOW(MoveFileA("from", "to")); show_file("to\\x"); show_file("from\\x");
    HANDLE held = open_file("to\\x", GENERIC_READ, 7, OPEN_EXISTING);
    TRY(MoveFileA("to", "away"));
    CloseHandle(held);
}

int main(void)
{
    opening();
    sharing();
    data();
    attributes();
    deleting();
    moving();
    return 0;
}
