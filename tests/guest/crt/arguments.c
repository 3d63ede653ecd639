/* Arguments and the environment: the quoting rules of Microsoft's documentation and a few more. The program runs itself
 * with command lines of its own making. */
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

int _dowildcard = 1; /* startup code asks for the expansion of wildcards */

#ifndef _UCRT
#undef _environ
extern __declspec(dllimport) char **_environ;
#endif

static const char *lines[] = {
    "prog \"a b c\" d e",
    "prog \"ab\\\"c\" \"\\\\\" d",
    "prog a\\\\\\b d\"e f\"g h",
    "prog a\\\\\\\"b c d",
    "prog a\\\\\\\\\"b c\" d e",
    "prog a\"b\"\" c d",
    "\"prog name\" x",
    "\"prog\"tail x",
    "prog \"\" \"\"\" a\" b",
    "prog   spaced\t\ttabs  ",
    "prog \"a\\\\b\" \\\\server\\share\\",
    "prog *.argtest \"*.argtest\" x*y.none",
    "prog \"unclosed a b",
};

static void touch(const char *name)
{
    FILE *f = fopen(name, "w");
    if (f)
        fclose(f);
}

static void run(const char *line)
{
    char command[256], path[MAX_PATH];
    STARTUPINFOA info = {sizeof info};
    PROCESS_INFORMATION process;

    GetModuleFileNameA(NULL, path, sizeof path);
    strcpy(command, line);
    printf("> %s\n", line);
    fflush(stdout);
    if (!CreateProcessA(path, command, NULL, NULL, TRUE, 0, NULL, NULL, &info, &process)) {
        printf("cannot start: %lu\n", GetLastError());
        return;
    }
    WaitForSingleObject(process.hProcess, INFINITE);
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
}

static void environment(void)
{
    size_t needed;
    char buffer[8], *copy;

    printf("put %d", _putenv("CRT_TEST=one"));
    printf(" get %s", getenv("CRT_TEST"));
    printf(" case %s", getenv("crt_test"));
    printf(" wide %ls", _wgetenv(L"CRT_TEST"));
    GetEnvironmentVariableA("CRT_TEST", buffer, sizeof buffer);
    printf(" block %s\n", buffer);
    _wputenv(L"CRT_TEST=two");
    printf("wide put %s\n", getenv("CRT_TEST"));
    printf("remove %d", _putenv("CRT_TEST="));
    printf(" %d %d\n", getenv("CRT_TEST") == NULL, _wgetenv(L"CRT_TEST") == NULL);
    printf("bad %d %d\n", _putenv("NOEQUALS"), _putenv("=x"));
    _putenv_s("CRT_TEST", "four");
    printf("getenv_s %d", getenv_s(&needed, buffer, sizeof buffer, "CRT_TEST"));
    printf(" %u %s", (unsigned)needed, buffer);
    printf(" small %d", getenv_s(&needed, buffer, 2, "CRT_TEST"));
    printf(" %u", (unsigned)needed);
    printf(" none %d", getenv_s(&needed, buffer, 2, "CRT_NONE"));
    printf(" %u\n", (unsigned)needed);
    SetEnvironmentVariableA("CRT_LATE", "x");
    printf("late %d\n", getenv("CRT_LATE") == NULL);
    for (char **p = _environ; *p; p++)
        if (!strncmp(*p, "CRT_TEST", 8))
            printf("in _environ: %s\n", *p);
}

int main(int argc, char **argv, char **envp)
{
    if (!strncmp(argv[0], "prog", 4)) {
        printf("%d:", argc);
        for (int i = 0; i < argc; i++)
            printf(" [%s]", argv[i]);
        printf(" %d\n", argv[argc] == NULL);
        return 0;
    }
    touch("b.argtest");
    touch("a.argtest");
    touch("C.argtest");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        run(lines[i]);
    remove("a.argtest");
    remove("b.argtest");
    remove("C.argtest");
    environment();
    printf("envp %d\n", envp != NULL && envp[0] != NULL);
    return 0;
}
