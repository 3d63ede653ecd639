/* The environment: narrow and wide tables of "NAME=value", kept in step with the process's block.
 * Both are made on demand from the block; a change goes to the tables that exist and to the block. */
#include "internal.h"
#include "convert.h"
#include "startup.h"
#include <string.h>
#include <wchar.h>

char **crt_environ;
wchar_t **crt_wenviron;
char **crt_initenv;
wchar_t **crt_winitenv;

void crt_arguments_init(void);
int _wcsnicmp(const wchar_t *a, const wchar_t *b, size_t n);
int _strnicmp(const char *a, const char *b, size_t n);

void crt_environment_init(void)
{
    crt_arguments_init();
#ifdef MSVCRT
    /* Programs read the variables _environ and __initenv without calling anything first. */
    crt_initenv = crt_narrow_environment();
#endif
}

wchar_t **crt_wide_environment(void)
{
    wchar_t *block, *p;
    wchar_t **table;
    size_t count = 0, i = 0;

    if (crt_wenviron)
        return crt_wenviron;
    block = GetEnvironmentStringsW();
    if (!block)
        return NULL;
    /* "=C:=C:\dir" and the like are the shell's, not variables. */
    for (p = block; *p; p += wcslen(p) + 1)
        count += *p != L'=';
    table = calloc(count + 1, sizeof *table);
    for (p = block; table && *p; p += wcslen(p) + 1) {
        size_t size = (wcslen(p) + 1) * sizeof *p;

        if (*p == L'=')
            continue;
        table[i] = malloc(size);
        if (!table[i])
            break;
        memcpy(table[i++], p, size);
    }
    FreeEnvironmentStringsW(block);
    return crt_wenviron = table;
}

char **crt_narrow_environment(void)
{
    wchar_t *block, *p;
    char **table;
    size_t count = 0, i = 0;

    if (crt_environ)
        return crt_environ;
    block = GetEnvironmentStringsW();
    if (!block)
        return NULL;
    for (p = block; *p; p += wcslen(p) + 1)
        count += *p != L'=';
    table = calloc(count + 1, sizeof *table);
    for (p = block; table && *p; p += wcslen(p) + 1) {
        if (*p == L'=')
            continue;
        table[i] = crt_narrow(p);
        if (!table[i++])
            break;
    }
    FreeEnvironmentStringsW(block);
    return crt_environ = table;
}

/* Where name is in the table, or where the table ends. */
static size_t find_wide(wchar_t **table, const wchar_t *name, size_t length)
{
    size_t i = 0;

    for (; table[i]; i++)
        if (!_wcsnicmp(table[i], name, length) && table[i][length] == L'=')
            break;
    return i;
}

static size_t find_narrow(char **table, const char *name, size_t length)
{
    size_t i = 0;

    for (; table[i]; i++)
        if (!_strnicmp(table[i], name, length) && table[i][length] == '=')
            break;
    return i;
}

/* A copy of a table and its strings: main's third argument stays as it was when the environment changes. */
#define DEFINE_COPY(name, character, duplicate)                                                                        \
    static character **name(character **table)                                                                         \
    {                                                                                                                  \
        size_t count = 0;                                                                                              \
        character **copy;                                                                                              \
                                                                                                                       \
        while (table[count])                                                                                           \
            count++;                                                                                                   \
        copy = calloc(count + 1, sizeof *copy);                                                                        \
        for (size_t i = 0; copy && i < count; i++)                                                                     \
            if (!(copy[i] = duplicate(table[i])))                                                                      \
                return NULL;                                                                                           \
        return copy;                                                                                                   \
    }

DEFINE_COPY(copy_wide, wchar_t, _wcsdup)
DEFINE_COPY(copy_narrow, char, _strdup)

/* Put text ("NAME=value", from malloc, owned by the table from now on) at its place; remove it when value is empty. */
#define DEFINE_PUT(name, character, finder, table, initial, copier)                                                    \
    static int name(character *text, size_t length, int remove)                                                        \
    {                                                                                                                  \
        size_t i, count;                                                                                               \
                                                                                                                       \
        if (table == initial) {                                                                                        \
            character **copy = copier(table);                                                                          \
                                                                                                                       \
            if (!copy) {                                                                                               \
                free(text);                                                                                            \
                errno = ENOMEM;                                                                                        \
                return -1;                                                                                             \
            }                                                                                                          \
            table = copy;                                                                                              \
        }                                                                                                              \
        i = count = finder(table, text, length);                                                                       \
        while (table[count])                                                                                           \
            count++;                                                                                                   \
        if (remove) {                                                                                                  \
            free(text);                                                                                                \
            if (table[i]) {                                                                                            \
                free(table[i]);                                                                                        \
                memmove(table + i, table + i + 1, (count - i) * sizeof *table);                                        \
            }                                                                                                          \
            return 0;                                                                                                  \
        }                                                                                                              \
        if (table[i]) {                                                                                                \
            free(table[i]);                                                                                            \
        } else {                                                                                                       \
            character **grown = realloc(table, (count + 2) * sizeof *grown);                                           \
                                                                                                                       \
            if (!grown) {                                                                                              \
                free(text);                                                                                            \
                errno = ENOMEM;                                                                                        \
                return -1;                                                                                             \
            }                                                                                                          \
            table = grown;                                                                                             \
            table[count + 1] = NULL;                                                                                   \
        }                                                                                                              \
        table[i] = text;                                                                                               \
        return 0;                                                                                                      \
    }

