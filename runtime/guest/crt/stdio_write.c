/* Writing bytes to streams. */
#include "internal.h"
#include "stream.h"
#include <string.h>

size_t crt_write_stream(const void *buffer, size_t size, FILE *stream)
{
    const char *p = buffer;
    size_t left = size;

    while (left) {
        unsigned chunk = stream->_flag & CRT_ANY_BUFFER ? stream->_bufsiz : CRT_BUFFER_SIZE;

        if (stream->_flag & CRT_BIG_BUFFER && stream->_cnt > 0) {
            size_t n = (size_t)stream->_cnt < left ? (size_t)stream->_cnt : left;

            if (stream->_flag & (_IOERR | _IOREAD))
                break;
            memcpy(stream->_ptr, p, n);
            stream->_ptr += n;
            stream->_cnt -= (int)n;
            p += n;
            left -= n;
        } else if (left >= chunk && stream->_flag & (_IOWRT | _IORW) && !(stream->_flag & _IOREAD)) {
            /* Whole buffers go straight to the file. */
            size_t n = left > INT_MAX ? INT_MAX : left;
            int written;

            if (stream->_flag & CRT_BIG_BUFFER && crt_flush(stream))
                break;
            stream->_flag |= _IOWRT;
            stream->_flag &= ~_IOEOF;
            if (chunk > 2)
                n -= n % chunk;
            written = _write(stream->_file, p, (unsigned)n);
            if (written < 0) {
                stream->_flag |= _IOERR;
                break;
            }
            p += written;
            left -= written;
            if ((size_t)written < n) {
                stream->_flag |= _IOERR;
                break;
            }
        } else {
            if (_flsbuf(*p, stream) == EOF)
                break;
            p++;
            left--;
        }
    }
    return size - left;
}

CRT_EXPORT size_t _fwrite_nolock(const void *buffer, size_t size, size_t count, FILE *stream)
{
    if (!size || !count)
        return 0;
    CRT_VALIDATE(stream && buffer && count <= SIZE_MAX / size, EINVAL, 0);
    return crt_write_stream(buffer, size * count, stream) / size;
}

CRT_EXPORT size_t fwrite(const void *buffer, size_t size, size_t count, FILE *stream)
{
    size_t result;
    int begun;

    if (!size || !count)
        return 0;
    CRT_VALIDATE(stream && buffer && count <= SIZE_MAX / size, EINVAL, 0);
    _lock_file(stream);
    begun = crt_buffer_begin(stream);
    result = crt_write_stream(buffer, size * count, stream) / size;
    crt_buffer_end(begun, stream);
    _unlock_file(stream);
    return result;
}

CRT_EXPORT int _fputc_nolock(int c, FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, EOF);
    return crt_putc(c, stream);
}

CRT_EXPORT int fputc(int c, FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, EOF);
    _lock_file(stream);
    c = crt_putc(c, stream);
    _unlock_file(stream);
    return c;
}

CRT_EXPORT int putc(int c, FILE *stream)
{
    return fputc(c, stream);
}

CRT_EXPORT int putchar(int c)
{
    return fputc(c, stdout);
}

CRT_EXPORT int _fputchar(int c)
{
    return fputc(c, stdout);
}

CRT_EXPORT int fputs(const char *text, FILE *stream)
{
    size_t length, written;
    int begun;

    CRT_VALIDATE(text && stream, EINVAL, EOF);
    length = strlen(text);
    _lock_file(stream);
    begun = crt_buffer_begin(stream);
    written = crt_write_stream(text, length, stream);
    crt_buffer_end(begun, stream);
    _unlock_file(stream);
    return written == length ? 0 : EOF;
}

CRT_EXPORT int puts(const char *text)
{
    size_t length;
    int begun, result = EOF;

    CRT_VALIDATE(text, EINVAL, EOF);
    length = strlen(text);
    _lock_file(stdout);
    begun = crt_buffer_begin(stdout);
    if (crt_write_stream(text, length, stdout) == length && crt_putc('\n', stdout) != EOF)
        result = 0;
    crt_buffer_end(begun, stdout);
    _unlock_file(stdout);
    return result;
}

CRT_EXPORT int _putw(int value, FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, EOF);
    return fwrite(&value, sizeof value, 1, stream) == 1 ? value : EOF;
}
