/* _open and its family. */
#include "internal.h"
#include "convert.h"
#include "lowio.h"
#include <io.h>
#include <share.h>
#include <sys/stat.h>

/* What a file's first bytes say about its encoding. */
static int read_byte_order_mark(int fd, crt_ioinfo *io, enum crt_encoding *encoding)
{
    unsigned char mark[3] = {0};
    DWORD count = 0;

    if (!ReadFile(io->handle, mark, sizeof mark, &count, NULL)) {
        DWORD error = GetLastError();

        if (error != ERROR_BROKEN_PIPE && error != ERROR_HANDLE_EOF) {
            _dosmaperr(error);
            return -1;
        }
    }
    if (count == 3 && mark[0] == 0xEF && mark[1] == 0xBB && mark[2] == 0xBF) {
        *encoding = CRT_UTF8;
        return 3;
    }
    if (count >= 2 && mark[0] == 0xFE && mark[1] == 0xFF) {
        errno = EINVAL; /* big-endian text is not supported */
        return -1;
    }
    if (count >= 2 && mark[0] == 0xFF && mark[1] == 0xFE) {
        *encoding = CRT_UTF16;
        return crt_lseek_nolock(io, 2, FILE_BEGIN) == -1 ? -1 : 2;
    }
    return crt_lseek_nolock(io, 0, FILE_BEGIN) == -1 ? -1 : 0;
}

/* Settle the encoding of a file opened for Unicode text: its mark decides, a new file gets one. */
static int settle_encoding(int fd, crt_ioinfo *io, int flags, int type)
{
    int access = flags & (_O_RDONLY | _O_WRONLY | _O_RDWR);
    enum crt_encoding wanted = flags & _O_U8TEXT ? CRT_UTF8 : CRT_UTF16;
    static const unsigned char utf8_mark[] = {0xEF, 0xBB, 0xBF}, utf16_mark[] = {0xFF, 0xFE};
    int found = 0, empty = flags & _O_TRUNC;
    DWORD written;

    io->encoding = wanted;
    if (type & (FDEV | FPIPE))
        return 0;
    if (!empty) {
        LARGE_INTEGER size;

        empty = GetFileSizeEx(io->handle, &size) && size.QuadPart == 0;
    }
    if (!empty && access != _O_WRONLY) {
        enum crt_encoding encoding = flags & (_O_U8TEXT | _O_U16TEXT) ? wanted : CRT_ANSI;

        found = read_byte_order_mark(fd, io, &encoding);
        if (found < 0)
            return -1;
        io->encoding = encoding;
    }
    if (empty && access != _O_RDONLY) {
        if (wanted == CRT_UTF8)
            WriteFile(io->handle, utf8_mark, sizeof utf8_mark, &written, NULL);
        else
            WriteFile(io->handle, utf16_mark, sizeof utf16_mark, &written, NULL);
    }
    return 0;
}

/* A text file open for reading and writing loses a Ctrl-Z at its end, so that what is appended can be read. */
static void drop_final_ctrl_z(crt_ioinfo *io)
{
    LARGE_INTEGER size;
    DWORD count;
    char last = 0;

    if (!GetFileSizeEx(io->handle, &size) || size.QuadPart == 0 || crt_lseek_nolock(io, -1, FILE_END) == -1)
        return;
    if (ReadFile(io->handle, &last, 1, &count, NULL) && count == 1 && last == 26 &&
        crt_lseek_nolock(io, -1, FILE_END) != -1)
        SetEndOfFile(io->handle);
    crt_lseek_nolock(io, 0, FILE_BEGIN);
}

