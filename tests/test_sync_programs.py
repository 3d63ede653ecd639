"""Threads that wait for each other, as a program sees it. Expected output was checked on another implementation with
WINFS_TEST_RUNNER."""

from __future__ import annotations

from conftest import Compiler, Runner

PRELUDE = r"""
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <stdio.h>
static HANDLE start(LPTHREAD_START_ROUTINE function, void *argument)
{ return CreateThread(0, 0, function, argument, 0, 0); }
static void finish(HANDLE thread) { WaitForSingleObject(thread, INFINITE); CloseHandle(thread); }
#define SHOW(expression) printf("%s: %lld\n", #expression, (long long)(expression))
"""

WAITS = (
    PRELUDE
    + r"""
static HANDLE gate, turn, mutex, counts;
static volatile LONG woken;
static DWORD WINAPI at_gate(void *p) { WaitForSingleObject(gate, INFINITE); InterlockedIncrement(&woken); return 7; }
static DWORD WINAPI at_turn(void *p) { WaitForSingleObject(turn, INFINITE); InterlockedIncrement(&woken); return 0; }
static DWORD WINAPI take_and_die(void *p) { WaitForSingleObject(mutex, INFINITE); return 3; }
static DWORD WINAPI take_all(void *p) { HANDLE both[] = {turn, counts};
    return WaitForMultipleObjects(2, both, TRUE, INFINITE); }
int main(void)
{
    HANDLE threads[4]; DWORD code;
    gate = CreateEventA(0, TRUE, FALSE, 0); turn = CreateEventA(0, FALSE, FALSE, 0);
    mutex = CreateMutexA(0, FALSE, 0); counts = CreateSemaphoreA(0, 0, 10, 0);
    for (int i = 0; i < 4; ++i) threads[i] = start(at_gate, 0);
    Sleep(60);
    SHOW(woken);
    SetEvent(gate);
    SHOW(WaitForMultipleObjects(4, threads, TRUE, INFINITE));
    SHOW(woken);
    GetExitCodeThread(threads[2], &code); SHOW(code);
    woken = 0;
    for (int i = 0; i < 4; ++i) { CloseHandle(threads[i]); threads[i] = start(at_turn, 0); }
    Sleep(60);
    SetEvent(turn);
    DWORD first = WaitForMultipleObjects(4, threads, FALSE, INFINITE);
    Sleep(60);
    SHOW(first < 4); SHOW(woken);
    for (int i = 2; i <= 4; ++i) { SetEvent(turn); while (woken < i) Sleep(1); } /* one that is set stays set */
    SHOW(WaitForMultipleObjects(4, threads, TRUE, INFINITE)); SHOW(woken);
    SHOW(WaitForSingleObject(turn, 0));
    finish(start(take_and_die, 0));
    SHOW(WaitForSingleObject(mutex, 0)); SHOW(WaitForSingleObject(mutex, 0));
    SHOW(ReleaseMutex(mutex)); SHOW(ReleaseMutex(mutex)); SHOW(ReleaseMutex(mutex)); SHOW(GetLastError());
    HANDLE both = start(take_all, 0);
    Sleep(60);
    SetEvent(turn); Sleep(60);
    SHOW(WaitForSingleObject(both, 0)); SHOW(ReleaseSemaphore(counts, 2, 0));
    SHOW(WaitForSingleObject(both, INFINITE)); GetExitCodeThread(both, &code); SHOW(code);
    SHOW(WaitForSingleObject(turn, 0)); SHOW(WaitForSingleObject(counts, 0)); SHOW(WaitForSingleObject(counts, 0));
    DWORD before = GetTickCount();
    SHOW(WaitForSingleObject(turn, 100));
    DWORD took = GetTickCount() - before; SHOW(took >= 85);
    SHOW(WaitForSingleObject((HANDLE)0x7777, 0)); SHOW(GetLastError());
    HANDLE victim = start(at_turn, 0); Sleep(60);
    SHOW(TerminateThread(victim, 9)); SHOW(WaitForSingleObject(victim, INFINITE));
    GetExitCodeThread(victim, &code); SHOW(code);
    SetEvent(turn); SHOW(WaitForSingleObject(turn, 0));
    return 0;
}
"""
)

