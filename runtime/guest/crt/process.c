/* Starting programs: _spawn*, _exec*, _cwait, system. */
#include "internal.h"
#include "convert.h"
#include "process_start.h"
#include "stream.h"
#include <process.h>
#include <string.h>
#include <wchar.h>

wchar_t *_wgetenv(const wchar_t *name);
int _waccess_s(const wchar_t *path, int mode);

/* Strings with a space between them: the command line that CreateProcess wants. */
static wchar_t *join_arguments(const wchar_t *const *arguments)
{
    size_t length = 1;
    wchar_t *line, *out;

    for (const wchar_t *const *p = arguments; *p; p++)
        length += wcslen(*p) + 1;
    out = line = malloc(length * sizeof *line);
    if (!line) {
        errno = ENOMEM;
        _doserrno = ERROR_NOT_ENOUGH_MEMORY;
        return NULL;
    }
    for (const wchar_t *const *p = arguments; *p; p++) {
        size_t n = wcslen(*p);

        if (p != arguments)
            *out++ = L' ';
        memcpy(out, *p, n * sizeof *out);
        out += n;
    }
    *out = 0;
    return line;
}

static int compare_names(const wchar_t *a, const wchar_t *b)
{
    for (;; a++, b++) {
        wchar_t x = *a == L'=' ? 0 : towupper(*a), y = *b == L'=' ? 0 : towupper(*b);

        if (x != y || !x)
            return x - y;
    }
}

