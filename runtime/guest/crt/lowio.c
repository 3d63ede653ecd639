/* File descriptors: the table, and the functions that neither open, read nor write. */
#include "internal.h"
#include "lowio.h"
#include "startup.h"
#include <io.h>
#include <string.h>
#include <sys/locking.h>
#include <sys/stat.h>

crt_ioinfo *__pioinfo[CRT_FD_BLOCKS];
int crt_fmode;
int crt_umask;

crt_ioinfo *crt_fd_make_block(int block)
{
    crt_ioinfo *array = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, CRT_FD_BLOCK * sizeof *array);

    for (int i = 0; array && i < CRT_FD_BLOCK; i++) {
        array[i].handle = INVALID_HANDLE_VALUE;
        array[i].lookahead[0] = '\n';
    }
    return __pioinfo[block] = array;
}

/* The lock is made when a descriptor is first used: most of the table never is. */
void crt_fd_enter(crt_ioinfo *io)
{
    if (!io->lock_ready) {
        _lock(CRT_LOCK_THREAD_INIT);
        if (!io->lock_ready) {
            InitializeCriticalSection(&io->lock);
            io->lock_ready = 1;
        }
        _unlock(CRT_LOCK_THREAD_INIT);
    }
    EnterCriticalSection(&io->lock);
}

crt_ioinfo *crt_fd_lock(int fd)
{
    crt_ioinfo *io = crt_fd(fd);

    if (io && io->osfile & FOPEN) {
        crt_fd_enter(io);
        if (io->osfile & FOPEN)
            return io;
        LeaveCriticalSection(&io->lock);
        errno = EBADF;
        _doserrno = 0;
        return NULL;
    }
    errno = EBADF;
    _doserrno = 0;
    if (fd != CRT_NO_CONSOLE_FD)
        _invalid_parameter_noinfo();
    return NULL;
}

void crt_fd_unlock(crt_ioinfo *io)
{
    LeaveCriticalSection(&io->lock);
}

crt_ioinfo *crt_fd_allocate(int *fd)
{
    crt_ioinfo *found = NULL;

    _lock(CRT_LOCK_LOWIO);
    for (int block = 0; block < CRT_FD_BLOCKS && !found; block++) {
        if (!__pioinfo[block] && !crt_fd_make_block(block)) {
            _unlock(CRT_LOCK_LOWIO);
            errno = ENOMEM;
            return NULL;
        }
        for (int i = 0; i < CRT_FD_BLOCK; i++) {
            crt_ioinfo *io = __pioinfo[block] + i;

            if (io->osfile & FOPEN)
                continue;
            crt_fd_enter(io);
            if (io->osfile & FOPEN) {
                crt_fd_unlock(io);
                continue;
            }
            io->osfile = FOPEN;
            io->handle = INVALID_HANDLE_VALUE;
            io->lookahead[0] = '\n';
            io->lookahead_count = 0;
            io->encoding = CRT_ANSI;
            *fd = block * CRT_FD_BLOCK + i;
            found = io;
            break;
        }
    }
    _unlock(CRT_LOCK_LOWIO);
    if (!found) {
        errno = EMFILE;
        _doserrno = 0;
    }
    return found;
}

static void set_standard_handle(int fd, HANDLE handle)
{
    static const DWORD names[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};

    if (crt_app_type == 1 && fd >= 0 && fd <= 2)
        SetStdHandle(names[fd], handle);
}

void crt_fd_set_handle(int fd, crt_ioinfo *io, HANDLE handle)
{
    io->handle = handle;
    set_standard_handle(fd, handle);
}

void crt_fd_release(int fd, crt_ioinfo *io)
{
    if (io->handle != INVALID_HANDLE_VALUE) {
        io->handle = INVALID_HANDLE_VALUE;
        set_standard_handle(fd, NULL);
    }
    io->osfile = 0;
    io->lookahead[0] = '\n';
    io->lookahead_count = 0;
}

