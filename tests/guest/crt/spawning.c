/* Every _spawn and _exec function, narrow and wide, _cwait, system, _popen: what the child gets and what comes back.
 * Runs itself; a child says which function started it, what it was given, and ends with a code of its own. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

static const char *const narrow_environment[] = {"CRT_CHILD=block", "CRT_SECOND=2", NULL};
static const wchar_t *const wide_environment[] = {L"CRT_CHILD=wide block", NULL};

static int child(int argc, char **argv)
{
    const char *inherited = getenv("CRT_PARENT");

    printf("%s:", argv[1]);
    for (int i = 2; i < argc; i++)
        printf(" <%s>", argv[i]);
    printf(" [%s] parent %s\n", getenv("CRT_CHILD") ? getenv("CRT_CHILD") : "-", inherited ? inherited : "-");
    return 30 + argc;
}

/* One _exec function, which does not come back. */
static int replace(const char *how, const char *self, const wchar_t *wself)
{
    const char *arguments[] = {"me", "say", how, NULL};
    const wchar_t *wide[] = {L"me", L"say", L"w", NULL};

    if (!strcmp(how, "execl"))
        _execl(self, "me", "say", "execl", "1", NULL);
    if (!strcmp(how, "execle"))
        _execle(self, "me", "say", "execle", NULL, narrow_environment);
    if (!strcmp(how, "execlp"))
        _execlp("spawning", "me", "say", "execlp", NULL);
    if (!strcmp(how, "execlpe"))
        _execlpe("spawning", "me", "say", "execlpe", NULL, narrow_environment);
    if (!strcmp(how, "execv"))
        _execv(self, arguments);
    if (!strcmp(how, "execve"))
        _execve(self, arguments, narrow_environment);
    if (!strcmp(how, "execvp"))
        _execvp("spawning.exe", arguments);
    if (!strcmp(how, "execvpe"))
        _execvpe("spawning.exe", arguments, narrow_environment);
    if (!strcmp(how, "wexecl"))
        _wexecl(wself, L"me", L"say", L"wexecl", NULL);
    if (!strcmp(how, "wexecle"))
        _wexecle(wself, L"me", L"say", L"wexecle", NULL, wide_environment);
    if (!strcmp(how, "wexeclp"))
        _wexeclp(L"spawning", L"me", L"say", L"wexeclp", NULL);
    if (!strcmp(how, "wexeclpe"))
        _wexeclpe(L"spawning", L"me", L"say", L"wexeclpe", NULL, wide_environment);
    if (!strcmp(how, "wexecv"))
        _wexecv(wself, wide);
    if (!strcmp(how, "wexecve"))
        _wexecve(wself, wide, wide_environment);
    if (!strcmp(how, "wexecvp"))
        _wexecvp(L"spawning", wide);
    if (!strcmp(how, "wexecvpe"))
        _wexecvpe(L"spawning", wide, wide_environment);
    errno = 0;
    if (!strcmp(how, "nothing"))
        printf("still here %d errno %d\n", (int)_execl("no-such-program", "x", NULL), errno);
    return 99;
}

/* The child of an overlay lives on when its parent is gone: wait until the last holder of this pipe's end is. */
static void overlay(const char *self, const char *how)
{
    int ends[2], out = _dup(1), count;
    char text[512];
    size_t length = 0;
    intptr_t code;

    _pipe(ends, 4096, _O_TEXT | _O_NOINHERIT);
    fflush(stdout);
    _dup2(ends[1], 1);
    _close(ends[1]);
    code = _spawnl(_P_WAIT, self, "me", "replace", how, NULL);
    _dup2(out, 1);
    _close(out);
    while ((count = _read(ends[0], text + length, (unsigned)(sizeof text - 1 - length))) > 0)
        length += count;
    text[length] = 0;
    _close(ends[0]);
    printf("%s -> %d: %s", how, (int)code, *text ? text : "nothing\n");
}

static void wait_for(const char *how, intptr_t process)
{
    int status = -7;
    intptr_t same = _cwait(&status, process, 0);

    printf("%s: waited %d status %d\n", how, process != -1 && same == process, status);
}

static void print_lines(FILE *stream)
{
    char line[256];

    while (fgets(line, sizeof line, stream))
        printf("  | %s%s", line, strchr(line, '\n') ? "" : "\n");
}

