"""Threads and exceptions as programs see them.

Expected output was checked on another implementation with WINFS_TEST_RUNNER, except where a test says otherwise.
"""

from __future__ import annotations

from conftest import Compiler, Runner

PRELUDE = r"""
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <stdio.h>
#define SHOW(expression) printf("%s: %lld\n", #expression, (long long)(expression))
static DWORD join(HANDLE thread)
{
    DWORD code = 0;
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    return code;
}
static HANDLE start(LPTHREAD_START_ROUTINE function, void *argument)
{ return CreateThread(0, 0, function, argument, 0, 0); }
"""


def output(compile_c: Compiler, winfs: Runner, source: str) -> list[str]:
    """Run a program that must end with 0; return its output line by line."""
    done = winfs("run", compile_c(PRELUDE + source))
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout.decode().splitlines()


def values(compile_c: Compiler, winfs: Runner, source: str) -> list[str]:
    """What follows the last blank of each line."""
    return [line.rpartition(" ")[2] for line in output(compile_c, winfs, source)]


PARAMETERS = r"""
static DWORD WINAPI echo(void *p) { return (DWORD)(size_t)p + 1; }
static DWORD WINAPI exits(void *p) { ExitThread(77); return 1; }
static DWORD WINAPI waits(void *p) { Sleep(INFINITE); return 1; }
static DWORD WINAPI misaligned(void *p) { size_t here; __asm__("movq %%rsp, %0" : "=r"(here)); return here & 7; }
int main(void)
{
    DWORD id, code;
    HANDLE thread = CreateThread(0, 0, echo, (void *)0xFFFFFFFF41ull, 0, &id);
    SHOW(id == GetThreadId(thread)); SHOW(id % 4); SHOW(id != GetCurrentThreadId());
    SHOW(join(thread) == 0xFFFFFF42);
    SHOW(join(start(exits, 0))); SHOW(join(start(misaligned, 0)));
    thread = start(waits, 0);
    SHOW(GetExitCodeThread(thread, &code)); SHOW(code); SHOW(WaitForSingleObject(thread, 0));
    SHOW(TerminateThread(thread, 33)); SHOW(join(thread));
    thread = CreateThread(0, 0, waits, 0, CREATE_SUSPENDED, 0);
    SHOW(TerminateThread(thread, 34)); SHOW(join(thread));
    return 0;
}
"""


def test_threads_get_their_parameter_and_leave_their_exit_code(compile_c: Compiler, winfs: Runner) -> None:
    assert values(compile_c, winfs, PARAMETERS) == [
        "1", "0", "1", "1", "77", "0", "1", "259", "258", "1", "33", "1", "34",
    ]  # fmt: skip


SUSPENSION = r"""
static volatile LONG count, stop;
static DWORD WINAPI counting(void *p) { while (!stop) ++count; return 5; }
int main(void)
{
    HANDLE thread = CreateThread(0, 0, counting, 0, CREATE_SUSPENDED, 0);
    Sleep(50); SHOW(count); SHOW(SuspendThread(thread)); SHOW(ResumeThread(thread)); SHOW(ResumeThread(thread));
    while (!count) Sleep(1);
    SHOW(ResumeThread(thread));
    SHOW(SuspendThread(thread)); SHOW(SuspendThread(thread));
    CONTEXT context = {.ContextFlags = CONTEXT_ALL};
    SHOW(GetThreadContext(thread, &context));
    LONG before = count; Sleep(60); SHOW(count == before);
    SHOW(ResumeThread(thread)); Sleep(20); SHOW(count == before); SHOW(ResumeThread(thread));
    while (count == before) Sleep(1);
    SHOW(count != before);
    stop = 1; SHOW(join(thread));
    thread = CreateThread(0, 0, counting, 0, CREATE_SUSPENDED, 0);
    for (int i = 0; i < 126; ++i) SuspendThread(thread);
    SHOW(SuspendThread(thread) == (DWORD)-1); SHOW(GetLastError());
    TerminateThread(thread, 0);
    return 0;
}
"""


def test_suspend_counts_nest(compile_c: Compiler, winfs: Runner) -> None:
    assert values(compile_c, winfs, SUSPENSION) == [
        "0", "1", "2", "1", "0", "0", "1", "1", "1", "2", "1", "1", "1", "5", "1", "156",
    ]  # fmt: skip


