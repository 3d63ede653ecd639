/* Programs that a program starts: arguments, environment, exit codes, inherited descriptors. Runs itself. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int child(int argc, char **argv)
{
    if (!strcmp(argv[1], "args")) {
        for (int i = 0; i < argc; i++)
            printf("[%s]", argv[i]);
        printf(" %s\n", getenv("CRT_CHILD") ? getenv("CRT_CHILD") : "-");
        return 21;
    }
    if (!strcmp(argv[1], "inherit")) {
        int fd = atoi(argv[2]);
        printf("child writes %d mode %x\n", (int)_write(fd, "from child\n", 11), _setmode(fd, _O_BINARY));
        return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    char line[64], number[16];
    int fd, status;
    const char *const environment[] = {"CRT_CHILD=given", NULL};
    intptr_t process;

    if (argc > 1)
        return child(argc, argv);
    printf("spawn\n");
    fflush(stdout);
    printf("wait %d\n", (int)_spawnl(_P_WAIT, argv[0], "me", "args", "two words", "x", NULL));
    fflush(stdout);
    printf("with environment %d\n", (int)_spawnle(_P_WAIT, argv[0], "me", "args", NULL, environment));
    fflush(stdout);
    process = _spawnl(_P_NOWAIT, argv[0], "me", "args", "nowait", NULL);
    printf("cwait %d", _cwait(&status, process, 0) == process);
    printf(" status %d\n", status);
    errno = 0;
    printf("none %d", (int)_spawnl(_P_WAIT, "no-such-program", "x", NULL));
    printf(" errno %d\n", errno);
    fd = _open("inherit.txt", _O_CREAT | _O_TRUNC | _O_RDWR | _O_TEXT, 0600);
    sprintf(number, "%d", fd);
    fflush(stdout);
    _spawnl(_P_WAIT, argv[0], "me", "inherit", number, NULL);
    _lseek(fd, 0, SEEK_SET);
    _setmode(fd, _O_BINARY);
    line[_read(fd, line, 63)] = 0;
    printf("parent reads %d bytes\n", (int)strlen(line));
    _close(fd);
    remove("inherit.txt");
    return 0;
}
