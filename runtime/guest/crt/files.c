/* Files by name: access, chmod, unlink, rename, utime. */
#include "internal.h"
#include "convert.h"
#include "lowio.h"
#include <io.h>
#include <share.h>
#include <sys/stat.h>
#include <wchar.h>

static int report(BOOL done)
{
    if (!done)
        _dosmaperr(GetLastError());
    return done ? 0 : -1;
}

/* Define a narrow face over a wide function of one path. */
#define NARROW(name, wide_name, parameters, arguments)                                                                 \
    CRT_EXPORT int name parameters                                                                                     \
    {                                                                                                                  \
        wchar_t *wide;                                                                                                 \
        int result;                                                                                                    \
                                                                                                                       \
        CRT_VALIDATE(path, EINVAL, -1);                                                                                \
        wide = crt_widen(path);                                                                                        \
        if (!wide)                                                                                                     \
            return -1;                                                                                                 \
        result = wide_name arguments;                                                                                  \
        free(wide);                                                                                                    \
        return result;                                                                                                 \
    }

CRT_EXPORT errno_t _waccess_s(const wchar_t *path, int mode)
{
    DWORD attributes;

    CRT_VALIDATE(path && !(mode & ~6), EINVAL, EINVAL);
    attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        _dosmaperr(GetLastError());
        return errno;
    }
    if (attributes & FILE_ATTRIBUTE_READONLY && !(attributes & FILE_ATTRIBUTE_DIRECTORY) && mode & 2) {
        _doserrno = ERROR_ACCESS_DENIED;
        errno = EACCES;
        return EACCES;
    }
    return 0;
}

CRT_EXPORT int _waccess(const wchar_t *path, int mode)
{
    return _waccess_s(path, mode) ? -1 : 0;
}

CRT_EXPORT errno_t _access_s(const char *path, int mode)
{
    wchar_t *wide;
    errno_t result;

    CRT_VALIDATE(path && !(mode & ~6), EINVAL, EINVAL);
    wide = crt_widen(path);
    if (!wide)
        return errno;
    result = _waccess_s(wide, mode);
    free(wide);
    return result;
}

CRT_EXPORT int _access(const char *path, int mode)
{
    return _access_s(path, mode) ? -1 : 0;
}

CRT_EXPORT int _wchmod(const wchar_t *path, int mode)
{
    DWORD attributes;

    CRT_VALIDATE(path, EINVAL, -1);
    attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return report(FALSE);
    if (mode & _S_IWRITE)
        attributes &= ~FILE_ATTRIBUTE_READONLY;
    else
        attributes |= FILE_ATTRIBUTE_READONLY;
    return report(SetFileAttributesW(path, attributes));
}

NARROW(_chmod, _wchmod, (const char *path, int mode), (wide, mode))

CRT_EXPORT int _wunlink(const wchar_t *path)
{
    CRT_VALIDATE(path, EINVAL, -1);
    return report(DeleteFileW(path));
}

CRT_EXPORT int _wremove(const wchar_t *path)
{
    return _wunlink(path);
}

NARROW(_unlink, _wunlink, (const char *path), (wide))
NARROW(remove, _wunlink, (const char *path), (wide))

CRT_EXPORT int _wrename(const wchar_t *from, const wchar_t *to)
{
    CRT_VALIDATE(from && to, EINVAL, -1);
    return report(MoveFileExW(from, to, MOVEFILE_COPY_ALLOWED));
}

CRT_EXPORT int rename(const char *path, const char *to)
{
    wchar_t *wide, *wide_to;
    int result = -1;

    CRT_VALIDATE(path && to, EINVAL, -1);
    wide = crt_widen(path);
    wide_to = crt_widen(to);
    if (wide && wide_to)
        result = _wrename(wide, wide_to);
    free(wide);
    free(wide_to);
    return result;
}

/* ---- times --------------------------------------------------------------------------------------------------------- */

typedef struct times32 {
    long accessed, modified;
} times32;

typedef struct times64 {
    __int64 accessed, modified;
} times64;

static FILETIME file_time(__int64 seconds)
{
    __int64 ticks = seconds * 10000000 + 116444736000000000;
    FILETIME time = {(DWORD)ticks, (DWORD)(ticks >> 32)};

    return time;
}

CRT_EXPORT int _futime64(int fd, const times64 *times)
{
    FILETIME accessed, modified;
    crt_ioinfo *io;
    int result;

    if (times) {
        accessed = file_time(times->accessed);
        modified = file_time(times->modified);
    } else {
        GetSystemTimeAsFileTime(&modified);
        accessed = modified;
    }
    io = crt_fd_lock(fd);
    if (!io)
        return -1;
    result = report(SetFileTime(io->handle, NULL, &accessed, &modified));
    crt_fd_unlock(io);
    return result;
}

CRT_EXPORT int _futime32(int fd, const times32 *times)
{
    times64 wide;

    if (!times)
        return _futime64(fd, NULL);
    wide.accessed = times->accessed;
    wide.modified = times->modified;
    return _futime64(fd, &wide);
}

CRT_EXPORT int _wutime64(const wchar_t *path, const times64 *times)
{
    int fd, result;

    CRT_VALIDATE(path, EINVAL, -1);
    if (_wsopen_s(&fd, path, _O_RDWR | _O_BINARY, _SH_DENYNO, 0))
        return -1;
    result = _futime64(fd, times);
    if (_close(fd) && !result)
        result = -1;
    return result;
}

CRT_EXPORT int _wutime32(const wchar_t *path, const times32 *times)
{
    times64 wide;

    if (!times)
        return _wutime64(path, NULL);
    wide.accessed = times->accessed;
    wide.modified = times->modified;
    return _wutime64(path, &wide);
}

NARROW(_utime64, _wutime64, (const char *path, const times64 *times), (wide, times))
NARROW(_utime32, _wutime32, (const char *path, const times32 *times), (wide, times))
