/* Fibers with their own stacks and storage, fiber local storage callbacks, thread local storage slots. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <stdio.h>
static void *main_fiber, *fibers[2];
static DWORD slot;
static void WINAPI freed(void *value) { printf("freed %d\n", (int)(size_t)value); }
static void WINAPI work(void *parameter)
{
    double number = 1.5;
    int me = (int)(size_t)parameter;
    FlsSetValue(slot, (void *)(size_t)(100 + me));
    for (int i = 0; i < 3; ++i) {
        number *= 2;
        printf("fiber %d round %d: data %d, storage %d, number %g\n", me, i, (int)(size_t)GetFiberData(), (int)(size_t)FlsGetValue(slot), number);
        SwitchToFiber(i == 2 ? main_fiber : fibers[1 - me]);
    }
    SwitchToFiber(main_fiber);
}
static void WINAPI raises(void *parameter)
{
    __try { RaiseException(0xE0000001, 0, 0, 0); } __except (1) { printf("caught on a fiber\n"); }
    SwitchToFiber(main_fiber);
}
static DWORD WINAPI thread(void *p) { FlsSetValue(slot, (void *)55); return 0; }
int main(void)
{
    setvbuf(stdout, 0, _IONBF, 0);
    slot = FlsAlloc(freed);
    printf("fiber: %d\n", IsThreadAFiber());
    main_fiber = ConvertThreadToFiber((void *)9);
    printf("fiber: %d, current: %d, again: %p error %lu\n", IsThreadAFiber(), GetCurrentFiber() == main_fiber, ConvertThreadToFiber(0), GetLastError());
    for (size_t i = 0; i < 2; ++i) fibers[i] = CreateFiber(i ? 0x40000 : 0, work, (void *)i);
    FlsSetValue(slot, (void *)1);
    SwitchToFiber(fibers[0]);
    printf("main: data %d, storage %d\n", (int)(size_t)GetFiberData(), (int)(size_t)FlsGetValue(slot));
    SwitchToFiber(fibers[1]);
    DeleteFiber(fibers[0]);
    void *other = CreateFiber(0, raises, 0);
    SwitchToFiber(other);
    DeleteFiber(other);
    WaitForSingleObject(CreateThread(0, 0, thread, 0, 0, 0), INFINITE);
    printf("freeing the slot\n");
    FlsFree(slot);
    printf("converted back: %d\n", ConvertFiberToThread());
    DWORD slots[1100];
    int count = 0, zero = 1;
    while (count < 1100 && (slots[count] = TlsAlloc()) != TLS_OUT_OF_INDEXES) { TlsSetValue(slots[count], (void *)(size_t)(count + 1)); ++count; }
    for (int i = 0; i < count; ++i) zero &= TlsGetValue(slots[i]) == (void *)(size_t)(i + 1);
    printf("slots beyond a thousand: %d, values kept: %d\n", count > 1000, zero);
    TlsFree(slots[70]);
    printf("reused: %d, zero: %d\n", TlsAlloc() == slots[70], TlsGetValue(slots[70]) == 0);
    printf("bad slot: %d error %lu\n", TlsSetValue(5000, 0), GetLastError());
    return 0;
}
