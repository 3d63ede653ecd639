/* Texts of HRESULTs, code pages by number, serial port functions on what is no serial port, console fonts without a console. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define TRY(what) do { SetLastError(0); long long ok = (long long)(what); printf("%s: %lld %lu\n", #what, ok, ok ? 0 : GetLastError()); } while (0)
static int count, known, order;
static BOOL CALLBACK page(WCHAR *text)
{
    int number = _wtoi(text);
    count++;
    known += number == 437 || number == 1252 || number == 65001 || number == 932;
    return TRUE;
}
static BOOL CALLBACK one(char *text) { count++; return FALSE; }
int main(void)
{
    CPINFOEXA info; DCB dcb = {sizeof dcb}; COMMTIMEOUTS times; char text[10]; BOOL used = 0; CONSOLE_FONT_INFO font;
    TRY(EnumSystemCodePagesW(page, CP_INSTALLED)); printf("%d %d\n", count > 20, known);
    count = 0; TRY(EnumSystemCodePagesA(one, CP_SUPPORTED)); printf("%d\n", count);
    TRY(EnumSystemCodePagesA(one, 7));
    TRY(GetCPInfoExA(1252, 0, &info)); printf("%u %u %c\n", info.MaxCharSize, info.CodePage, info.DefaultChar[0]);
    TRY(WideCharToMultiByte(1252, 0, L"\x0100\xff21\x4e2d", 3, text, 10, 0, &used)); printf("%.3s %d\n", text, used);
    TRY(WideCharToMultiByte(1252, WC_NO_BEST_FIT_CHARS, L"\x0100", 1, text, 10, 0, &used)); printf("%.1s %d\n", text, used);
    WCHAR wide[4]; /* what fopen of a static C runtime asks for where UTF-8 is the ANSI code page */
    TRY(MultiByteToWideChar(CP_UTF8, MB_PRECOMPOSED | MB_ERR_INVALID_CHARS, "\xC3\xA9", 2, wide, 4)); printf("%x\n", wide[0]);
    TRY(MultiByteToWideChar(65000, MB_PRECOMPOSED, "a", 1, wide, 4));
    HANDLE file = CreateFileA("plain.txt", GENERIC_READ | GENERIC_WRITE, 0, 0, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, 0);
    TRY(GetCommState(file, &dcb)); TRY(GetCommTimeouts(file, &times)); TRY(SetupComm(file, 1, 1));
    TRY(PurgeComm((HANDLE)0x1234, PURGE_TXCLEAR)); TRY(GetCurrentConsoleFont(file, FALSE, &font));
    static const DWORD errors[] = {0x80004005, 0x800401F3, 0x80020009, 0x80040154, 0x80070002, 0x800A0001};
    for (int i = 0; i < 6; i++) {                         /* HRESULTs have texts of their own */
        char message[200] = ""; SetLastError(0);
        FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, errors[i], 0, message, sizeof message, NULL);
        message[strcspn(message, "\r\n")] = 0;
        printf("%#lx %lu %s\n", errors[i], GetLastError(), message);
    }
    return 0;
}
