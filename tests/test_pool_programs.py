"""Thread pools and the older interfaces on top of them, as programs use them. Expected output was checked on another
implementation with WINFS_TEST_RUNNER."""

from __future__ import annotations

from conftest import Compiler, Runner

PRELUDE = r"""
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <stdio.h>
#define SHOW(expression) printf("%s: %lld\n", #expression, (long long)(expression))
static volatile LONG count, most, now;
"""

MODERN = (
    PRELUDE
    + r"""
static HANDLE done;
static void CALLBACK work(PTP_CALLBACK_INSTANCE i, void *context, PTP_WORK w) { InterlockedIncrement(&count); }
static void CALLBACK blocked(PTP_CALLBACK_INSTANCE i, void *context, PTP_WORK w)
{ if (InterlockedIncrement(&count) == 4) SetEvent(done); WaitForSingleObject(done, INFINITE); }
static void CALLBACK simple(PTP_CALLBACK_INSTANCE i, void *context) { SetEventWhenCallbackReturns(i, context); }
static void CALLBACK tick(PTP_CALLBACK_INSTANCE i, void *context, PTP_TIMER t)
{ if (InterlockedIncrement(&count) == 3) SetEvent(done); }
static void CALLBACK waited(PTP_CALLBACK_INSTANCE i, void *context, PTP_WAIT w, TP_WAIT_RESULT result)
{ printf("wait result %d\n", (int)result); fflush(stdout); SetEvent(done); }
static void CALLBACK slow(PTP_CALLBACK_INSTANCE i, void *context, PTP_WORK w)
{ Sleep(20); InterlockedIncrement(&count); }
static void CALLBACK cancelled(void *object, void *cleanup) { SHOW((INT_PTR)object); SHOW((INT_PTR)cleanup); }
int main(void)
{
    done = CreateEventA(0, FALSE, FALSE, 0);
    PTP_WORK w = CreateThreadpoolWork(work, 0, 0);
    for (int i = 0; i < 500; ++i) SubmitThreadpoolWork(w);
    WaitForThreadpoolWorkCallbacks(w, FALSE);
    SHOW(count);
    CloseThreadpoolWork(w);
    CloseHandle(done); done = CreateEventA(0, TRUE, FALSE, 0); count = 0;
    w = CreateThreadpoolWork(blocked, 0, 0);
    for (int i = 0; i < 4; ++i) SubmitThreadpoolWork(w);
    WaitForThreadpoolWorkCallbacks(w, FALSE);
    SHOW(count);
    CloseThreadpoolWork(w);
    ResetEvent(done);
    SHOW(TrySubmitThreadpoolCallback(simple, done, 0)); SHOW(WaitForSingleObject(done, INFINITE)); ResetEvent(done);
    PTP_TIMER timer = CreateThreadpoolTimer(tick, 0, 0);
    ULARGE_INTEGER due; due.QuadPart = (ULONGLONG)-100000; FILETIME when = {due.LowPart, due.HighPart};
    count = 0;
    SHOW(IsThreadpoolTimerSet(timer));
    SetThreadpoolTimer(timer, &when, 10, 0);
    SHOW(IsThreadpoolTimerSet(timer)); SHOW(WaitForSingleObject(done, INFINITE)); ResetEvent(done);
    SetThreadpoolTimer(timer, 0, 0, 0);
    WaitForThreadpoolTimerCallbacks(timer, TRUE);
    SHOW(IsThreadpoolTimerSet(timer));
    CloseThreadpoolTimer(timer);
    HANDLE event = CreateEventA(0, FALSE, FALSE, 0);
    PTP_WAIT wait = CreateThreadpoolWait(waited, 0, 0);
    SetThreadpoolWait(wait, event, 0);
    SetEvent(event);
    SHOW(WaitForSingleObject(done, INFINITE)); ResetEvent(done);
    SetThreadpoolWait(wait, event, &when);
    SHOW(WaitForSingleObject(done, INFINITE)); ResetEvent(done);
    SetThreadpoolWait(wait, event, 0);
    SetThreadpoolWait(wait, 0, 0);
    WaitForThreadpoolWaitCallbacks(wait, TRUE);
    SetEvent(event);
    SHOW(WaitForSingleObject(done, 30));
    CloseThreadpoolWait(wait);
    PTP_POOL pool = CreateThreadpool(0);
    SetThreadpoolThreadMaximum(pool, 1); SHOW(SetThreadpoolThreadMinimum(pool, 1));
    TP_CALLBACK_ENVIRON environment; InitializeThreadpoolEnvironment(&environment);
    PTP_CLEANUP_GROUP group = CreateThreadpoolCleanupGroup();
    SetThreadpoolCallbackPool(&environment, pool);
    SetThreadpoolCallbackCleanupGroup(&environment, group, cancelled);
    count = 0;
    w = CreateThreadpoolWork(slow, (void *)5, &environment);
    for (int i = 0; i < 3; ++i) SubmitThreadpoolWork(w);
    CloseThreadpoolCleanupGroupMembers(group, FALSE, 0);
    SHOW(count);
    w = CreateThreadpoolWork(slow, (void *)6, &environment);
    CloseThreadpoolCleanupGroupMembers(group, TRUE, (void *)7);
    CloseThreadpoolCleanupGroup(group);
    CloseThreadpool(pool);
    return 0;
}
"""
)

