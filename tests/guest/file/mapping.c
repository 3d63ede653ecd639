/* A mapped file and its handles see the same data; what is mapped cannot be cut off. */
#include "common.h"

int main(void)
{
    char text[20] = {0};
    DWORD done;
    put("m", "0123456789");
    HANDLE f = open_file("m", GENERIC_READ | GENERIC_WRITE, 7, OPEN_EXISTING);
    HANDLE section = CreateFileMappingA(f, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    printf("%.10s\n", view);
    view[0] = 'X';
    ReadFile(f, text, 10, &done, NULL);
    puts(text);
    SetFilePointer(f, 1, NULL, FILE_BEGIN);
    WriteFile(f, "YY", 2, &done, NULL);
    printf("%.10s\n", view);
    SetFilePointer(f, 3, NULL, FILE_BEGIN);
    TRY(SetEndOfFile(f));
    CloseHandle(section);
    TRY(SetEndOfFile(f));
    CloseHandle(f);
    TRY(keep(open_file("m", GENERIC_WRITE, 7, TRUNCATE_EXISTING)));
    UnmapViewOfFile(view);
    TRY(keep(open_file("m", GENERIC_WRITE, 7, TRUNCATE_EXISTING)));
    show_file("m");
    return 0;
}
