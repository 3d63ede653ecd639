// Writes to the console in several ways and reads its cells back.
#include <windows.h>
#include <stdio.h>

int main(void)
{
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    FILE *report = fopen("report.txt", "wb");
    COORD at = {0, 0}, size = {4, 2};
    WCHAR wide[200];
    char narrow[200];
    WORD colours[200], three[] = {0x1e, 0x1e, 0x2f};
    CHAR_INFO cells[8];
    SMALL_RECT region = {1, 0, 4, 1};
    DWORD count;

    SetConsoleOutputCP(1252);
    WriteConsoleA(out, "hello\r\n", 7, &count, NULL);
    SetConsoleTextAttribute(out, 0x4a);
    WriteConsoleW(out, L"gr\u00fcn \u6f22", 6, &count, NULL);
    SetConsoleTextAttribute(out, 7);
    at.X = 70; at.Y = 3;
    WriteConsoleOutputCharacterA(out, "over the \xe9nd", 12, at, &count);
    fprintf(report, "written %lu\n", count);

    at.X = 0; at.Y = 0;
    ReadConsoleOutputCharacterA(out, narrow, 6, at, &count);
    fprintf(report, "%.*s| %lu\n", (int)count, narrow, count);
    at.Y = 1;
    ReadConsoleOutputCharacterW(out, wide, 8, at, &count);
    ReadConsoleOutputAttribute(out, colours, 8, at, &count);
    for (DWORD i = 0; i < count; i++) fprintf(report, "%04x:%04x ", wide[i], colours[i]);
    at.X = 76; at.Y = 3;
    ReadConsoleOutputCharacterA(out, narrow, 8, at, &count);
    fprintf(report, "\n%.*s| %lu\n", (int)count, narrow, count);

    at.X = 1; at.Y = 0;
    WriteConsoleOutputAttribute(out, three, 3, at, &count);
    fprintf(report, "recoloured %lu\n", count);
    at.X = 0;
    ReadConsoleOutputAttribute(out, colours, 5, at, &count);
    for (DWORD i = 0; i < count; i++) fprintf(report, "%02x ", colours[i]);
    FillConsoleOutputAttribute(out, 0x70, 160, at, &count);
    fprintf(report, "\nfilled %lu\n", count);

    at.X = 0; at.Y = 0;
    BOOL read = ReadConsoleOutputW(out, cells, size, at, &region);
    fprintf(report, "%d: %d %d %d %d\n", read, region.Left, region.Top, region.Right, region.Bottom);
    for (int i = 0; i < 8; i++) fprintf(report, "%04x:%02x ", cells[i].Char.UnicodeChar, cells[i].Attributes & 0xff);
    at.X = 80; at.Y = 0;
    SetLastError(0);
    read = ReadConsoleOutputCharacterW(out, wide, 1, at, &count);
    fprintf(report, "\noutside: %d %lu\n", read, GetLastError());
    fclose(report);
    return 0;
}
