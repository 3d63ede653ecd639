/* _read, and the translation of text: CR LF becomes LF, Ctrl-Z ends a file, UTF-8 becomes UTF-16. */
#include "internal.h"
#include "lowio.h"
#include <string.h>

#define CTRL_Z 26

/* Fetch up to count bytes, first those that were looked at before. Returns -1 with errno. */
static int fetch(crt_ioinfo *io, unsigned char *buffer, unsigned count)
{
    unsigned held = 0;
    DWORD got = 0;

    while (held < count && io->lookahead_count) {
        buffer[held++] = io->lookahead[0];
        io->lookahead[0] = io->lookahead[1];
        io->lookahead[1] = io->lookahead[2];
        if (!--io->lookahead_count)
            io->lookahead[0] = '\n';
    }
    if (held)
        return held; /* never wait for more while there is something to give */
    if (ReadFile(io->handle, buffer, count, &got, NULL))
        return got;
    switch (GetLastError()) {
    case ERROR_BROKEN_PIPE:
    case ERROR_HANDLE_EOF:
        return 0;
    case ERROR_ACCESS_DENIED:
        /* The handle was not opened for reading. */
        _doserrno = ERROR_ACCESS_DENIED;
        errno = EBADF;
        return -1;
    }
    _dosmaperr(GetLastError());
    return -1;
}

static void hold(crt_ioinfo *io, const unsigned char *bytes, unsigned count)
{
    memcpy(io->lookahead, bytes, count);
    io->lookahead_count = count;
}

/* Give unread bytes at the end of what was fetched back: by moving the position, or by keeping them. */
static void give_back(crt_ioinfo *io, const unsigned char *bytes, unsigned count)
{
    if (io->osfile & (FDEV | FPIPE))
        hold(io, bytes, count);
    else
        crt_lseek_nolock(io, -(__int64)count, FILE_CURRENT);
}

/* Translate count bytes in place. Returns the bytes left. */
static int translate_narrow(crt_ioinfo *io, unsigned char *buffer, unsigned count)
{
    unsigned char *p = buffer, *q, *end = buffer + count;

    if (buffer[0] == '\n')
        io->osfile |= FCRLF;
    else
        io->osfile &= ~FCRLF;
    while (p < end && *p != '\r' && *p != CTRL_Z)
        p++;
    q = p;
    while (p < end) {
        unsigned char c = *p, next;
        int got;

        if (c == CTRL_Z) {
            if (!(io->osfile & FDEV))
                io->osfile |= FEOFLAG;
            else
                *q++ = c;
            break;
        }
        if (c != '\r') {
            *q++ = c;
            p++;
            continue;
        }
        if (p + 1 < end) {
            if (p[1] == '\n') {
                *q++ = '\n';
                p += 2;
            } else {
                *q++ = '\r';
                p++;
            }
            continue;
        }
        /* CR is the last byte: what follows decides. */
        p++;
        got = fetch(io, &next, 1);
        if (got <= 0) {
            *q++ = '\r';
        } else if (io->osfile & (FDEV | FPIPE)) {
            if (next == '\n') {
                *q++ = '\n';
            } else {
                *q++ = '\r';
                hold(io, &next, 1);
            }
        } else if (q == buffer && next == '\n') {
            *q++ = '\n';
        } else {
            crt_lseek_nolock(io, -1, FILE_CURRENT);
            if (next != '\n')
                *q++ = '\r';
        }
    }
    return (int)(q - buffer);
}

static int translate_wide(crt_ioinfo *io, wchar_t *buffer, unsigned count)
{
    wchar_t *p = buffer, *q = buffer, *end = buffer + count;

    if (buffer[0] == L'\n')
        io->osfile |= FCRLF;
    else
        io->osfile &= ~FCRLF;
    while (p < end) {
        wchar_t c = *p++, next;
        int got;

        if (c == CTRL_Z) {
            if (!(io->osfile & FDEV))
                io->osfile |= FEOFLAG;
            else
                *q++ = c;
            break;
        }
        if (c != L'\r') {
            *q++ = c;
            continue;
        }
        if (p < end) {
            if (*p == L'\n') {
                c = L'\n';
                p++;
            }
            *q++ = c;
            continue;
        }
        got = fetch(io, (unsigned char *)&next, sizeof next);
        if (got < (int)sizeof next) {
            *q++ = L'\r';
        } else if (next == L'\n' && (q == buffer || io->osfile & (FDEV | FPIPE))) {
            *q++ = L'\n';
        } else {
            give_back(io, (unsigned char *)&next, sizeof next);
            if (next != L'\n')
                *q++ = L'\r';
        }
    }
    return (int)(q - buffer);
}

