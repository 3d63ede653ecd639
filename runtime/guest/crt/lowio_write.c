/* _write, and the translation of text: LF becomes CR LF, UTF-16 becomes UTF-8. */
#include "internal.h"
#include "lowio.h"
#include <string.h>

#define CTRL_Z 26
#define CHUNK 4096

static int fail(DWORD error)
{
    if (error == ERROR_ACCESS_DENIED) {
        /* The handle was not opened for writing. */
        _doserrno = error;
        errno = EBADF;
    } else {
        _dosmaperr(error);
    }
    return -1;
}

/* What a translated write comes to: the bytes of the caller that got out, or the error when none did. */
static int outcome(crt_ioinfo *io, const char *buffer, unsigned accepted, DWORD error)
{
    if (accepted)
        return accepted;
    if (error)
        return fail(error);
    if (io->osfile & FDEV && *buffer == CTRL_Z)
        return 0;
    errno = ENOSPC;
    _doserrno = 0;
    return -1;
}

static int write_narrow(crt_ioinfo *io, const char *buffer, unsigned count)
{
    const char *p = buffer, *end = buffer + count;
    unsigned accepted = 0;
    char chunk[CHUNK];

    while (p < end) {
        const char *first = p;
        unsigned n = 0;
        DWORD written;

        while (p < end && n < CHUNK - 1) {
            if (*p == '\n')
                chunk[n++] = '\r';
            chunk[n++] = *p++;
        }
        if (!WriteFile(io->handle, chunk, n, &written, NULL))
            return outcome(io, buffer, accepted, GetLastError());
        if (written < n) {
            for (unsigned i = 0; i < written; i++)
                accepted += chunk[i] != '\r' || i + 1 >= n || chunk[i + 1] != '\n';
            return outcome(io, buffer, accepted, 0);
        }
        accepted += (unsigned)(p - first);
    }
    return accepted;
}

static int write_wide(crt_ioinfo *io, const wchar_t *buffer, unsigned count)
{
    const wchar_t *p = buffer, *end = buffer + count;
    unsigned accepted = 0;
    wchar_t chunk[CHUNK / 2];
    char bytes[CHUNK / 2 * 3];
    DWORD mode, written;
    BOOL console = io->osfile & FDEV && GetConsoleMode(io->handle, &mode);

    while (p < end) {
        const wchar_t *first = p;
        unsigned n = 0;
        BOOL done;

        while (p < end && n < CHUNK / 2 - 1) {
            /* Keep surrogate pairs in one piece. */
            if (n == CHUNK / 2 - 2 && (*p & 0xFC00) == 0xD800 && p + 1 < end)
                break;
            if (*p == L'\n')
                chunk[n++] = L'\r';
            chunk[n++] = *p++;
        }
        if (console) {
            done = WriteConsoleW(io->handle, chunk, n, &written, NULL);
        } else if (io->encoding == CRT_UTF16) {
            done = WriteFile(io->handle, chunk, n * sizeof *chunk, &written, NULL);
        } else {
            int length = WideCharToMultiByte(CP_UTF8, 0, chunk, n, bytes, sizeof bytes, NULL, NULL);

            done = length && WriteFile(io->handle, bytes, length, &written, NULL);
        }
        if (!done)
            return outcome(io, (const char *)buffer, accepted * 2, GetLastError());
        accepted += (unsigned)(p - first);
    }
    return accepted * 2;
}

/* Bytes at the end of the text that begin a character without finishing it. */
static unsigned incomplete_tail(const unsigned char *text, unsigned count, unsigned codepage)
{
    unsigned i = 0;

    if (codepage == CP_UTF8) {
        for (unsigned back = 1; back <= 3 && back <= count; back++) {
            unsigned char c = text[count - back];
            unsigned length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;

            if ((c & 0xC0) != 0x80)
                return length > back ? back : 0;
        }
        return 0;
    }
    while (i < count)
        i += crt_is_lead_byte(text[i], NULL) ? 2 : 1;
    return i > count;
}

/* Multibyte text of a locale to a console, which takes UTF-16. What is left of a character waits for the next call. */
static int write_console(crt_ioinfo *io, const char *buffer, unsigned count, unsigned codepage)
{
    unsigned total = io->lookahead_count + count, tail;
    char *text = malloc(total);
    wchar_t *wide = malloc(total * sizeof *wide);
    int length, result = -1;

    if (!text || !wide) {
        errno = ENOMEM;
    } else {
        memcpy(text, io->lookahead, io->lookahead_count);
        memcpy(text + io->lookahead_count, buffer, count);
        tail = incomplete_tail((unsigned char *)text, total, codepage);
        memcpy(io->lookahead, text + total - tail, tail);
        io->lookahead_count = (unsigned char)tail;
        length = total > tail ? MultiByteToWideChar(codepage, 0, text, total - tail, wide, total) : 0;
        result = length && write_wide(io, wide, length) < 0 ? -1 : (int)count;
    }
    free(text);
    free(wide);
    return result;
}

int crt_write_nolock(int fd, crt_ioinfo *io, const void *buffer, unsigned count)
{
    unsigned codepage;
    DWORD written;

    if (!count)
        return 0;
    if (io->osfile & FAPPEND)
        crt_lseek_nolock(io, 0, FILE_END);
    if (io->osfile & FTEXT) {
        if (io->encoding != CRT_ANSI) {
            if (count % 2) {
                CRT_INVALID(EINVAL);
                return -1;
            }
            return write_wide(io, buffer, count / 2);
        }
        codepage = io->osfile & FDEV ? crt_locale_codepage(NULL) : 0;
        if (codepage && GetConsoleMode(io->handle, &written))
            return write_console(io, buffer, count, codepage);
        if (memchr(buffer, '\n', count))
            return write_narrow(io, buffer, count);
    }
    if (!WriteFile(io->handle, buffer, count, &written, NULL))
        return outcome(io, buffer, 0, GetLastError());
    return outcome(io, buffer, written, 0);
}

CRT_EXPORT int _write(int fd, const void *buffer, unsigned count)
{
    crt_ioinfo *io = crt_fd_lock(fd);
    int result;

    if (!io)
        return -1;
    if (!buffer && count) {
        crt_fd_unlock(io);
        CRT_INVALID(EINVAL);
        return -1;
    }
    result = crt_write_nolock(fd, io, buffer, count);
    crt_fd_unlock(io);
    return result;
}
