/* The stat family. Four layouts differ in the width of times and sizes; all are filled from one set of facts. */
#include "internal.h"
#include "convert.h"
#include "lowio.h"
#include <string.h>
#include <sys/stat.h>
#include <wchar.h>

int _wcsicmp(const wchar_t *a, const wchar_t *b);

#define MODE_FIFO 0x1000
#define MODE_CHARACTER 0x2000
#define MODE_DIRECTORY 0x4000
#define MODE_REGULAR 0x8000

typedef struct facts {
    unsigned device;
    unsigned short mode;
    short links;
    __int64 size, accessed, modified, created;
} facts;

/* FILETIME to seconds since 1970; 0 stays 0. */
static __int64 seconds(FILETIME time)
{
    __int64 ticks = (__int64)time.dwHighDateTime << 32 | time.dwLowDateTime;

    return ticks ? (ticks - 116444736000000000) / 10000000 : 0;
}

static unsigned short mode_of(DWORD attributes, const wchar_t *path)
{
    unsigned short mode = _S_IREAD;
    const wchar_t *dot = path ? wcsrchr(path, L'.') : NULL;

    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        mode |= MODE_DIRECTORY | _S_IEXEC;
    else
        mode |= MODE_REGULAR;
    if (!(attributes & FILE_ATTRIBUTE_READONLY))
        mode |= _S_IWRITE;
    if (dot && (!_wcsicmp(dot, L".exe") || !_wcsicmp(dot, L".cmd") || !_wcsicmp(dot, L".bat") || !_wcsicmp(dot, L".com")))
        mode |= _S_IEXEC;
    return mode | (mode & 0700) >> 3 | (mode & 0700) >> 6;
}

static void fill(facts *f, const BY_HANDLE_FILE_INFORMATION *info, const wchar_t *path)
{
    f->mode = mode_of(info->dwFileAttributes, path);
    f->links = (short)info->nNumberOfLinks;
    f->size = (__int64)info->nFileSizeHigh << 32 | info->nFileSizeLow;
    f->modified = seconds(info->ftLastWriteTime);
    f->accessed = seconds(info->ftLastAccessTime);
    f->created = seconds(info->ftCreationTime);
    if (!f->accessed)
        f->accessed = f->modified;
    if (!f->created)
        f->created = f->modified;
}

/* Number of the drive that a path is on: A is 0. */
static unsigned drive_of(const wchar_t *path)
{
    wchar_t full[MAX_PATH];

    if (path[0] && path[1] == L':')
        return (path[0] | 32) - L'a';
    if ((path[0] == L'\\' || path[0] == L'/') && (path[1] == L'\\' || path[1] == L'/'))
        return 0;
    if (GetCurrentDirectoryW(MAX_PATH, full) && full[1] == L':')
        return (full[0] | 32) - L'a';
    return 0;
}

#ifdef MSVCRT
/* msvcrt looks names up in their directory, which knows no name with a slash at its end. */
static int has_final_slash(const wchar_t *path)
{
    size_t length = wcslen(path);

    if (!length || (path[length - 1] != L'\\' && path[length - 1] != L'/'))
        return 0;
    return !(length == 1 || (length == 3 && path[1] == L':') || (path[0] == path[1] && length > 2));
}
#endif

static int examine_path(const wchar_t *path, facts *f)
{
    HANDLE handle;
    BY_HANDLE_FILE_INFORMATION info;

    memset(f, 0, sizeof *f);
    if (!path) {
        _doserrno = 0;
        CRT_INVALID(EINVAL);
        return -1;
    }
    if (!*path || wcspbrk(path, L"?*")) {
        errno = ENOENT;
        _doserrno = ERROR_FILE_NOT_FOUND;
        return -1;
    }
#ifdef MSVCRT
    if (has_final_slash(path)) {
        errno = ENOENT;
        _doserrno = ERROR_FILE_NOT_FOUND;
        return -1;
    }
#endif
    handle = CreateFileW(path, FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                         OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();
        WIN32_FIND_DATAW found;

        /* A file that nobody may open still has an entry in its directory. */
        if (error != ERROR_SHARING_VIOLATION && error != ERROR_ACCESS_DENIED) {
            _dosmaperr(error);
            return -1;
        }
        handle = FindFirstFileW(path, &found);
        if (handle == INVALID_HANDLE_VALUE) {
            _dosmaperr(error);
            return -1;
        }
        FindClose(handle);
        memset(&info, 0, sizeof info);
        info.dwFileAttributes = found.dwFileAttributes;
        info.ftCreationTime = found.ftCreationTime;
        info.ftLastAccessTime = found.ftLastAccessTime;
        info.ftLastWriteTime = found.ftLastWriteTime;
        info.nFileSizeHigh = found.nFileSizeHigh;
        info.nFileSizeLow = found.nFileSizeLow;
        info.nNumberOfLinks = 1;
        fill(f, &info, path);
        f->device = drive_of(path);
        return 0;
    }
    if (GetFileType(handle) != FILE_TYPE_DISK) {
        f->mode = (GetFileType(handle) == FILE_TYPE_CHAR ? MODE_CHARACTER : MODE_FIFO) | 0666;
        f->links = 1;
        CloseHandle(handle);
        return 0;
    }
    if (!GetFileInformationByHandle(handle, &info)) {
        _dosmaperr(GetLastError());
        CloseHandle(handle);
        return -1;
    }
    CloseHandle(handle);
    fill(f, &info, path);
    f->device = drive_of(path);
    return 0;
}

