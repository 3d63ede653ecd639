/* The heap under random use: contents, sizes, alignment, zeroing, growth, validation, enumeration, handles. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <stdio.h>
#include <string.h>

enum { BLOCKS = 700, ROUNDS = 8000 };
static unsigned char *block[BLOCKS];
static SIZE_T size[BLOCKS];
static unsigned pattern[BLOCKS];
static unsigned long long seed = 12345;
static unsigned next(void) { seed = seed * 6364136223846793005ull + 1442695040888963407ull; return (unsigned)(seed >> 33); }
static void fill(unsigned char *p, SIZE_T n, unsigned s) { for (SIZE_T i = 0; i < n; i += 7) p[i] = (unsigned char)(s + i); }
static int intact(unsigned char *p, SIZE_T n, unsigned s)
{
    for (SIZE_T i = 0; i < n; i += 7) if (p[i] != (unsigned char)(s + i)) return 0;
    return 1;
}
static const char *churn(HANDLE heap, unsigned largest)
{
    for (int i = 0; i < ROUNDS; ++i) {
        unsigned k = next() % BLOCKS, kind = next() % 100;
        SIZE_T wanted = kind < 70 ? next() % 300 : kind < 92 ? next() % 9000 : next() % (next() % 8 ? 60000 : largest);
        if (!block[k]) {
            DWORD flags = next() & 1 ? HEAP_ZERO_MEMORY : 0;
            if (!(block[k] = HeapAlloc(heap, flags, wanted))) return "no memory";
            if ((SIZE_T)block[k] & 15) return "misaligned";
            for (SIZE_T j = 0; flags && j < wanted; j += 5) if (block[k][j]) return "not zero";
            size[k] = wanted;
            fill(block[k], wanted, pattern[k] = next());
        } else if (HeapSize(heap, 0, block[k]) != size[k]) {
            return "wrong size";
        } else if (!intact(block[k], size[k], pattern[k])) {
            return "damaged";
        } else if (next() % 3 == 0) {
            unsigned char *moved = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block[k], wanted);
            if (!moved) return "no memory to move";
            if (!intact(moved, wanted < size[k] ? wanted : size[k], pattern[k])) return "damaged by moving";
            for (SIZE_T j = size[k]; j < wanted; ++j) if (moved[j]) return "grown part not zero";
            block[k] = moved;
            size[k] = wanted;
            fill(moved, wanted, pattern[k]);
        } else {
            HeapFree(heap, 0, block[k]);
            block[k] = 0;
        }
        if (i % 1000 == 0 && !HeapValidate(heap, 0, 0)) return "invalid";
    }
    return "sound";
}
static DWORD WINAPI worker(void *p)
{
    char *mine[50] = {0};
    for (int i = 0; i < 20000; ++i) {
        int k = i * 7 % 50;
        if (mine[k]) HeapFree(GetProcessHeap(), 0, mine[k]);
        mine[k] = HeapAlloc(GetProcessHeap(), 0, 16 + i % 200);
        mine[k][0] = (char)i;
    }
    for (int k = 0; k < 50; ++k) HeapFree(GetProcessHeap(), 0, mine[k]);
    return 0;
}
int main(void)
{
    HANDLE heap = HeapCreate(0, 0, 0);
    printf("growing heap: %s\n", churn(heap, 3000000));
    int live = 0, busy = 0;
    for (int k = 0; k < BLOCKS; ++k) live += block[k] != 0;
    PROCESS_HEAP_ENTRY entry = {0};
    while (HeapWalk(heap, &entry)) busy += (entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) != 0;
    printf("walk finds all: %d, ends with %lu\n", busy == live, GetLastError());
    for (int k = 0; k < BLOCKS; ++k) { if (block[k]) HeapFree(heap, 0, block[k]); block[k] = 0; }
    printf("valid when empty: %d\n", HeapValidate(heap, 0, 0));
    printf("destroyed: %d\n", HeapDestroy(heap));
    heap = HeapCreate(HEAP_NO_SERIALIZE, 0x10000, 0x1800000);
    printf("limited heap: %s\n", churn(heap, 100000));
    printf("more than the limit: %p\n", HeapAlloc(heap, 0, 0x2000000));
    HeapDestroy(heap);
    HANDLE threads[4];
    for (int i = 0; i < 4; ++i) threads[i] = CreateThread(0, 0, worker, 0, 0, 0);
    WaitForMultipleObjects(4, threads, TRUE, INFINITE);
    printf("after threads: %d\n", HeapValidate(GetProcessHeap(), 0, 0));
    HGLOBAL memory = GlobalAlloc(GMEM_MOVEABLE | GMEM_ZEROINIT, 100);
    char *text = GlobalLock(memory);
    strcpy(text, "moveable");
    printf("%s, locks %u, handle found: %d\n", text, GlobalFlags(memory) & GMEM_LOCKCOUNT, GlobalHandle(text) == memory);
    printf("unlock %d, error %lu, size %d\n", GlobalUnlock(memory), GetLastError(), (int)GlobalSize(memory));
    memory = GlobalReAlloc(memory, 5000, GMEM_MOVEABLE);
    printf("%s, size %d\n", (char *)GlobalLock(memory), (int)GlobalSize(memory));
    GlobalUnlock(memory);
    printf("freed: %p\n", GlobalFree(memory));
    return 0;
}
