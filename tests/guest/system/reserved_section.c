/* A section made with SEC_RESERVE: what one view commits is committed in all, with each view's own protection. */
#include <stdio.h>
#include <windows.h>

static char *first, *second;

static void show(const char *what, char *view, SIZE_T offset)
{
    MEMORY_BASIC_INFORMATION info;
    VirtualQuery(view + offset, &info, sizeof info);
    printf("%-24s from %llx size %llx state %lx protect %lx allocation %lx type %lx\n", what,
           (long long)((char *)info.BaseAddress - view), (long long)info.RegionSize, info.State,
           info.State == MEM_COMMIT ? info.Protect : 0, info.AllocationProtect, info.Type);
}

static LONG WINAPI handler(EXCEPTION_POINTERS *raised)
{
    EXCEPTION_RECORD *record = raised->ExceptionRecord;
    if (record->ExceptionCode != EXCEPTION_ACCESS_VIOLATION)
        return EXCEPTION_CONTINUE_SEARCH;
    printf("fault: %s at %llx\n", record->ExceptionInformation[0] ? "write" : "read",
           (long long)((char *)record->ExceptionInformation[1] - second));
    VirtualAlloc(first + 0x30000, 0x1000, MEM_COMMIT, PAGE_READONLY);
    return EXCEPTION_CONTINUE_EXECUTION;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        HANDLE section = OpenFileMappingA(FILE_MAP_WRITE, FALSE, "Local\\reserved");
        char *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
        printf("child reads %s\n", view + 0x12000);
        VirtualAlloc(view + 0x50000, 0x1000, MEM_COMMIT, PAGE_READWRITE);
        strcpy(view + 0x50000, "from the child");
        return 0;
    }
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_EXECUTE_READWRITE | SEC_RESERVE, 0, 0x100000,
                                        "Local\\reserved");
    first = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE | FILE_MAP_EXECUTE, 0, 0, 0);
    second = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0x10000, 0x80000);
    show("nothing committed", first, 0);
    show("in the second view", second, 0);
    printf("commit: %d\n", VirtualAlloc(first + 0x12000, 0x3000, MEM_COMMIT, PAGE_EXECUTE_READ) == first + 0x12000);
    show("reserved before", first, 0);
    show("committed", first, 0x12000);
    show("reserved after", first, 0x15000);
    show("second, before", second, 0);
    show("second, committed", second, 0x2000);
    show("second, after", second, 0x5000);
    strcpy(second + 0x2000, "written through the second view");
    printf("%s\n", first + 0x12000);
    DWORD old;
    printf("protect: %d", VirtualProtect(second + 0x3000, 0x1000, PAGE_READONLY, &old));
    printf(", was %lx\n", old);
    SetLastError(0);
    printf("protect what is reserved: %d", VirtualProtect(second + 0x4000, 0x2000, PAGE_READONLY, &old));
    printf(", error %lu\n", GetLastError());
    char *third = MapViewOfFile(section, FILE_MAP_READ, 0, 0x10000, 0x20000);
    show("a later view", third, 0x2000);
    printf("%s\n", third + 0x2000);
    SetLastError(0);
    printf("decommit: %d", VirtualFree(first + 0x12000, 0x1000, MEM_DECOMMIT));
    printf(", error %lu\n", GetLastError());
    AddVectoredExceptionHandler(1, handler);
    second[0x20000] = 'x';
    printf("after the fault: %c\n", first[0x30000]);

    char line[400];
    STARTUPINFOA start = {sizeof start};
    PROCESS_INFORMATION child;
    snprintf(line, sizeof line, "\"%s\" child", argv[0]);
    fflush(stdout);
    CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &child);
    WaitForSingleObject(child.hProcess, INFINITE);
    printf("%s\n", second + 0x40000);
    return 0;
}