WAITS_OUTPUT = """woken: 0
WaitForMultipleObjects(4, threads, TRUE, INFINITE): 0
woken: 4
code: 7
first < 4: 1
woken: 1
WaitForMultipleObjects(4, threads, TRUE, INFINITE): 0
woken: 4
WaitForSingleObject(turn, 0): 258
WaitForSingleObject(mutex, 0): 128
WaitForSingleObject(mutex, 0): 0
ReleaseMutex(mutex): 1
ReleaseMutex(mutex): 1
ReleaseMutex(mutex): 0
GetLastError(): 288
WaitForSingleObject(both, 0): 258
ReleaseSemaphore(counts, 2, 0): 1
WaitForSingleObject(both, INFINITE): 0
code: 0
WaitForSingleObject(turn, 0): 258
WaitForSingleObject(counts, 0): 0
WaitForSingleObject(counts, 0): 258
WaitForSingleObject(turn, 100): 258
took >= 85: 1
WaitForSingleObject((HANDLE)0x7777, 0): 4294967295
GetLastError(): 6
TerminateThread(victim, 9): 1
WaitForSingleObject(victim, INFINITE): 0
code: 9
WaitForSingleObject(turn, 0): 0
"""

ALERTS = (
    PRELUDE
    + r"""
static volatile LONG calls; static ULONG_PTR last;
static void CALLBACK apc(ULONG_PTR data) { ++calls; last = data; }
static volatile LONG high_words, alerts;
static void CALLBACK tick(void *argument, DWORD low, DWORD high)
{ ++calls; last = (ULONG_PTR)argument; high_words += high != 0; }
/* An APC that comes before the thread begins runs at its beginning and ends no sleep. */
static DWORD WINAPI sleeper(void *begun) { SetEvent(begun); return SleepEx(INFINITE, TRUE); }
int main(void)
{
    DWORD code; LARGE_INTEGER due;
    HANDLE event = CreateEventA(0, TRUE, TRUE, 0);
    SHOW(QueueUserAPC(apc, GetCurrentThread(), 11) != 0); SHOW(QueueUserAPC(apc, GetCurrentThread(), 12) != 0);
    SHOW(calls); Sleep(1); SHOW(calls);
    SHOW(SleepEx(0, TRUE)); SHOW(calls); SHOW(last);
    SHOW(SleepEx(0, TRUE));
    HANDLE begun = CreateEventA(0, FALSE, FALSE, 0), thread = start(sleeper, begun);
    WaitForSingleObject(begun, INFINITE);
    SHOW(QueueUserAPC(apc, thread, 13) != 0);
    SHOW(WaitForSingleObject(thread, INFINITE)); GetExitCodeThread(thread, &code); SHOW(code); SHOW(calls); SHOW(last);
    SHOW(QueueUserAPC(apc, thread, 14)); SHOW(GetLastError());
    HANDLE timer = CreateWaitableTimerA(0, FALSE, 0);
    due.QuadPart = -200000; calls = 0;
    SHOW(SetWaitableTimer(timer, &due, 20, tick, (void *)77, FALSE));
    while (calls < 3) alerts += SleepEx(INFINITE, TRUE) != WAIT_IO_COMPLETION;
    SHOW(CancelWaitableTimer(timer)); SHOW(last); SHOW(high_words == calls); SHOW(alerts);
    CloseHandle(timer); timer = CreateWaitableTimerA(0, FALSE, 0); due.QuadPart = -36000000000;
    SHOW(SetWaitableTimer(timer, &due, 0, 0, 0, FALSE)); SHOW(WaitForSingleObject(timer, 0));
    due.QuadPart = -300000; SHOW(SetWaitableTimer(timer, &due, 0, 0, 0, FALSE));
    SHOW(WaitForSingleObject(timer, INFINITE)); SHOW(WaitForSingleObject(timer, 0));
    SHOW(SignalObjectAndWait(event, timer, 10, FALSE));
    return 0;
}
"""
)

