/* fopen and its family. */
#include "internal.h"
#include "convert.h"
#include "stream.h"
#include <share.h>
#include <sys/stat.h>

int crt_commode;

CRT_EXPORT int *__p__commode(void)
{
    return &crt_commode;
}

static int same_encoding(const wchar_t **mode, const wchar_t *name)
{
    const wchar_t *p = *mode;

    for (; *name; p++, name++)
        if ((*p | 32) != (*name | 32))
            return 0;
    *mode = p;
    return 1;
}

int crt_parse_mode(const wchar_t *mode, int *open_flags, int *stream_flags)
{
    int seen = 0;
    enum { PLUS = 1, TEXT = 2, COMMIT = 4, SCAN = 8, TEMPORARY = 16, SHORT = 32, NOINHERIT = 64, EXCLUSIVE = 128 };

    while (*mode == L' ')
        mode++;
    switch (*mode++) {
    case L'r':
        *open_flags = _O_RDONLY;
        *stream_flags = _IOREAD;
        break;
    case L'w':
        *open_flags = _O_WRONLY | _O_CREAT | _O_TRUNC;
        *stream_flags = _IOWRT;
        break;
    case L'a':
        *open_flags = _O_WRONLY | _O_CREAT | _O_APPEND;
        *stream_flags = _IOWRT;
        break;
    default:
        return EINVAL;
    }
    *stream_flags |= crt_commode;
    for (; *mode && *mode != L','; mode++) {
        int bit = 0;

        switch (*mode) {
        case L' ':
            continue;
        case L'+':
            bit = PLUS;
            *open_flags = (*open_flags & ~(_O_RDONLY | _O_WRONLY)) | _O_RDWR;
            *stream_flags = (*stream_flags & ~(_IOREAD | _IOWRT)) | _IORW;
            break;
        case L'b':
            bit = TEXT;
            *open_flags |= _O_BINARY;
            break;
        case L't':
            bit = TEXT;
            *open_flags |= _O_TEXT;
            break;
        case L'c':
            bit = COMMIT;
            *stream_flags |= _IOCOMMIT;
            break;
        case L'n':
            bit = COMMIT;
            *stream_flags &= ~_IOCOMMIT;
            break;
        case L'S':
            bit = SCAN;
            *open_flags |= _O_SEQUENTIAL;
            break;
        case L'R':
            bit = SCAN;
            *open_flags |= _O_RANDOM;
            break;
        case L'T':
            bit = SHORT;
            *open_flags |= _O_SHORT_LIVED;
            break;
        case L'D':
            bit = TEMPORARY;
            *open_flags |= _O_TEMPORARY;
            break;
        case L'N':
            bit = NOINHERIT;
            *open_flags |= _O_NOINHERIT;
            break;
#ifdef UCRT
        case L'x':
            if (!(*open_flags & _O_TRUNC))
                return EINVAL;
            bit = EXCLUSIVE;
            *open_flags |= _O_EXCL;
            break;
#endif
        default:
            return EINVAL;
        }
        /* What is said twice ends the list: the rest is ignored. */
        if (seen & bit)
            break;
        seen |= bit;
    }
    if (*mode == L',') {
        mode++;
        while (*mode == L' ')
            mode++;
        if (!same_encoding(&mode, L"ccs"))
            return EINVAL;
        while (*mode == L' ')
            mode++;
        if (*mode++ != L'=')
            return EINVAL;
        while (*mode == L' ')
            mode++;
        if (same_encoding(&mode, L"UTF-8"))
            *open_flags |= _O_U8TEXT;
        else if (same_encoding(&mode, L"UTF-16LE"))
            *open_flags |= _O_U16TEXT;
        else if (same_encoding(&mode, L"UNICODE"))
            *open_flags |= _O_WTEXT;
        else
            return EINVAL;
        while (*mode == L' ')
            mode++;
        if (*mode)
            return EINVAL;
    }
    return 0;
}

/* Open path into a stream that is locked and free. */
static FILE *open_into(FILE *stream, const wchar_t *path, const wchar_t *mode, int sharing)
{
    int open_flags, stream_flags, fd;

    if (crt_parse_mode(mode, &open_flags, &stream_flags)) {
        CRT_INVALID(EINVAL);
        return NULL;
    }
    if (_wsopen_s(&fd, path, open_flags, sharing, _S_IREAD | _S_IWRITE))
        return NULL;
    stream->_flag = stream_flags;
    stream->_cnt = 0;
    stream->_base = stream->_ptr = NULL;
    stream->_tmpfname = NULL;
    stream->_file = fd;
    return stream;
}