CONTEXTS = r"""
static volatile LONG stop, reached, turns;
static __attribute__((noinline)) void spin(void) { while (!stop) ++turns; }
static DWORD WINAPI spinning(void *p) { spin(); return 1; }
static DWORD WINAPI elsewhere(void *p) { reached = (LONG)(size_t)p; ExitThread(9); return 0; }
static void __attribute__((noreturn)) target(int value, int other)
{ elsewhere((void *)(size_t)(value + other)); for (;;) ; }
int main(void)
{
    HANDLE thread = start(spinning, 0);
    while (!turns) Sleep(1);
    SHOW(SuspendThread(thread));
    CONTEXT context = {.ContextFlags = CONTEXT_FULL};
    SHOW(GetThreadContext(thread, &context));
    SHOW(context.Rip >= (size_t)spin - 0x1000 && context.Rip < (size_t)spin + 0x1000);
    SHOW(context.SegCs == 0x33); SHOW(context.SegSs == 0x2B); SHOW(context.Rsp != 0);
    context.Rip = (size_t)target; context.Rcx = 40; context.Rdx = 2; context.Rsp = (context.Rsp & ~15ull) - 8 - 64;
    SHOW(SetThreadContext(thread, &context));
    CONTEXT again = {.ContextFlags = CONTEXT_FULL};
    SHOW(GetThreadContext(thread, &again)); SHOW(again.Rip == context.Rip); SHOW(again.Rdx);
    SHOW(ResumeThread(thread));
    SHOW(join(thread)); SHOW(reached);
    thread = CreateThread(0, 0, spinning, (void *)0x1234, CREATE_SUSPENDED, 0);
    SHOW(GetThreadContext(thread, &context)); SHOW(context.Rcx == (size_t)spinning); SHOW(context.Rdx);
    TerminateThread(thread, 0);
    return 0;
}
"""


def test_the_context_of_a_suspended_thread_is_read_and_changed(compile_c: Compiler, winfs: Runner) -> None:
    assert values(compile_c, winfs, CONTEXTS) == [
        "0", "1", "1", "1", "1", "1", "1", "1", "1", "2", "1", "9", "42", "1", "1", "4660",
    ]  # fmt: skip


STACKS = r"""
#include <malloc.h>
static volatile int depth;
static char *limit(void) { return ((NT_TIB *)NtCurrentTeb())->StackLimit; }
static __attribute__((noinline)) int deep(int count)
{
    volatile char room[3000];
    room[0] = (char)count;
    return count ? deep(count - 1) + room[0] : 0;
}
static DWORD WINAPI grows(void *p)
{
    char *before = limit();
    deep(100);
    MEMORY_BASIC_INFORMATION info;
    VirtualQuery(limit(), &info, sizeof info);
    char *base = ((NT_TIB *)NtCurrentTeb())->StackBase;
    printf("%d %d", limit() < before, info.AllocationBase < (void *)limit());
    printf(" %d %lx\n", (size_t)(base - (char *)info.AllocationBase) == (size_t)p, info.Protect);
    VirtualQuery(limit() - 1, &info, sizeof info);
    printf("guard %d\n", info.Protect == (PAGE_READWRITE | PAGE_GUARD));
    return 0;
}
int main(void)
{
    join(CreateThread(0, 0, grows, (void *)0x100000, 0, 0));
    join(CreateThread(0, 0x400000, grows, (void *)0x400000, STACK_SIZE_PARAM_IS_A_RESERVATION, 0));
    char *big = alloca(600000); big[0] = 1; big[599999] = 2; printf("%d\n", big[0] + big[599999]);
    return 0;
}
"""


def test_stacks_grow_page_by_page_within_their_reserve(compile_c: Compiler, winfs: Runner) -> None:
    """The stack of a thread without a size is that of the program's header: 1 MiB here."""
    lines = output_with(compile_c, winfs, STACKS, "-Wl,--stack,0x100000")
    assert lines == ["1 1 1 4", "guard 1", "1 1 1 4", "guard 1", "3"]


def output_with(compile_c: Compiler, winfs: Runner, source: str, *flags: str) -> list[str]:
    done = winfs("run", compile_c(PRELUDE + source, *flags))
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout.decode().splitlines()