static int examine_descriptor(int fd, facts *f)
{
    crt_ioinfo *io = crt_fd_lock(fd);
    BY_HANDLE_FILE_INFORMATION info;
    DWORD type, available = 0;
    int result = 0;

    memset(f, 0, sizeof *f);
    if (!io)
        return -1;
    type = GetFileType(io->handle) & ~FILE_TYPE_REMOTE;
    if (type == FILE_TYPE_CHAR || type == FILE_TYPE_PIPE) {
        f->mode = type == FILE_TYPE_CHAR ? MODE_CHARACTER : MODE_FIFO;
        f->device = fd;
        f->links = 1;
        if (type == FILE_TYPE_PIPE && PeekNamedPipe(io->handle, NULL, 0, NULL, &available, NULL))
            f->size = available;
    } else if (type != FILE_TYPE_DISK) {
        errno = EBADF;
        result = -1;
    } else if (!GetFileInformationByHandle(io->handle, &info)) {
        _dosmaperr(GetLastError());
        result = -1;
    } else {
        fill(f, &info, NULL);
    }
    crt_fd_unlock(io);
    return result;
}

#define DEFINE_STAT(suffix, layout, size_type, time_type)                                                              \
    static int copy_##layout(struct layout *to, const facts *f, int result)                                            \
    {                                                                                                                  \
        memset(to, 0, sizeof *to);                                                                                     \
        if (result)                                                                                                    \
            return result;                                                                                             \
        to->st_dev = to->st_rdev = f->device;                                                                   \
        to->st_mode = f->mode;                                                                                            \
        to->st_nlink = f->links;                                                                                          \
        to->st_size = (size_type)f->size;                                                                                 \
        to->st_atime = (time_type)f->accessed;                                                                         \
        to->st_mtime = (time_type)f->modified;                                                                         \
        to->st_ctime = (time_type)f->created;                                                                           \
        if (to->st_size != f->size) {                                                                                     \
            errno = EOVERFLOW;                                                                                         \
            return -1;                                                                                                 \
        }                                                                                                              \
        return 0;                                                                                                      \
    }                                                                                                                  \
    CRT_EXPORT int _w##suffix(const wchar_t *path, struct layout *to)                                                  \
    {                                                                                                                  \
        facts f;                                                                                                       \
        int result;                                                                                                    \
                                                                                                                       \
        CRT_VALIDATE(to, EINVAL, -1);                                                                                  \
        result = examine_path(path, &f);                                                                               \
        return copy_##layout(to, &f, result);                                                                          \
    }                                                                                                                  \
    CRT_EXPORT int _##suffix(const char *path, struct layout *to)                                                      \
    {                                                                                                                  \
        wchar_t *wide = crt_widen(path);                                                                               \
        int result;                                                                                                    \
                                                                                                                       \
        if (path && !wide)                                                                                             \
            return -1;                                                                                                 \
        result = _w##suffix(wide, to);                                                                                 \
        free(wide);                                                                                                    \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT int _f##suffix(int fd, struct layout *to)                                                               \
    {                                                                                                                  \
        facts f;                                                                                                       \
        int result;                                                                                                    \
                                                                                                                       \
        CRT_VALIDATE(to, EINVAL, -1);                                                                                  \
        result = examine_descriptor(fd, &f);                                                                           \
        return copy_##layout(to, &f, result);                                                                          \
    }

DEFINE_STAT(stat32, _stat32, long, long)
DEFINE_STAT(stat32i64, _stat32i64, __int64, long)
DEFINE_STAT(stat64i32, _stat64i32, long, __int64)
DEFINE_STAT(stat64, _stat64, __int64, __int64)