ALERTS_OUTPUT = """QueueUserAPC(apc, GetCurrentThread(), 11) != 0: 1
QueueUserAPC(apc, GetCurrentThread(), 12) != 0: 1
calls: 0
calls: 0
SleepEx(0, TRUE): 192
calls: 2
last: 12
SleepEx(0, TRUE): 0
QueueUserAPC(apc, thread, 13) != 0: 1
WaitForSingleObject(thread, INFINITE): 0
code: 192
calls: 3
last: 13
QueueUserAPC(apc, thread, 14): 0
GetLastError(): 31
SetWaitableTimer(timer, &due, 20, tick, (void *)77, FALSE): 1
CancelWaitableTimer(timer): 1
last: 77
high_words == calls: 1
alerts: 0
SetWaitableTimer(timer, &due, 0, 0, 0, FALSE): 1
WaitForSingleObject(timer, 0): 258
SetWaitableTimer(timer, &due, 0, 0, 0, FALSE): 1
WaitForSingleObject(timer, INFINITE): 0
WaitForSingleObject(timer, 0): 258
SignalObjectAndWait(event, timer, 10, FALSE): 258
"""

PORTS = (
    PRELUDE
    + r"""
static HANDLE port; static volatile LONG sum;
static DWORD WINAPI worker(void *p)
{
    DWORD bytes; ULONG_PTR key; OVERLAPPED *overlapped;
    while (GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE) && key) InterlockedAdd(&sum, bytes);
    return 0;
}
int main(void)
{
    DWORD bytes = 9, code; ULONG_PTR key = 9; OVERLAPPED *overlapped = (void *)9; HANDLE threads[3];
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, 0, 0, 0);
    SHOW(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 10)); SHOW(GetLastError()); SHOW(overlapped == 0);
    for (int i = 0; i < 3; ++i) threads[i] = start(worker, 0);
    for (int i = 1; i <= 100; ++i) PostQueuedCompletionStatus(port, i, 1, 0);
    for (int i = 0; i < 3; ++i) PostQueuedCompletionStatus(port, 0, 0, 0);
    SHOW(WaitForMultipleObjects(3, threads, TRUE, INFINITE)); SHOW(sum);
    OVERLAPPED_ENTRY entries[4]; ULONG removed;
    for (int i = 0; i < 6; ++i) PostQueuedCompletionStatus(port, i, 5, (OVERLAPPED *)(ULONG_PTR)(i + 1));
    SHOW(GetQueuedCompletionStatusEx(port, entries, 4, &removed, 100, FALSE)); SHOW(removed);
    SHOW(entries[3].dwNumberOfBytesTransferred); SHOW((ULONG_PTR)entries[3].lpOverlapped);
    SHOW(GetQueuedCompletionStatusEx(port, entries, 4, &removed, 100, FALSE)); SHOW(removed);
    SHOW(GetQueuedCompletionStatusEx(port, entries, 4, &removed, 10, FALSE)); SHOW(GetLastError());
    return 0;
}
"""
)

PORTS_OUTPUT = """GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 10): 0
GetLastError(): 258
overlapped == 0: 1
WaitForMultipleObjects(3, threads, TRUE, INFINITE): 0
sum: 5050
GetQueuedCompletionStatusEx(port, entries, 4, &removed, 100, FALSE): 1
removed: 4
entries[3].dwNumberOfBytesTransferred: 3
(ULONG_PTR)entries[3].lpOverlapped: 4
GetQueuedCompletionStatusEx(port, entries, 4, &removed, 100, FALSE): 1
removed: 2
GetQueuedCompletionStatusEx(port, entries, 4, &removed, 10, FALSE): 0
GetLastError(): 258
"""