OVERFLOW = r"""
#include <setjmp.h>
static __thread jmp_buf back;
static volatile LONG code; static volatile LONG inside;
static __attribute__((noinline)) int endless(int count)
{ volatile char room[1000]; room[0] = (char)count; return endless(count + 1) + room[0]; }
static LONG CALLBACK handler(EXCEPTION_POINTERS *info)
{
    if (info->ExceptionRecord->ExceptionCode != STATUS_STACK_OVERFLOW) return EXCEPTION_CONTINUE_SEARCH;
    code = info->ExceptionRecord->ExceptionCode;
    char *low = ((NT_TIB *)NtCurrentTeb())->StackLimit;
    inside = (char *)info->ExceptionRecord->ExceptionInformation[1] >= low - 0x4000;
    longjmp(back, 1);
}
static DWORD WINAPI overflows(void *p)
{
    if (!setjmp(back)) endless(0);
    return 3;
}
int main(void)
{
    AddVectoredExceptionHandler(1, handler);
    SHOW(join(start(overflows, 0))); SHOW(code == STATUS_STACK_OVERFLOW); SHOW(inside);
    SHOW(join(start(overflows, 0)));
    return 0;
}
"""


def test_a_stack_overflow_is_an_exception_with_room_for_its_handler(compile_c: Compiler, winfs: Runner) -> None:
    assert values(compile_c, winfs, OVERFLOW) == ["3", "1", "1", "3"]


STARVING = r"""
static volatile LONG stop;
static DWORD WINAPI spins(void *p) { while (!stop) { } return 1; }
static DWORD WINAPI works(void *p) { LONG *done = p; for (int i = 0; i < 20; ++i) { Sleep(1); ++*done; } return 2; }
int main(void)
{
    volatile LONG done = 0;
    HANDLE spinners[3];
    for (int i = 0; i < 3; ++i) spinners[i] = start(spins, 0);
    HANDLE worker = start(works, (void *)&done);
    SHOW(WaitForSingleObject(worker, INFINITE)); SHOW(done);
    stop = 1;
    SHOW(WaitForMultipleObjects(3, spinners, TRUE, INFINITE));
    return 0;
}
"""


def test_spinning_threads_do_not_starve_others(compile_c: Compiler, winfs: Runner) -> None:
    assert values(compile_c, winfs, STARVING) == ["0", "20", "0"]


LAST_ERROR = r"""
static HANDLE turn, other;
static DWORD WINAPI fails(void *p)
{
    DWORD first = GetLastError();
    SetLastError(200); SetEvent(turn); WaitForSingleObject(other, INFINITE);
    return first * 1000 + GetLastError();
}
int main(void)
{
    turn = CreateEventA(0, FALSE, FALSE, 0); other = CreateEventA(0, FALSE, FALSE, 0);
    SetLastError(100);
    HANDLE thread = start(fails, 0);
    WaitForSingleObject(turn, INFINITE);
    SetLastError(100); SetEvent(other);
    SHOW(join(thread)); SetLastError(101); SHOW(GetLastError());
    return 0;
}
"""


def test_every_thread_has_its_own_last_error(compile_c: Compiler, winfs: Runner) -> None:
    assert values(compile_c, winfs, LAST_ERROR) == ["200", "101"]


CRASH = r"""
int main(int argc, char **argv) { printf("before\n"); fflush(stdout); *(volatile int *)0x10 = 1; return 0; }
"""


def test_an_unhandled_exception_ends_the_process_with_its_status_and_a_report(
    compile_c: Compiler, winfs: Runner
) -> None:
    """The exit status of a host process has eight bits; --verbose tells the whole code."""
    done = winfs("run", "--verbose", compile_c(PRELUDE + CRASH))
    assert done.stdout == b"before\r\n"
    assert done.returncode not in (0, 1)
    report = done.stderr.decode().lower()
    assert "c0000005" in report
    assert "program.exe" in report
    assert "traceback" not in report


CRASHING_THREAD = r"""
static DWORD WINAPI crashes(void *p) { RaiseException(0xE0001234, 0, 0, 0); return 0; }
int main(void) { WaitForSingleObject(start(crashes, 0), INFINITE); Sleep(60000); printf("survived\n"); return 0; }
"""


def test_an_unhandled_exception_of_any_thread_ends_the_process(compile_c: Compiler, winfs: Runner) -> None:
    done = winfs("run", "--verbose", compile_c(PRELUDE + CRASHING_THREAD))
    assert done.returncode != 0
    assert b"survived" not in done.stdout
    assert b"e0001234" in done.stderr.lower()


