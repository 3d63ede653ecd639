/* What standard input and output are, then a copy of the one to the other. */
#include "common.h"

int main(void)
{
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE), out = GetStdHandle(STD_OUTPUT_HANDLE);
    char text[100];
    DWORD mode, done, total = 0;
    SHOW(GetFileType(in)); SHOW(GetFileType(out)); TRY(GetConsoleMode(in, &mode)); TRY(GetConsoleMode(out, &mode));
    TRY(WriteConsoleW(out, L"x", 1, &done, NULL)); TRY(keep(open_file("CONOUT$", GENERIC_WRITE, 3, OPEN_EXISTING)));
    fflush(stdout);
    while (ReadFile(in, text, sizeof text, &done, NULL) && done) {
        total += done;
        WriteFile(out, text, done, &done, NULL);
    }
    SHOW(GetLastError()); SHOW(total);
    return 0;
}
