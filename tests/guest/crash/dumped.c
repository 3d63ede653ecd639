/* Has something to be found in a dump, then waits for an event, or crashes. */
#include <windows.h>
#include <stdlib.h>
#include <string.h>
static volatile char known[] = "a static text of the program";
static char *volatile heap;
static DWORD WINAPI other(void *event) { return WaitForSingleObject((HANDLE)event, INFINITE); }
int main(int argc, char **argv)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, L"Dumped");
    heap = malloc(64);
    strcpy(heap, "a text on the heap");
    char *big = VirtualAlloc(NULL, 0x400000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    strcpy(big + 0x200000, "far inside");
    HANDLE thread = CreateThread(NULL, 0, other, event, 0, NULL);
    SetThreadDescription(thread, L"the other one");
    FreeLibrary(LoadLibraryW(L"version.dll"));
    if (argc > 1) {
        *(volatile int *)known[sizeof known - 1] = 1;
    }
    WaitForSingleObject(event, INFINITE);
    WaitForSingleObject(thread, INFINITE);
    return (int)strlen(heap);
}