int crt_handle_type(HANDLE handle)
{
    DWORD type;

    SetLastError(NO_ERROR);
    type = GetFileType(handle) & ~FILE_TYPE_REMOTE;
    switch (type) {
    case FILE_TYPE_CHAR:
        return FDEV;
    case FILE_TYPE_PIPE:
        return FPIPE;
    case FILE_TYPE_UNKNOWN:
        return GetLastError() == NO_ERROR ? 0 : -1;
    }
    return 0;
}

/* A parent's descriptors: a count, that many osfile bytes, that many handles. */
static void inherit(const STARTUPINFOW *info)
{
    const unsigned char *flags = info->lpReserved2 + sizeof(int);
    int count;

    if (!info->lpReserved2 || info->cbReserved2 < sizeof count)
        return;
    memcpy(&count, info->lpReserved2, sizeof count);
    if (count < 0 || (size_t)count > (info->cbReserved2 - sizeof count) / (1 + sizeof(HANDLE)))
        return;
    if (count > CRT_FD_BLOCK * CRT_FD_BLOCKS)
        count = CRT_FD_BLOCK * CRT_FD_BLOCKS;
    for (int fd = 0; fd < count; fd++) {
        HANDLE handle;
        crt_ioinfo *io;

        memcpy(&handle, flags + count + fd * sizeof handle, sizeof handle);
        if (!(flags[fd] & FOPEN) || handle == INVALID_HANDLE_VALUE || handle == CRT_NO_CONSOLE_HANDLE)
            continue;
        if (!(flags[fd] & FPIPE) && GetFileType(handle) == FILE_TYPE_UNKNOWN)
            continue;
        if (!__pioinfo[fd / CRT_FD_BLOCK] && !crt_fd_make_block(fd / CRT_FD_BLOCK))
            return;
        io = crt_fd(fd);
        io->handle = handle;
        io->osfile = flags[fd];
    }
}

