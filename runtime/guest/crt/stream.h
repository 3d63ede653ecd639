/* Streams: what the files of stdio share. */
#ifndef CRT_STREAM_H
#define CRT_STREAM_H

#include "lowio.h"
#include <wchar.h>

#ifndef EOF
#define EOF (-1)
#endif
#ifndef BUFSIZ
#define BUFSIZ 512
#endif

/* Both layouts and their bits are the ones that Windows has: programs test them through macros (msvcrt) or know them
 * from portability libraries (ucrt). */
#ifdef UCRT
struct _iobuf {
    char *_ptr;
    char *_base;
    int _cnt;
    long _flag;
    long _file;
    int _charbuf;
    int _bufsiz;
    char *_tmpfname;
    CRITICAL_SECTION lock;
};

#define _IOREAD 0x0001
#define _IOWRT 0x0002
#define _IORW 0x0004
#define _IOEOF 0x0008
#define _IOERR 0x0010
#define _IOCTRLZ 0x0020    /* the last read ended at a Ctrl-Z */
#define _IOMYBUF 0x0040    /* the buffer is ours to free */
#define _IOYOURBUF 0x0080  /* setvbuf's or a temporary one */
#define _IOSETVBUF 0x0100
#define _IOFLRTN 0x0200    /* the buffer is a temporary one: flush at the end of the call */
#define _IONOBUF 0x0400
#define _IOCOMMIT 0x0800
#define _IOSTRG 0x1000
#define _IOALLOCATED 0x2000 /* taken, not yet open */
#else
struct _iobuf {
    char *_ptr;
    int _cnt;
    char *_base;
    int _flag;
    int _file;
    int _charbuf;
    int _bufsiz;
    char *_tmpfname;
};

#define _IOREAD 0x0001
#define _IOWRT 0x0002
#define _IONOBUF 0x0004
#define _IOMYBUF 0x0008
#define _IOEOF 0x0010
#define _IOERR 0x0020
#define _IOSTRG 0x0040
#define _IORW 0x0080
#define _IOYOURBUF 0x0100
#define _IOSETVBUF 0x0400
#define _IOFLRTN 0x1000
#define _IOCTRLZ 0x2000
#define _IOCOMMIT 0x4000
#define _IOALLOCATED 0x10000
#endif

/* setvbuf's modes. */
#define _IOFBF 0x0000
#define _IOLBF 0x0040
#define _IONBF 0x0004

#define CRT_ANY_BUFFER (_IOMYBUF | _IONOBUF | _IOYOURBUF)
#define CRT_BIG_BUFFER (_IOMYBUF | _IOYOURBUF)
#define CRT_BUFFER_SIZE 4096
#define CRT_SMALL_BUFFER_SIZE 512
#define CRT_IOB_ENTRIES 20

extern FILE crt_iob[CRT_IOB_ENTRIES];
#undef stdin
#undef stdout
#undef stderr
#define stdin (&crt_iob[0])
#define stdout (&crt_iob[1])
#define stderr (&crt_iob[2])

void _lock_file(FILE *stream);
void _unlock_file(FILE *stream);

/* A free stream, locked; NULL and EMFILE. */
FILE *crt_stream_allocate(void);
void crt_stream_clear(FILE *stream); /* as a stream that is taken and not yet open */
void crt_stream_release(FILE *stream);
static inline int crt_stream_is_open(const FILE *stream)
{
    return stream->_flag & (_IOREAD | _IOWRT | _IORW);
}

/* Parse "r+b, ccs=UTF-8". Returns 0 or EINVAL; *open_flags are _open's, *stream_flags those of FILE. */
int crt_parse_mode(const wchar_t *mode, int *open_flags, int *stream_flags);

/* All of these want the stream locked. */
int _filbuf(FILE *stream);           /* read a buffer, return its first character */
int _flsbuf(int c, FILE *stream);    /* write the buffer out and put c into it */
int crt_flush(FILE *stream);
void crt_buffer_allocate(FILE *stream);
void crt_buffer_free(FILE *stream);
int crt_buffer_begin(FILE *stream);  /* temporary buffering of a terminal; returns what crt_buffer_end wants */
void crt_buffer_end(int begun, FILE *stream);
int crt_close_stream(FILE *stream);
size_t crt_read_stream(void *buffer, size_t size, FILE *stream);        /* bytes */
size_t crt_write_stream(const void *buffer, size_t size, FILE *stream); /* bytes written */
__int64 crt_tell(FILE *stream);
int crt_seek(FILE *stream, __int64 offset, int origin);
wint_t crt_getwc(FILE *stream);
wint_t crt_putwc(wchar_t c, FILE *stream);
int crt_ungetc(int c, FILE *stream);
wint_t crt_ungetwc(wint_t c, FILE *stream);

static inline int crt_getc(FILE *stream)
{
    return --stream->_cnt >= 0 ? (unsigned char)*stream->_ptr++ : _filbuf(stream);
}

static inline int crt_putc(int c, FILE *stream)
{
    return --stream->_cnt >= 0 ? (unsigned char)(*stream->_ptr++ = (char)c) : _flsbuf(c, stream);
}

/* Whether the stream's wide characters are stored as multibyte ones. */
static inline int crt_is_multibyte(FILE *stream)
{
    crt_ioinfo *io = crt_fd(stream->_file);

    return io && io->osfile & FTEXT && io->encoding == CRT_ANSI;
}

FILE *_fdopen(int fd, const char *mode);
FILE *_wfdopen(int fd, const wchar_t *mode);
FILE *_wfsopen(const wchar_t *path, const wchar_t *mode, int sharing);
int fclose(FILE *stream);
int fflush(FILE *stream);
int _flushall(void);

#endif
