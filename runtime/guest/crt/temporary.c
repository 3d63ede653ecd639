/* Temporary names and files: tmpnam, _tempnam, tmpfile, _mktemp. */
#include "internal.h"
#include "convert.h"
#include "stream.h"
#include <share.h>
#include <string.h>
#include <sys/stat.h>

int _waccess(const wchar_t *path, int mode);
wchar_t *_wgetenv(const wchar_t *name);
char *_strdup(const char *text);

static volatile LONG counters[2]; /* of tmpnam and of tmpfile */

static wchar_t *put_number(wchar_t *out, unsigned value, unsigned base)
{
    wchar_t digits[40];
    int n = 0;

    do
        digits[n++] = L"0123456789abcdefghijklmnopqrstuvwxyz"[value % base];
    while (value /= base);
    while (n)
        *out++ = digits[--n];
    *out = 0;
    return out;
}

static wchar_t *put_directory(wchar_t *out, int in_root)
{
    DWORD length = in_root ? 0 : GetTempPathW(MAX_PATH - 20, out);

    if (length && length < MAX_PATH - 20)
        return out + length;
    *out++ = L'\\';
    return out;
}

/* A name of a file that does not exist: "s" or "t", the process's number, a counter. msvcrt's are in the root of the
 * drive, ucrt's in the directory for temporary files. */
static int make_name(wchar_t *buffer, int which, int in_root)
{
    wchar_t *out = put_directory(buffer, in_root);

    *out++ = which ? L't' : L's';
    out = put_number(out, GetCurrentProcessId(), 32);
    *out++ = L'.';
    for (;;) {
        LONG number = InterlockedIncrement(&counters[which]) - 1;

#ifdef MSVCRT
        if (number >= 0x7FFF)
            return ENOENT;
#else
        if (number == INT_MAX)
            return ENOENT;
#endif
        if (number || CRT_IS_UCRT)
            put_number(out, number, 32);
        else
            *out = 0;
        if (_waccess(buffer, 0))
            return 0;
    }
}

CRT_EXPORT errno_t _wtmpnam_s(wchar_t *buffer, size_t size)
{
    wchar_t name[MAX_PATH];
    int before = errno, result;

    CRT_VALIDATE(buffer, EINVAL, EINVAL);
    result = make_name(name, 0, !CRT_IS_UCRT);
    errno = before;
    if (result)
        return errno = result;
    if (wcslen(name) >= size) {
        if (size)
            *buffer = 0;
        CRT_INVALID(ERANGE);
        return ERANGE;
    }
    wcscpy(buffer, name);
    return 0;
}

CRT_EXPORT wchar_t *_wtmpnam(wchar_t *buffer)
{
    crt_thread *data = crt_thread_data();

    if (!buffer) {
        if (!data->wtmpnam_buffer)
            data->wtmpnam_buffer = malloc(MAX_PATH * sizeof(wchar_t));
        buffer = data->wtmpnam_buffer;
        if (!buffer)
            return NULL;
    }
    return _wtmpnam_s(buffer, MAX_PATH) ? NULL : buffer;
}

CRT_EXPORT errno_t tmpnam_s(char *buffer, size_t size)
{
    wchar_t name[MAX_PATH];
    errno_t result;

    CRT_VALIDATE(buffer, EINVAL, EINVAL);
    result = _wtmpnam_s(name, MAX_PATH);
    if (result)
        return result;
    if (crt_narrow_into(buffer, size, name)) {
        if (size)
            *buffer = 0;
        CRT_INVALID(ERANGE);
        return ERANGE;
    }
    return 0;
}

CRT_EXPORT char *tmpnam(char *buffer)
{
    crt_thread *data = crt_thread_data();

    if (!buffer) {
        if (!data->tmpnam_buffer)
            data->tmpnam_buffer = malloc(MAX_PATH);
        buffer = data->tmpnam_buffer;
        if (!buffer)
            return NULL;
    }
    return tmpnam_s(buffer, MAX_PATH) ? NULL : buffer;
}

CRT_EXPORT errno_t tmpfile_s(FILE **result)
{
    wchar_t name[MAX_PATH];
    int fd = -1, before = errno, in_root = !CRT_IS_UCRT;
    errno_t error;
    FILE *stream;

    CRT_VALIDATE(result, EINVAL, EINVAL);
    *result = NULL;
    do {
        error = make_name(name, 1, in_root);
        if (!error)
            error = _wsopen_s(&fd, name, _O_CREAT | _O_EXCL | _O_RDWR | _O_BINARY | _O_TEMPORARY, _SH_DENYNO,
                              _S_IREAD | _S_IWRITE);
        if (error && error != EEXIST && in_root) {
            /* A root that the program may not write to must not cost it its temporary files. */
            in_root = 0;
            error = EEXIST;
        }
    } while (error == EEXIST);
    if (error)
        return error;
    errno = before;
    stream = _fdopen(fd, "w+b");
    if (!stream) {
        _close(fd);
        return errno;
    }
    stream->_tmpfname = crt_narrow(name);
    *result = stream;
    return 0;
}