static errno_t open_file(int *result, const wchar_t *path, int flags, int sharing, int mode)
{
    SECURITY_ATTRIBUTES security = {sizeof security, NULL, !(flags & _O_NOINHERIT)};
    DWORD access, share, disposition, attributes = FILE_ATTRIBUTE_NORMAL;
    HANDLE handle;
    crt_ioinfo *io;
    int fd, type, text;

    switch (flags & (_O_RDONLY | _O_WRONLY | _O_RDWR)) {
    case _O_RDONLY:
        access = GENERIC_READ;
        break;
    case _O_WRONLY:
        /* Unicode text that is appended to needs its mark read. */
        access = flags & _O_APPEND && flags & (_O_WTEXT | _O_U16TEXT | _O_U8TEXT) ? GENERIC_READ | GENERIC_WRITE
                                                                                   : GENERIC_WRITE;
        break;
    case _O_RDWR:
        access = GENERIC_READ | GENERIC_WRITE;
        break;
    default:
        CRT_INVALID(EINVAL);
        return EINVAL;
    }
    switch (sharing) {
    case _SH_DENYRW:
        share = 0;
        break;
    case _SH_DENYWR:
        share = FILE_SHARE_READ;
        break;
    case _SH_DENYRD:
        share = FILE_SHARE_WRITE;
        break;
    case _SH_DENYNO:
        share = FILE_SHARE_READ | FILE_SHARE_WRITE;
        break;
    case _SH_SECURE:
        share = access == GENERIC_READ ? FILE_SHARE_READ : 0;
        break;
    default:
        CRT_INVALID(EINVAL);
        return EINVAL;
    }
    switch (flags & (_O_CREAT | _O_EXCL | _O_TRUNC)) {
    case 0:
    case _O_EXCL:
        disposition = OPEN_EXISTING;
        break;
    case _O_CREAT:
        disposition = OPEN_ALWAYS;
        break;
    case _O_CREAT | _O_EXCL:
    case _O_CREAT | _O_EXCL | _O_TRUNC:
        disposition = CREATE_NEW;
        break;
    case _O_CREAT | _O_TRUNC:
        disposition = CREATE_ALWAYS;
        break;
    default:
        disposition = TRUNCATE_EXISTING;
    }
    if (flags & _O_CREAT && !(mode & ~crt_umask & _S_IWRITE))
        attributes = FILE_ATTRIBUTE_READONLY;
    if (flags & _O_TEMPORARY) {
        attributes |= FILE_FLAG_DELETE_ON_CLOSE;
        access |= DELETE;
        share |= FILE_SHARE_DELETE;
    }
    if (flags & _O_SHORT_LIVED)
        attributes |= FILE_ATTRIBUTE_TEMPORARY;
    if (flags & 0x2000) /* _O_OBTAIN_DIR */
        attributes |= FILE_FLAG_BACKUP_SEMANTICS;
    if (flags & _O_SEQUENTIAL)
        attributes |= FILE_FLAG_SEQUENTIAL_SCAN;
    else if (flags & _O_RANDOM)
        attributes |= FILE_FLAG_RANDOM_ACCESS;
    text = flags & _O_BINARY ? 0 : flags & (_O_TEXT | _O_WTEXT | _O_U16TEXT | _O_U8TEXT) ? 1 : crt_fmode != _O_BINARY;
    if (!(flags & (_O_BINARY | _O_TEXT | _O_WTEXT | _O_U16TEXT | _O_U8TEXT)) && text && crt_fmode & _O_WTEXT)
        flags |= _O_WTEXT;

    io = crt_fd_allocate(&fd);
    if (!io)
        return errno;
    handle = CreateFileW(path, access, share, &security, disposition, attributes, NULL);
    if (handle == INVALID_HANDLE_VALUE && access == (GENERIC_READ | GENERIC_WRITE) && flags & _O_WRONLY)
        handle = CreateFileW(path, GENERIC_WRITE, share, &security, disposition, attributes, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();

        crt_fd_release(fd, io);
        crt_fd_unlock(io);
        _dosmaperr(error);
        return errno;
    }
    type = crt_handle_type(handle);
    if (type < 0) {
        DWORD error = GetLastError();

        CloseHandle(handle);
        crt_fd_release(fd, io);
        crt_fd_unlock(io);
        _dosmaperr(error);
        return errno;
    }
    crt_fd_set_handle(fd, io, handle);
    io->osfile = FOPEN | type | (text ? FTEXT : 0) | (flags & _O_NOINHERIT ? FNOINHERIT : 0);
    if (!(type & (FDEV | FPIPE)) && text && flags & _O_RDWR)
        drop_final_ctrl_z(io);
    if (text && flags & (_O_WTEXT | _O_U16TEXT | _O_U8TEXT) && settle_encoding(fd, io, flags, type)) {
        errno_t error = errno;

        CloseHandle(handle);
        crt_fd_release(fd, io);
        crt_fd_unlock(io);
        return errno = error;
    }
    if (!(type & (FDEV | FPIPE)) && flags & _O_APPEND)
        io->osfile |= FAPPEND;
    crt_fd_unlock(io);
    *result = fd;
    return 0;
}

