/* The console, past all streams: CONIN$ and CONOUT$. */
#include "internal.h"
#include "console.h"
#include "stream.h"
#include "printf.h"
#include "scanf.h"
#include <string.h>

static HANDLE input = INVALID_HANDLE_VALUE, output = INVALID_HANDLE_VALUE;
static int pushed = EOF;       /* _ungetch */
static int pushed_wide = WEOF;
static int second = 0;         /* the second half of a key that gives two characters */

static HANDLE console_input(void)
{
    if (input == INVALID_HANDLE_VALUE)
        input = CreateFileW(L"CONIN$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                            OPEN_EXISTING, 0, NULL);
    return input;
}

static HANDLE console_output(void)
{
    if (output == INVALID_HANDLE_VALUE)
        output = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                             OPEN_EXISTING, 0, NULL);
    return output;
}

/* ---- output --------------------------------------------------------------------------------------------------------- */

int crt_console_write_wide(const wchar_t *text, size_t length)
{
    HANDLE handle = console_output();
    DWORD written;

    return handle != INVALID_HANDLE_VALUE && WriteConsoleW(handle, text, (DWORD)length, &written, NULL) ? 0 : -1;
}

int crt_console_write(const char *text, size_t length)
{
    HANDLE handle = console_output();
    DWORD written;

    return handle != INVALID_HANDLE_VALUE && WriteConsoleA(handle, text, (DWORD)length, &written, NULL) ? 0 : -1;
}

CRT_EXPORT int _putch_nolock(int c)
{
    char byte = (char)c;

    return crt_console_write(&byte, 1) ? EOF : c;
}

CRT_EXPORT int _putch(int c)
{
    int result;

    _lock(CRT_LOCK_CONIO);
    result = _putch_nolock(c);
    _unlock(CRT_LOCK_CONIO);
    return result;
}

CRT_EXPORT wint_t _putwch_nolock(wchar_t c)
{
    return crt_console_write_wide(&c, 1) ? WEOF : c;
}

CRT_EXPORT wint_t _putwch(wchar_t c)
{
    wint_t result;

    _lock(CRT_LOCK_CONIO);
    result = _putwch_nolock(c);
    _unlock(CRT_LOCK_CONIO);
    return result;
}

CRT_EXPORT int _cputs(const char *text)
{
    CRT_VALIDATE(text, EINVAL, -1);
    return crt_console_write(text, strlen(text));
}

CRT_EXPORT int _cputws(const wchar_t *text)
{
    CRT_VALIDATE(text, EINVAL, -1);
    return crt_console_write_wide(text, wcslen(text));
}

static int put_narrow(crt_sink *sink, const char *text, size_t length)
{
    return crt_console_write(text, length);
}

static int put_wide(crt_wide_sink *sink, const wchar_t *text, size_t length)
{
    return crt_console_write_wide(text, length);
}

int crt_format_console(uint64_t options, const char *format, crt_locale_t locale, va_list arguments)
{
    crt_sink sink = {put_narrow};
    int result;

    _lock(CRT_LOCK_CONIO);
    result = crt_format(&sink, options, format, locale, arguments);
    _unlock(CRT_LOCK_CONIO);
    return result;
}

int crt_format_wide_console(uint64_t options, const wchar_t *format, crt_locale_t locale, va_list arguments)
{
    crt_wide_sink sink = {put_wide};
    int result;

    _lock(CRT_LOCK_CONIO);
    result = crt_format_wide(&sink, options, format, locale, arguments);
    _unlock(CRT_LOCK_CONIO);
    return result;
}

/* ---- keys ----------------------------------------------------------------------------------------------------------- */

/* What a key without a character gives: a lead (0 or 0xE0) and a code for plain, shift, control and alt. */
typedef struct key {
    unsigned short scan;
    unsigned char lead[4], code[4];
} key;

