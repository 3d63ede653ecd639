/* The table of streams, their locks, and closing them. */
#include "internal.h"
#include "exit.h"
#include "locks.h"
#include "stream.h"
#include <string.h>

FILE crt_iob[CRT_IOB_ENTRIES];

/* streams[0..19] are _iob's; grows to maximum. */
static FILE **streams;
static int stream_count, stream_space;
static int maximum = 512;

#ifdef UCRT
typedef FILE locked_stream;
#define LOCK_OF(stream) (&(stream)->lock)
#else
/* A stream beyond those of _iob carries its own lock; theirs are among the numbered ones. */
typedef struct locked_stream {
    FILE file;
    CRITICAL_SECTION lock;
} locked_stream;
#define LOCK_OF(stream) (&((locked_stream *)(stream))->lock)
#endif

/* The numbered lock of a stream of _iob, -1 when the stream has its own. */
static int lock_number(const FILE *stream)
{
    if (CRT_IS_UCRT || stream < crt_iob || stream >= crt_iob + CRT_IOB_ENTRIES)
        return -1;
    return CRT_LOCK_STREAMS + (int)(stream - crt_iob);
}

CRT_EXPORT void _lock_file(FILE *stream)
{
    int number = lock_number(stream);

    if (number >= 0)
        _lock(number);
    else
        EnterCriticalSection(LOCK_OF(stream));
}

CRT_EXPORT void _unlock_file(FILE *stream)
{
    int number = lock_number(stream);

    if (number >= 0)
        _unlock(number);
    else
        LeaveCriticalSection(LOCK_OF(stream));
}

static int try_lock_file(FILE *stream)
{
    int number = lock_number(stream);

    return number >= 0 ? crt_try_lock(number) : TryEnterCriticalSection(LOCK_OF(stream));
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
#ifdef UCRT
        InitializeCriticalSection(&crt_iob[i].lock);
#endif
    }
    for (int i = 0; i < 3; i++) {
        crt_ioinfo *io = crt_fd(i);

        crt_iob[i]._file = io && io->handle != CRT_NO_CONSOLE_HANDLE ? i : CRT_NO_CONSOLE_FD;
        crt_iob[i]._flag = i ? _IOWRT : _IOREAD;
    }
}

void crt_stream_clear(FILE *stream)
{
    stream->_ptr = stream->_base = NULL;
    stream->_cnt = 0;
    stream->_charbuf = 0;
    stream->_bufsiz = 0;
    stream->_tmpfname = NULL;
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
        crt_stream_clear(stream);
        found = stream;
    }
    if (!found && stream_count < maximum) {
        locked_stream *made = malloc(sizeof *made);

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
            found = streams[stream_count++] = (FILE *)made;
            InitializeCriticalSection(LOCK_OF(found));
            EnterCriticalSection(LOCK_OF(found));
            crt_stream_clear(found);
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