DEFINE_PUT(put_wide, wchar_t, find_wide, crt_wenviron, crt_winitenv, copy_wide)
DEFINE_PUT(put_narrow, char, find_narrow, crt_environ, crt_initenv, copy_narrow)

/* Set or, with an empty value, remove a variable everywhere. name must be non-empty and without '='. */
static int set_variable(const wchar_t *name, size_t name_length, const wchar_t *value)
{
    size_t value_length = wcslen(value);
    wchar_t *text = malloc((name_length + value_length + 2) * sizeof *text);
    int result = 0;

    if (!text) {
        errno = ENOMEM;
        return -1;
    }
    memcpy(text, name, name_length * sizeof *text);
    text[name_length] = 0;
    if (!SetEnvironmentVariableW(text, value_length ? value : NULL) &&
        !(GetLastError() == ERROR_ENVVAR_NOT_FOUND && !value_length)) {
        free(text);
        errno = EINVAL;
        return -1;
    }
    text[name_length] = L'=';
    memcpy(text + name_length + 1, value, (value_length + 1) * sizeof *text);
    _lock(CRT_LOCK_ENV);
    if (crt_environ) {
        char *narrow = crt_narrow(text);

        result = narrow ? put_narrow(narrow, strcspn(narrow, "="), !value_length) : -1;
    }
    if (crt_wenviron)
        result |= put_wide(text, name_length, !value_length);
    else
        free(text);
    _unlock(CRT_LOCK_ENV);
    return result;
}

CRT_EXPORT int _wputenv(const wchar_t *text)
{
    const wchar_t *equals;

    CRT_VALIDATE(text, EINVAL, -1);
    equals = wcschr(text, L'=');
    if (!equals || equals == text) {
        errno = EINVAL;
        return -1;
    }
    return set_variable(text, equals - text, equals + 1);
}

CRT_EXPORT int _putenv(const char *text)
{
    wchar_t *wide;
    int result;

    CRT_VALIDATE(text, EINVAL, -1);
    wide = crt_widen(text);
    if (!wide)
        return -1;
    result = _wputenv(wide);
    free(wide);
    return result;
}

CRT_EXPORT errno_t _wputenv_s(const wchar_t *name, const wchar_t *value)
{
    CRT_VALIDATE(name && value, EINVAL, EINVAL);
    if (!*name || wcschr(name, L'=')) {
        errno = EINVAL;
        return EINVAL;
    }
    return set_variable(name, wcslen(name), value) ? errno : 0;
}

CRT_EXPORT errno_t _putenv_s(const char *name, const char *value)
{
    wchar_t *wide_name, *wide_value;
    errno_t result = ENOMEM;

    CRT_VALIDATE(name && value, EINVAL, EINVAL);
    wide_name = crt_widen(name);
    wide_value = crt_widen(value);
    if (wide_name && wide_value)
        result = _wputenv_s(wide_name, wide_value);
    free(wide_name);
    free(wide_value);
    return result;
}

static char *look_up(const char *name)
{
    char **table = crt_narrow_environment();
    size_t length = strlen(name);
    size_t i = table ? find_narrow(table, name, length) : 0;

    return table && table[i] ? table[i] + length + 1 : NULL;
}

static wchar_t *look_up_wide(const wchar_t *name)
{
    wchar_t **table = crt_wide_environment();
    size_t length = wcslen(name);
    size_t i = table ? find_wide(table, name, length) : 0;

    return table && table[i] ? table[i] + length + 1 : NULL;
}

CRT_EXPORT char *getenv(const char *name)
{
    char *value;

    CRT_VALIDATE(name, EINVAL, NULL);
    _lock(CRT_LOCK_ENV);
    value = look_up(name);
    _unlock(CRT_LOCK_ENV);
    return value;
}

CRT_EXPORT wchar_t *_wgetenv(const wchar_t *name)
{
    wchar_t *value;

    CRT_VALIDATE(name, EINVAL, NULL);
    _lock(CRT_LOCK_ENV);
    value = look_up_wide(name);
    _unlock(CRT_LOCK_ENV);
    return value;
}