/* Sources: the table of key scan codes in Microsoft's documentation of _getch. */
static const key enhanced_keys[] = {
    {28, {13, 13, 10, 0}, {0, 0, 0, 166}},
    {53, {47, 63, 0, 0}, {0, 0, 149, 164}},
    {71, {224, 224, 224, 0}, {71, 71, 119, 151}},
    {72, {224, 224, 224, 0}, {72, 72, 141, 152}},
    {73, {224, 224, 224, 0}, {73, 73, 134, 153}},
    {75, {224, 224, 224, 0}, {75, 75, 115, 155}},
    {77, {224, 224, 224, 0}, {77, 77, 116, 157}},
    {79, {224, 224, 224, 0}, {79, 79, 117, 159}},
    {80, {224, 224, 224, 0}, {80, 80, 145, 160}},
    {81, {224, 224, 224, 0}, {81, 81, 118, 161}},
    {82, {224, 224, 224, 0}, {82, 82, 146, 162}},
    {83, {224, 224, 224, 0}, {83, 83, 147, 163}},
};

static int extended_key(const KEY_EVENT_RECORD *event, int *lead, int *code)
{
    DWORD state = event->dwControlKeyState;
    int column = state & (LEFT_ALT_PRESSED | RIGHT_ALT_PRESSED)     ? 3
                 : state & (LEFT_CTRL_PRESSED | RIGHT_CTRL_PRESSED) ? 2
                 : state & SHIFT_PRESSED                            ? 1
                                                                    : 0;
    unsigned scan = event->wVirtualScanCode;

    if (state & ENHANCED_KEY) {
        for (size_t i = 0; i < sizeof enhanced_keys / sizeof *enhanced_keys; i++)
            if (enhanced_keys[i].scan == scan) {
                *lead = enhanced_keys[i].lead[column];
                *code = enhanced_keys[i].code[column];
                return 1;
            }
        return 0;
    }
    if (scan >= 59 && scan <= 68) { /* F1 to F10 */
        static const int first[] = {59, 84, 94, 104};

        *lead = 0;
        *code = first[column] + (int)scan - 59;
        return 1;
    }
    if (scan == 87 || scan == 88) { /* F11, F12 */
        *lead = 224;
        *code = 133 + 2 * column + (scan == 88);
        return 1;
    }
    if (scan >= 71 && scan <= 83 && scan != 74 && scan != 78) { /* the number pad without NumLock */
        for (size_t i = 2; i < sizeof enhanced_keys / sizeof *enhanced_keys; i++)
            if (enhanced_keys[i].scan == scan) {
                *lead = 0;
                *code = enhanced_keys[i].code[column];
                return 1;
            }
    }
    if (column == 3 && scan >= 2 && scan <= 13) { /* alt and the digits' row */
        *lead = 0;
        *code = 118 + (int)scan;
        return 1;
    }
    if (column == 3 && scan >= 16 && scan <= 50) { /* alt and letters */
        *lead = 0;
        *code = (int)scan;
        return 1;
    }
    return 0;
}

/* The next key's character. Returns -1 without a console. */
static int read_key(int wide)
{
    HANDLE handle = console_input();
    DWORD mode = 0, count;
    int result = -1;

    if (second) {
        result = second;
        second = 0;
        return result;
    }
    if (handle == INVALID_HANDLE_VALUE || !GetConsoleMode(handle, &mode))
        return -1;
    SetConsoleMode(handle, 0);
    for (;;) {
        INPUT_RECORD record;
        int lead, code;

        if (!(wide ? ReadConsoleInputW(handle, &record, 1, &count) : ReadConsoleInputA(handle, &record, 1, &count)) ||
            !count)
            break;
        if (record.EventType != KEY_EVENT || !record.Event.KeyEvent.bKeyDown)
            continue;
        result = wide ? record.Event.KeyEvent.uChar.UnicodeChar : (unsigned char)record.Event.KeyEvent.uChar.AsciiChar;
        if (result)
            break;
        if (extended_key(&record.Event.KeyEvent, &lead, &code)) {
            result = lead;
            second = code;
            break;
        }
    }
    SetConsoleMode(handle, mode);
    return result;
}