FAULTS = r"""
static EXCEPTION_RECORD seen; static unsigned char *page;
static LONG CALLBACK handler(EXCEPTION_POINTERS *info)
{
    seen = *info->ExceptionRecord;
    if (seen.ExceptionCode != STATUS_ACCESS_VIOLATION) return EXCEPTION_CONTINUE_SEARCH;
    DWORD old;
    if (seen.ExceptionInformation[0] == 8) info->ContextRecord->Rip = *(size_t *)info->ContextRecord->Rsp,
                                           info->ContextRecord->Rsp += 8;
    else VirtualProtect(page, 0x1000, PAGE_READWRITE, &old);
    return EXCEPTION_CONTINUE_EXECUTION;
}
static void show(const char *what)
{
    printf("%s %lx %lu %llu %lld\n", what, seen.ExceptionCode, seen.NumberParameters, seen.ExceptionInformation[0],
           (long long)(seen.ExceptionInformation[1] - (size_t)page));
}
int main(void)
{
    DWORD old;
    page = VirtualAlloc(0, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_NOACCESS);
    AddVectoredExceptionHandler(1, handler);
    printf("value %d\n", page[0x123]); show("read");
    VirtualProtect(page, 0x1000, PAGE_READONLY, &old);
    page[0x456] = 7; show("write"); printf("value %d\n", page[0x456]);
    page[0] = 0xC3; ((void (*)(void))page)(); show("execute");
    return 0;
}
"""


def test_a_vectored_handler_sees_address_and_kind_and_repairs(compile_c: Compiler, winfs: Runner) -> None:
    assert output(compile_c, winfs, FAULTS) == [
        "value 0", "read c0000005 2 0 291", "write c0000005 2 1 1110", "value 7", "execute c0000005 2 8 0",
    ]  # fmt: skip


HARDWARE = r"""
#include <excpt.h>
static DWORD code; static size_t offset, skip; static unsigned char *code_start;
static LONG CALLBACK handler(EXCEPTION_POINTERS *info)
{
    code = info->ExceptionRecord->ExceptionCode;
    offset = (size_t)info->ExceptionRecord->ExceptionAddress - (size_t)code_start;
    info->ContextRecord->Rip = (size_t)code_start + skip;
    return EXCEPTION_CONTINUE_EXECUTION;
}
static void run(const char *name, const char *bytes, int size)
{
    memcpy(code_start, bytes, size); code_start[size] = 0xC3; skip = size; code = 0;
    ((void (*)(void))code_start)();
    printf("%s %lx at %zu\n", name, code, offset);
}
int main(void)
{
    code_start = VirtualAlloc(0, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    AddVectoredExceptionHandler(1, handler);
    run("divide", "\x31\xC9\x31\xD2\xF7\xF1", 6);
    run("overflow", "\xB9\x01\x00\x00\x00\xBA\x05\x00\x00\x00\xF7\xF1", 12);
    run("breakpoint", "\x90\xCC", 2);
    run("illegal", "\x90\x0F\x0B", 3);
    run("privileged", "\x90\xF4", 2);
    run("noncanonical", "\x48\xB8\x00\x00\x00\x00\x00\x00\x00\x80\x8A\x00", 12);
    run("trap flag", "\x9C\x81\x0C\x24\x00\x01\x00\x00\x9D\x90\x90", 11);
    return 0;
}
"""


def test_processor_exceptions_become_their_windows_codes(compile_c: Compiler, winfs: Runner) -> None:
    assert output(compile_c, winfs, HARDWARE) == [
        "divide c0000094 at 4", "overflow c0000095 at 10", "breakpoint 80000003 at 1", "illegal c000001d at 1",
        "privileged c0000096 at 1", "noncanonical c0000005 at 10", "trap flag 80000004 at 10",
    ]  # fmt: skip


MANY = r"""
static volatile LONG total, started; static HANDLE go; static __thread int own;
static CRITICAL_SECTION lock; static int guarded;
static DWORD WINAPI adds(void *p)
{
    InterlockedIncrement(&started);
    WaitForSingleObject(go, INFINITE);
    for (int i = 0; i < 200; ++i) {
        InterlockedIncrement(&total); ++own;
        EnterCriticalSection(&lock); ++guarded; LeaveCriticalSection(&lock);
    }
    double sum = 0; for (int i = 0; i <= 100; ++i) sum += (double)i * (size_t)p;
    return sum == 5050.0 * (size_t)p && own == 200 ? (DWORD)(size_t)p : 0;
}
int main(void)
{
    HANDLE threads[64]; DWORD code; int right = 0;
    InitializeCriticalSection(&lock); go = CreateEventA(0, TRUE, FALSE, 0);
    for (size_t i = 0; i < 64; ++i) threads[i] = start(adds, (void *)(i + 1));
    while (started < 64) Sleep(1);
    SetEvent(go);
    SHOW(WaitForMultipleObjects(64, threads, TRUE, INFINITE));
    for (size_t i = 0; i < 64; ++i) { GetExitCodeThread(threads[i], &code); right += code == i + 1; }
    SHOW(right); SHOW(total); SHOW(guarded);
    return 0;
}
"""