/* Bytes at the end of a UTF-8 text that begin a character without finishing it. */
static unsigned incomplete_tail(const unsigned char *text, unsigned count)
{
    for (unsigned back = 1; back <= 3 && back <= count; back++) {
        unsigned char c = text[count - back];
        unsigned length;

        if ((c & 0xC0) == 0x80)
            continue;
        length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
        return length > back ? back : 0;
    }
    return 0;
}

static int read_utf8(crt_ioinfo *io, wchar_t *out, unsigned characters)
{
    /* One byte makes at most one UTF-16 unit. */
    unsigned char *bytes = malloc(characters);
    unsigned tail;
    int count, left, wide;

    if (!bytes) {
        errno = ENOMEM;
        _doserrno = ERROR_NOT_ENOUGH_MEMORY;
        return -1;
    }
    count = fetch(io, bytes, characters);
    if (count <= 0) {
        free(bytes);
        return count;
    }
    left = translate_narrow(io, bytes, count);
    tail = io->osfile & FEOFLAG ? 0 : incomplete_tail(bytes, left);
    if (tail && tail < (unsigned)left) {
        give_back(io, bytes + left - tail, tail);
        left -= tail;
    } else if (tail) {
        /* Nothing but the start of a character: get the rest of it. */
        unsigned char whole[4];
        unsigned have = tail, need = bytes[0] >= 0xF0 ? 4 : bytes[0] >= 0xE0 ? 3 : 2;

        memcpy(whole, bytes, tail);
        while (have < need) {
            count = fetch(io, whole + have, need - have);
            if (count <= 0)
                break;
            have += count;
        }
        free(bytes);
        wide = MultiByteToWideChar(CP_UTF8, 0, (char *)whole, have, out, characters);
        if (!wide && have) {
            _dosmaperr(GetLastError());
            return -1;
        }
        return wide * (int)sizeof *out;
    }
    wide = left ? MultiByteToWideChar(CP_UTF8, 0, (char *)bytes, left, out, characters) : 0;
    free(bytes);
    if (left && !wide) {
        _dosmaperr(GetLastError());
        return -1;
    }
    return wide * (int)sizeof *out;
}

static int read_utf16(crt_ioinfo *io, wchar_t *buffer, unsigned characters)
{
    DWORD mode, got;
    int count;

    if (io->osfile & FDEV && GetConsoleMode(io->handle, &mode)) {
        if (!ReadConsoleW(io->handle, buffer, characters, &got, NULL)) {
            _dosmaperr(GetLastError());
            return -1;
        }
        count = got * sizeof *buffer;
    } else {
        count = fetch(io, (unsigned char *)buffer, characters * sizeof *buffer);
        if (count > 0 && count % 2) {
            if (fetch(io, (unsigned char *)buffer + count, 1) == 1)
                count++;
            else
                count--;
        }
    }
    if (count <= 0)
        return count;
    return translate_wide(io, buffer, count / sizeof *buffer) * (int)sizeof *buffer;
}

int crt_read_nolock(int fd, crt_ioinfo *io, void *buffer, unsigned count)
{
    int got;

    if (!count || io->osfile & FEOFLAG)
        return 0;
    if (!(io->osfile & FTEXT))
        return fetch(io, buffer, count);
    if (io->encoding != CRT_ANSI) {
        if (count % 2) {
            CRT_INVALID(EINVAL);
            return -1;
        }
        return io->encoding == CRT_UTF16 ? read_utf16(io, buffer, count / 2) : read_utf8(io, buffer, count / 2);
    }
    got = fetch(io, buffer, count);
    return got > 0 ? translate_narrow(io, buffer, got) : got;
}

CRT_EXPORT int _read(int fd, void *buffer, unsigned count)
{
    crt_ioinfo *io;
    int result;

    if (count > INT_MAX || (!buffer && count)) {
        _doserrno = 0;
        CRT_INVALID(EINVAL);
        return -1;
    }
    io = crt_fd_lock(fd);
    if (!io)
        return -1;
    result = crt_read_nolock(fd, io, buffer, count);
    crt_fd_unlock(io);
    return result;
}