int main(int argc, char **argv)
{
    static const char *const overlays[] = {"execl",   "execle",   "execlp",   "execlpe",   "execv",   "execve",
                                           "execvp",  "execvpe",  "wexecl",   "wexecle",   "wexeclp", "wexeclpe",
                                           "wexecv",  "wexecve",  "wexecvp",  "wexecvpe",  "nothing"};
    const char *arguments[] = {"me", "say", "v", "a b", "\"quoted text\"", NULL};
    const wchar_t *wide[] = {L"me", L"say", L"wide v", L"\x00e9", NULL};
    char *self = argv[0], path[1024], command[600], folder[MAX_PATH];
    wchar_t wself[MAX_PATH];
    FILE *stream;
    int status, code;
    intptr_t process;

    setvbuf(stdout, NULL, _IONBF, 0);
    GetModuleFileNameW(NULL, wself, MAX_PATH);
    if (argc > 2 && !strcmp(argv[1], "say"))
        return child(argc - 1, argv + 1);
    if (argc > 2 && !strcmp(argv[1], "replace")) {
        GetModuleFileNameA(NULL, folder, MAX_PATH);
        return replace(argv[2], folder, wself);
    }
    if (argc > 1 && !strcmp(argv[1], "cat")) {
        print_lines(stdin);
        return 3;
    }
    GetModuleFileNameA(NULL, folder, MAX_PATH);
    self = _strdup(folder);
    *strrchr(folder, '\\') = 0;
    _snprintf(path, sizeof path, "PATH=C:\\no such folder;%s;%s", folder, getenv("PATH"));
    _putenv(path);
    _putenv("CRT_PARENT=yes");

    printf("wait\n");
    printf("l %d\n", (int)_spawnl(_P_WAIT, self, "me", "say", "l", "", "x", NULL));
    printf("le %d\n", (int)_spawnle(_P_WAIT, self, "me", "say", "le", NULL, narrow_environment));
    printf("lp %d\n", (int)_spawnlp(_P_WAIT, "spawning", "me", "say", "lp", NULL));
    printf("lp with extension %d\n", (int)_spawnlp(_P_WAIT, "spawning.exe", "me", "say", "lp", NULL));
    printf("lpe %d\n", (int)_spawnlpe(_P_WAIT, "spawning", "me", "say", "lpe", NULL, narrow_environment));
    printf("v %d\n", (int)_spawnv(_P_WAIT, self, arguments));
    printf("ve %d\n", (int)_spawnve(_P_WAIT, self, arguments, narrow_environment));
    printf("vp %d\n", (int)_spawnvp(_P_WAIT, "spawning", arguments));
    printf("vpe %d\n", (int)_spawnvpe(_P_WAIT, "spawning", arguments, narrow_environment));
    printf("wl %d\n", (int)_wspawnl(_P_WAIT, wself, L"me", L"say", L"wl", NULL));
    printf("wle %d\n", (int)_wspawnle(_P_WAIT, wself, L"me", L"say", L"wle", NULL, wide_environment));
    printf("wlp %d\n", (int)_wspawnlp(_P_WAIT, L"spawning", L"me", L"say", L"wlp", NULL));
    printf("wlpe %d\n", (int)_wspawnlpe(_P_WAIT, L"spawning", L"me", L"say", L"wlpe", NULL, wide_environment));
    printf("wv %d\n", (int)_wspawnv(_P_WAIT, wself, wide));
    printf("wve %d\n", (int)_wspawnve(_P_WAIT, wself, wide, wide_environment));
    printf("wvp %d\n", (int)_wspawnvp(_P_WAIT, L"spawning", wide));
    printf("wvpe %d\n", (int)_wspawnvpe(_P_WAIT, L"spawning", wide, wide_environment));

    printf("overlay\n");
    for (size_t i = 0; i < sizeof overlays / sizeof *overlays; i++)
        overlay(self, overlays[i]);

    printf("no wait\n");
    wait_for("nowait", _spawnl(_P_NOWAIT, self, "me", "say", "nowait", NULL));
    wait_for("nowaito", _wspawnl(_P_NOWAITO, wself, L"me", L"say", L"nowaito", L"1", NULL));
    printf("detach %d\n", (int)_spawnl(_P_DETACH, self, "me", "say", "detach", NULL));
    errno = 0;
    status = 5;
    process = _cwait(&status, -1, 0);
    printf("no child %d errno %d\n", (int)process, errno);
    errno = 0;
    process = _cwait(&status, 0x7ffc, 0);
    printf("bad child %d errno %d status %d\n", (int)process, errno, status);

    printf("failures\n");
    errno = 0;
    process = _spawnl(_P_WAIT, "no-such-program", "x", NULL);
    printf("not found %d errno %d\n", (int)process, errno);
    errno = 0;
    process = _spawnlp(_P_WAIT, "no-such-program.exe", "x", NULL);
    printf("not on the path %d errno %d\n", (int)process, errno);
    stream = fopen("text.exe", "w");
    fputs("not a program, but long enough to be looked at as one: no MZ is to be seen here at all", stream);
    fclose(stream);
    errno = 0;
    process = _wspawnl(_P_WAIT, L"text.exe", L"x", NULL);
    printf("no program %d errno %d\n", (int)process, errno);
    remove("text.exe");
    stream = fopen("batch.cmd", "w");
    fputs("@echo batch %1\n@exit /b 12\n", stream);
    fclose(stream);
    printf("batch file %d\n", (int)_spawnl(_P_WAIT, ".\\batch.cmd", "batch.cmd", "one", NULL));
    printf("by extension %d\n", (int)_spawnl(_P_WAIT, "batch", "batch.cmd", "two", NULL));
    remove("batch.cmd");

    printf("system\n");
    printf("shell %d %d\n", system(NULL) != 0, _wsystem(NULL) != 0);
    printf("exit %d\n", system("exit 7"));
    printf("wide exit %d\n", _wsystem(L"exit 8"));
    printf("echo %d\n", system("echo from the shell"));
    _snprintf(command, sizeof command, "spawning say system \"two words\"");
    code = system(command);
    printf("program %d\n", code);

    printf("popen\n");
    stream = _popen("echo read&exit 5", "r");
    print_lines(stream);
    printf("code %d\n", _pclose(stream));
    stream = _wpopen(L"spawning cat", L"wt");
    fputs("written\nto the child\n", stream);
    fflush(stream);
    printf("code %d\n", _pclose(stream));
    errno = 0;
    printf("not ours %d", _pclose(stdin));
    printf(" errno %d\n", errno);
    return 0;
}
