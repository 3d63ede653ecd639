/* Signals that a program raises itself, and the order of atexit functions at its end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void handler(int number)
{
    printf("signal %d\n", number);
}

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

int main(void)
{
    printf("%d", signal(SIGTERM, handler) == SIG_DFL);
    printf(" %d", raise(SIGTERM));
    printf(" %d", signal(SIGTERM, SIG_IGN) == SIG_DFL);
    printf(" %d", raise(SIGTERM));
    printf(" %d", signal(99, handler) == SIG_ERR);
    signal(SIGFPE, handler);
    printf(" %d", raise(SIGFPE));
    printf(" %d\n", signal(SIGFPE, SIG_DFL) == SIG_DFL);
    atexit(first);
    atexit(second);
    atexit(third);
    printf("unflushed");
    putchar('\n');
    return 0;
}
