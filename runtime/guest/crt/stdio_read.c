/* Reading bytes from streams. */
#include "internal.h"
#include "stream.h"
#include <string.h>

int crt_ungetc(int c, FILE *stream)
{
    if (c == EOF || !(stream->_flag & _IOREAD || (stream->_flag & _IORW && !(stream->_flag & _IOWRT))))
        return EOF;
    if (!stream->_base)
        crt_buffer_allocate(stream);
    if (stream->_ptr == stream->_base) {
        if (stream->_cnt)
            return EOF; /* full already */
        stream->_ptr++;
    }
    *--stream->_ptr = (char)c;
    stream->_cnt++;
    stream->_flag &= ~_IOEOF;
    stream->_flag |= _IOREAD;
    return (unsigned char)c;
}

size_t crt_read_stream(void *buffer, size_t size, FILE *stream)
{
    char *p = buffer;
    size_t left = size;
    unsigned chunk = stream->_flag & CRT_ANY_BUFFER ? stream->_bufsiz : CRT_BUFFER_SIZE;

    while (left) {
        if (stream->_flag & CRT_ANY_BUFFER && stream->_cnt > 0) {
            size_t n = (size_t)stream->_cnt < left ? (size_t)stream->_cnt : left;

            memcpy(p, stream->_ptr, n);
            stream->_ptr += n;
            stream->_cnt -= (int)n;
            p += n;
            left -= n;
        } else if (left >= chunk && !(stream->_flag & _IOWRT)) {
            /* Whole buffers go straight to the caller. */
            unsigned n = left > INT_MAX ? INT_MAX - INT_MAX % chunk : (unsigned)(left - left % chunk);
            int got;

            stream->_flag |= _IOREAD;
            stream->_ptr = stream->_base;
            stream->_cnt = 0;
            got = _read(stream->_file, p, n);
            if (got <= 0) {
                stream->_flag |= got ? _IOERR : _IOEOF;
                break;
            }
            p += got;
            left -= got;
        } else {
            int c = _filbuf(stream);

            if (c == EOF)
                break;
            *p++ = (char)c;
            left--;
            chunk = stream->_bufsiz;
        }
    }
    return size - left;
}

CRT_EXPORT size_t _fread_nolock(void *buffer, size_t size, size_t count, FILE *stream)
{
    if (!size || !count)
        return 0;
    CRT_VALIDATE(stream && buffer && count <= SIZE_MAX / size, EINVAL, 0);
    return crt_read_stream(buffer, size * count, stream) / size;
}

CRT_EXPORT size_t fread(void *buffer, size_t size, size_t count, FILE *stream)
{
    size_t result;

    if (!size || !count)
        return 0;
    CRT_VALIDATE(stream && buffer && count <= SIZE_MAX / size, EINVAL, 0);
    _lock_file(stream);
    result = crt_read_stream(buffer, size * count, stream) / size;
    _unlock_file(stream);
    return result;
}

CRT_EXPORT size_t _fread_nolock_s(void *buffer, size_t buffer_size, size_t size, size_t count, FILE *stream)
{
    if (!size || !count)
        return 0;
    CRT_VALIDATE(buffer, EINVAL, 0);
    if (!stream || count > SIZE_MAX / size) {
        memset(buffer, 0, buffer_size);
        CRT_INVALID(EINVAL);
        return 0;
    }
    if (size * count > buffer_size) {
        memset(buffer, 0, buffer_size);
        CRT_INVALID(ERANGE);
        return 0;
    }
    return crt_read_stream(buffer, size * count, stream) / size;
}

CRT_EXPORT size_t fread_s(void *buffer, size_t buffer_size, size_t size, size_t count, FILE *stream)
{
    size_t result;

    if (!stream)
        return _fread_nolock_s(buffer, buffer_size, size, count, stream);
    _lock_file(stream);
    result = _fread_nolock_s(buffer, buffer_size, size, count, stream);
    _unlock_file(stream);
    return result;
}

CRT_EXPORT int _fgetc_nolock(FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, EOF);
    return crt_getc(stream);
}

