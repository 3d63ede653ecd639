/* Arguments: the quoting rules of Microsoft's documentation and a few more. The program runs itself
 * with command lines of its own making. */
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

int _dowildcard = 1; /* startup code asks for the expansion of wildcards */

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

int main(int argc, char **argv)
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
    return 0;
}