MODERN_OUTPUT = """count: 500
count: 4
TrySubmitThreadpoolCallback(simple, done, 0): 1
WaitForSingleObject(done, INFINITE): 0
IsThreadpoolTimerSet(timer): 0
IsThreadpoolTimerSet(timer): 1
WaitForSingleObject(done, INFINITE): 0
IsThreadpoolTimerSet(timer): 0
wait result 0
WaitForSingleObject(done, INFINITE): 0
wait result 258
WaitForSingleObject(done, INFINITE): 0
WaitForSingleObject(done, 30): 258
SetThreadpoolThreadMinimum(pool, 1): 1
count: 3
(INT_PTR)object: 6
(INT_PTR)cleanup: 7
"""

OLD = (
    PRELUDE
    + r"""
static HANDLE done;
static DWORD WINAPI item(void *context)
{ if (InterlockedIncrement(&count) == (INT_PTR)context) SetEvent(done); return 0; }
static volatile LONG timer_fired = 9;
static void CALLBACK fired(void *context, BOOLEAN timer) { timer_fired = timer; SetEvent(done); }
static void CALLBACK quiet(void *context, BOOLEAN timer)
{ if (InterlockedIncrement(&count) == 3) SetEvent(done); }
int main(void)
{
    HANDLE wait, timer, queue, event = CreateEventA(0, FALSE, FALSE, 0);
    done = CreateEventA(0, FALSE, FALSE, 0);
    for (int i = 0; i < 50; ++i) QueueUserWorkItem(item, (void *)50, WT_EXECUTEDEFAULT);
    SHOW(WaitForSingleObject(done, INFINITE));
    SHOW(RegisterWaitForSingleObject(&wait, event, fired, 0, INFINITE, WT_EXECUTEDEFAULT));
    SetEvent(event); SHOW(WaitForSingleObject(done, INFINITE)); SHOW(timer_fired); timer_fired = 9;
    SetEvent(event); SHOW(WaitForSingleObject(done, INFINITE)); SHOW(timer_fired);
    SHOW(UnregisterWaitEx(wait, INVALID_HANDLE_VALUE));
    SetEvent(event); SHOW(WaitForSingleObject(done, 30)); ResetEvent(event);
    SHOW(RegisterWaitForSingleObject(&wait, event, fired, 0, 10, WT_EXECUTEONLYONCE));
    SHOW(WaitForSingleObject(done, INFINITE)); SHOW(timer_fired); SHOW(WaitForSingleObject(done, 40));
    SHOW(UnregisterWaitEx(wait, INVALID_HANDLE_VALUE));
    queue = CreateTimerQueue(); SHOW(queue != 0);
    count = 0;
    SHOW(CreateTimerQueueTimer(&timer, queue, quiet, 0, 5, 5, WT_EXECUTEDEFAULT));
    SHOW(WaitForSingleObject(done, INFINITE));
    SHOW(DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE));
    LONG seen = count; Sleep(40); SHOW(count == seen);
    count = 2;
    SHOW(CreateTimerQueueTimer(&timer, queue, quiet, 0, 100000, 0, WT_EXECUTEONLYONCE));
    SHOW(ChangeTimerQueueTimer(queue, timer, 5, 0)); SHOW(WaitForSingleObject(done, INFINITE));
    SHOW(CreateTimerQueueTimer(&timer, 0, quiet, 0, 100000, 0, WT_EXECUTEDEFAULT));
    SHOW(DeleteTimerQueueTimer(0, timer, INVALID_HANDLE_VALUE));
    SHOW(DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE));
    return 0;
}
"""
)

