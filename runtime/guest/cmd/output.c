/* Output and input through handles: consoles take text, everything else bytes of the console's code page. */
#include "base.h"

HANDLE handles[10];
bool unicode_output;
bool output_failed;

static wchar_t pending[4096];
static size_t pending_count;
static wchar_t *captured;
static size_t captured_count, captured_room;

bool is_console(HANDLE handle)
{
    DWORD mode;

    return handle && GetConsoleMode(handle, &mode);
}

static void write_bytes(HANDLE handle, const void *bytes, size_t n)
{
    const char *p = bytes;

    while (n) {
        DWORD done = 0, part = n > 0x100000 ? 0x100000 : (DWORD)n;

        if (!WriteFile(handle, p, part, &done, NULL) || !done) {
            output_failed = true;
            return;
        }
        p += done;
        n -= done;
    }
}

static void capture_text(const wchar_t *s, size_t n)
{
    if (captured_count + n + 1 > captured_room) {
        size_t room = (captured_count + n + 1) * 2;
        wchar_t *more = captured ? HeapReAlloc(GetProcessHeap(), 0, captured, room * sizeof *more)
                                 : HeapAlloc(GetProcessHeap(), 0, room * sizeof *more);

        if (!more) {
            output_failed = true;
            return;
        }
        captured = more;
        captured_room = room;
    }
    memcpy(captured + captured_count, s, n * sizeof *s);
    captured_count += n;
    captured[captured_count] = 0;
}

wchar_t *take_captured(void)
{
    wchar_t *s = copy_n(captured ? captured : L"", captured_count);

    if (captured)
        HeapFree(GetProcessHeap(), 0, captured);
    captured = NULL;
    captured_count = captured_room = 0;
    return s;
}

static void write_text(HANDLE handle, const wchar_t *s, size_t n)
{
    size_t before = mark();
    char *bytes;
    size_t ascii = 0;
    int count;

    if (!n || !handle || handle == INVALID_HANDLE_VALUE)
        return;
    if (handle == CAPTURE) {
        capture_text(s, n);
        return;
    }
    if (is_console(handle)) {
        while (n) {
            DWORD done = 0, part = n > 8192 ? 8192 : (DWORD)n;

            if (!WriteConsoleW(handle, s, part, &done, NULL) || !done) {
                output_failed = true;
                break;
            }
            s += done;
            n -= done;
        }
        return;
    }
    if (unicode_output) {
        write_bytes(handle, s, n * sizeof *s);
        return;
    }
    bytes = take(n * 4);
    for (; ascii < n && s[ascii] < 128; ascii++)
        bytes[ascii] = (char)s[ascii];
    if (ascii < n)
        count = WideCharToMultiByte(output_page(), 0, s, (int)n, bytes, (int)n * 4, NULL, NULL);
    else
        count = (int)n;
    write_bytes(handle, bytes, (size_t)count);
    release(before);
}

void flush(void)
{
    size_t n = pending_count;

    pending_count = 0;
    write_text(handles[1], pending, n);
}

void out_n(const wchar_t *s, size_t n)
{
    if (n > sizeof pending / sizeof *pending - pending_count)
        flush();
    if (n > sizeof pending / sizeof *pending) {
        write_text(handles[1], s, n);
        return;
    }
    memcpy(pending + pending_count, s, n * sizeof *s);
    pending_count += n;
}

void out(const wchar_t *s)
{
    out_n(s, wcslen(s));
}

void outf(const wchar_t *f, ...)
{
    size_t before = mark();
    text t = {0};
    va_list list;

    va_start(list, f);
    add_formatv(&t, f, list);
    va_end(list);
    out_n(t.p, t.n);
    release(before);
}

void out_bytes(const char *bytes, size_t n)
{
    flush();
    if (handles[1] == CAPTURE) {
        size_t before = mark();
        wchar_t *s = decode(bytes, n, output_page());

        capture_text(s, wcslen(s));
        release(before);
    } else if (handles[1] && handles[1] != INVALID_HANDLE_VALUE)
        write_bytes(handles[1], bytes, n);
}

void err(const wchar_t *s)
{
    flush();
    write_text(handles[2], s, wcslen(s));
}

void errf(const wchar_t *f, ...)
{
    size_t before = mark();
    text t = {0};
    va_list list;

    va_start(list, f);
    add_formatv(&t, f, list);
    va_end(list);
    err(t.p);
    release(before);
}

wchar_t *error_text(DWORD code)
{
    wchar_t buffer[1024];
    DWORD n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, code, 0, buffer, 1024,
                             NULL);

    while (n && (buffer[n - 1] == L'\n' || buffer[n - 1] == L'\r' || buffer[n - 1] == L' '))
        n--;
    if (!n)
        return format(L"The system cannot find message text for message number 0x%x in the message file for System.",
                      code);
    return copy_n(buffer, n);
}

void print_error(DWORD code)
{
    size_t before = mark();

    errf(L"%s\r\n", error_text(code));
    release(before);
}

char *read_all(HANDLE handle, size_t *size)
{
    size_t room = 65536, n = 0;
    char *bytes = HeapAlloc(GetProcessHeap(), 0, room);
    DWORD done;

    while (bytes && ReadFile(handle, bytes + n, (DWORD)(room - n - 1), &done, NULL) && done) {
        n += done;
        if (room - n < 4096) {
            char *more = HeapReAlloc(GetProcessHeap(), 0, bytes, room *= 2);

            if (!more) {
                HeapFree(GetProcessHeap(), 0, bytes);
                SetLastError(ERROR_NOT_ENOUGH_MEMORY);
                return NULL;
            }
            bytes = more;
        }
    }
    if (bytes)
        bytes[n] = 0;
    *size = n;
    return bytes;
}

char *read_file(const wchar_t *path, size_t *size)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    char *bytes;

    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    bytes = read_all(file, size);
    CloseHandle(file);
    return bytes;
}

wchar_t *read_line(HANDLE handle)
{
    char line[8192];
    size_t n = 0;
    DWORD done, type;

    if (is_console(handle)) {
        wchar_t buffer[4096];
        DWORD count = 0;

        if (!ReadConsoleW(handle, buffer, 4096, &count, NULL) || !count)
            return NULL;
        if (buffer[0] == 26) /* Ctrl-Z */
            return NULL;
        while (count && (buffer[count - 1] == L'\n' || buffer[count - 1] == L'\r'))
            count--;
        return copy_n(buffer, count);
    }
    type = GetFileType(handle);
    if (type == FILE_TYPE_DISK) {
        /* Read a piece and go back to where the line ends: programs started later read on from there. */
        if (!ReadFile(handle, line, sizeof line, &done, NULL) || !done)
            return NULL;
        while (n < done && line[n] != '\n')
            n++;
        if (n + 1 < done)
            SetFilePointer(handle, (LONG)(n + 1) - (LONG)done, NULL, FILE_CURRENT);
    } else {
        for (;; n++) {
            if (!ReadFile(handle, line + n, 1, &done, NULL) || !done) {
                if (!n)
                    return NULL;
                break;
            }
            if (line[n] == '\n' || n + 1 == sizeof line)
                break;
        }
    }
    if (n && line[n - 1] == '\r')
        n--;
    return decode(line, n, input_page());
}
