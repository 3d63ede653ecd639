/* Placeholders, address requirements, write watch and single pages. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <psapi.h>
#include <stdio.h>

typedef struct { ULONG64 type; union { ULONG64 number; void *pointer; } u; } PARAMETER;
typedef struct { void *lowest, *highest; SIZE_T alignment; } REQUIREMENTS;
static void *(WINAPI *alloc2)(HANDLE, void *, SIZE_T, ULONG, ULONG, PARAMETER *, ULONG);
static void *(WINAPI *map3)(HANDLE, HANDLE, void *, ULONG64, SIZE_T, ULONG, ULONG, PARAMETER *, ULONG);
static BOOL (WINAPI *unmap2)(HANDLE, void *, ULONG);

#define RESERVE_PLACEHOLDER 0x40000
#define REPLACE 0x4000
#define PRESERVE 2
#define COALESCE 1
#define SIZE 0x100000

static char *base;

static void show(const char *what, char *address)
{
    MEMORY_BASIC_INFORMATION info;
    SIZE_T size = VirtualQuery(address, &info, sizeof info);
    printf("%-28s %d base=%llx+%llx size=%llx state=%lx protect=%lx allocation=%lx type=%lx\n", what, size == sizeof info,
           (long long)((char *)info.AllocationBase - base), (long long)((char *)info.BaseAddress - (char *)info.AllocationBase),
           (long long)info.RegionSize, info.State, info.Protect, info.AllocationProtect, info.Type);
}

#define TRY(what) do { SetLastError(0); BOOL ok = (what) != 0; printf("%s: %d %lu\n", #what, ok, ok ? 0 : GetLastError()); } while (0)

static void placeholders(void)
{
    base = alloc2(0, 0, SIZE, MEM_RESERVE | RESERVE_PLACEHOLDER, PAGE_NOACCESS, 0, 0);
    show("placeholder", base);
    TRY(VirtualAlloc(base, 0x1000, MEM_COMMIT, PAGE_READWRITE));
    TRY(alloc2(0, base, 0x10000, MEM_RESERVE | MEM_COMMIT | REPLACE, PAGE_READWRITE, 0, 0));
    TRY(VirtualFree(base + 0x40000, 0x10000, MEM_RELEASE | PRESERVE));
    show("first part", base);
    show("middle part", base + 0x40000);
    show("last part", base + 0x50000);
    TRY(VirtualFree(base + 0x40000, 0x10000, MEM_RELEASE | PRESERVE));
    TRY(alloc2(0, base + 0x40000, 0x10000, MEM_RESERVE | MEM_COMMIT | REPLACE, PAGE_READWRITE, 0, 0));
    base[0x40000] = 5;
    show("replaced", base + 0x40000);
    HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, 0, PAGE_READWRITE, 0, 0x20000, 0);
    TRY(VirtualFree(base + 0x50000, 0x10000, MEM_RELEASE | PRESERVE));
    TRY(map3(section, 0, base + 0x50000, 0, 0x20000, REPLACE, PAGE_READWRITE, 0, 0) == base + 0x50000);
    TRY(map3(section, 0, base + 0x50000, 0x10000, 0x10000, REPLACE, PAGE_READWRITE, 0, 0) == base + 0x50000);
    TRY(map3(section, 0, base, 0, 0x40000, REPLACE, PAGE_READWRITE, 0, 0));
    show("view", base + 0x50000);
    char *other = map3(section, 0, 0, 0, 0, 0, PAGE_READWRITE, 0, 0);
    other[0x10000] = 9;
    printf("shared %d\n", base[0x50000]);
    TRY(unmap2(GetCurrentProcess(), other, PRESERVE));
    TRY(unmap2(GetCurrentProcess(), other, 0));
    TRY(unmap2(GetCurrentProcess(), base + 0x50000, PRESERVE));
    show("view gone", base + 0x50000);
    TRY(VirtualFree(base + 0x40000, 0x10000, MEM_RELEASE | PRESERVE));
    show("memory gone", base + 0x40000);
    TRY(VirtualFree(base, 0xF0000, MEM_RELEASE | COALESCE));
    TRY(VirtualFree(base, SIZE, MEM_RELEASE | COALESCE));
    show("whole again", base);
    TRY(VirtualFree(base, SIZE, MEM_RELEASE));
    TRY(VirtualFree(base, 0, MEM_RELEASE));
    TRY(alloc2(0, 0, SIZE, MEM_RESERVE | MEM_COMMIT | RESERVE_PLACEHOLDER, PAGE_NOACCESS, 0, 0));
    TRY(alloc2(0, 0, SIZE, MEM_RESERVE | RESERVE_PLACEHOLDER, PAGE_READWRITE, 0, 0));
    TRY(alloc2(0, 0, 0x10000, MEM_RESERVE | REPLACE, PAGE_READWRITE, 0, 0));
    TRY(VirtualAlloc(0, SIZE, MEM_RESERVE | RESERVE_PLACEHOLDER, PAGE_NOACCESS));
    CloseHandle(section);
}

static void limited(const char *what, ULONG64 lowest, ULONG64 highest, SIZE_T alignment, ULONG type)
{
    REQUIREMENTS wish = {(void *)lowest, (void *)highest, alignment};
    PARAMETER parameter = {1, {.pointer = &wish}};
    SetLastError(0);
    char *found = alloc2(0, 0, 0x30000, MEM_RESERVE | MEM_COMMIT | type, PAGE_READWRITE, &parameter, 1);
    if (!found) { printf("%s: error %lu\n", what, GetLastError()); return; }
    ULONG64 at = (ULONG64)found;
    printf("%s: above %d below %d aligned %d\n", what, at >= lowest, !highest || at + 0x30000 - 1 <= highest,
           !alignment || at % alignment == 0);
    VirtualFree(found, 0, MEM_RELEASE);
}

static void requirements(void)
{
    limited("below 4 GB", 0, 0xFFFFFFFF, 0, 0);
    limited("window", 0x5000000000, 0x50FFFFFFFF, 0, 0);
    limited("top of window", 0x5000000000, 0x50FFFFFFFF, 0, MEM_TOP_DOWN);
    limited("aligned to 1 GB", 0, 0, 1 << 30, 0);
    limited("aligned in window", 0x5000000000, 0x5FFFFFFFFF, 1 << 28, MEM_TOP_DOWN);
    limited("too small", 0x5000000000, 0x500001FFFF, 0, 0);
    limited("odd alignment", 0, 0, 0x30000, 0);
    limited("small alignment", 0, 0, 0x1000, 0);
    limited("odd lowest", 0x5000001000, 0, 0, 0);
    limited("odd highest", 0, 0x50FFFFF000, 0, 0);
    limited("upside down", 0x5000000000, 0x4FFFFFFFFF, 0, 0);
    REQUIREMENTS wish = {0, 0, 1 << 20};
    PARAMETER twice[2] = {{1, {.pointer = &wish}}, {1, {.pointer = &wish}}}, unknown = {99};
    TRY(alloc2(0, 0, 0x1000, MEM_RESERVE, PAGE_READWRITE, twice, 2));
    TRY(alloc2(0, 0, 0x1000, MEM_RESERVE, PAGE_READWRITE, &unknown, 1));
    TRY(alloc2(0, (void *)0x5000000000, 0x1000, MEM_RESERVE, PAGE_READWRITE, twice, 1));
}

static void written(const char *what, char *start, SIZE_T size, ULONG_PTR room, DWORD flags)
{
    void *pages[16];
    ULONG_PTR count = room;
    DWORD step = 0;
    UINT failed = GetWriteWatch(flags, start, size, pages, &count, &step);
    printf("%s: %d %lu", what, failed != 0, failed ? GetLastError() : step);
    for (ULONG_PTR index = 0; !failed && index < count; index++) printf(" %llx", (long long)((char *)pages[index] - base));
    printf("\n");
}

static void watch(void)
{
    DWORD old;
    base = VirtualAlloc(0, 0x40000, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
    written("nothing", base, 0x40000, 16, 0);
    volatile char seen = base[0x1000];
    (void)seen;
    written("read", base, 0x40000, 16, 0);
    base[0x3FFF] = 1; base[0x5000] = 1; base[0x21000] = 1;
    written("three", base, 0x40000, 16, 0);
    written("part", base + 0x5000, 0x1000, 16, 0);
    written("two, reset", base, 0x40000, 2, 1);
    written("one left", base, 0x40000, 16, 0);
    base[0x5000] = 2;
    written("again", base, 0x40000, 16, 1);
    ReadFile(INVALID_HANDLE_VALUE, base, 1, &old, 0);
    SIZE_T done;
    WriteProcessMemory(GetCurrentProcess(), base + 0x7000, "x", 1, &done);
    GetSystemDirectoryA(base + 0x8000, 100);
    written("by the system", base, 0x40000, 16, 0);
    VirtualProtect(base + 0x8000, 0x1000, PAGE_READONLY, &old);
    VirtualProtect(base + 0x8000, 0x1000, PAGE_READWRITE, &old);
    TRY(ResetWriteWatch(base, 0x40000) == 0);
    written("reset", base, 0x40000, 16, 0);
    base[0x8000] = 3;
    written("after protect", base, 0x40000, 16, 0);
    char *plain = VirtualAlloc(0, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    written("no watch", plain, 0x1000, 16, 0);
    written("bad flag", base, 0x1000, 16, 2);
    written("no size", base, 0, 16, 0);
    written("no room", base, 0x1000, 0, 0);
    TRY(ResetWriteWatch(plain, 0x1000) == 0);
    TRY(VirtualAlloc(base, 0x1000, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE));
    VirtualFree(base, 0, MEM_RELEASE);
}

static void single(void)
{
    char *block = VirtualAlloc(0, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    block[0] = 7;
    TRY(VirtualAlloc(block, 0x10000, MEM_RESET, PAGE_READWRITE) == block);
    TRY(VirtualAlloc(block, 0x10000, MEM_RESET_UNDO, PAGE_READWRITE) == block);
    TRY(VirtualAlloc(block, 0x10000, MEM_RESET | MEM_COMMIT, PAGE_READWRITE));
    TRY(VirtualAlloc(0, 0x200000, MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE));
    TRY(VirtualAlloc(0, 0x400000000000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    PSAPI_WORKING_SET_EX_INFORMATION pages[2] = {{block}, {block + 0x8000}};
    TRY(QueryWorkingSetEx(GetCurrentProcess(), pages, sizeof pages));
    printf("valid %d protection %d shared %d\n", (int)pages[0].VirtualAttributes.Valid,
           (int)pages[0].VirtualAttributes.Win32Protection, (int)pages[0].VirtualAttributes.Shared);
    SIZE_T low, high;
    TRY(GetProcessWorkingSetSize(GetCurrentProcess(), &low, &high) && low <= high);
    TRY(SetProcessWorkingSetSize(GetCurrentProcess(), -1, -1));
    VirtualFree(block, 0, MEM_RELEASE);
}

static void huge(void)
{
    SIZE_T terabyte = (SIZE_T)1 << 40;
    char *space = VirtualAlloc(0, 16 * terabyte, MEM_RESERVE, PAGE_READWRITE);
    TRY(space != 0);
    int good = 0;
    for (SIZE_T at = 0; at < 16 * terabyte; at += terabyte / 8)
        if (VirtualAlloc(space + at, 0x1000, MEM_COMMIT, PAGE_READWRITE)) { space[at] = 1; good++; }
    printf("committed %d\n", good);
    TRY(VirtualFree(space, 0, MEM_RELEASE));
    enum { COUNT = 3000 };
    static char *blocks[COUNT];
    for (int index = 0; index < COUNT; index++) blocks[index] = VirtualAlloc(0, 0x10000, MEM_RESERVE, PAGE_NOACCESS);
    for (int index = 0; index < COUNT; index++) good -= !VirtualFree(blocks[index], 0, MEM_RELEASE);
    printf("many %d\n", good);
}

int main(void)
{
    HMODULE kernel = GetModuleHandleA("kernelbase.dll");
    alloc2 = (void *)GetProcAddress(kernel, "VirtualAlloc2");
    map3 = (void *)GetProcAddress(kernel, "MapViewOfFile3");
    unmap2 = (void *)GetProcAddress(kernel, "UnmapViewOfFile2");
    placeholders();
    requirements();
    watch();
    single();
    huge();
    return 0;
}
