/* A process ends although its other threads are in the middle of the heap and of critical sections. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
static CRITICAL_SECTION section;
static DWORD WINAPI busy(void *parameter)
{
    for (;;) {
        free(malloc(50));
        EnterCriticalSection(&section);
        for (volatile int i = 0; i < 200; ++i) {}
        LeaveCriticalSection(&section);
    }
}
static void WINAPI last_words(void *value)
{
    free(malloc(10));
    EnterCriticalSection(&section);
    LeaveCriticalSection(&section);
}
int main(void)
{
    InitializeCriticalSection(&section);
    FlsSetValue(FlsAlloc(last_words), (void *)1);
    for (int i = 0; i < 4; ++i) CreateThread(0, 0, busy, 0, 0, 0);
    Sleep(20);
    printf("bye\n");
    return 0;
}
