/* File descriptors: what low-level io, streams, stat and process functions share. */
#ifndef CRT_LOWIO_H
#define CRT_LOWIO_H

#include <fcntl.h>

/* osfile bits, the ones that a child process inherits in STARTUPINFO.lpReserved2. */
#define FOPEN 0x01      /* in use */
#define FEOFLAG 0x02    /* Ctrl-Z seen */
#define FCRLF 0x04      /* the last buffer read in text mode began with a line feed */
#define FPIPE 0x08
#define FNOINHERIT 0x10
#define FAPPEND 0x20
#define FDEV 0x40       /* a character device */
#define FTEXT 0x80

enum crt_encoding { CRT_ANSI, CRT_UTF8, CRT_UTF16 };

/* 56 bytes with the first three members where msvcrt has them: programs reach in through __pioinfo. */
typedef struct crt_ioinfo {
    HANDLE handle;
    unsigned char osfile;
    unsigned char lookahead[3]; /* bytes read from a device or pipe, not yet delivered; [0] is '\n' when there are none */
    unsigned char lock_ready;
    unsigned char encoding;     /* enum crt_encoding, in text mode */
    unsigned char lookahead_count;
    unsigned char unused;
    CRITICAL_SECTION lock;
} crt_ioinfo;

#define CRT_FD_BLOCK 32
#ifdef UCRT
#define CRT_FD_BLOCKS 256
#else
#define CRT_FD_BLOCKS 64
#endif
#define CRT_NO_CONSOLE_FD (-2)
#define CRT_NO_CONSOLE_HANDLE ((HANDLE)(intptr_t)-2)

extern crt_ioinfo *__pioinfo[CRT_FD_BLOCKS];
extern int crt_fmode;
extern int crt_umask;

/* The descriptor's record, open or not; NULL beyond those that exist. */
static inline crt_ioinfo *crt_fd(int fd)
{
    if ((unsigned)fd >= CRT_FD_BLOCK * CRT_FD_BLOCKS || !__pioinfo[fd / CRT_FD_BLOCK])
        return NULL;
    return __pioinfo[fd / CRT_FD_BLOCK] + fd % CRT_FD_BLOCK;
}

/* An open descriptor, locked; NULL, EBADF and (but for CRT_NO_CONSOLE_FD) a call of the invalid parameter handler when
 * it is not open. */
crt_ioinfo *crt_fd_lock(int fd);
void crt_fd_unlock(crt_ioinfo *io);
void crt_fd_enter(crt_ioinfo *io); /* lock, open or not */
/* Records for CRT_FD_BLOCK more descriptors; NULL without memory. Wants CRT_LOCK_LOWIO. */
crt_ioinfo *crt_fd_make_block(int block);
/* A free descriptor, locked, its osfile FOPEN; NULL and EMFILE when there is none. */
crt_ioinfo *crt_fd_allocate(int *fd);
void crt_fd_set_handle(int fd, crt_ioinfo *io, HANDLE handle);
void crt_fd_release(int fd, crt_ioinfo *io);
/* osfile bits (FDEV, FPIPE or none) of a handle's type; -1 when the handle is bad. */
int crt_handle_type(HANDLE handle);

/* These want the descriptor locked. */
int crt_read_nolock(int fd, crt_ioinfo *io, void *buffer, unsigned count);
int crt_write_nolock(int fd, crt_ioinfo *io, const void *buffer, unsigned count);
__int64 crt_lseek_nolock(crt_ioinfo *io, __int64 offset, int origin);

int _read(int fd, void *buffer, unsigned count);
int _write(int fd, const void *buffer, unsigned count);
int _close(int fd);
__int64 _lseeki64(int fd, __int64 offset, int origin);
long _lseek(int fd, long offset, int origin);
int _isatty(int fd);
int _setmode(int fd, int mode);
int _dup(int fd);
int _dup2(int from, int to);
int _pipe(int *fds, unsigned size, int mode);
int _open_osfhandle(intptr_t handle, int flags);
intptr_t _get_osfhandle(int fd);
int _wopen(const wchar_t *path, int flags, ...);
errno_t _wsopen_s(int *fd, const wchar_t *path, int flags, int sharing, int mode);
errno_t _sopen_s(int *fd, const char *path, int flags, int sharing, int mode);
int _chsize(int fd, long size);
errno_t _chsize_s(int fd, __int64 size);
int _commit(int fd);

#endif