/* secure: whether bits of mode that mean nothing are an error. */
CRT_EXPORT errno_t _wsopen_dispatch(const wchar_t *path, int flags, int sharing, int mode, int *fd, int secure)
{
    CRT_VALIDATE(fd, EINVAL, EINVAL);
    *fd = -1;
    CRT_VALIDATE(path, EINVAL, EINVAL);
    CRT_VALIDATE(!secure || !(mode & ~(_S_IREAD | _S_IWRITE)), EINVAL, EINVAL);
    return open_file(fd, path, flags, sharing, mode);
}

CRT_EXPORT errno_t _sopen_dispatch(const char *path, int flags, int sharing, int mode, int *fd, int secure)
{
    wchar_t *wide;
    errno_t result;

    CRT_VALIDATE(fd, EINVAL, EINVAL);
    *fd = -1;
    CRT_VALIDATE(path, EINVAL, EINVAL);
    wide = crt_widen(path);
    if (!wide)
        return errno;
    result = _wsopen_dispatch(wide, flags, sharing, mode, fd, secure);
    free(wide);
    return result;
}

CRT_EXPORT errno_t _wsopen_s(int *fd, const wchar_t *path, int flags, int sharing, int mode)
{
    return _wsopen_dispatch(path, flags, sharing, mode, fd, 1);
}

CRT_EXPORT errno_t _sopen_s(int *fd, const char *path, int flags, int sharing, int mode)
{
    return _sopen_dispatch(path, flags, sharing, mode, fd, 1);
}

static int mode_argument(int flags, va_list arguments)
{
    return flags & _O_CREAT ? va_arg(arguments, int) : 0;
}

CRT_EXPORT int _wopen(const wchar_t *path, int flags, ...)
{
    va_list arguments;
    int fd;

    va_start(arguments, flags);
    _wsopen_dispatch(path, flags, _SH_DENYNO, mode_argument(flags, arguments), &fd, 0);
    va_end(arguments);
    return fd;
}

CRT_EXPORT int _open(const char *path, int flags, ...)
{
    va_list arguments;
    int fd;

    va_start(arguments, flags);
    _sopen_dispatch(path, flags, _SH_DENYNO, mode_argument(flags, arguments), &fd, 0);
    va_end(arguments);
    return fd;
}

CRT_EXPORT int _wsopen(const wchar_t *path, int flags, int sharing, ...)
{
    va_list arguments;
    int fd;

    va_start(arguments, sharing);
    _wsopen_dispatch(path, flags, sharing, mode_argument(flags, arguments), &fd, 0);
    va_end(arguments);
    return fd;
}

CRT_EXPORT int _sopen(const char *path, int flags, int sharing, ...)
{
    va_list arguments;
    int fd;

    va_start(arguments, sharing);
    _sopen_dispatch(path, flags, sharing, mode_argument(flags, arguments), &fd, 0);
    va_end(arguments);
    return fd;
}

CRT_EXPORT int _wcreat(const wchar_t *path, int mode)
{
    return _wopen(path, _O_CREAT | _O_TRUNC | _O_RDWR, mode);
}

CRT_EXPORT int _creat(const char *path, int mode)
{
    return _open(path, _O_CREAT | _O_TRUNC | _O_RDWR, mode);
}