CRT_EXPORT FILE *_wfsopen(const wchar_t *path, const wchar_t *mode, int sharing)
{
    FILE *stream, *result;

    CRT_VALIDATE(path && mode && *mode, EINVAL, NULL);
    if (!*path) {
#ifdef UCRT
        errno = EINVAL;
#else
        errno = ENOENT;
#endif
        return NULL;
    }
    stream = crt_stream_allocate();
    if (!stream)
        return NULL;
    result = open_into(stream, path, mode, sharing);
    if (!result)
        crt_stream_release(stream);
    _unlock_file(stream);
    return result;
}

CRT_EXPORT FILE *_fsopen(const char *path, const char *mode, int sharing)
{
    wchar_t *wide_path, *wide_mode;
    FILE *stream = NULL;

    CRT_VALIDATE(path && mode && *mode, EINVAL, NULL);
    wide_path = crt_widen(path);
    wide_mode = crt_widen(mode);
    if (wide_path && wide_mode)
        stream = _wfsopen(wide_path, wide_mode, sharing);
    free(wide_path);
    free(wide_mode);
    return stream;
}

CRT_EXPORT FILE *fopen(const char *path, const char *mode)
{
    return _fsopen(path, mode, _SH_DENYNO);
}

CRT_EXPORT FILE *_wfopen(const wchar_t *path, const wchar_t *mode)
{
    return _wfsopen(path, mode, _SH_DENYNO);
}

CRT_EXPORT errno_t fopen_s(FILE **stream, const char *path, const char *mode)
{
    CRT_VALIDATE(stream, EINVAL, EINVAL);
    *stream = _fsopen(path, mode, _SH_SECURE);
    return *stream ? 0 : errno;
}

CRT_EXPORT errno_t _wfopen_s(FILE **stream, const wchar_t *path, const wchar_t *mode)
{
    CRT_VALIDATE(stream, EINVAL, EINVAL);
    *stream = _wfsopen(path, mode, _SH_SECURE);
    return *stream ? 0 : errno;
}

CRT_EXPORT FILE *_wfdopen(int fd, const wchar_t *mode)
{
    crt_ioinfo *io = crt_fd(fd);
    int open_flags, stream_flags;
    FILE *stream;

    CRT_VALIDATE(mode, EINVAL, NULL);
    CRT_VALIDATE(io && io->osfile & FOPEN, EBADF, NULL);
    CRT_VALIDATE(!crt_parse_mode(mode, &open_flags, &stream_flags), EINVAL, NULL);
    stream = crt_stream_allocate();
    if (!stream)
        return NULL;
    stream->_flag = stream_flags;
    stream->_file = fd;
    _unlock_file(stream);
    return stream;
}

CRT_EXPORT FILE *_fdopen(int fd, const char *mode)
{
    wchar_t *wide;
    FILE *stream;

    CRT_VALIDATE(mode, EINVAL, NULL);
    wide = crt_widen(mode);
    if (!wide)
        return NULL;
    stream = _wfdopen(fd, wide);
    free(wide);
    return stream;
}

static FILE *reopen(const wchar_t *path, const wchar_t *mode, FILE *stream, int sharing)
{
    FILE *result;

    CRT_VALIDATE(path && mode && *mode && stream, EINVAL, NULL);
    _lock_file(stream);
    if (crt_stream_is_open(stream))
        crt_close_stream(stream);
    crt_stream_clear(stream);
    result = open_into(stream, path, mode, sharing);
    if (!result)
        crt_stream_release(stream);
    _unlock_file(stream);
    return result;
}

static FILE *reopen_narrow(const char *path, const char *mode, FILE *stream, int sharing)
{
    wchar_t *wide_path, *wide_mode;
    FILE *result = NULL;

    CRT_VALIDATE(path && mode && *mode && stream, EINVAL, NULL);
    wide_path = crt_widen(path);
    wide_mode = crt_widen(mode);
    if (wide_path && wide_mode)
        result = reopen(wide_path, wide_mode, stream, sharing);
    free(wide_path);
    free(wide_mode);
    return result;
}

CRT_EXPORT FILE *_wfreopen(const wchar_t *path, const wchar_t *mode, FILE *stream)
{
    return reopen(path, mode, stream, _SH_DENYNO);
}

CRT_EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream)
{
    return reopen_narrow(path, mode, stream, _SH_DENYNO);
}

CRT_EXPORT errno_t _wfreopen_s(FILE **result, const wchar_t *path, const wchar_t *mode, FILE *stream)
{
    CRT_VALIDATE(result, EINVAL, EINVAL);
    *result = reopen(path, mode, stream, _SH_SECURE);
    return *result ? 0 : errno;
}

CRT_EXPORT errno_t freopen_s(FILE **result, const char *path, const char *mode, FILE *stream)
{
    CRT_VALIDATE(result, EINVAL, EINVAL);
    *result = reopen_narrow(path, mode, stream, _SH_SECURE);
    return *result ? 0 : errno;
}
