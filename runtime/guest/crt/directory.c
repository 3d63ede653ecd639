/* Directories and drives. */
#include "internal.h"
#include "convert.h"
#include <direct.h>
#include <string.h>
#include <wchar.h>

static int report(BOOL done)
{
    if (!done)
        _dosmaperr(GetLastError());
    return done ? 0 : -1;
}

static int with_wide(const char *path, int (*function)(const wchar_t *))
{
    wchar_t *wide;
    int result;

    CRT_VALIDATE(path, EINVAL, -1);
    wide = crt_widen(path);
    if (!wide)
        return -1;
    result = function(wide);
    free(wide);
    return result;
}

CRT_EXPORT int _wmkdir(const wchar_t *path)
{
    CRT_VALIDATE(path, EINVAL, -1);
    return report(CreateDirectoryW(path, NULL));
}

CRT_EXPORT int _mkdir(const char *path)
{
    return with_wide(path, _wmkdir);
}

CRT_EXPORT int _wrmdir(const wchar_t *path)
{
    CRT_VALIDATE(path, EINVAL, -1);
    return report(RemoveDirectoryW(path));
}

CRT_EXPORT int _rmdir(const char *path)
{
    return with_wide(path, _wrmdir);
}

/* The current directory, from malloc. */
static wchar_t *current_directory(void)
{
    DWORD space = GetCurrentDirectoryW(0, NULL);
    wchar_t *path = space ? malloc(space * sizeof *path) : NULL;

    if (!path) {
        errno = ENOMEM;
        return NULL;
    }
    if (!GetCurrentDirectoryW(space, path)) {
        _dosmaperr(GetLastError());
        free(path);
        return NULL;
    }
    return path;
}

CRT_EXPORT int _wchdir(const wchar_t *path)
{
    wchar_t *now, name[] = L"=?:";

    CRT_VALIDATE(path, EINVAL, -1);
    if (!SetCurrentDirectoryW(path))
        return report(FALSE);
    /* Each drive's directory is kept in the environment. */
    now = current_directory();
    if (now && now[0] && now[1] == L':') {
        name[1] = now[0] >= L'a' && now[0] <= L'z' ? now[0] - 32 : now[0];
        SetEnvironmentVariableW(name, now);
    }
    free(now);
    return 0;
}

CRT_EXPORT int _chdir(const char *path)
{
    return with_wide(path, _wchdir);
}

CRT_EXPORT int _getdrive(void)
{
    wchar_t *path = current_directory();
    int drive = 0;

    if (path && path[0] && path[1] == L':')
        drive = (path[0] | 32) - L'a' + 1;
    free(path);
    return drive;
}

CRT_EXPORT int _chdrive(int drive)
{
    wchar_t path[] = L"?:";

    if (drive < 1 || drive > 26) {
        _doserrno = ERROR_INVALID_DRIVE;
        CRT_INVALID(EACCES);
        return -1;
    }
    path[0] = (wchar_t)(L'A' + drive - 1);
    return report(SetCurrentDirectoryW(path));
}

/* The directory of a drive (0: the current one), from malloc. */
static wchar_t *drive_directory(int drive)
{
    wchar_t name[] = L"?:.", *path;
    DWORD space;

    if (!drive)
        return current_directory();
    name[0] = (wchar_t)(L'A' + drive - 1);
    if (drive < 1 || drive > 26 || GetDriveTypeW((wchar_t[]){name[0], L':', L'\\', 0}) <= DRIVE_NO_ROOT_DIR) {
        _doserrno = ERROR_INVALID_DRIVE;
        CRT_INVALID(EACCES);
        return NULL;
    }
    space = GetFullPathNameW(name, 0, NULL, NULL);
    path = space ? malloc(space * sizeof *path) : NULL;
    if (!path) {
        errno = ENOMEM;
        return NULL;
    }
    GetFullPathNameW(name, space, path, NULL);
    return path;
}

/* Give path (which is freed) to the caller: into his buffer of size characters, or in a new one of at least that. */
static wchar_t *deliver_wide(wchar_t *path, wchar_t *buffer, int size)
{
    size_t length;

    if (!path)
        return NULL;
    length = wcslen(path) + 1;
    if (!buffer) {
        size_t space = size > 0 && (size_t)size > length ? (size_t)size : length;

        buffer = malloc(space * sizeof *buffer);
        if (!buffer)
            errno = ENOMEM;
    } else if ((size_t)size < length) {
        errno = ERANGE;
        buffer = NULL;
    }
    if (buffer)
        memcpy(buffer, path, length * sizeof *buffer);
    free(path);
    return buffer;
}

static char *deliver(wchar_t *path, char *buffer, int size)
{
    char *narrow;
    size_t length;

    if (!path)
        return NULL;
    narrow = crt_narrow(path);
    free(path);
    if (!narrow)
        return NULL;
    length = strlen(narrow) + 1;
    if (!buffer) {
        size_t space = size > 0 && (size_t)size > length ? (size_t)size : length;

        buffer = malloc(space);
        if (!buffer)
            errno = ENOMEM;
    } else if ((size_t)size < length) {
        errno = ERANGE;
        buffer = NULL;
    }
    if (buffer)
        memcpy(buffer, narrow, length);
    free(narrow);
    return buffer;
}

CRT_EXPORT wchar_t *_wgetdcwd(int drive, wchar_t *buffer, int size)
{
    CRT_VALIDATE(size >= 0 && (!buffer || size > 0), EINVAL, NULL);
    return deliver_wide(drive_directory(drive), buffer, size);
}

CRT_EXPORT char *_getdcwd(int drive, char *buffer, int size)
{
    CRT_VALIDATE(size >= 0 && (!buffer || size > 0), EINVAL, NULL);
    return deliver(drive_directory(drive), buffer, size);
}

CRT_EXPORT wchar_t *_wgetcwd(wchar_t *buffer, int size)
{
    return _wgetdcwd(0, buffer, size);
}

CRT_EXPORT char *_getcwd(char *buffer, int size)
{
    return _getdcwd(0, buffer, size);
}

CRT_EXPORT unsigned _getdiskfree(unsigned drive, struct _diskfree_t *result)
{
    wchar_t root[] = L"?:\\";
    DWORD sectors, bytes, available, total;

    CRT_VALIDATE(result && drive <= 26, EINVAL, EINVAL);
    memset(result, 0, sizeof *result);
    root[0] = (wchar_t)(L'A' + drive - 1);
    if (!GetDiskFreeSpaceW(drive ? root : NULL, &sectors, &bytes, &available, &total)) {
        DWORD error = GetLastError();

        errno = crt_errno_from_windows(error);
        return error;
    }
    result->total_clusters = total;
    result->avail_clusters = available;
    result->sectors_per_cluster = sectors;
    result->bytes_per_sector = bytes;
    return 0;
}
