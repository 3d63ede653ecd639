/* Buffers of streams: filling them, emptying them, and the temporary ones of terminals. */
#include "internal.h"
#include "stream.h"

void crt_buffer_allocate(FILE *stream)
{
    char *buffer = malloc(CRT_BUFFER_SIZE);

    if (buffer) {
        stream->_flag |= _IOMYBUF;
        stream->_base = buffer;
        stream->_bufsiz = CRT_BUFFER_SIZE;
    } else {
        stream->_flag |= _IONOBUF;
        stream->_base = (char *)&stream->_charbuf;
        stream->_bufsiz = 2;
    }
    stream->_ptr = stream->_base;
    stream->_cnt = 0;
}

void crt_buffer_free(FILE *stream)
{
    if (stream->_flag & _IOMYBUF)
        free(stream->_base);
    stream->_flag &= ~(_IOMYBUF | _IOYOURBUF | _IOSETVBUF | _IONOBUF | _IOFLRTN);
    stream->_base = stream->_ptr = NULL;
    stream->_cnt = 0;
    stream->_bufsiz = 0;
}

CRT_EXPORT int _filbuf(FILE *stream)
{
    crt_ioinfo *io;

    CRT_VALIDATE(stream, EINVAL, EOF);
    if (!crt_stream_is_open(stream) || stream->_flag & _IOSTRG)
        return EOF;
    if (stream->_flag & _IOWRT) {
        stream->_flag |= _IOERR;
        return EOF;
    }
    stream->_flag |= _IOREAD;
    if (!(stream->_flag & CRT_ANY_BUFFER))
        crt_buffer_allocate(stream);
    else
        stream->_ptr = stream->_base;
    stream->_cnt = _read(stream->_file, stream->_base, stream->_bufsiz);
    if (stream->_cnt <= 0) {
        stream->_flag |= stream->_cnt ? _IOERR : _IOEOF;
        stream->_cnt = 0;
        return EOF;
    }
    io = crt_fd(stream->_file);
    if (!(stream->_flag & (_IOWRT | _IORW)) && io && (io->osfile & (FTEXT | FEOFLAG)) == (FTEXT | FEOFLAG))
        stream->_flag |= _IOCTRLZ;
    if (stream->_bufsiz == CRT_SMALL_BUFFER_SIZE && stream->_flag & _IOMYBUF && !(stream->_flag & _IOSETVBUF))
        stream->_bufsiz = CRT_BUFFER_SIZE; /* reading on after a seek: back to full buffers */
    stream->_cnt--;
    return (unsigned char)*stream->_ptr++;
}

/* Make the stream ready for writing and put size bytes (1 or 2) at unit out, writing what was buffered. */
static int put_unit(const char *unit, int size, FILE *stream)
{
    int pending, written = 0;

    if (!(stream->_flag & (_IOWRT | _IORW))) {
        errno = EBADF;
        stream->_flag |= _IOERR;
        return EOF;
    }
    if (stream->_flag & _IOSTRG) {
        errno = ERANGE;
        stream->_flag |= _IOERR;
        return EOF;
    }
    if (stream->_flag & _IOREAD) {
        stream->_cnt = 0;
        if (!(stream->_flag & _IOEOF)) {
            stream->_flag |= _IOERR;
            return EOF;
        }
        /* At the end of the file one may change from reading to writing. */
        stream->_ptr = stream->_base;
        stream->_flag &= ~_IOREAD;
    }
    stream->_flag |= _IOWRT;
    stream->_flag &= ~_IOEOF;
    stream->_cnt = 0;
    if (!(stream->_flag & CRT_ANY_BUFFER) &&
        !((stream == stdout || stream == stderr) && _isatty(stream->_file)))
        crt_buffer_allocate(stream);
    if (stream->_flag & CRT_BIG_BUFFER) {
        pending = (int)(stream->_ptr - stream->_base);
        stream->_ptr = stream->_base + size;
        stream->_cnt = stream->_bufsiz - size;
        if (pending > 0)
            written = _write(stream->_file, stream->_base, pending);
        for (int i = 0; i < size; i++)
            stream->_base[i] = unit[i];
    } else {
        pending = size;
        written = _write(stream->_file, unit, size);
    }
    if (written != pending) {
        stream->_flag |= _IOERR;
        return EOF;
    }
    return 0;
}

