/* The table of streams, their locks, and opening and closing them. */
#include "internal.h"
#include "convert.h"
#include "exit.h"
#include "locks.h"
#include "startup.h"
#include "stream.h"
#include <share.h>
#include <string.h>
#include <sys/stat.h>

/* A stream beyond those of _iob carries its own lock. */
typedef struct own_stream {
    FILE file;
    CRITICAL_SECTION lock;
} own_stream;

FILE crt_iob[CRT_IOB_ENTRIES];
int crt_commode;

/* streams[0..19] are _iob's; grows to maximum. */
static FILE **streams;
static int stream_count, stream_space;
static int maximum = 512;

static int own_index(const FILE *stream)
{
    return stream >= crt_iob && stream < crt_iob + CRT_IOB_ENTRIES ? (int)(stream - crt_iob) : -1;
}

CRT_EXPORT void _lock_file(FILE *stream)
{
    int index = own_index(stream);

    if (index >= 0)
        _lock(CRT_LOCK_STREAMS + index);
    else
        EnterCriticalSection(&((own_stream *)stream)->lock);
}

CRT_EXPORT void _unlock_file(FILE *stream)
{
    int index = own_index(stream);

    if (index >= 0)
        _unlock(CRT_LOCK_STREAMS + index);
    else
        LeaveCriticalSection(&((own_stream *)stream)->lock);
}

static int try_lock_file(FILE *stream)
{
    int index = own_index(stream);

    return index >= 0 ? crt_try_lock(CRT_LOCK_STREAMS + index) : TryEnterCriticalSection(&((own_stream *)stream)->lock);
}

void crt_stdio_init(void)
{
    stream_space = 64;
    streams = calloc(stream_space, sizeof *streams);
    if (!streams)
        return;
    stream_count = CRT_IOB_ENTRIES;
    for (int i = 0; i < CRT_IOB_ENTRIES; i++) {
        streams[i] = &crt_iob[i];
        crt_iob[i]._file = -1;
    }
    for (int i = 0; i < 3; i++) {
        crt_ioinfo *io = crt_fd(i);

        crt_iob[i]._file = io && io->handle != CRT_NO_CONSOLE_HANDLE ? i : CRT_NO_CONSOLE_FD;
        crt_iob[i]._flag = i ? _IOWRT : _IOREAD;
    }
}

static void clear(FILE *stream)
{
    memset(stream, 0, sizeof *stream);
    stream->_file = -1;
    stream->_flag = _IOALLOCATED;
}

FILE *crt_stream_allocate(void)
{
    FILE *found = NULL;

    _lock(CRT_LOCK_IOB_SCAN);
    for (int i = 3; i < stream_count && !found; i++) {
        FILE *stream = streams[i];

        if (stream->_flag & (_IOREAD | _IOWRT | _IORW | _IOALLOCATED))
            continue;
        _lock_file(stream);
        if (stream->_flag & (_IOREAD | _IOWRT | _IORW | _IOALLOCATED)) {
            _unlock_file(stream);
            continue;
        }
        clear(stream);
        found = stream;
    }
    if (!found && stream_count < maximum) {
        own_stream *made = malloc(sizeof *made);

        if (made && stream_count == stream_space) {
            FILE **grown = realloc(streams, stream_space * 2 * sizeof *grown);

            if (grown) {
                streams = grown;
                stream_space *= 2;
            } else {
                free(made);
                made = NULL;
            }
        }
        if (made) {
            InitializeCriticalSection(&made->lock);
            EnterCriticalSection(&made->lock);
            clear(&made->file);
            found = streams[stream_count++] = &made->file;
        }
    }
    _unlock(CRT_LOCK_IOB_SCAN);
    if (!found)
        errno = EMFILE;
    return found;
}

void crt_stream_release(FILE *stream)
{
    stream->_flag = 0;
    stream->_file = -1;
    stream->_ptr = stream->_base = NULL;
    stream->_cnt = 0;
}

CRT_EXPORT FILE *__iob_func(void)
{
    return crt_iob;
}

CRT_EXPORT FILE *__acrt_iob_func(unsigned index)
{
    return &crt_iob[index];
}

CRT_EXPORT int *__p__commode(void)
{
    return &crt_commode;
}

CRT_EXPORT int _getmaxstdio(void)
{
    return maximum;
}

CRT_EXPORT int _setmaxstdio(int count)
{
    CRT_VALIDATE(count >= CRT_IOB_ENTRIES && count <= CRT_FD_BLOCK * CRT_FD_BLOCKS, EINVAL, -1);
    if (count >= stream_count)
        maximum = count;
    return count >= stream_count ? count : -1;
}