LEAVES = (
    PRELUDE
    + r"""
static CRITICAL_SECTION section; static SRWLOCK lock = SRWLOCK_INIT; static CONDITION_VARIABLE filled;
static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static volatile LONG word; static int shared, items, inits;
static BOOL CALLBACK initialise(INIT_ONCE *o, void *p, void **c) { ++inits; Sleep(10); return TRUE; }
static DWORD WINAPI adder(void *p)
{
    InitOnceExecuteOnce(&once, initialise, 0, 0);
    for (int i = 0; i < 2000; ++i) { EnterCriticalSection(&section); ++shared; LeaveCriticalSection(&section); }
    for (int i = 0; i < 2000; ++i) { AcquireSRWLockExclusive(&lock); ++shared; ReleaseSRWLockExclusive(&lock); }
    return 0;
}
static DWORD WINAPI consumer(void *p)
{
    EnterCriticalSection(&section);
    while (items == 0) SleepConditionVariableCS(&filled, &section, INFINITE);
    --items;
    LeaveCriticalSection(&section);
    return 0;
}
static DWORD WINAPI watcher(void *p)
{ LONG old = 0; while (word == 0) WaitOnAddress(&word, &old, 4, INFINITE); return word; }
int main(void)
{
    HANDLE threads[4]; DWORD code; LONG old = 0;
    InitializeCriticalSection(&section); InitializeConditionVariable(&filled);
    for (int i = 0; i < 4; ++i) threads[i] = start(adder, 0);
    SHOW(WaitForMultipleObjects(4, threads, TRUE, INFINITE)); SHOW(shared); SHOW(inits);
    for (int i = 0; i < 3; ++i) threads[i] = start(consumer, 0);
    Sleep(20);
    for (int i = 0; i < 3; ++i)
    { EnterCriticalSection(&section); ++items; LeaveCriticalSection(&section); WakeConditionVariable(&filled); }
    SHOW(WaitForMultipleObjects(3, threads, TRUE, INFINITE)); SHOW(items);
    SHOW(WaitOnAddress(&word, &old, 4, 20)); SHOW(GetLastError());
    for (int i = 0; i < 3; ++i) threads[i] = start(watcher, 0);
    Sleep(20); word = 5; WakeByAddressAll((void *)&word);
    SHOW(WaitForMultipleObjects(3, threads, TRUE, INFINITE)); GetExitCodeThread(threads[1], &code); SHOW(code);
    return 0;
}
"""
)

LEAVES_OUTPUT = """WaitForMultipleObjects(4, threads, TRUE, INFINITE): 0
shared: 16000
inits: 1
WaitForMultipleObjects(3, threads, TRUE, INFINITE): 0
items: 0
WaitOnAddress(&word, &old, 4, 20): 0
GetLastError(): 1460
WaitForMultipleObjects(3, threads, TRUE, INFINITE): 0
code: 5
"""


def check(winfs: Runner, compile_c: Compiler, source: str, expected: str) -> None:
    done = winfs("run", compile_c(source, "-lapi-ms-win-core-synch-l1-2-0"))
    assert done.stdout.decode().replace("\r\n", "\n") == expected, done.stderr.decode()
    assert done.returncode == 0


def test_waits_between_threads(winfs: Runner, compile_c: Compiler) -> None:
    check(winfs, compile_c, WAITS, WAITS_OUTPUT)


def test_apcs_and_timers(winfs: Runner, compile_c: Compiler) -> None:
    check(winfs, compile_c, ALERTS, ALERTS_OUTPUT)


def test_completion_ports_between_threads(winfs: Runner, compile_c: Compiler) -> None:
    check(winfs, compile_c, PORTS, PORTS_OUTPUT)


def test_locks_conditions_and_addresses_under_contention(winfs: Runner, compile_c: Compiler) -> None:
    check(winfs, compile_c, LEAVES, LEAVES_OUTPUT)


SPECIAL = (
    PRELUDE
    + r"""
LONG NTAPI NtTestAlert(void);
static volatile LONG sum;
static void CALLBACK apc(ULONG_PTR data) { sum += data; }
static DWORD WINAPI spin(void *p) { while (!sum) continue; return sum; }
int main(void)
{
    DWORD code;
    BOOL(WINAPI *queue)(PAPCFUNC, HANDLE, ULONG_PTR, int) =
        (void *)GetProcAddress(GetModuleHandleA("kernel32"), "QueueUserAPC2");
    QueueUserAPC(apc, GetCurrentThread(), 5); SHOW(sum);
    SHOW(NtTestAlert()); SHOW(sum);
    sum = 0;
    HANDLE thread = start(spin, 0);
    Sleep(20);
    SHOW(queue(apc, thread, 3, 1)); SHOW(WaitForSingleObject(thread, INFINITE));
    GetExitCodeThread(thread, &code); SHOW(code);
    return 0;
}
"""
)

SPECIAL_OUTPUT = """sum: 0
NtTestAlert(): 0
sum: 5
queue(apc, thread, 3, 1): 1
WaitForSingleObject(thread, INFINITE): 0
code: 3
"""


def test_special_apc_reaches_a_thread_that_never_waits(winfs: Runner, compile_c: Compiler) -> None:
    done = winfs("run", compile_c(SPECIAL, "-lntdll"))
    assert done.stdout.decode().replace("\r\n", "\n") == SPECIAL_OUTPUT, done.stderr.decode()
