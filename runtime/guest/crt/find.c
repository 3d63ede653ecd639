/* _findfirst and its family: four layouts, narrow and wide. */
#include "internal.h"
#include "convert.h"
#include <io.h>
#include <string.h>
#include <wchar.h>

static __int64 seconds(FILETIME time)
{
    __int64 ticks = (__int64)time.dwHighDateTime << 32 | time.dwLowDateTime;

    return ticks ? (ticks - 116444736000000000) / 10000000 : -1;
}

static int failed(void)
{
    DWORD error = GetLastError();

    _doserrno = error;
    switch (error) {
    case ERROR_NO_MORE_FILES:
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
        errno = ENOENT;
        break;
    case ERROR_NOT_ENOUGH_MEMORY:
        errno = ENOMEM;
        break;
    default:
        errno = EINVAL;
    }
    return -1;
}

#define DEFINE_FIND(suffix, layout, wide_layout, time_type, size_type)                                                 \
    static int fill_wide##suffix(struct wide_layout *to, const WIN32_FIND_DATAW *from)                                 \
    {                                                                                                                  \
        to->attrib = from->dwFileAttributes == FILE_ATTRIBUTE_NORMAL ? 0 : from->dwFileAttributes;                     \
        to->time_create = (time_type)seconds(from->ftCreationTime);                                                    \
        to->time_access = (time_type)seconds(from->ftLastAccessTime);                                                  \
        to->time_write = (time_type)seconds(from->ftLastWriteTime);                                                    \
        to->size = (size_type)((__int64)from->nFileSizeHigh << 32 | from->nFileSizeLow);                               \
        memcpy(to->name, from->cFileName, sizeof to->name);                                                            \
        return 0;                                                                                                      \
    }                                                                                                                  \
    static int fill##suffix(struct layout *to, const WIN32_FIND_DATAW *from)                                           \
    {                                                                                                                  \
        to->attrib = from->dwFileAttributes == FILE_ATTRIBUTE_NORMAL ? 0 : from->dwFileAttributes;                     \
        to->time_create = (time_type)seconds(from->ftCreationTime);                                                    \
        to->time_access = (time_type)seconds(from->ftLastAccessTime);                                                  \
        to->time_write = (time_type)seconds(from->ftLastWriteTime);                                                    \
        to->size = (size_type)((__int64)from->nFileSizeHigh << 32 | from->nFileSizeLow);                               \
        if (crt_narrow_into(to->name, sizeof to->name, from->cFileName)) {                                             \
            errno = EINVAL;                                                                                            \
            return -1;                                                                                                 \
        }                                                                                                              \
        return 0;                                                                                                      \
    }                                                                                                                  \
    CRT_EXPORT intptr_t _wfindfirst##suffix(const wchar_t *pattern, struct wide_layout *to)                            \
    {                                                                                                                  \
        WIN32_FIND_DATAW data;                                                                                         \
        HANDLE search;                                                                                                 \
                                                                                                                       \
        CRT_VALIDATE(pattern && to, EINVAL, -1);                                                                       \
        search = FindFirstFileW(pattern, &data);                                                                       \
        if (search == INVALID_HANDLE_VALUE)                                                                            \
            return failed();                                                                                           \
        fill_wide##suffix(to, &data);                                                                                  \
        return (intptr_t)search;                                                                                       \
    }                                                                                                                  \
    CRT_EXPORT int _wfindnext##suffix(intptr_t search, struct wide_layout *to)                                         \
    {                                                                                                                  \
        WIN32_FIND_DATAW data;                                                                                         \
                                                                                                                       \
        CRT_VALIDATE(search != -1 && search && to, EINVAL, -1);                                                        \
        if (!FindNextFileW((HANDLE)search, &data))                                                                     \
            return failed();                                                                                           \
        return fill_wide##suffix(to, &data);                                                                           \
    }                                                                                                                  \
    CRT_EXPORT intptr_t _findfirst##suffix(const char *pattern, struct layout *to)                                     \
    {                                                                                                                  \
        WIN32_FIND_DATAW data;                                                                                         \
        wchar_t *wide;                                                                                                 \
        HANDLE search;                                                                                                 \
                                                                                                                       \
        CRT_VALIDATE(pattern && to, EINVAL, -1);                                                                       \
        wide = crt_widen(pattern);                                                                                     \
        if (!wide)                                                                                                     \
            return -1;                                                                                                 \
        search = FindFirstFileW(wide, &data);                                                                          \
        free(wide);                                                                                                    \
        if (search == INVALID_HANDLE_VALUE)                                                                            \
            return failed();                                                                                           \
        if (fill##suffix(to, &data)) {                                                                                 \
            FindClose(search);                                                                                         \
            return -1;                                                                                                 \
        }                                                                                                              \
        return (intptr_t)search;                                                                                       \
    }                                                                                                                  \
    CRT_EXPORT int _findnext##suffix(intptr_t search, struct layout *to)                                               \
    {                                                                                                                  \
        WIN32_FIND_DATAW data;                                                                                         \
                                                                                                                       \
        CRT_VALIDATE(search != -1 && search && to, EINVAL, -1);                                                        \
        if (!FindNextFileW((HANDLE)search, &data))                                                                     \
            return failed();                                                                                           \
        return fill##suffix(to, &data);                                                                                \
    }

DEFINE_FIND(32, _finddata32_t, _wfinddata32_t, long, unsigned long)
DEFINE_FIND(32i64, _finddata32i64_t, _wfinddata32i64_t, long, __int64)
DEFINE_FIND(64i32, _finddata64i32_t, _wfinddata64i32_t, __int64, unsigned long)
DEFINE_FIND(64, __finddata64_t, _wfinddata64_t, __int64, __int64)

CRT_EXPORT int _findclose(intptr_t search)
{
    if (!FindClose((HANDLE)search)) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}
