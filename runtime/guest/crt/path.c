/* Paths as text: their parts, their full form, and files along a search path. */
#include "internal.h"
#include "convert.h"
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

int _waccess(const wchar_t *path, int mode);
wchar_t *_wgetenv(const wchar_t *name);

#define CHAR char
#define COPY copy_narrow
#define SPLIT _splitpath
#define SPLIT_S _splitpath_s
#define MAKE _makepath
#define MAKE_S _makepath_s
#include "path_core.h"
#undef CHAR
#undef COPY
#undef SPLIT
#undef SPLIT_S
#undef MAKE
#undef MAKE_S

#define CHAR wchar_t
#define COPY copy_wide
#define SPLIT _wsplitpath
#define SPLIT_S _wsplitpath_s
#define MAKE _wmakepath
#define MAKE_S _wmakepath_s
#include "path_core.h"

static wchar_t *full_path(const wchar_t *path)
{
    DWORD space = GetFullPathNameW(path, 0, NULL, NULL);
    wchar_t *full = space ? malloc(space * sizeof *full) : NULL;

    if (!space) {
        _dosmaperr(GetLastError());
        return NULL;
    }
    if (!full) {
        errno = ENOMEM;
        return NULL;
    }
    GetFullPathNameW(path, space, full, NULL);
    return full;
}

CRT_EXPORT wchar_t *_wgetcwd(wchar_t *buffer, int size);
CRT_EXPORT char *_getcwd(char *buffer, int size);

CRT_EXPORT wchar_t *_wfullpath(wchar_t *buffer, const wchar_t *path, size_t size)
{
    wchar_t *full;
    size_t length;

    if (!path || !*path)
        return _wgetcwd(buffer, size > INT_MAX ? INT_MAX : (int)size);
    CRT_VALIDATE(!buffer || size, EINVAL, NULL);
    full = full_path(path);
    if (!full || !buffer)
        return full;
    length = wcslen(full) + 1;
    if (length > size) {
        errno = ERANGE;
        buffer = NULL;
    } else {
        memcpy(buffer, full, length * sizeof *full);
    }
    free(full);
    return buffer;
}

CRT_EXPORT char *_fullpath(char *buffer, const char *path, size_t size)
{
    wchar_t *wide, *full;
    char *narrow;
    size_t length;

    if (!path || !*path)
        return _getcwd(buffer, size > INT_MAX ? INT_MAX : (int)size);
    CRT_VALIDATE(!buffer || size, EINVAL, NULL);
    wide = crt_widen(path);
    full = wide ? full_path(wide) : NULL;
    free(wide);
    narrow = crt_narrow(full);
    free(full);
    if (!narrow || !buffer)
        return narrow;
    length = strlen(narrow) + 1;
    if (length > size) {
        errno = ERANGE;
        buffer = NULL;
    } else {
        memcpy(buffer, narrow, length);
    }
    free(narrow);
    return buffer;
}

/* ---- _searchenv ----------------------------------------------------------------------------------------------------- */

/* The file's full path if it is in the current directory or in one that the variable lists, from malloc. */
static wchar_t *search(const wchar_t *file, const wchar_t *variable)
{
    const wchar_t *p;

    if (!_waccess(file, 0))
        return full_path(file);
    p = _wgetenv(variable);
    for (; p && *p; p += *p == L';') {
        size_t length = wcscspn(p, L";"), n = 0;
        wchar_t *path = malloc((length + wcslen(file) + 2) * sizeof *path);

        if (!path) {
            errno = ENOMEM;
            return NULL;
        }
        for (size_t i = 0; i < length; i++)
            if (p[i] != L'"')
                path[n++] = p[i];
        if (n && path[n - 1] != L'\\' && path[n - 1] != L'/' && path[n - 1] != L':')
            path[n++] = L'\\';
        memcpy(path + n, file, (wcslen(file) + 1) * sizeof *path);
        if (n && !_waccess(path, 0))
            return path;
        free(path);
        p += length;
    }
    errno = ENOENT;
    return NULL;
}

CRT_EXPORT errno_t _wsearchenv_s(const wchar_t *file, const wchar_t *variable, wchar_t *buffer, size_t size)
{
    wchar_t *found;
    errno_t result = 0;
    int before = errno;

    CRT_VALIDATE(buffer && size, EINVAL, EINVAL);
    if (!file) {
        *buffer = 0;
        CRT_INVALID(EINVAL);
        return EINVAL;
    }
    if (!*file) {
        *buffer = 0;
        return errno = ENOENT;
    }
    found = search(file, variable);
    if (!found) {
        *buffer = 0;
        return errno;
    }
    errno = before;
    if (wcslen(found) < size) {
        wcscpy(buffer, found);
    } else {
        *buffer = 0;
        result = errno = ERANGE;
    }
    free(found);
    return result;
}

CRT_EXPORT errno_t _searchenv_s(const char *file, const char *variable, char *buffer, size_t size)
{
    wchar_t *wide_file, *wide_variable, *found = NULL;
    errno_t result = 0;
    int before = errno;

    CRT_VALIDATE(buffer && size, EINVAL, EINVAL);
    *buffer = 0;
    CRT_VALIDATE(file, EINVAL, EINVAL);
    if (!*file)
        return errno = ENOENT;
    wide_file = crt_widen(file);
    wide_variable = crt_widen(variable);
    if (wide_file && wide_variable)
        found = search(wide_file, wide_variable);
    free(wide_file);
    free(wide_variable);
    if (!found)
        return errno;
    errno = before;
    if (crt_narrow_into(buffer, size, found)) {
        *buffer = 0;
        result = errno = ERANGE;
    }
    free(found);
    return result;
}

CRT_EXPORT void _wsearchenv(const wchar_t *file, const wchar_t *variable, wchar_t *buffer)
{
    _wsearchenv_s(file, variable, buffer, _MAX_PATH);
}

CRT_EXPORT void _searchenv(const char *file, const char *variable, char *buffer)
{
    _searchenv_s(file, variable, buffer, _MAX_PATH);
}
