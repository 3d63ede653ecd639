/* Threads, errno of each, locks of streams, spawn, pipes to children, inherited descriptors. Runs itself. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static volatile LONG counter;

static unsigned __stdcall worker(void *argument)
{
    errno = (int)(INT_PTR)argument;
    for (int i = 0; i < 1000; i++)
        InterlockedIncrement(&counter);
    Sleep(5);
    return errno == (int)(INT_PTR)argument ? 100 + (unsigned)(INT_PTR)argument : 0;
}

static void __cdecl plain(void *argument)
{
    InterlockedIncrement(&counter);
    SetEvent(argument);
    _endthread();
}

static unsigned __stdcall writer(void *argument)
{
    for (int i = 0; i < 200; i++)
        fprintf(argument, "%s\n", "0123456789012345678901234567890123456789");
    _endthreadex(17);
    return 0;
}

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
    HANDLE threads[4], event;
    unsigned id;
    DWORD code;
    FILE *f;
    char line[64], number[16];
    int count = 0, bad = 0, fd, status;
    const char *const environment[] = {"CRT_CHILD=given", NULL};
    intptr_t process;

    if (argc > 1)
        return child(argc, argv);
    for (int i = 0; i < 4; i++)
        threads[i] = (HANDLE)_beginthreadex(NULL, 0, worker, (void *)(INT_PTR)(i + 1), 0, &id);
    WaitForMultipleObjects(4, threads, TRUE, INFINITE);
    for (int i = 0; i < 4; i++) {
        GetExitCodeThread(threads[i], &code);
        printf("thread %lu\n", code);
        CloseHandle(threads[i]);
    }
    printf("counter %ld\n", counter);
    event = CreateEventA(NULL, FALSE, FALSE, NULL);
    _beginthread(plain, 0, event);
    WaitForSingleObject(event, INFINITE);
    printf("plain %ld\n", counter);

    f = fopen("lines.txt", "w");
    for (int i = 0; i < 4; i++)
        threads[i] = (HANDLE)_beginthreadex(NULL, 0, writer, f, CREATE_SUSPENDED, &id);
    for (int i = 0; i < 4; i++)
        ResumeThread(threads[i]);
    WaitForMultipleObjects(4, threads, TRUE, INFINITE);
    GetExitCodeThread(threads[0], &code);
    fclose(f);
    f = fopen("lines.txt", "r");
    while (fgets(line, sizeof line, f)) {
        count++;
        bad += strlen(line) != 41;
    }
    fclose(f);
    printf("lines %d bad %d code %lu\n", count, bad, code);

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
    remove("lines.txt");
    remove("inherit.txt");
    return 0;
}