CRT_EXPORT FILE *tmpfile(void)
{
    FILE *stream;

    tmpfile_s(&stream);
    return stream;
}

/* ---- _tempnam ------------------------------------------------------------------------------------------------------- */

static int is_directory(const wchar_t *path)
{
    DWORD attributes = path && *path ? GetFileAttributesW(path) : INVALID_FILE_ATTRIBUTES;

    return attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY;
}

CRT_EXPORT wchar_t *_wtempnam(const wchar_t *directory, const wchar_t *prefix)
{
    static volatile LONG counter = 1;
    const wchar_t *where = _wgetenv(L"TMP");
    size_t length, prefix_length = prefix ? wcslen(prefix) : 0;
    wchar_t *name, *out;
    int before = errno;

    if (!is_directory(where))
        where = is_directory(directory) ? directory : is_directory(L"\\") ? L"\\" : L".";
    length = wcslen(where);
    name = malloc((length + prefix_length + 40) * sizeof *name);
    if (!name) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(name, where, length * sizeof *name);
    if (name[length - 1] != L'\\' && name[length - 1] != L'/')
        name[length++] = L'\\';
    memcpy(name + length, prefix, prefix_length * sizeof *name);
    out = put_number(name + length + prefix_length, GetCurrentProcessId(), 10);
    do
        put_number(out, InterlockedIncrement(&counter), 10);
    while (!_waccess(name, 0));
    errno = before;
    return name;
}

CRT_EXPORT char *_tempnam(const char *directory, const char *prefix)
{
    wchar_t *wide_directory = crt_widen(directory), *wide_prefix = crt_widen(prefix);
    wchar_t *name = _wtempnam(wide_directory, wide_prefix);
    char *narrow = crt_narrow(name);

    free(wide_directory);
    free(wide_prefix);
    free(name);
    return narrow;
}

/* ---- _mktemp -------------------------------------------------------------------------------------------------------- */

/* "nameXXXXXX": the X become a letter and five digits of the thread's number. */
#define DEFINE_MKTEMP(name, name_s, CHAR, exists)                                                                      \
    CRT_EXPORT errno_t name_s(CHAR *text, size_t size)                                                                 \
    {                                                                                                                  \
        size_t length = 0;                                                                                             \
        unsigned number = GetCurrentThreadId();                                                                        \
        int before;                                                                                                    \
                                                                                                                       \
        CRT_VALIDATE(text && size, EINVAL, EINVAL);                                                                    \
        while (length < size && text[length])                                                                          \
            length++;                                                                                                  \
        if (length == size || length < 6) {                                                                            \
            *text = 0;                                                                                                 \
            CRT_INVALID(EINVAL);                                                                                       \
            return EINVAL;                                                                                             \
        }                                                                                                              \
        for (int i = 0; i < 6; i++)                                                                                    \
            if (text[length - 1 - i] != 'X') {                                                                         \
                *text = 0;                                                                                             \
                CRT_INVALID(EINVAL);                                                                                   \
                return EINVAL;                                                                                         \
            }                                                                                                          \
        for (int i = 0; i < 5; i++, number /= 10)                                                                      \
            text[length - 1 - i] = (CHAR)('0' + number % 10);                                                          \
        before = errno;                                                                                                \
        for (CHAR letter = 'a'; letter <= 'z'; letter++) {                                                             \
            text[length - 6] = letter;                                                                                 \
            if (exists) {                                                                                              \
                errno = before;                                                                                        \
                return 0;                                                                                              \
            }                                                                                                          \
        }                                                                                                              \
        *text = 0;                                                                                                     \
        return errno = EEXIST;                                                                                         \
    }                                                                                                                  \
    CRT_EXPORT CHAR *name(CHAR *text)                                                                                  \
    {                                                                                                                  \
        size_t length = 0;                                                                                             \
                                                                                                                       \
        CRT_VALIDATE(text, EINVAL, NULL);                                                                              \
        while (text[length])                                                                                           \
            length++;                                                                                                  \
        return name_s(text, length + 1) ? NULL : text;                                                                 \
    }

int _access(const char *path, int mode);
DEFINE_MKTEMP(_mktemp, _mktemp_s, char, _access(text, 0))
DEFINE_MKTEMP(_wmktemp, _wmktemp_s, wchar_t, _waccess(text, 0))