OLD_OUTPUT = """WaitForSingleObject(done, INFINITE): 0
RegisterWaitForSingleObject(&wait, event, fired, 0, INFINITE, WT_EXECUTEDEFAULT): 1
WaitForSingleObject(done, INFINITE): 0
timer_fired: 0
WaitForSingleObject(done, INFINITE): 0
timer_fired: 0
UnregisterWaitEx(wait, INVALID_HANDLE_VALUE): 1
WaitForSingleObject(done, 30): 258
RegisterWaitForSingleObject(&wait, event, fired, 0, 10, WT_EXECUTEONLYONCE): 1
WaitForSingleObject(done, INFINITE): 0
timer_fired: 1
WaitForSingleObject(done, 40): 258
UnregisterWaitEx(wait, INVALID_HANDLE_VALUE): 1
queue != 0: 1
CreateTimerQueueTimer(&timer, queue, quiet, 0, 5, 5, WT_EXECUTEDEFAULT): 1
WaitForSingleObject(done, INFINITE): 0
DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE): 1
count == seen: 1
CreateTimerQueueTimer(&timer, queue, quiet, 0, 100000, 0, WT_EXECUTEONLYONCE): 1
ChangeTimerQueueTimer(queue, timer, 5, 0): 1
WaitForSingleObject(done, INFINITE): 0
CreateTimerQueueTimer(&timer, 0, quiet, 0, 100000, 0, WT_EXECUTEDEFAULT): 1
DeleteTimerQueueTimer(0, timer, INVALID_HANDLE_VALUE): 1
DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE): 1
"""


INPUT_OUTPUT = (
    PRELUDE
    + r"""
static HANDLE done;
static void CALLBACK complete(PTP_CALLBACK_INSTANCE i, void *context, void *overlapped, ULONG result,
                              ULONG_PTR bytes, PTP_IO io)
{ SHOW(result); SHOW(bytes); SHOW((INT_PTR)context); fflush(stdout); SetEvent(done); }
static void CALLBACK bound(DWORD result, DWORD bytes, OVERLAPPED *overlapped)
{ SHOW(result); SHOW(bytes); fflush(stdout); SetEvent(done); }
static HANDLE open(void)
{ return CreateFileA("data.bin", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, 0, OPEN_ALWAYS,
                     FILE_FLAG_OVERLAPPED, 0); }
static BOOL started(BOOL result) { return result || GetLastError() == ERROR_IO_PENDING; }
int main(void)
{
    OVERLAPPED overlapped = {0}; char buffer[100] = "hello";
    done = CreateEventA(0, FALSE, FALSE, 0);
    HANDLE file = open();
    PTP_IO io = CreateThreadpoolIo(file, complete, (void *)9, 0);
    SHOW(io != 0);
    StartThreadpoolIo(io);
    SHOW(started(WriteFile(file, buffer, 5, 0, &overlapped))); SHOW(WaitForSingleObject(done, INFINITE));
    WaitForThreadpoolIoCallbacks(io, FALSE);
    StartThreadpoolIo(io);
    SHOW(started(ReadFile(file, buffer, 100, 0, &overlapped))); SHOW(WaitForSingleObject(done, INFINITE));
    WaitForThreadpoolIoCallbacks(io, FALSE);
    CloseHandle(file);
    CloseThreadpoolIo(io);
    file = open();
    SHOW(BindIoCompletionCallback(file, bound, 0));
    SHOW(started(ReadFile(file, buffer, 3, 0, &overlapped))); SHOW(WaitForSingleObject(done, INFINITE));
    SHOW(BindIoCompletionCallback((HANDLE)0x7777, bound, 0)); SHOW(GetLastError());
    return 0;
}
"""
)

INPUT_OUTPUT_OUTPUT = """io != 0: 1
result: 0
bytes: 5
(INT_PTR)context: 9
started(WriteFile(file, buffer, 5, 0, &overlapped)): 1
WaitForSingleObject(done, INFINITE): 0
result: 0
bytes: 5
(INT_PTR)context: 9
started(ReadFile(file, buffer, 100, 0, &overlapped)): 1
WaitForSingleObject(done, INFINITE): 0
BindIoCompletionCallback(file, bound, 0): 1
result: 0
bytes: 3
started(ReadFile(file, buffer, 3, 0, &overlapped)): 1
WaitForSingleObject(done, INFINITE): 0
BindIoCompletionCallback((HANDLE)0x7777, bound, 0): 0
GetLastError(): 6
"""


def check(winfs: Runner, compile_c: Compiler, source: str, expected: str) -> None:
    done = winfs("run", compile_c(source))
    assert done.stdout.decode().replace("\r\n", "\n") == expected, done.stderr.decode()
    assert done.returncode == 0


def test_thread_pool(winfs: Runner, compile_c: Compiler) -> None:
    check(winfs, compile_c, MODERN, MODERN_OUTPUT)


def test_work_items_registered_waits_and_timer_queues(winfs: Runner, compile_c: Compiler) -> None:
    check(winfs, compile_c, OLD, OLD_OUTPUT)


def test_files_bound_to_a_pool(winfs: Runner, compile_c: Compiler) -> None:
    done = winfs("run", compile_c(INPUT_OUTPUT))
    # A callback may print before or after the call that started it has returned.
    assert sorted(done.stdout.decode().splitlines()) == sorted(INPUT_OUTPUT_OUTPUT.splitlines()), done.stderr.decode()
    assert done.returncode == 0
