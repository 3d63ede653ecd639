/* Descriptors and handles: closing, copying, pipes. */
#include "internal.h"
#include "lowio.h"

static int close_nolock(int fd, crt_ioinfo *io)
{
    DWORD error = NO_ERROR;
    crt_ioinfo *other = fd == 1 ? crt_fd(2) : fd == 2 ? crt_fd(1) : NULL;
    int shared = other && other->osfile & FOPEN && other->handle == io->handle;

    /* Standard output and error may be one handle, which the last of them closes. */
    if (io->handle != INVALID_HANDLE_VALUE && io->handle != CRT_NO_CONSOLE_HANDLE && !shared &&
        !CloseHandle(io->handle))
        error = GetLastError();
    crt_fd_release(fd, io);
    if (error) {
        _dosmaperr(error);
        return -1;
    }
    return 0;
}

CRT_EXPORT int _close(int fd)
{
    crt_ioinfo *io = crt_fd_lock(fd);
    int result;

    if (!io)
        return -1;
    result = close_nolock(fd, io);
    crt_fd_unlock(io);
    return result;
}

static int duplicate(crt_ioinfo *from, int fd, crt_ioinfo *to)
{
    HANDLE copy, self = GetCurrentProcess();

    if (!DuplicateHandle(self, from->handle, self, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS)) {
        _dosmaperr(GetLastError());
        return -1;
    }
    crt_fd_set_handle(fd, to, copy);
    to->osfile = from->osfile & ~FNOINHERIT;
    to->encoding = from->encoding;
    to->lookahead_count = 0;
    to->lookahead[0] = '\n';
    return 0;
}

CRT_EXPORT int _dup(int fd)
{
    crt_ioinfo *from = crt_fd_lock(fd), *to;
    int copy, result = -1;

    if (!from)
        return -1;
    to = crt_fd_allocate(&copy);
    if (to) {
        if (duplicate(from, copy, to))
            crt_fd_release(copy, to);
        else
            result = copy;
        crt_fd_unlock(to);
    }
    crt_fd_unlock(from);
    return result;
}

CRT_EXPORT int _dup2(int source, int target)
{
    crt_ioinfo *from = crt_fd(source), *to;
    int result;

    if (!from || !(from->osfile & FOPEN) || (unsigned)target >= CRT_FD_BLOCK * CRT_FD_BLOCKS) {
        _doserrno = 0;
        CRT_INVALID(EBADF);
        return -1;
    }
    if (source == target)
        return 0;
    _lock(CRT_LOCK_LOWIO);
    if (!__pioinfo[target / CRT_FD_BLOCK] && !crt_fd_make_block(target / CRT_FD_BLOCK)) {
        _unlock(CRT_LOCK_LOWIO);
        errno = ENOMEM;
        return -1;
    }
    _unlock(CRT_LOCK_LOWIO);
    to = crt_fd(target);
    /* Two threads that copy in opposite directions must not wait for each other. */
    crt_fd_enter(source < target ? from : to);
    crt_fd_enter(source < target ? to : from);
    if (to->osfile & FOPEN)
        close_nolock(target, to);
    result = duplicate(from, target, to);
    crt_fd_unlock(to);
    crt_fd_unlock(from);
    return result;
}

CRT_EXPORT int _pipe(int *fds, unsigned size, int mode)
{
    SECURITY_ATTRIBUTES security = {sizeof security, NULL, !(mode & _O_NOINHERIT)};
    crt_ioinfo *ends[2];
    HANDLE handles[2];
    unsigned char osfile = FOPEN | FPIPE;

    CRT_VALIDATE(fds, EINVAL, -1);
    fds[0] = fds[1] = -1;
    CRT_VALIDATE(!(mode & ~(_O_NOINHERIT | _O_BINARY | _O_TEXT)) && (mode & (_O_BINARY | _O_TEXT)) != (_O_BINARY | _O_TEXT),
                 EINVAL, -1);
    if (!CreatePipe(&handles[0], &handles[1], &security, size)) {
        _dosmaperr(GetLastError());
        return -1;
    }
    if (mode & _O_NOINHERIT)
        osfile |= FNOINHERIT;
    if (mode & _O_TEXT || (!(mode & _O_BINARY) && crt_fmode != _O_BINARY))
        osfile |= FTEXT;
    for (int i = 0; i < 2; i++) {
        ends[i] = crt_fd_allocate(&fds[i]);
        if (!ends[i]) {
            if (i) {
                crt_fd_release(fds[0], ends[0]);
                fds[0] = -1;
            }
            CloseHandle(handles[0]);
            CloseHandle(handles[1]);
            return -1;
        }
        crt_fd_set_handle(fds[i], ends[i], handles[i]);
        ends[i]->osfile = osfile;
        crt_fd_unlock(ends[i]);
    }
    return 0;
}

CRT_EXPORT int _open_osfhandle(intptr_t handle, int flags)
{
    int fd, type = crt_handle_type((HANDLE)handle);
    crt_ioinfo *io;

    if (type < 0 || GetFileType((HANDLE)handle) == FILE_TYPE_UNKNOWN) {
        if (type < 0)
            _dosmaperr(GetLastError());
        else
            errno = EBADF;
        return -1;
    }
    io = crt_fd_allocate(&fd);
    if (!io)
        return -1;
    io->osfile = FOPEN | type | (flags & _O_APPEND ? FAPPEND : 0) | (flags & _O_TEXT ? FTEXT : 0) |
                 (flags & _O_NOINHERIT ? FNOINHERIT : 0);
    if (flags & (_O_WTEXT | _O_U16TEXT | _O_U8TEXT)) {
        io->osfile |= FTEXT;
        io->encoding = flags & _O_U8TEXT ? CRT_UTF8 : CRT_UTF16;
    }
    crt_fd_set_handle(fd, io, (HANDLE)handle);
    crt_fd_unlock(io);
    return fd;
}
