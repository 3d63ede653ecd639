/* Positions in streams. A position counts the bytes of the file, so text has its line ends counted back in. */
#include "internal.h"
#include "stream.h"

typedef __int64 crt_fpos;

int crt_seek(FILE *stream, __int64 offset, int origin)
{
    if (!crt_stream_is_open(stream)) {
        errno = EINVAL;
        return -1;
    }
    stream->_flag &= ~_IOEOF;
    if (origin == FILE_CURRENT) {
        __int64 here = crt_tell(stream);

        if (here < 0)
            return -1;
        offset += here;
        origin = FILE_BEGIN;
    }
    crt_flush(stream);
    if (stream->_flag & _IORW)
        stream->_flag &= ~(_IOWRT | _IOREAD);
    else if (stream->_flag & _IOREAD && stream->_flag & _IOMYBUF && !(stream->_flag & _IOSETVBUF))
        stream->_bufsiz = CRT_SMALL_BUFFER_SIZE; /* programs that seek read little */
    return _lseeki64(stream->_file, offset, origin) == -1 ? -1 : 0;
}

static __int64 count_newlines(const char *p, const char *end)
{
    __int64 count = 0;

    for (; p < end; p++)
        count += *p == '\n';
    return count;
}

/* Bytes of the file that the UTF-16 text between p and end was made from (UTF-8 or UTF-16, with CR LF). */
static __int64 encoded_size(const char *p, const char *end, enum crt_encoding encoding)
{
    const wchar_t *text = (const wchar_t *)p, *stop = (const wchar_t *)end;
    __int64 size = 0;

    for (; text < stop; text++) {
        int unit = encoding == CRT_UTF8 ? 1 : 2;

        if (*text == L'\n')
            size += unit; /* its CR */
        if (encoding == CRT_UTF16)
            size += 2;
        else if (*text < 0x80)
            size += 1;
        else if (*text < 0x800)
            size += 2;
        else if ((*text & 0xF800) == 0xD800)
            size += 2; /* half of four bytes */
        else
            size += 3;
    }
    return size;
}

__int64 crt_tell(FILE *stream)
{
    crt_ioinfo *io = crt_fd(stream->_file);
    __int64 position, offset, held;
    unsigned char osfile;

    if (stream->_cnt < 0)
        stream->_cnt = 0;
    position = _lseeki64(stream->_file, 0, FILE_CURRENT);
    if (position < 0)
        return -1;
    if (!(stream->_flag & CRT_BIG_BUFFER))
        return position - stream->_cnt;
    osfile = io ? io->osfile : 0;
    offset = stream->_ptr - stream->_base;
    if (osfile & FTEXT && io->encoding != CRT_ANSI) {
        if (stream->_flag & _IOWRT)
            return position + encoded_size(stream->_base, stream->_ptr, io->encoding);
        if (stream->_flag & _IOREAD)
            return position - encoded_size(stream->_ptr, stream->_ptr + stream->_cnt, io->encoding);
        return position;
    }
    if (stream->_flag & (_IOWRT | _IOREAD)) {
        if (osfile & FTEXT)
            offset += count_newlines(stream->_base, stream->_ptr);
    } else if (!(stream->_flag & _IORW)) {
        errno = EINVAL;
        return -1;
    }
    if (!position)
        return offset;
    if (!(stream->_flag & _IOREAD))
        return position + offset;
    if (!stream->_cnt)
        return position; /* all that was read has been used up */
    held = stream->_cnt + (stream->_ptr - stream->_base);
    if (osfile & FTEXT) {
        /* How many bytes of the file the buffer came from: at the end of the file count them, else it was a full one. */
        if (_lseeki64(stream->_file, 0, FILE_END) == position) {
            held += count_newlines(stream->_base, stream->_base + held);
            if (stream->_flag & _IOCTRLZ)
                held++;
        } else {
            if (_lseeki64(stream->_file, position, FILE_BEGIN) < 0)
                return -1;
            if (held <= CRT_SMALL_BUFFER_SIZE && stream->_flag & _IOMYBUF && !(stream->_flag & _IOSETVBUF))
                held = CRT_SMALL_BUFFER_SIZE;
            else
                held = stream->_bufsiz;
            if (osfile & FCRLF)
                held++;
        }
    }
    return position - held + offset;
}

CRT_EXPORT int _fseeki64_nolock(FILE *stream, __int64 offset, int origin)
{
    CRT_VALIDATE(stream && origin >= FILE_BEGIN && origin <= FILE_END, EINVAL, -1);
    return crt_seek(stream, offset, origin);
}

CRT_EXPORT int _fseeki64(FILE *stream, __int64 offset, int origin)
{
    int result;

    CRT_VALIDATE(stream && origin >= FILE_BEGIN && origin <= FILE_END, EINVAL, -1);
    _lock_file(stream);
    result = crt_seek(stream, offset, origin);
    _unlock_file(stream);
    return result;
}

CRT_EXPORT int _fseek_nolock(FILE *stream, long offset, int origin)
{
    return _fseeki64_nolock(stream, offset, origin);
}

CRT_EXPORT int fseek(FILE *stream, long offset, int origin)
{
    return _fseeki64(stream, offset, origin);
}

CRT_EXPORT __int64 _ftelli64_nolock(FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, -1);
    return crt_tell(stream);
}

CRT_EXPORT __int64 _ftelli64(FILE *stream)
{
    __int64 result;

    CRT_VALIDATE(stream, EINVAL, -1);
    _lock_file(stream);
    result = crt_tell(stream);
    _unlock_file(stream);
    return result;
}

static long as_long(__int64 position)
{
    if (position > LONG_MAX) {
        errno = EINVAL;
        return -1;
    }
    return (long)position;
}

CRT_EXPORT long _ftell_nolock(FILE *stream)
{
    return as_long(_ftelli64_nolock(stream));
}

CRT_EXPORT long ftell(FILE *stream)
{
    return as_long(_ftelli64(stream));
}

CRT_EXPORT int fgetpos(FILE *stream, crt_fpos *position)
{
    CRT_VALIDATE(stream && position, EINVAL, -1);
    *position = _ftelli64(stream);
    return *position == -1 ? -1 : 0;
}

CRT_EXPORT int fsetpos(FILE *stream, const crt_fpos *position)
{
    CRT_VALIDATE(stream && position, EINVAL, -1);
    return _fseeki64(stream, *position, FILE_BEGIN);
}

CRT_EXPORT void rewind(FILE *stream)
{
    crt_ioinfo *io;

    CRT_VALIDATE_VOID(stream, EINVAL);
    _lock_file(stream);
    crt_flush(stream);
    stream->_flag &= ~(_IOERR | _IOEOF);
    io = crt_fd(stream->_file);
    if (io)
        io->osfile &= ~FEOFLAG;
    if (stream->_flag & _IORW)
        stream->_flag &= ~(_IOREAD | _IOWRT);
    _lseeki64(stream->_file, 0, FILE_BEGIN);
    _unlock_file(stream);
}
