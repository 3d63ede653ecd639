/* The environment: the narrow and wide tables and the process's block stay in step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#ifndef _UCRT
#undef _environ
extern __declspec(dllimport) char **_environ;
#endif

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
    environment();
    printf("envp %d\n", envp != NULL && envp[0] != NULL);
    return 0;
}
