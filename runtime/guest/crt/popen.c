/* _popen: a command interpreter at the other end of a stream. */
#include "internal.h"
#include "convert.h"
#include "process_start.h"
#include "stream.h"
#include <string.h>
#include <wchar.h>

wchar_t *_wgetenv(const wchar_t *name);
wchar_t *_wtempnam(const wchar_t *, const wchar_t *);
intptr_t _cwait(int *status, intptr_t handle, int action);

typedef struct child {
    struct child *next;
    FILE *stream;
    HANDLE process;
} child;

static child *children; /* under CRT_LOCK_POPEN */

/* Run the command with the pipe's other end as its standard input or output. */
static HANDLE start(const wchar_t *command, int reads, HANDLE end)
{
    const wchar_t *shell = _wgetenv(L"COMSPEC");
    size_t length;
    wchar_t *line, program[MAX_PATH];
    HANDLE standard[3];
    PROCESS_INFORMATION process;
    int failed;

    if (!shell)
        shell = L"cmd.exe";
    length = wcslen(shell) + wcslen(command) + 6;
    line = malloc(length * sizeof *line);
    if (!line) {
        errno = ENOMEM;
        return NULL;
    }
    wcscpy(line, shell);
    wcscat(line, L" /c ");
    wcscat(line, command);
    if (!SearchPathW(NULL, shell, L".exe", MAX_PATH, program, NULL))
        wcsncpy(program, shell, MAX_PATH);
    for (int i = 0; i < 3; i++) {
        crt_ioinfo *io = crt_fd(i);

        standard[i] = io && io->osfile & FOPEN && io->handle != CRT_NO_CONSOLE_HANDLE ? io->handle : NULL;
    }
    standard[reads ? 1 : 0] = end;
    _flushall();
    failed = crt_start_process(program, line, NULL, 0, standard, &process);
    free(line);
    if (failed)
        return NULL;
    CloseHandle(process.hThread);
    return process.hProcess;
}

CRT_EXPORT FILE *_wpopen(const wchar_t *command, const wchar_t *mode)
{
    int reads, fds[2], text = 0;
    HANDLE end, process = NULL;
    child *entry;
    FILE *stream = NULL;

    CRT_VALIDATE(command && mode, EINVAL, NULL);
    while (*mode == L' ')
        mode++;
    CRT_VALIDATE(*mode == L'r' || *mode == L'w', EINVAL, NULL);
    reads = *mode == L'r';
    for (const wchar_t *p = mode + 1; *p; p++)
        if (*p == L't' || *p == L'b')
            text = *p == L't' ? _O_TEXT : _O_BINARY;
    if (_pipe(fds, 1024, _O_NOINHERIT | text))
        return NULL;
    /* Our end is fds[0] when we read; the child gets an inheritable copy of the other. */
    entry = malloc(sizeof *entry);
    if (entry && DuplicateHandle(GetCurrentProcess(), (HANDLE)_get_osfhandle(fds[reads]), GetCurrentProcess(), &end, 0,
                                 TRUE, DUPLICATE_SAME_ACCESS)) {
        process = start(command, reads, end);
        CloseHandle(end);
    }
    _close(fds[reads]);
    if (process)
        stream = _wfdopen(fds[!reads], mode);
    if (!stream) {
        _close(fds[!reads]);
        if (process)
            CloseHandle(process);
        free(entry);
        return NULL;
    }
    entry->stream = stream;
    entry->process = process;
    _lock(CRT_LOCK_POPEN);
    entry->next = children;
    children = entry;
    _unlock(CRT_LOCK_POPEN);
    return stream;
}

CRT_EXPORT FILE *_popen(const char *command, const char *mode)
{
    wchar_t *wide_command = crt_widen(command), *wide_mode = crt_widen(mode);
    FILE *stream = _wpopen(wide_command, wide_mode);

    free(wide_command);
    free(wide_mode);
    return stream;
}

CRT_EXPORT int _pclose(FILE *stream)
{
    child **link, *entry;
    int status = -1;

    CRT_VALIDATE(stream, EINVAL, -1);
    _lock(CRT_LOCK_POPEN);
    for (link = &children; *link && (*link)->stream != stream;)
        link = &(*link)->next;
    entry = *link;
    if (entry)
        *link = entry->next;
    _unlock(CRT_LOCK_POPEN);
    if (!entry) {
        errno = EBADF;
        return -1;
    }
    fclose(stream);
    if (_cwait(&status, (intptr_t)entry->process, 0) == -1)
        status = -1;
    free(entry);
    return status;
}
