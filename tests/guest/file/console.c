/* A console on a terminal: text, lines, keys, Ctrl-C. */
#include "common.h"

static BOOL WINAPI handler(DWORD event)
{
    printf("event %lu\n", event);
    return event == CTRL_C_EVENT;
}

int main(void)
{
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE), out = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD mode, done;
    WCHAR line[80];
    CONSOLE_SCREEN_BUFFER_INFO info;
    INPUT_RECORD record;
    setvbuf(stdout, NULL, _IONBF, 0);
    SHOW(GetFileType(out)); SHOW(GetConsoleMode(in, &mode)); SHOW(mode); SHOW(GetConsoleMode(out, &mode)); SHOW(mode);
    SHOW(WriteConsoleW(out, L"\x00fc\x4f60\r\n", 4, &done, NULL)); SHOW(done);
    SHOW(GetConsoleScreenBufferInfo(out, &info)); SHOW(info.dwSize.X); SHOW(info.srWindow.Bottom);
    SHOW(info.dwCursorPosition.X);
    puts("line?");
    SHOW(ReadConsoleW(in, line, 80, &done, NULL)); SHOW(done); SHOW(line[0]); SHOW(line[done - 2]);
    puts("key?");
    do
        ReadConsoleInputW(in, &record, 1, &done);
    while (record.EventType != KEY_EVENT);
    SHOW(record.Event.KeyEvent.wVirtualKeyCode); SHOW(record.Event.KeyEvent.bKeyDown);
    FlushConsoleInputBuffer(in);
    SHOW(SetConsoleCtrlHandler(handler, TRUE));
    puts("break?");
    SetLastError(0);
    SHOW(ReadConsoleW(in, line, 80, &done, NULL)); SHOW(GetLastError()); SHOW(done);
    do /* until all that was pressed has been handled */
        ReadConsoleW(in, line, 80, &done, NULL);
    while (!done);
    puts("again?");
    SHOW(SetConsoleCtrlHandler(handler, FALSE));
    Sleep(INFINITE);
    return 1;
}