/* An environment block of the given variables, sorted, with the drives' directories of our own. */
static wchar_t *join_environment(const wchar_t *const *variables)
{
    wchar_t *own = GetEnvironmentStringsW(), *block, *out;
    size_t length = 2, count = 0;
    const wchar_t **sorted;

    for (; variables[count]; count++)
        length += wcslen(variables[count]) + 1;
    for (wchar_t *p = own; p && *p; p += wcslen(p) + 1)
        if (*p == L'=')
            length += wcslen(p) + 1;
    sorted = malloc((count + 1) * sizeof *sorted);
    out = block = malloc(length * sizeof *block);
    if (!sorted || !block) {
        free(sorted);
        free(block);
        FreeEnvironmentStringsW(own);
        errno = ENOMEM;
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t j = i;

        for (; j > 0 && compare_names(sorted[j - 1], variables[i]) > 0; j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = variables[i];
    }
    for (wchar_t *p = own; p && *p; p += wcslen(p) + 1)
        if (*p == L'=') {
            wcscpy(out, p);
            out += wcslen(p) + 1;
        }
    for (size_t i = 0; i < count; i++) {
        wcscpy(out, sorted[i]);
        out += wcslen(sorted[i]) + 1;
    }
    if (out == block)
        *out++ = 0;
    *out = 0;
    free(sorted);
    FreeEnvironmentStringsW(own);
    return block;
}

/* The descriptors that a child gets, in the form of STARTUPINFO.lpReserved2. */
static unsigned char *descriptor_block(unsigned short *size, int standard_too)
{
    int count = 0, most = (USHRT_MAX - sizeof(int)) / (1 + sizeof(HANDLE));
    unsigned char *block, *handles;

    for (int fd = 0; fd < CRT_FD_BLOCK * CRT_FD_BLOCKS && fd < most; fd++) {
        crt_ioinfo *io = crt_fd(fd);

        if (!io)
            break;
        if (io->osfile & FOPEN)
            count = fd + 1;
    }
    *size = (unsigned short)(sizeof count + count * (1 + sizeof(HANDLE)));
    block = calloc(1, *size);
    if (!block)
        return NULL;
    memcpy(block, &count, sizeof count);
    handles = block + sizeof count + count;
    for (int fd = 0; fd < count; fd++) {
        crt_ioinfo *io = crt_fd(fd);
        HANDLE handle = INVALID_HANDLE_VALUE;

        if (io->osfile & FOPEN && !(io->osfile & FNOINHERIT) && (standard_too || fd > 2)) {
            block[sizeof count + fd] = io->osfile & ~FEOFLAG;
            handle = io->handle;
        }
        memcpy(handles + fd * sizeof handle, &handle, sizeof handle);
    }
    return block;
}

int crt_start_process(const wchar_t *program, wchar_t *line, wchar_t *environment, DWORD flags, HANDLE *standard,
                      PROCESS_INFORMATION *process)
{
    STARTUPINFOW info = {.cb = sizeof info};
    BOOL done;
    DWORD error;

    if (standard) {
        /* Descriptors would come before these handles in the child. */
        info.dwFlags = STARTF_USESTDHANDLES;
        info.hStdInput = standard[0];
        info.hStdOutput = standard[1];
        info.hStdError = standard[2];
    } else {
        info.lpReserved2 = descriptor_block(&info.cbReserved2, !(flags & DETACHED_PROCESS));
        if (!info.lpReserved2) {
            errno = ENOMEM;
            return -1;
        }
    }
    done = CreateProcessW(program, line, NULL, NULL, TRUE, flags | CREATE_UNICODE_ENVIRONMENT, environment, NULL, &info,
                          process);
    error = GetLastError();
    free(info.lpReserved2);
    if (!done) {
        _dosmaperr(error);
        return -1;
    }
    return 0;
}

static intptr_t finish(int mode, const PROCESS_INFORMATION *process)
{
    DWORD code = 0;

    CloseHandle(process->hThread);
    switch (mode) {
    case _P_OVERLAY:
        /* The new program takes our place as far as Windows can do that. */
        _exit(0);
    case _P_WAIT:
        WaitForSingleObject(process->hProcess, INFINITE);
        GetExitCodeProcess(process->hProcess, &code);
        CloseHandle(process->hProcess);
        return (int)code;
    case _P_DETACH:
        CloseHandle(process->hProcess);
        return 0;
    }
    return (intptr_t)process->hProcess;
}

static intptr_t spawn_exactly(int mode, const wchar_t *program, const wchar_t *const *arguments,
                              const wchar_t *const *environment)
{
    wchar_t *line = join_arguments(arguments), *block = NULL;
    PROCESS_INFORMATION process;
    int failed;

    if (!line)
        return -1;
    if (environment) {
        block = join_environment(environment);
        if (!block) {
            free(line);
            return -1;
        }
    }
    _flushall();
    failed = crt_start_process(program, line, block, mode == _P_DETACH ? DETACHED_PROCESS : 0, NULL, &process);
    free(line);
    free(block);
    return failed ? -1 : finish(mode, &process);
}

/* Try the name as it is when it has an extension, else with those of programs. */
static intptr_t spawn_with_extensions(int mode, const wchar_t *program, const wchar_t *const *arguments,
                                      const wchar_t *const *environment)
{
    static const wchar_t *const extensions[] = {L".com", L".exe", L".bat", L".cmd"};
    const wchar_t *slash = wcsrchr(program, L'\\'), *other = wcsrchr(program, L'/'), *dot;
    size_t length = wcslen(program);
    wchar_t *path;
    intptr_t result = -1;

    if (!slash || (other && other > slash))
        slash = other;
    dot = wcsrchr(slash ? slash : program, L'.');
    if (dot) {
        if (_waccess_s(program, 0))
            return -1;
        return spawn_exactly(mode, program, arguments, environment);
    }
    path = malloc((length + 5) * sizeof *path);
    if (!path) {
        errno = ENOMEM;
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        memcpy(path, program, length * sizeof *path);
        wcscpy(path + length, extensions[i]);
        if (!_waccess_s(path, 0)) {
            result = spawn_exactly(mode, path, arguments, environment);
            break;
        }
    }
    free(path);
    return result;
}

CRT_EXPORT intptr_t _wspawnve(int mode, const wchar_t *program, const wchar_t *const *arguments,
                              const wchar_t *const *environment)
{
    CRT_VALIDATE(program && *program && arguments && arguments[0] && *arguments[0], EINVAL, -1);
    CRT_VALIDATE(mode >= _P_WAIT && mode <= _P_DETACH, EINVAL, -1);
    if (!wcspbrk(program, L"\\/:")) {
        /* A bare name means one in the current directory. */
        wchar_t *path = malloc((wcslen(program) + 3) * sizeof *path);
        intptr_t result;

        if (!path) {
            errno = ENOMEM;
            return -1;
        }
        wcscpy(path, L".\\");
        wcscpy(path + 2, program);
        result = spawn_with_extensions(mode, path, arguments, environment);
        free(path);
        return result;
    }
    return spawn_with_extensions(mode, program, arguments, environment);
}

CRT_EXPORT intptr_t _wspawnvpe(int mode, const wchar_t *program, const wchar_t *const *arguments,
                               const wchar_t *const *environment)
{
    intptr_t result = _wspawnve(mode, program, arguments, environment);
    const wchar_t *p;

    if (result != -1 || errno != ENOENT || wcspbrk(program, L"\\/:"))
        return result;
    for (p = _wgetenv(L"PATH"); p && *p; p += *p == L';') {
        size_t length = wcscspn(p, L";");
        wchar_t *path = malloc((length + wcslen(program) + 2) * sizeof *path);

        if (!path) {
            errno = ENOMEM;
            return -1;
        }
        memcpy(path, p, length * sizeof *path);
        p += length;
        if (!length) {
            free(path);
            continue;
        }
        if (path[length - 1] != L'\\' && path[length - 1] != L'/')
            path[length++] = L'\\';
        wcscpy(path + length, program);
        errno = 0;
        result = _wspawnve(mode, path, arguments, environment);
        free(path);
        if (result != -1 || (errno != ENOENT && errno != 0))
            return result;
    }
    errno = ENOENT;
    return -1;
}

CRT_EXPORT intptr_t _wspawnv(int mode, const wchar_t *program, const wchar_t *const *arguments)
{
    return _wspawnve(mode, program, arguments, NULL);
}

CRT_EXPORT intptr_t _wspawnvp(int mode, const wchar_t *program, const wchar_t *const *arguments)
{
    return _wspawnvpe(mode, program, arguments, NULL);
}

/* ---- narrow --------------------------------------------------------------------------------------------------------- */

static void free_list(wchar_t **list)
{
    if (list)
        for (wchar_t **p = list; *p; p++)
            free(*p);
    free(list);
}

static wchar_t **widen_list(const char *const *list)
{
    size_t count = 0;
    wchar_t **wide;

    while (list[count])
        count++;
    wide = calloc(count + 1, sizeof *wide);
    for (size_t i = 0; wide && i < count; i++) {
        wide[i] = crt_widen(list[i]);
        if (!wide[i]) {
            free_list(wide);
            return NULL;
        }
    }
    return wide;
}

typedef intptr_t (*spawner)(int, const wchar_t *, const wchar_t *const *, const wchar_t *const *);

static intptr_t spawn_narrow(spawner spawn, int mode, const char *program, const char *const *arguments,
                             const char *const *environment)
{
    wchar_t *wide_program, **wide_arguments, **wide_environment;
    intptr_t result = -1;

    CRT_VALIDATE(program && *program && arguments && arguments[0], EINVAL, -1);
    wide_program = crt_widen(program);
    wide_arguments = widen_list(arguments);
    wide_environment = environment ? widen_list(environment) : NULL;
    if (wide_program && wide_arguments && (!environment || wide_environment))
        result = spawn(mode, wide_program, (const wchar_t *const *)wide_arguments,
                       (const wchar_t *const *)wide_environment);
    free(wide_program);
    free_list(wide_arguments);
    free_list(wide_environment);
    return result;
}

CRT_EXPORT intptr_t _spawnve(int mode, const char *program, const char *const *arguments,
                             const char *const *environment)
{
    return spawn_narrow(_wspawnve, mode, program, arguments, environment);
}

CRT_EXPORT intptr_t _spawnvpe(int mode, const char *program, const char *const *arguments,
                              const char *const *environment)
{
    return spawn_narrow(_wspawnvpe, mode, program, arguments, environment);
}

CRT_EXPORT intptr_t _spawnv(int mode, const char *program, const char *const *arguments)
{
    return _spawnve(mode, program, arguments, NULL);
}

CRT_EXPORT intptr_t _spawnvp(int mode, const char *program, const char *const *arguments)
{
    return _spawnvpe(mode, program, arguments, NULL);
}

/* ---- lists of arguments and _exec ------------------------------------------------------------------------------------ */

/* Variadic arguments lie in consecutive slots, so the list is an argv already; what follows its NULL may be the
 * environment. */
#define ARGUMENT_VECTOR(CHAR, first)                                                                                   \
    va_list list;                                                                                                      \
    const CHAR **vector;                                                                                               \
    size_t count = 0;                                                                                                  \
                                                                                                                       \
    va_start(list, first);                                                                                             \
    vector = malloc(sizeof *vector);                                                                                   \
    for (const CHAR *argument = first; vector; argument = va_arg(list, const CHAR *)) {                                \
        const CHAR **grown = realloc(vector, (count + 1) * sizeof *vector);                                            \
                                                                                                                       \
        if (!grown) {                                                                                                  \
            free(vector);                                                                                              \
            vector = NULL;                                                                                             \
            break;                                                                                                     \
        }                                                                                                              \
        vector = grown;                                                                                                \
        vector[count++] = argument;                                                                                    \
        if (!argument)                                                                                                 \
            break;                                                                                                     \
    }                                                                                                                  \
    if (!vector) {                                                                                                     \
        errno = ENOMEM;                                                                                                \
        return -1;                                                                                                     \
    }

#define DEFINE_LISTS(CHAR, spawnl, spawnle, spawnlp, spawnlpe, spawnve, spawnvpe, execl, execle, execlp, execlpe,      \
                     execv, execve, execvp, execvpe)                                                                   \
    CRT_EXPORT intptr_t spawnl(int mode, const CHAR *program, const CHAR *first, ...)                                  \
    {                                                                                                                  \
        intptr_t result;                                                                                               \
        ARGUMENT_VECTOR(CHAR, first)                                                                                   \
        va_end(list);                                                                                                  \
        result = spawnve(mode, program, vector, NULL);                                                                 \
        free(vector);                                                                                                  \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT intptr_t spawnle(int mode, const CHAR *program, const CHAR *first, ...)                                 \
    {                                                                                                                  \
        intptr_t result;                                                                                               \
        ARGUMENT_VECTOR(CHAR, first)                                                                                   \
        result = spawnve(mode, program, vector, va_arg(list, const CHAR *const *));                                    \
        va_end(list);                                                                                                  \
        free(vector);                                                                                                  \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT intptr_t spawnlp(int mode, const CHAR *program, const CHAR *first, ...)                                 \
    {                                                                                                                  \
        intptr_t result;                                                                                               \
        ARGUMENT_VECTOR(CHAR, first)                                                                                   \
        va_end(list);                                                                                                  \
        result = spawnvpe(mode, program, vector, NULL);                                                                \
        free(vector);                                                                                                  \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT intptr_t spawnlpe(int mode, const CHAR *program, const CHAR *first, ...)                                \
    {                                                                                                                  \
        intptr_t result;                                                                                               \
        ARGUMENT_VECTOR(CHAR, first)                                                                                   \
        result = spawnvpe(mode, program, vector, va_arg(list, const CHAR *const *));                                   \
        va_end(list);                                                                                                  \
        free(vector);                                                                                                  \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT intptr_t execl(const CHAR *program, const CHAR *first, ...)                                             \
    {                                                                                                                  \
        intptr_t result;                                                                                               \
        ARGUMENT_VECTOR(CHAR, first)                                                                                   \
        va_end(list);                                                                                                  \
        result = spawnve(_P_OVERLAY, program, vector, NULL);                                                           \
        free(vector);                                                                                                  \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT intptr_t execle(const CHAR *program, const CHAR *first, ...)                                            \
    {                                                                                                                  \
        intptr_t result;                                                                                               \
        ARGUMENT_VECTOR(CHAR, first)                                                                                   \
        result = spawnve(_P_OVERLAY, program, vector, va_arg(list, const CHAR *const *));                              \
        va_end(list);                                                                                                  \
        free(vector);                                                                                                  \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT intptr_t execlp(const CHAR *program, const CHAR *first, ...)                                            \
    {                                                                                                                  \
        intptr_t result;                                                                                               \
        ARGUMENT_VECTOR(CHAR, first)                                                                                   \
        va_end(list);                                                                                                  \
        result = spawnvpe(_P_OVERLAY, program, vector, NULL);                                                          \
        free(vector);                                                                                                  \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT intptr_t execlpe(const CHAR *program, const CHAR *first, ...)                                           \
    {                                                                                                                  \
        intptr_t result;                                                                                               \
        ARGUMENT_VECTOR(CHAR, first)                                                                                   \
        result = spawnvpe(_P_OVERLAY, program, vector, va_arg(list, const CHAR *const *));                             \
        va_end(list);                                                                                                  \
        free(vector);                                                                                                  \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT intptr_t execv(const CHAR *program, const CHAR *const *arguments)                                       \
    {                                                                                                                  \
        return spawnve(_P_OVERLAY, program, arguments, NULL);                                                          \
    }                                                                                                                  \
    CRT_EXPORT intptr_t execve(const CHAR *program, const CHAR *const *arguments, const CHAR *const *environment)      \
    {                                                                                                                  \
        return spawnve(_P_OVERLAY, program, arguments, environment);                                                   \
    }                                                                                                                  \
    CRT_EXPORT intptr_t execvp(const CHAR *program, const CHAR *const *arguments)                                      \
    {                                                                                                                  \
        return spawnvpe(_P_OVERLAY, program, arguments, NULL);                                                         \
    }                                                                                                                  \
    CRT_EXPORT intptr_t execvpe(const CHAR *program, const CHAR *const *arguments, const CHAR *const *environment)     \
    {                                                                                                                  \
        return spawnvpe(_P_OVERLAY, program, arguments, environment);                                                  \
    }

DEFINE_LISTS(char, _spawnl, _spawnle, _spawnlp, _spawnlpe, _spawnve, _spawnvpe, _execl, _execle, _execlp, _execlpe,
             _execv, _execve, _execvp, _execvpe)
DEFINE_LISTS(wchar_t, _wspawnl, _wspawnle, _wspawnlp, _wspawnlpe, _wspawnve, _wspawnvpe, _wexecl, _wexecle, _wexeclp,
             _wexeclpe, _wexecv, _wexecve, _wexecvp, _wexecvpe)

CRT_EXPORT intptr_t _cwait(int *status, intptr_t handle, int action)
{
    DWORD code;

    if (handle == -1 || handle == -2) {
        errno = ECHILD;
        return -1;
    }
    if (WaitForSingleObject((HANDLE)handle, INFINITE) || !GetExitCodeProcess((HANDLE)handle, &code)) {
        DWORD error = GetLastError();

        if (error == ERROR_INVALID_HANDLE) {
            errno = ECHILD;
            _doserrno = error;
        } else {
            _dosmaperr(error);
        }
        if (status)
            *status = -1;
        return -1;
    }
    CloseHandle((HANDLE)handle);
    if (status)
        *status = (int)code;
    return handle;
}

/* ---- system ----------------------------------------------------------------------------------------------------------- */

CRT_EXPORT int _wsystem(const wchar_t *command)
{
    const wchar_t *shell = _wgetenv(L"COMSPEC");
    const wchar_t *arguments[] = {shell, L"/c", command, NULL};
    intptr_t result;
    int before = errno;

    if (!command) {
        if (!shell)
            return 0;
        if (_waccess_s(shell, 0)) {
            errno = before;
            return 0;
        }
        return 1;
    }
    if (shell) {
        errno = 0;
        result = _wspawnve(_P_WAIT, shell, arguments, NULL);
        if (result != -1) {
            errno = before;
            return (int)result;
        }
        if (errno != ENOENT && errno != EACCES)
            return -1;
        errno = before;
    }
    arguments[0] = L"cmd.exe";
    return (int)_wspawnvpe(_P_WAIT, L"cmd.exe", arguments, NULL);
}

CRT_EXPORT int system(const char *command)
{
    wchar_t *wide = crt_widen(command);
    int result;

    if (command && !wide)
        return -1;
    result = _wsystem(wide);
    free(wide);
    return result;
}
