/* Texts of errno values, and perror. */
#include "internal.h"
#include "convert.h"
#include "lowio.h"
#include <string.h>
#include <wchar.h>

#define TEXT_SIZE 134

const char *crt_sys_errlist[] = {
    "No error",
    "Operation not permitted",
    "No such file or directory",
    "No such process",
    "Interrupted function call",
    "Input/output error",
    "No such device or address",
    "Arg list too long",
    "Exec format error",
    "Bad file descriptor",
    "No child processes",
    "Resource temporarily unavailable",
    "Not enough space",
    "Permission denied",
    "Bad address",
    "Unknown error",
    "Resource device",
    "File exists",
    "Improper link",
    "No such device",
    "Not a directory",
    "Is a directory",
    "Invalid argument",
    "Too many open files in system",
    "Too many open files",
    "Inappropriate I/O control operation",
    "Unknown error",
    "File too large",
    "No space left on device",
    "Invalid seek",
    "Read-only file system",
    "Too many links",
    "Broken pipe",
    "Domain error",
    "Result too large",
    "Unknown error",
    "Resource deadlock avoided",
    "Unknown error",
    "Filename too long",
    "No locks available",
    "Function not implemented",
    "Directory not empty",
    "Illegal byte sequence",
    "Unknown error",
};
int crt_sys_nerr = sizeof crt_sys_errlist / sizeof *crt_sys_errlist - 1;

#ifdef UCRT
static const char *const posix_errors[] = {
    "address in use",
    "address not available",
    "address family not supported",
    "connection already in progress",
    "bad message",
    "operation canceled",
    "connection aborted",
    "connection refused",
    "connection reset",
    "destination address required",
    "host unreachable",
    "identifier removed",
    "operation in progress",
    "already connected",
    "too many symbolic link levels",
    "message size",
    "network down",
    "network reset",
    "network unreachable",
    "no buffer space",
    "no message available",
    "no link",
    "no message",
    "no protocol option",
    "no stream resources",
    "not a stream",
    "not connected",
    "state not recoverable",
    "not a socket",
    "not supported",
    "operation not supported",
    "Unknown error",
    "value too large",
    "owner dead",
    "protocol error",
    "protocol not supported",
    "wrong protocol type",
    "stream timeout",
    "timed out",
    "text file busy",
    "operation would block",
};
#endif

static const char *text_of(int error)
{
#ifdef UCRT
    if (error >= 100 && error < 100 + (int)(sizeof posix_errors / sizeof *posix_errors))
        return posix_errors[error - 100];
#endif
    if (error < 0 || error >= crt_sys_nerr)
        error = crt_sys_nerr;
    return crt_sys_errlist[error];
}

CRT_EXPORT const char **__sys_errlist(void)
{
    return crt_sys_errlist;
}

CRT_EXPORT int *__sys_nerr(void)
{
    return &crt_sys_nerr;
}

static char *narrow_buffer(void)
{
    crt_thread *data = crt_thread_data();

    if (!data->strerror_buffer)
        data->strerror_buffer = malloc(TEXT_SIZE);
    return data->strerror_buffer;
}

static wchar_t *wide_buffer(void)
{
    crt_thread *data = crt_thread_data();

    if (!data->wcserror_buffer)
        data->wcserror_buffer = malloc(TEXT_SIZE * sizeof(wchar_t));
    return data->wcserror_buffer;
}

/* "message: text\n", or only the text when there is no message; cut to size. */
static void compose(char *out, size_t size, const char *message, const char *text, int newline)
{
    size_t n = 0;

    if (message && *message) {
        while (*message && n < size - 1)
            out[n++] = *message++;
        for (const char *p = ": "; *p && n < size - 1; p++)
            out[n++] = *p;
    }
    while (*text && n < size - 1)
        out[n++] = *text++;
    if (newline && n < size - 1)
        out[n++] = '\n';
    out[n] = 0;
}

static void compose_wide(wchar_t *out, size_t size, const wchar_t *message, const char *text, int newline)
{
    size_t n = 0;

    if (message && *message) {
        while (*message && n < size - 1)
            out[n++] = *message++;
        for (const char *p = ": "; *p && n < size - 1; p++)
            out[n++] = *p;
    }
    while (*text && n < size - 1)
        out[n++] = *text++;
    if (newline && n < size - 1)
        out[n++] = L'\n';
    out[n] = 0;
}

CRT_EXPORT char *strerror(int error)
{
    char *buffer = narrow_buffer();

    if (!buffer)
        return (char *)"Visual C++ CRT: Not enough memory to complete call to strerror.";
    compose(buffer, TEXT_SIZE, NULL, text_of(error), 0);
    return buffer;
}

CRT_EXPORT wchar_t *_wcserror(int error)
{
    wchar_t *buffer = wide_buffer();

    if (buffer)
        compose_wide(buffer, TEXT_SIZE, NULL, text_of(error), 0);
    return buffer;
}

CRT_EXPORT char *_strerror(const char *message)
{
    char *buffer = narrow_buffer();

    if (buffer)
        compose(buffer, TEXT_SIZE, message, text_of(errno), 1);
    return buffer;
}

CRT_EXPORT wchar_t *__wcserror(const wchar_t *message)
{
    wchar_t *buffer = wide_buffer();

    if (buffer)
        compose_wide(buffer, TEXT_SIZE, message, text_of(errno), 1);
    return buffer;
}

CRT_EXPORT errno_t strerror_s(char *buffer, size_t size, int error)
{
    CRT_VALIDATE(buffer && size, EINVAL, EINVAL);
    compose(buffer, size, NULL, text_of(error), 0);
    return 0;
}

CRT_EXPORT errno_t _wcserror_s(wchar_t *buffer, size_t size, int error)
{
    CRT_VALIDATE(buffer && size, EINVAL, EINVAL);
    compose_wide(buffer, size, NULL, text_of(error), 0);
    return 0;
}

CRT_EXPORT errno_t _strerror_s(char *buffer, size_t size, const char *message)
{
    CRT_VALIDATE(buffer && size, EINVAL, EINVAL);
    compose(buffer, size, message, text_of(errno), 1);
    return 0;
}

CRT_EXPORT errno_t __wcserror_s(wchar_t *buffer, size_t size, const wchar_t *message)
{
    CRT_VALIDATE(buffer && size, EINVAL, EINVAL);
    compose_wide(buffer, size, message, text_of(errno), 1);
    return 0;
}

CRT_EXPORT void perror(const char *message)
{
    const char *text = text_of(errno);
    crt_ioinfo *io = crt_fd_lock(2);

    if (!io)
        return;
    if (message && *message) {
        crt_write_nolock(2, io, message, (unsigned)strlen(message));
        crt_write_nolock(2, io, ": ", 2);
    }
    crt_write_nolock(2, io, text, (unsigned)strlen(text));
    crt_write_nolock(2, io, "\n", 1);
    crt_fd_unlock(io);
}

CRT_EXPORT void _wperror(const wchar_t *message)
{
    int error = errno;
    char *narrow = crt_narrow(message);

    errno = error;
    perror(narrow);
    free(narrow);
}