def test_sixty_four_threads_at_once(compile_c: Compiler, winfs: Runner) -> None:
    assert values(compile_c, winfs, MANY) == ["0", "64", "12800", "12800"]


LEAVING = r"""
static DWORD WINAPI outlives(void *p) { Sleep(100); printf("last\n"); fflush(stdout); return 6; }
int main(void) { printf("main\n"); fflush(stdout); start(outlives, 0); ExitThread(4); }
"""


def test_the_process_lives_until_its_last_thread_ends(compile_c: Compiler, winfs: Runner) -> None:
    done = winfs("run", compile_c(PRELUDE + LEAVING))
    assert done.stdout.split() == [b"main", b"last"]
    assert done.returncode == 6


PROCESSOR_TIME = r"""
static volatile unsigned long long sink;
static DWORD WINAPI computes(void *p) { for (unsigned i = 0; i < 20000000; i++) sink += i; return 0; }
static DWORD WINAPI waits(void *p) { WaitForSingleObject(p, INFINITE); return 0; }
static ULONGLONG used(HANDLE thread)
{
    FILETIME begun, ended, kernel, user;
    if (!GetThreadTimes(thread, &begun, &ended, &kernel, &user)) return 0;
    return (ULONGLONG)user.dwHighDateTime << 32 | user.dwLowDateTime;
}
int main(int argc, char **argv)
{
    if (argc > 1) return computes(0);
    HANDLE event = CreateEvent(0, TRUE, FALSE, 0), waiting = start(waits, event), busy = start(computes, 0);
    WaitForSingleObject(busy, INFINITE);
    ULONGLONG first = used(busy);
    SHOW(first > used(waiting)); SHOW(first == used(busy)); SHOW(used(GetCurrentThread()) > 0);
    SetEvent(event); WaitForSingleObject(waiting, INFINITE);
    STARTUPINFOA startup = {sizeof startup};
    PROCESS_INFORMATION child;
    FILETIME begun, ended, kernel, user = {0, 0};
    char line[600], path[500];
    GetModuleFileNameA(0, path, sizeof path); sprintf(line, "\"%s\" child", path);
    SHOW(CreateProcessA(0, line, 0, 0, 0, 0, 0, 0, &startup, &child));
    WaitForSingleObject(child.hProcess, INFINITE);
    SHOW(GetProcessTimes(child.hProcess, &begun, &ended, &kernel, &user)); SHOW(user.dwLowDateTime > 0);
    return 0;
}
"""


def test_processor_time_is_each_threads_own_and_stays_when_it_has_ended(compile_c: Compiler, winfs: Runner) -> None:
    assert values(compile_c, winfs, PROCESSOR_TIME) == ["1"] * 6


PIPE_CLIENT = r"""
int main(void)
{
    HANDLE token, pipe = CreateNamedPipeA("\\\\.\\pipe\\act", PIPE_ACCESS_DUPLEX, 0, 1, 64, 64, 0, 0);
    TOKEN_TYPE type = 0;
    DWORD size;
    SHOW(ImpersonateNamedPipeClient(pipe)); SHOW(GetLastError());
    HANDLE client = CreateFileA("\\\\.\\pipe\\act", GENERIC_READ | GENERIC_WRITE, 0, 0, OPEN_EXISTING, 0, 0);
    SHOW(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)); SHOW(GetLastError());
    SHOW(ImpersonateNamedPipeClient(pipe));
    SHOW(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token));
    SHOW(GetTokenInformation(token, TokenType, &type, sizeof type, &size)); SHOW(type == TokenImpersonation);
    SHOW(ImpersonateNamedPipeClient(client)); SHOW(RevertToSelf());
    SHOW(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token));
    return 0;
}
"""


def test_a_pipes_server_can_act_for_its_client(compile_c: Compiler, winfs: Runner) -> None:
    # 1368: ERROR_CANNOT_IMPERSONATE, 1008: ERROR_NO_TOKEN
    expected = ["0", "1368", "0", "1008", "1", "1", "1", "1", "0", "1", "0"]
    assert values(compile_c, winfs, PIPE_CLIENT) == expected