CRT_EXPORT errno_t getenv_s(size_t *needed, char *buffer, size_t size, const char *name)
{
    char *value;
    errno_t result = 0;

    CRT_VALIDATE(needed && (buffer ? size > 0 : size == 0), EINVAL, EINVAL);
    *needed = 0;
    if (buffer)
        *buffer = 0;
    CRT_VALIDATE(name, EINVAL, EINVAL);
    _lock(CRT_LOCK_ENV);
    value = look_up(name);
    if (value) {
        *needed = strlen(value) + 1;
        if (size) {
            if (*needed <= size)
                memcpy(buffer, value, *needed);
            else
                result = ERANGE;
        }
    }
    _unlock(CRT_LOCK_ENV);
    return result;
}

CRT_EXPORT errno_t _wgetenv_s(size_t *needed, wchar_t *buffer, size_t size, const wchar_t *name)
{
    wchar_t *value;
    errno_t result = 0;

    CRT_VALIDATE(needed && (buffer ? size > 0 : size == 0), EINVAL, EINVAL);
    *needed = 0;
    if (buffer)
        *buffer = 0;
    CRT_VALIDATE(name, EINVAL, EINVAL);
    _lock(CRT_LOCK_ENV);
    value = look_up_wide(name);
    if (value) {
        *needed = wcslen(value) + 1;
        if (size) {
            if (*needed <= size)
                memcpy(buffer, value, *needed * sizeof *value);
            else
                result = ERANGE;
        }
    }
    _unlock(CRT_LOCK_ENV);
    return result;
}

CRT_EXPORT errno_t _dupenv_s(char **buffer, size_t *size, const char *name)
{
    char *value;
    errno_t result = 0;

    CRT_VALIDATE(buffer, EINVAL, EINVAL);
    *buffer = NULL;
    if (size)
        *size = 0;
    CRT_VALIDATE(name, EINVAL, EINVAL);
    _lock(CRT_LOCK_ENV);
    value = look_up(name);
    if (value) {
        size_t length = strlen(value) + 1;

        *buffer = malloc(length);
        if (*buffer) {
            memcpy(*buffer, value, length);
            if (size)
                *size = length;
        } else {
            result = errno = ENOMEM;
        }
    }
    _unlock(CRT_LOCK_ENV);
    return result;
}

CRT_EXPORT errno_t _wdupenv_s(wchar_t **buffer, size_t *size, const wchar_t *name)
{
    wchar_t *value;
    errno_t result = 0;

    CRT_VALIDATE(buffer, EINVAL, EINVAL);
    *buffer = NULL;
    if (size)
        *size = 0;
    CRT_VALIDATE(name, EINVAL, EINVAL);
    _lock(CRT_LOCK_ENV);
    value = look_up_wide(name);
    if (value) {
        size_t length = wcslen(value) + 1;

        *buffer = malloc(length * sizeof **buffer);
        if (*buffer) {
            memcpy(*buffer, value, length * sizeof **buffer);
            if (size)
                *size = length;
        } else {
            result = errno = ENOMEM;
        }
    }
    _unlock(CRT_LOCK_ENV);
    return result;
}

/* ---- ucrt's startup and the variables' addresses ----------------------------------------------------------------- */

CRT_EXPORT int _initialize_narrow_environment(void)
{
    if (!crt_initenv)
        crt_initenv = crt_narrow_environment();
    return crt_initenv ? 0 : -1;
}

CRT_EXPORT int _initialize_wide_environment(void)
{
    return crt_wide_environment() ? 0 : -1;
}

CRT_EXPORT char **_get_initial_narrow_environment(void)
{
    if (!crt_initenv)
        crt_initenv = crt_narrow_environment();
    return crt_environ;
}

CRT_EXPORT wchar_t **_get_initial_wide_environment(void)
{
    if (!crt_winitenv)
        crt_winitenv = crt_wide_environment();
    return crt_wenviron;
}

#ifdef UCRT
/* The process's environment as it is: strings one after the other, in memory that the caller frees. */
CRT_EXPORT wchar_t *__dcrt_get_wide_environment_from_os(void)
{
    wchar_t *own = GetEnvironmentStringsW(), *end = own, *copy = NULL;

    if (own) {
        while (*end)
            end += wcslen(end) + 1;
        copy = malloc((end + 1 - own) * sizeof *copy);
        if (copy)
            memcpy(copy, own, (end + 1 - own) * sizeof *copy);
        FreeEnvironmentStringsW(own);
    }
    return copy;
}
#endif

CRT_EXPORT char ***__p__environ(void)
{
    return &crt_environ;
}

CRT_EXPORT wchar_t ***__p__wenviron(void)
{
    return &crt_wenviron;
}

CRT_EXPORT int _get_environ(char ***value)
{
    CRT_VALIDATE(value, EINVAL, EINVAL);
    *value = crt_environ;
    return 0;
}

CRT_EXPORT int _get_wenviron(wchar_t ***value)
{
    CRT_VALIDATE(value, EINVAL, EINVAL);
    *value = crt_wenviron;
    return 0;
}
