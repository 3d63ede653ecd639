/* argv: splitting of the command line, expansion of wildcards, and where programs find the result.
 * The rules are those under "Parsing C command-line arguments" in Microsoft's documentation. */
#include "internal.h"
#include "convert.h"
#include "startup.h"
#include <string.h>
#include <wchar.h>

int crt_app_type;
int crt_argc;
char **crt_argv;
wchar_t **crt_wargv;
char *crt_acmdln;
wchar_t *crt_wcmdln;
char *crt_pgmptr;
wchar_t *crt_wpgmptr;

int _wcsicmp(const wchar_t *a, const wchar_t *b);
int _set_new_mode(int mode);

/* A growing list of strings; the strings follow each other in one block. */
typedef struct argument_list {
    wchar_t **items;
    size_t count, space;
    int failed;
} argument_list;

static void add(argument_list *list, const wchar_t *text, size_t length)
{
    wchar_t *copy = malloc((length + 1) * sizeof *copy);

    if (list->count + 1 >= list->space) {
        size_t space = list->space ? list->space * 2 : 16;
        wchar_t **grown = realloc(list->items, space * sizeof *grown);

        if (!grown) {
            free(copy);
            list->failed = 1;
            return;
        }
        list->items = grown;
        list->space = space;
    }
    if (!copy) {
        list->failed = 1;
        return;
    }
    memcpy(copy, text, length * sizeof *copy);
    copy[length] = 0;
    list->items[list->count++] = copy;
    list->items[list->count] = NULL;
}

/* Put the names that match pattern into the list, sorted; the pattern itself when there are none. */
static void expand(argument_list *list, const wchar_t *pattern)
{
    size_t prefix = 0, first = list->count;
    WIN32_FIND_DATAW found;
    HANDLE search;

    for (size_t i = 0; pattern[i]; i++)
        if (pattern[i] == L'\\' || pattern[i] == L'/' || pattern[i] == L':')
            prefix = i + 1;
    search = FindFirstFileW(pattern, &found);
    if (search != INVALID_HANDLE_VALUE) {
        do {
            size_t length = wcslen(found.cFileName);
            wchar_t *path;

            if (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L".."))
                continue;
            path = malloc((prefix + length) * sizeof *path);
            if (!path) {
                list->failed = 1;
                break;
            }
            memcpy(path, pattern, prefix * sizeof *path);
            memcpy(path + prefix, found.cFileName, length * sizeof *path);
            add(list, path, prefix + length);
            free(path);
        } while (FindNextFileW(search, &found));
        FindClose(search);
    }
    if (list->count == first)
        add(list, pattern, wcslen(pattern));
    for (size_t i = first + 1; i < list->count; i++)
        for (size_t j = i; j > first && _wcsicmp(list->items[j - 1], list->items[j]) > 0; j--) {
            wchar_t *swap = list->items[j];

            list->items[j] = list->items[j - 1];
            list->items[j - 1] = swap;
        }
}

static void split(argument_list *list, const wchar_t *p, int wildcards)
{
    wchar_t *buffer = malloc((wcslen(p) + 1) * sizeof *buffer);
    wchar_t *out = buffer;
    int quoted = 0;

    if (!buffer) {
        list->failed = 1;
        return;
    }
    /* The program's name knows quotes but no backslashes. */
    for (; *p && (quoted || (*p != L' ' && *p != L'\t')); p++) {
        if (*p == L'"')
            quoted = !quoted;
        else
            *out++ = *p;
    }
    add(list, buffer, out - buffer);

    for (;;) {
        int wild = 0;

        while (*p == L' ' || *p == L'\t')
            p++;
        if (!*p)
            break;
        out = buffer;
        quoted = 0;
        for (;;) {
            int copy = 1;
            size_t backslashes = 0;

            for (; *p == L'\\'; p++)
                backslashes++;
            if (*p == L'"') {
                if (backslashes % 2 == 0) {
                    if (quoted && p[1] == L'"') {
                        p++;
                    } else {
                        copy = 0;
                        quoted = !quoted;
                    }
                }
                backslashes /= 2;
            }
            while (backslashes--)
                *out++ = L'\\';
            if (!*p || (!quoted && (*p == L' ' || *p == L'\t')))
                break;
            if (copy) {
                if (!quoted && (*p == L'*' || *p == L'?'))
                    wild = 1;
                *out++ = *p;
            }
            p++;
        }
        *out = 0;
        if (wild && wildcards)
            expand(list, buffer);
        else
            add(list, buffer, out - buffer);
    }
    free(buffer);
}

static int parse(wchar_t ***items, int wildcards)
{
    argument_list list = {0};
    const wchar_t *command = crt_wcmdln;

    if (!command || !*command)
        command = crt_wpgmptr ? crt_wpgmptr : L"";
    split(&list, command, wildcards);
    if (list.failed)
        return ENOMEM;
    *items = list.items;
    crt_argc = (int)list.count;
    return 0;
}