CRT_EXPORT int _flsbuf(int c, FILE *stream)
{
    char unit = (char)c;

    CRT_VALIDATE(stream, EINVAL, EOF);
    return put_unit(&unit, 1, stream) ? EOF : (unsigned char)unit;
}

int crt_flush_wide(wchar_t c, FILE *stream)
{
    return put_unit((const char *)&c, sizeof c, stream);
}

int crt_flush(FILE *stream)
{
    int result = 0;

    if ((stream->_flag & (_IOREAD | _IOWRT)) == _IOWRT && stream->_flag & CRT_BIG_BUFFER) {
        int pending = (int)(stream->_ptr - stream->_base);

        if (pending > 0) {
            if (_write(stream->_file, stream->_base, pending) == pending) {
                if (stream->_flag & _IORW)
                    stream->_flag &= ~_IOWRT;
            } else {
                stream->_flag |= _IOERR;
                result = EOF;
            }
        }
    }
    stream->_ptr = stream->_base;
    stream->_cnt = 0;
    return result;
}

/* Output to a terminal is unbuffered between calls and buffered within one. */
int crt_buffer_begin(FILE *stream)
{
    static char *buffers[2];
    int index;

    if (stream->_flag & CRT_ANY_BUFFER || (stream != stdout && stream != stderr) || !_isatty(stream->_file))
        return 0;
    index = stream == stderr;
    if (!buffers[index])
        buffers[index] = malloc(CRT_BUFFER_SIZE);
    if (!buffers[index])
        return 0;
    stream->_base = stream->_ptr = buffers[index];
    stream->_cnt = stream->_bufsiz = CRT_BUFFER_SIZE;
    stream->_flag |= _IOWRT | _IOYOURBUF | _IOFLRTN;
    return 1;
}

void crt_buffer_end(int begun, FILE *stream)
{
    if (!begun || !(stream->_flag & _IOFLRTN))
        return;
    crt_flush(stream);
    stream->_flag &= ~(_IOYOURBUF | _IOFLRTN);
    stream->_bufsiz = 0;
    stream->_base = stream->_ptr = NULL;
}

CRT_EXPORT int setvbuf(FILE *stream, char *buffer, int mode, size_t size)
{
    CRT_VALIDATE(stream, EINVAL, -1);
    CRT_VALIDATE(mode == _IONBF || ((mode == _IOFBF || mode == _IOLBF) && size >= 2 && size <= INT_MAX), EINVAL, -1);
    _lock_file(stream);
    crt_flush(stream);
    crt_buffer_free(stream);
    if (mode == _IONBF) {
        stream->_flag |= _IONOBUF;
        stream->_base = (char *)&stream->_charbuf;
        stream->_bufsiz = 2;
    } else {
        size &= ~(size_t)1;
        if (buffer) {
            stream->_flag |= _IOYOURBUF | _IOSETVBUF;
        } else {
            buffer = malloc(size);
            if (!buffer) {
                _unlock_file(stream);
                return -1;
            }
            stream->_flag |= _IOMYBUF | _IOSETVBUF;
        }
        stream->_base = buffer;
        stream->_bufsiz = (int)size;
    }
    stream->_ptr = stream->_base;
    stream->_cnt = 0;
    _unlock_file(stream);
    return 0;
}

CRT_EXPORT void setbuf(FILE *stream, char *buffer)
{
    setvbuf(stream, buffer, buffer ? _IOFBF : _IONBF, BUFSIZ);
}