CRT_EXPORT int _fileno(FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, -1);
    return stream->_file;
}

CRT_EXPORT errno_t _get_stream_buffer_pointers(FILE *stream, char ***base, char ***pointer, int **count)
{
    CRT_VALIDATE(stream, EINVAL, EINVAL);
    if (base)
        *base = &stream->_base;
    if (pointer)
        *pointer = &stream->_ptr;
    if (count)
        *count = &stream->_cnt;
    return 0;
}

/* ---- opening ------------------------------------------------------------------------------------------------------- */

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
    clear(stream);
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

/* ---- closing ------------------------------------------------------------------------------------------------------- */

/* Close a locked stream; it stays taken until crt_stream_release. */
int crt_close_stream(FILE *stream)
{
    int result = EOF;

    if (crt_stream_is_open(stream)) {
        result = crt_flush(stream);
        crt_buffer_free(stream);
        if (_close(stream->_file) < 0)
            result = EOF;
        /* The file of tmpfile went away with its handle. */
        free(stream->_tmpfname);
        stream->_tmpfname = NULL;
    }
    return result;
}

CRT_EXPORT int _fclose_nolock(FILE *stream)
{
    int result;

    CRT_VALIDATE(stream, EINVAL, EOF);
    result = crt_close_stream(stream);
    crt_stream_release(stream);
    return result;
}

CRT_EXPORT int fclose(FILE *stream)
{
    int result;

    CRT_VALIDATE(stream, EINVAL, EOF);
    _lock_file(stream);
    result = _fclose_nolock(stream);
    _unlock_file(stream);
    return result;
}

static int is_writer(const FILE *stream)
{
    return stream->_flag & _IOWRT;
}

static int is_temporary(const FILE *stream)
{
    return crt_stream_is_open(stream) && stream->_tmpfname;
}

/* Call visit for each chosen stream, locked. Streams are chosen before they are locked: a thread that waits for input
 * holds the lock of its stream. Returns how many calls gave something but EOF. */
static int for_each(int first, int (*chosen)(const FILE *), int (*visit)(FILE *))
{
    int count = 0;

    _lock(CRT_LOCK_IOB_SCAN);
    for (int i = first; i < stream_count; i++) {
        FILE *stream = streams[i];

        if (!chosen(stream))
            continue;
        _lock_file(stream);
        if (chosen(stream) && visit(stream) != EOF)
            count++;
        _unlock_file(stream);
    }
    _unlock(CRT_LOCK_IOB_SCAN);
    return count;
}

CRT_EXPORT int _fcloseall(void)
{
    return for_each(3, crt_stream_is_open, _fclose_nolock);
}

CRT_EXPORT int _rmtmp(void)
{
    return for_each(0, is_temporary, _fclose_nolock);
}

CRT_EXPORT int _flushall(void)
{
    return for_each(0, crt_stream_is_open, crt_flush);
}

static int flush_failures; /* under CRT_LOCK_IOB_SCAN */

static int flush_noting_failure(FILE *stream)
{
    int result = crt_flush(stream);

    if (result == EOF)
        flush_failures = 1;
    return result;
}

CRT_EXPORT int _fflush_nolock(FILE *stream)
{
    if (!stream) {
        int failed;

        _lock(CRT_LOCK_IOB_SCAN);
        flush_failures = 0;
        for_each(0, is_writer, flush_noting_failure);
        failed = flush_failures;
        _unlock(CRT_LOCK_IOB_SCAN);
        return failed ? EOF : 0;
    }
#ifdef UCRT
    /* Nothing happens to a stream that is being read. */
    if ((stream->_flag & (_IOREAD | _IOWRT)) != _IOWRT)
        return 0;
#endif
    if (crt_flush(stream))
        return EOF;
    if (stream->_flag & _IOCOMMIT)
        return _commit(stream->_file) ? EOF : 0;
    return 0;
}

CRT_EXPORT int fflush(FILE *stream)
{
    int result;

    if (!stream)
        return _fflush_nolock(NULL);
    _lock_file(stream);
    result = _fflush_nolock(stream);
    _unlock_file(stream);
    return result;
}

void crt_stdio_flush_at_end(void)
{
    for (int i = 0; streams && i < stream_count; i++) {
        FILE *stream = streams[i];

        if (!(stream->_flag & _IOWRT) || !try_lock_file(stream))
            continue;
        crt_flush(stream);
        _unlock_file(stream);
    }
}

void crt_stdio_shutdown(void)
{
    for_each(0, is_writer, crt_flush);
    _rmtmp();
}
