/* Reads a mapped file that somebody truncates behind its back: in-page errors, not a dead process. */
#include <stdio.h>
#include <windows.h>

static LONG CALLBACK handler(EXCEPTION_POINTERS *pointers)
{
    EXCEPTION_RECORD *record = pointers->ExceptionRecord;

    if (record->ExceptionCode != EXCEPTION_IN_PAGE_ERROR)
        return EXCEPTION_CONTINUE_SEARCH;
    printf("in-page error: %lu parameters, kind %llu, status %08llx\n", record->NumberParameters,
           record->ExceptionInformation[0], record->ExceptionInformation[2]);
    fflush(stdout);
    ExitProcess(7);
}

int main(int count, char **arguments)
{
    HANDLE file = CreateFileA(arguments[1], GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    HANDLE section = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 0, NULL);
    volatile char *view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    unsigned long long sum = 0;
    char line[16];

    (void)count;
    AddVectoredExceptionHandler(1, handler);
    printf("first byte %c\n", view[0]);
    fflush(stdout);
    fgets(line, sizeof line, stdin);
    for (int round = 0; round < 1000000; round++)
        for (int page = 0; page < 16; page++)
            sum += view[page * 4096];
    printf("nothing happened: %llu\n", sum);
    return 0;
}