int crt_configure_argv(int wide, int wildcards)
{
    wchar_t **items;
    int result = parse(&items, wildcards);

    if (result)
        return result;
    if (wide) {
        crt_wargv = items;
        return 0;
    }
    crt_argv = malloc((crt_argc + 1) * sizeof *crt_argv);
    if (!crt_argv)
        return ENOMEM;
    for (int i = 0; i < crt_argc; i++) {
        crt_argv[i] = crt_narrow(items[i]);
        free(items[i]);
    }
    crt_argv[crt_argc] = NULL;
    free(items);
    return 0;
}

static wchar_t *module_path(void)
{
    DWORD space = MAX_PATH + 1;

    for (;; space *= 2) {
        wchar_t *path = malloc(space * sizeof *path);
        DWORD length = path ? GetModuleFileNameW(NULL, path, space) : 0;

        if (length < space) {
            if (path)
                path[length] = 0;
            return path;
        }
        free(path);
    }
}

void crt_arguments_init(void)
{
    crt_wcmdln = GetCommandLineW();
    crt_acmdln = GetCommandLineA();
    crt_wpgmptr = module_path();
    crt_pgmptr = crt_narrow(crt_wpgmptr);
}

/* ---- what executables call -------------------------------------------------------------------------------------- */

typedef struct crt_startup_info {
    int new_mode;
} crt_startup_info;

CRT_EXPORT int __getmainargs(int *argc, char ***argv, char ***envp, int wildcards, crt_startup_info *info)
{
    if (crt_configure_argv(0, wildcards))
        return -1;
    *argc = crt_argc;
    *argv = crt_argv;
    *envp = crt_environ = crt_narrow_environment();
    crt_initenv = crt_environ;
    if (info)
        _set_new_mode(info->new_mode);
    return 0;
}

CRT_EXPORT int __wgetmainargs(int *argc, wchar_t ***argv, wchar_t ***envp, int wildcards, crt_startup_info *info)
{
    if (crt_configure_argv(1, wildcards))
        return -1;
    *argc = crt_argc;
    *argv = crt_wargv;
    *envp = crt_wide_environment();
    crt_winitenv = crt_wenviron;
    if (info)
        _set_new_mode(info->new_mode);
    return 0;
}

/* mode: 0 no arguments, 1 unexpanded, 2 expanded. */
CRT_EXPORT int _configure_narrow_argv(int mode)
{
    CRT_VALIDATE(mode >= 0 && mode <= 2, EINVAL, EINVAL);
    return mode ? crt_configure_argv(0, mode == 2) : 0;
}

CRT_EXPORT int _configure_wide_argv(int mode)
{
    CRT_VALIDATE(mode >= 0 && mode <= 2, EINVAL, EINVAL);
    return mode ? crt_configure_argv(1, mode == 2) : 0;
}

CRT_EXPORT void __set_app_type(int type)
{
    crt_app_type = type;
}

CRT_EXPORT int _query_app_type(void)
{
    return crt_app_type;
}

CRT_EXPORT int *__p___argc(void)
{
    return &crt_argc;
}

CRT_EXPORT char ***__p___argv(void)
{
    return &crt_argv;
}

CRT_EXPORT wchar_t ***__p___wargv(void)
{
    return &crt_wargv;
}

CRT_EXPORT char **__p__acmdln(void)
{
    return &crt_acmdln;
}

CRT_EXPORT wchar_t **__p__wcmdln(void)
{
    return &crt_wcmdln;
}

CRT_EXPORT char **__p__pgmptr(void)
{
    return &crt_pgmptr;
}

CRT_EXPORT wchar_t **__p__wpgmptr(void)
{
    return &crt_wpgmptr;
}

CRT_EXPORT int _get_pgmptr(char **value)
{
    CRT_VALIDATE(value && crt_pgmptr, EINVAL, EINVAL);
    *value = crt_pgmptr;
    return 0;
}

CRT_EXPORT int _get_wpgmptr(wchar_t **value)
{
    CRT_VALIDATE(value && crt_wpgmptr, EINVAL, EINVAL);
    *value = crt_wpgmptr;
    return 0;
}

/* The command line after the program's name: what WinMain gets. */
CRT_EXPORT char *_get_narrow_winmain_command_line(void)
{
    char *p = crt_acmdln;
    int quoted = 0;

    for (; *p && ((unsigned char)*p > ' ' || quoted); p++)
        if (*p == '"')
            quoted = !quoted;
    while (*p && (unsigned char)*p <= ' ')
        p++;
    return p;
}

CRT_EXPORT wchar_t *_get_wide_winmain_command_line(void)
{
    wchar_t *p = crt_wcmdln;
    int quoted = 0;

    for (; *p && (*p > L' ' || quoted); p++)
        if (*p == L'"')
            quoted = !quoted;
    while (*p && *p <= L' ')
        p++;
    return p;
}