CRT_EXPORT int _getch_nolock(void)
{
    int c = pushed;

    if (c != EOF) {
        pushed = EOF;
        return c & 0xFF;
    }
    return read_key(0);
}

CRT_EXPORT int _getch(void)
{
    int c;

    _lock(CRT_LOCK_CONIO);
    c = _getch_nolock();
    _unlock(CRT_LOCK_CONIO);
    return c;
}

CRT_EXPORT int _getche_nolock(void)
{
    int c;

    if (pushed != EOF)
        return _getch_nolock();
    c = _getch_nolock();
    return c != EOF && _putch_nolock(c) != EOF ? c : EOF;
}

CRT_EXPORT int _getche(void)
{
    int c;

    _lock(CRT_LOCK_CONIO);
    c = _getche_nolock();
    _unlock(CRT_LOCK_CONIO);
    return c;
}

CRT_EXPORT int _ungetch_nolock(int c)
{
    if (c == EOF || pushed != EOF)
        return EOF;
    return pushed = c;
}

CRT_EXPORT int _ungetch(int c)
{
    _lock(CRT_LOCK_CONIO);
    c = _ungetch_nolock(c);
    _unlock(CRT_LOCK_CONIO);
    return c;
}

CRT_EXPORT wint_t _getwch_nolock(void)
{
    int c = pushed_wide;

    if (c != WEOF) {
        pushed_wide = WEOF;
        return (wint_t)c;
    }
    return (wint_t)read_key(1);
}

CRT_EXPORT wint_t _getwch(void)
{
    wint_t c;

    _lock(CRT_LOCK_CONIO);
    c = _getwch_nolock();
    _unlock(CRT_LOCK_CONIO);
    return c;
}

CRT_EXPORT wint_t _getwche_nolock(void)
{
    wint_t c;

    if (pushed_wide != WEOF)
        return _getwch_nolock();
    c = _getwch_nolock();
    return c != WEOF && _putwch_nolock(c) != WEOF ? c : WEOF;
}

CRT_EXPORT wint_t _getwche(void)
{
    wint_t c;

    _lock(CRT_LOCK_CONIO);
    c = _getwche_nolock();
    _unlock(CRT_LOCK_CONIO);
    return c;
}

CRT_EXPORT wint_t _ungetwch_nolock(wint_t c)
{
    if (c == WEOF || pushed_wide != WEOF)
        return WEOF;
    return (wint_t)(pushed_wide = c);
}

CRT_EXPORT wint_t _ungetwch(wint_t c)
{
    _lock(CRT_LOCK_CONIO);
    c = _ungetwch_nolock(c);
    _unlock(CRT_LOCK_CONIO);
    return c;
}

CRT_EXPORT int _kbhit(void)
{
    HANDLE handle;
    INPUT_RECORD *records;
    DWORD count, got = 0;
    int hit = 0;

    _lock(CRT_LOCK_CONIO);
    handle = console_input();
    if (pushed != EOF || second) {
        hit = 1;
    } else if (handle != INVALID_HANDLE_VALUE && GetNumberOfConsoleInputEvents(handle, &count) && count) {
        records = malloc(count * sizeof *records);
        if (records && PeekConsoleInputW(handle, records, count, &got)) {
            for (DWORD i = 0; i < got && !hit; i++) {
                const KEY_EVENT_RECORD *event = &records[i].Event.KeyEvent;
                int lead, code;

                hit = records[i].EventType == KEY_EVENT && event->bKeyDown &&
                      (event->uChar.UnicodeChar || extended_key(event, &lead, &code));
            }
        }
        free(records);
    }
    _unlock(CRT_LOCK_CONIO);
    return hit;
}

