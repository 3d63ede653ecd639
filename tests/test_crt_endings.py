"""How parts of a C program end: atexit functions of a DLL that is freed, pure calls, abort, invalid parameters."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import Compiler, Runner

LIBRARY = r"""
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
static void last(void) { printf("library: registered first\n"); }
static void first(void) { printf("library: registered last\n"); }
__attribute__((constructor)) static void begin(void) { printf("library: constructor\n"); }
__attribute__((destructor)) static void end(void) { printf("library: destructor\n"); }
__declspec(dllexport) void prepare(void) { atexit(last); atexit(first); }
BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    if (reason == DLL_PROCESS_ATTACH || reason == DLL_PROCESS_DETACH)
        printf("library: %s, process ends %d\n", reason ? "attach" : "detach", reserved != NULL);
    return TRUE;
}
"""

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
static void at_end(void) { printf("program: atexit\n"); }
int main(int argc, char **argv)
{
    HMODULE library;
    setvbuf(stdout, NULL, _IONBF, 0);
    atexit(at_end);
    library = LoadLibraryA("library.dll");
    ((void (*)(void))GetProcAddress(library, "prepare"))();
    if (argc > 1) {
        printf("program: leaves with the library\n");
        return 3;
    }
    printf("program: frees\n");
    printf("program: freed %d, gone %d\n", FreeLibrary(library), GetModuleHandleA("library.dll") == NULL);
    return 4;
}
"""

FAILURES = r"""
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
typedef void(__cdecl *pure)(void);
static void __cdecl on_pure(void) { printf("pure call handler\n"); fflush(stdout); _exit(11); }
static void __cdecl on_invalid(const wchar_t *expression, const wchar_t *function, const wchar_t *file, unsigned line,
                               uintptr_t reserved)
{
    printf("invalid parameter, details %d\n", expression != NULL);
}
static void on_abort(int number) { printf("abort handler %d\n", number); fflush(stdout); }
int main(int argc, char **argv)
{
    pure(__cdecl * set_pure)(pure) = (void *)GetProcAddress(LoadLibraryA("vcruntime140.dll"), "_set_purecall_handler");
    pure(__cdecl * get_pure)(void) =
        (void *)GetProcAddress(GetModuleHandleA("vcruntime140.dll"), "_get_purecall_handler");
    void(__cdecl * purecall)(void) = (void *)GetProcAddress(GetModuleHandleA("vcruntime140.dll"), "_purecall");
    char small[4];
    int error;
    setvbuf(stdout, NULL, _IONBF, 0);
    if (!strcmp(argv[1], "invalid")) {
        _set_invalid_parameter_handler(on_invalid);
        error = strcpy_s(small, sizeof small, "too long");
        printf("error %d, text '%s'\n", error, small);
        _invalid_parameter_handler(__cdecl * set_own)(_invalid_parameter_handler) =
            (void *)GetProcAddress(GetModuleHandleA("ucrtbase.dll"), "_set_thread_local_invalid_parameter_handler");
        _invalid_parameter_handler(__cdecl * get_own)(void) =
            (void *)GetProcAddress(GetModuleHandleA("ucrtbase.dll"), "_get_thread_local_invalid_parameter_handler");
        error = set_own(on_invalid) != NULL;
        printf("thread's own before %d, now %d\n", error, get_own() == on_invalid);
        printf("printf %d\n", printf(NULL));
        return 5;
    }
    if (!strcmp(argv[1], "pure")) {
        printf("before %d", set_pure(on_pure) == NULL);
        printf(" now %d\n", get_pure() == on_pure);
        purecall();
    }
    if (!strcmp(argv[1], "nobody"))
        purecall();
    if (!strcmp(argv[1], "abort")) {
        printf("behaviour %u", _set_abort_behavior(0, _WRITE_ABORT_MSG));
        printf(" %u\n", _set_abort_behavior(0, _CALL_REPORTFAULT));
        signal(SIGABRT, on_abort);
        abort();
    }
    return 9;
}
"""


def test_atexit_functions_of_a_library_run_when_it_is_freed(compile_c: Compiler, winfs: Runner, tmp_path: Path) -> None:
    library = compile_c(LIBRARY, "-shared", "-w", name="library.dll")
    folder = tmp_path / "program"
    folder.mkdir()
    program = folder / "freeing.exe"
    shutil.copy(compile_c(PROGRAM, "-w", name="freeing.exe"), program)
    shutil.copy(library, folder / "library.dll")
    done = winfs("run", program)
    ending = ["library: detach, process ends {}", "library: registered last", "library: registered first"]
    assert done.stdout.decode().splitlines() == [
        "library: constructor", "library: attach, process ends 0", "program: frees",
        *(line.format(0) for line in ending), "library: destructor", "program: freed 1, gone 1", "program: atexit",
    ]  # fmt: skip
    assert done.returncode == 4
    done = winfs("run", program, "leave")
    lines = done.stdout.decode().splitlines()
    assert lines[2:5] == ["program: leaves with the library", "program: atexit", "library: detach, process ends 1"]
    assert lines[5:] == [*ending[1:], "library: destructor"]
    assert done.returncode == 3


def test_handlers_of_failures_are_called(compile_c: Compiler, winfs: Runner) -> None:
    program = compile_c(FAILURES, "-w", name="failures.exe")
    done = winfs("run", program, "invalid")
    assert done.stdout.decode().splitlines() == [
        "invalid parameter, details 0", "error 34, text ''", "thread's own before 0, now 1",
        "invalid parameter, details 0", "printf -1",
    ]  # fmt: skip
    assert done.returncode == 5
    done = winfs("run", program, "pure")
    assert (done.stdout.decode().splitlines(), done.returncode) == (["before 1 now 1", "pure call handler"], 11)
    assert winfs("run", program, "nobody").returncode == 0xC0000409 & 0xFF
    done = winfs("run", program, "abort")
    assert (done.stdout.decode().splitlines(), done.stderr) == (["behaviour 3 2", "abort handler 22"], b"")
    assert done.returncode == 3
