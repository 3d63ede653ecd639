/* Threads, the errno of each, locks of streams. */
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

int main(void)
{
    HANDLE threads[4], event;
    unsigned id;
    DWORD code;
    FILE *f;
    char line[64];
    int count = 0, bad = 0;

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

    remove("lines.txt");
    return 0;
}
