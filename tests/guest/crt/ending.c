/* The end of a process: order of atexit functions, buffers written, exit codes, abort. Runs itself. */
#include <process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static void first(void)
{
    printf("first\n");
}

static void second(void)
{
    printf("second\n");
    atexit(first);
}

static void third(void)
{
    printf("third\n");
}

static void leave(int number)
{
    printf("leaving on %d\n", number);
    exit(number);
}

static int child(const char *what)
{
    if (!strcmp(what, "exit")) {
        atexit(first);
        atexit(second);
        atexit(third);
        printf("unflushed");
        putchar('\n');
        exit(5);
    }
    if (!strcmp(what, "_exit")) {
        atexit(first);
        printf("flushed by hand\n");
        fflush(stdout);
        printf("lost or not\n");
        fflush(stdout);
        _exit(6);
    }
    if (!strcmp(what, "return"))
        return 7;
    if (!strcmp(what, "process")) {
        printf("written at detach\n");
        ExitProcess(8);
    }
    if (!strcmp(what, "sigterm"))
        raise(SIGTERM);
    if (!strcmp(what, "segv")) {
        signal(SIGSEGV, leave);
        fflush(stdout);
        *(volatile int *)0x10 = 1;
    }
    if (!strcmp(what, "abort")) {
        signal(SIGABRT, leave);
        abort();
    }
    return 9;
}

int main(int argc, char **argv)
{
    static const char *const whats[] = {"exit", "_exit", "return", "process", "sigterm", "abort"};

    if (argc > 1)
        return child(argv[1]);
    for (size_t i = 0; i < sizeof whats / sizeof *whats; i++) {
        printf("> %s\n", whats[i]);
        fflush(stdout);
        printf("code %d\n", (int)_spawnl(_P_WAIT, argv[0], "ending", whats[i], NULL));
    }
    return 0;
}