CRT_EXPORT int fgetc(FILE *stream)
{
    int c;

    CRT_VALIDATE(stream, EINVAL, EOF);
    _lock_file(stream);
    c = crt_getc(stream);
    _unlock_file(stream);
    return c;
}

CRT_EXPORT int getc(FILE *stream)
{
    return fgetc(stream);
}

CRT_EXPORT int getchar(void)
{
    return fgetc(stdin);
}

CRT_EXPORT int _fgetchar(void)
{
    return fgetc(stdin);
}

CRT_EXPORT int _ungetc_nolock(int c, FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, EOF);
    return crt_ungetc(c, stream);
}

CRT_EXPORT int ungetc(int c, FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, EOF);
    _lock_file(stream);
    c = crt_ungetc(c, stream);
    _unlock_file(stream);
    return c;
}

/* Up to size - 1 bytes, through a line feed. */
static char *read_line(char *buffer, int size, FILE *stream)
{
    char *p = buffer, *end = buffer + size - 1;

    while (p < end) {
        int c;

        if (stream->_cnt > 0) {
            size_t n = (size_t)stream->_cnt < (size_t)(end - p) ? (size_t)stream->_cnt : (size_t)(end - p);
            char *newline = memchr(stream->_ptr, '\n', n);

            if (newline)
                n = newline + 1 - stream->_ptr;
            memcpy(p, stream->_ptr, n);
            stream->_ptr += n;
            stream->_cnt -= (int)n;
            p += n;
            if (newline)
                break;
            continue;
        }
        c = _filbuf(stream);
        if (c == EOF) {
            if (p == buffer)
                return NULL;
            break;
        }
        *p++ = (char)c;
        if (c == '\n')
            break;
    }
    *p = 0;
    return buffer;
}

CRT_EXPORT char *fgets(char *buffer, int size, FILE *stream)
{
    char *result;

    CRT_VALIDATE((buffer || !size) && size >= 0 && stream, EINVAL, NULL);
    if (!size)
        return NULL;
    _lock_file(stream);
    result = read_line(buffer, size, stream);
    _unlock_file(stream);
    return result;
}

CRT_EXPORT char *gets(char *buffer)
{
    char *p = buffer;
    int c;

    CRT_VALIDATE(buffer, EINVAL, NULL);
    _lock_file(stdin);
    while ((c = crt_getc(stdin)) != '\n' && c != EOF)
        *p++ = (char)c;
    _unlock_file(stdin);
    if (c == EOF && p == buffer)
        return NULL;
    *p = 0;
    return buffer;
}

CRT_EXPORT char *gets_s(char *buffer, size_t size)
{
    size_t n = 0;
    int c;

    CRT_VALIDATE(buffer && size, EINVAL, NULL);
    _lock_file(stdin);
    while ((c = crt_getc(stdin)) != '\n' && c != EOF) {
        if (n < size)
            buffer[n] = (char)c;
        n++;
    }
    _unlock_file(stdin);
    if (n >= size) {
        *buffer = 0;
        CRT_INVALID(ERANGE);
        return NULL;
    }
    buffer[n] = 0;
    return c == EOF && !n ? NULL : buffer;
}

CRT_EXPORT int _getw(FILE *stream)
{
    int value;

    CRT_VALIDATE(stream, EINVAL, EOF);
    return fread(&value, sizeof value, 1, stream) == 1 ? value : EOF;
}

CRT_EXPORT int feof(FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, 0);
    return CRT_IS_UCRT ? (stream->_flag & _IOEOF) != 0 : stream->_flag & _IOEOF;
}

CRT_EXPORT int ferror(FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, 0);
    return CRT_IS_UCRT ? (stream->_flag & _IOERR) != 0 : stream->_flag & _IOERR;
}

CRT_EXPORT errno_t clearerr_s(FILE *stream)
{
    crt_ioinfo *io;

    CRT_VALIDATE(stream, EINVAL, EINVAL);
    _lock_file(stream);
    stream->_flag &= ~(_IOEOF | _IOERR);
    io = crt_fd(stream->_file);
    if (io)
        io->osfile &= ~FEOFLAG;
    _unlock_file(stream);
    return 0;
}

CRT_EXPORT void clearerr(FILE *stream)
{
    clearerr_s(stream);
}