/* ---- lines ---------------------------------------------------------------------------------------------------------- */

CRT_EXPORT errno_t _cgetws_s(wchar_t *buffer, size_t size, size_t *length)
{
    HANDLE handle = console_input();
    DWORD mode, count = 0;

    CRT_VALIDATE(buffer && size, EINVAL, EINVAL);
    *buffer = 0;
    CRT_VALIDATE(length, EINVAL, EINVAL);
    *length = 0;
    if (handle == INVALID_HANDLE_VALUE || !GetConsoleMode(handle, &mode))
        return errno = EINVAL;
    SetConsoleMode(handle, ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT | ENABLE_ECHO_INPUT);
    if (!ReadConsoleW(handle, buffer, (DWORD)size - 1, &count, NULL)) {
        _dosmaperr(GetLastError());
        SetConsoleMode(handle, mode);
        return errno;
    }
    SetConsoleMode(handle, mode);
    while (count && (buffer[count - 1] == L'\n' || buffer[count - 1] == L'\r'))
        count--;
    buffer[count] = 0;
    *length = count;
    return 0;
}

CRT_EXPORT errno_t _cgets_s(char *buffer, size_t size, size_t *length)
{
    wchar_t *wide;
    size_t count;
    errno_t result;
    int bytes;

    CRT_VALIDATE(buffer && size, EINVAL, EINVAL);
    *buffer = 0;
    CRT_VALIDATE(length, EINVAL, EINVAL);
    *length = 0;
    wide = malloc(size * sizeof *wide);
    if (!wide)
        return errno = ENOMEM;
    result = _cgetws_s(wide, size, &count);
    if (!result && count) {
        bytes = WideCharToMultiByte(GetConsoleCP(), 0, wide, (int)count, buffer, (int)size - 1, NULL, NULL);
        buffer[bytes] = 0;
        *length = bytes;
    }
    free(wide);
    return result;
}

/* The old form: buffer[0] holds the size, buffer[1] gets the length, the text begins at buffer[2]. */
CRT_EXPORT char *_cgets(char *buffer)
{
    size_t length;

    CRT_VALIDATE(buffer && buffer[0], EINVAL, NULL);
    if (_cgets_s(buffer + 2, (unsigned char)buffer[0], &length))
        return NULL;
    buffer[1] = (char)length;
    return buffer + 2;
}

CRT_EXPORT wchar_t *_cgetws(wchar_t *buffer)
{
    size_t length;

    CRT_VALIDATE(buffer && buffer[0], EINVAL, NULL);
    if (_cgetws_s(buffer + 2, buffer[0], &length))
        return NULL;
    buffer[1] = (wchar_t)length;
    return buffer + 2;
}

static int get_narrow(crt_source *source)
{
    int c = _getche_nolock();

    return c == '\r' ? '\n' : c;
}

static void unget_narrow(crt_source *source, int c)
{
    _ungetch_nolock(c);
}

static int get_wide(crt_source *source)
{
    wint_t c = _getwche_nolock();

    return c == WEOF ? -1 : c == L'\r' ? L'\n' : c;
}

static void unget_wide(crt_source *source, int c)
{
    _ungetwch_nolock((wint_t)c);
}

int crt_scan_console(uint64_t options, const char *format, crt_locale_t locale, va_list arguments)
{
    crt_source source = {get_narrow, unget_narrow};
    int result;

    _lock(CRT_LOCK_CONIO);
    result = crt_scan(&source, options, format, locale, arguments);
    _unlock(CRT_LOCK_CONIO);
    return result;
}

int crt_scan_wide_console(uint64_t options, const wchar_t *format, crt_locale_t locale, va_list arguments)
{
    crt_source source = {get_wide, unget_wide};
    int result;

    _lock(CRT_LOCK_CONIO);
    result = crt_scan_wide(&source, options, format, locale, arguments);
    _unlock(CRT_LOCK_CONIO);
    return result;
}