void crt_lowio_init(void)
{
    static const DWORD names[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    STARTUPINFOW info;

    GetStartupInfoW(&info);
    if (!crt_fd_make_block(0))
        return;
    inherit(&info);
    for (int fd = 0; fd < 3; fd++) {
        crt_ioinfo *io = crt_fd(fd);
        HANDLE handle;
        int type;

        if (io->handle != INVALID_HANDLE_VALUE) {
            io->osfile |= FTEXT;
            continue;
        }
        handle = GetStdHandle(names[fd]);
        type = handle && handle != INVALID_HANDLE_VALUE ? crt_handle_type(handle) : -1;
        if (type < 0) {
            io->handle = CRT_NO_CONSOLE_HANDLE;
            io->osfile = FOPEN | FTEXT | FDEV;
        } else {
            io->handle = handle;
            io->osfile = FOPEN | FTEXT | type;
        }
    }
}

void crt_lowio_shutdown(void)
{
    for (int block = 0; block < CRT_FD_BLOCKS; block++) {
        if (!__pioinfo[block])
            continue;
        for (int i = 0; i < CRT_FD_BLOCK; i++)
            if (__pioinfo[block][i].lock_ready)
                DeleteCriticalSection(&__pioinfo[block][i].lock);
        HeapFree(GetProcessHeap(), 0, __pioinfo[block]);
        __pioinfo[block] = NULL;
    }
}

/* ---- positions ---------------------------------------------------------------------------------------------------- */

__int64 crt_lseek_nolock(crt_ioinfo *io, __int64 offset, int origin)
{
    LARGE_INTEGER move, position;

    move.QuadPart = offset;
    if (!SetFilePointerEx(io->handle, move, &position, origin)) {
        _dosmaperr(GetLastError());
        return -1;
    }
    io->osfile &= ~FEOFLAG;
    return position.QuadPart;
}

CRT_EXPORT __int64 _lseeki64(int fd, __int64 offset, int origin)
{
    crt_ioinfo *io = crt_fd_lock(fd);
    __int64 position;

    if (!io)
        return -1;
    position = crt_lseek_nolock(io, offset, origin);
    crt_fd_unlock(io);
    return position;
}

CRT_EXPORT long _lseek(int fd, long offset, int origin)
{
    __int64 position = _lseeki64(fd, offset, origin);

    if (position > LONG_MAX) {
        errno = EINVAL;
        return -1;
    }
    return (long)position;
}

CRT_EXPORT __int64 _telli64(int fd)
{
    return _lseeki64(fd, 0, FILE_CURRENT);
}

CRT_EXPORT long _tell(int fd)
{
    return _lseek(fd, 0, FILE_CURRENT);
}

CRT_EXPORT __int64 _filelengthi64(int fd)
{
    crt_ioinfo *io = crt_fd_lock(fd);
    __int64 here, end = -1;

    if (!io)
        return -1;
    here = crt_lseek_nolock(io, 0, FILE_CURRENT);
    if (here != -1) {
        end = crt_lseek_nolock(io, 0, FILE_END);
        if (here != end)
            crt_lseek_nolock(io, here, FILE_BEGIN);
    }
    crt_fd_unlock(io);
    return end;
}

CRT_EXPORT long _filelength(int fd)
{
    __int64 length = _filelengthi64(fd);

    if (length > LONG_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    return (long)length;
}

CRT_EXPORT int _eof(int fd)
{
    crt_ioinfo *io = crt_fd_lock(fd);
    __int64 here, end;
    int result = -1;

    if (!io)
        return -1;
    here = crt_lseek_nolock(io, 0, FILE_CURRENT);
    if (here != -1) {
        end = crt_lseek_nolock(io, 0, FILE_END);
        if (here == end) {
            result = 1;
        } else {
            crt_lseek_nolock(io, here, FILE_BEGIN);
            result = 0;
        }
    }
    crt_fd_unlock(io);
    return result;
}

CRT_EXPORT errno_t _chsize_s(int fd, __int64 size)
{
    crt_ioinfo *io = crt_fd_lock(fd);
    __int64 here;
    errno_t result = 0;

    if (!io)
        return EBADF;
    if (size < 0) {
        crt_fd_unlock(io);
        CRT_INVALID(EINVAL);
        return EINVAL;
    }
    here = crt_lseek_nolock(io, 0, FILE_CURRENT);
    if (here == -1 || crt_lseek_nolock(io, size, FILE_BEGIN) == -1) {
        result = errno;
    } else {
        if (!SetEndOfFile(io->handle)) {
            _dosmaperr(GetLastError());
            result = errno = EACCES;
        }
        crt_lseek_nolock(io, here, FILE_BEGIN);
    }
    crt_fd_unlock(io);
    return result;
}

CRT_EXPORT int _chsize(int fd, long size)
{
    return _chsize_s(fd, size) ? -1 : 0;
}

CRT_EXPORT int _commit(int fd)
{
    crt_ioinfo *io = crt_fd_lock(fd);
    int result = 0;

    if (!io)
        return -1;
    if (!FlushFileBuffers(io->handle)) {
        _doserrno = GetLastError();
        errno = EBADF;
        result = -1;
    }
    crt_fd_unlock(io);
    return result;
}

CRT_EXPORT int _locking(int fd, int mode, long bytes)
{
    crt_ioinfo *io;
    __int64 here;
    int tries = mode == _LK_LOCK || mode == _LK_RLCK ? 10 : 1;
    BOOL done = FALSE;

    CRT_VALIDATE(bytes >= 0, EINVAL, -1);
    io = crt_fd_lock(fd);
    if (!io)
        return -1;
    if (mode < _LK_UNLCK || mode > _LK_NBRLCK) {
        crt_fd_unlock(io);
        CRT_INVALID(EINVAL);
        return -1;
    }
    here = crt_lseek_nolock(io, 0, FILE_CURRENT);
    if (here == -1) {
        crt_fd_unlock(io);
        return -1;
    }
    for (;;) {
        DWORD low = (DWORD)here, high = (DWORD)(here >> 32);

        done = mode == _LK_UNLCK ? UnlockFile(io->handle, low, high, bytes, 0) : LockFile(io->handle, low, high, bytes, 0);
        if (done || !--tries)
            break;
        Sleep(1000);
    }
    if (!done) {
        _dosmaperr(GetLastError());
        if (mode == _LK_LOCK || mode == _LK_RLCK)
            errno = EDEADLOCK;
    }
    crt_fd_unlock(io);
    return done ? 0 : -1;
}

/* ---- properties ---------------------------------------------------------------------------------------------------- */

CRT_EXPORT int _isatty(int fd)
{
    crt_ioinfo *io = crt_fd(fd);

    if (fd == CRT_NO_CONSOLE_FD) {
        errno = EBADF;
        return 0;
    }
    CRT_VALIDATE(io && io->osfile & FOPEN, EBADF, 0);
    return io->osfile & FDEV;
}

CRT_EXPORT intptr_t _get_osfhandle(int fd)
{
    crt_ioinfo *io = crt_fd(fd);

    if (fd == CRT_NO_CONSOLE_FD) {
        errno = EBADF;
        return -2;
    }
    if (!io || !(io->osfile & FOPEN)) {
        _doserrno = 0;
        CRT_INVALID(EBADF);
        return -1;
    }
    return (intptr_t)io->handle;
}

CRT_EXPORT int _setmode(int fd, int mode)
{
    crt_ioinfo *io;
    int old;

    CRT_VALIDATE(mode == _O_TEXT || mode == _O_BINARY || mode == _O_WTEXT || mode == _O_U8TEXT || mode == _O_U16TEXT,
                 EINVAL, -1);
    io = crt_fd_lock(fd);
    if (!io)
        return -1;
    old = !(io->osfile & FTEXT) ? _O_BINARY : io->encoding == CRT_ANSI ? _O_TEXT : _O_WTEXT;
    switch (mode) {
    case _O_BINARY:
        io->osfile &= ~FTEXT;
        break;
    case _O_TEXT:
        io->osfile |= FTEXT;
        io->encoding = CRT_ANSI;
        break;
    case _O_U8TEXT:
        io->osfile |= FTEXT;
        io->encoding = CRT_UTF8;
        break;
    default:
        io->osfile |= FTEXT;
        io->encoding = CRT_UTF16;
    }
    crt_fd_unlock(io);
    return old;
}

CRT_EXPORT int _umask(int mode)
{
    int old = crt_umask;

    crt_umask = mode & (_S_IREAD | _S_IWRITE);
    return old;
}

CRT_EXPORT errno_t _umask_s(int mode, int *old)
{
    CRT_VALIDATE(old, EINVAL, EINVAL);
    *old = crt_umask;
    CRT_VALIDATE(!(mode & ~(_S_IREAD | _S_IWRITE)), EINVAL, EINVAL);
    crt_umask = mode;
    return 0;
}

CRT_EXPORT int *__p__fmode(void)
{
    return &crt_fmode;
}

CRT_EXPORT errno_t _set_fmode(int mode)
{
    CRT_VALIDATE(mode == _O_TEXT || mode == _O_BINARY || mode == _O_WTEXT, EINVAL, EINVAL);
    crt_fmode = mode;
    return 0;
}

CRT_EXPORT errno_t _get_fmode(int *mode)
{
    CRT_VALIDATE(mode, EINVAL, EINVAL);
    *mode = crt_fmode;
    return 0;
}

#ifdef MSVCRT
/* What programs' macros use for a descriptor that is none. */
crt_ioinfo crt_bad_ioinfo = {.handle = INVALID_HANDLE_VALUE, .lookahead = {'\n'}};
#endif
