"""The loader as programs see it: DLLs, exports, thread-local storage, the loader's own data in memory.

Expected output was checked on another implementation with WINFS_TEST_RUNNER, except where a test says otherwise.
"""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Compiler, Runner, cache_folder

from runtime.nt.services import SERVICE_NUMBERS

PRELUDE = r"""
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <winternl.h>
#include <stdio.h>
#include <stdarg.h>
#include <string.h>
static void say(const char *format, ...)
{
    char text[600]; DWORD done; va_list list;
    va_start(list, format);
    int length = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, length, &done, 0);
}
#define SHOW(expression) say("%s: %lld\n", #expression, (long long)(expression))
"""

DLL_MAIN = r"""
BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    static const char *names[] = {"process detach", "process attach", "thread attach", "thread detach"};
    say("%s %s %d\n", NAME, names[reason], reserved != 0);
    return TRUE;
}
"""

other_runner = pytest.mark.skipif(
    "WINFS_TEST_RUNNER" in os.environ, reason="other implementations have no such bytes or options"
)


class Workshop:
    """Builds programs and DLLs into one folder and runs them there."""

    def __init__(self, compile_c: Compiler, winfs: Runner, folder: Path) -> None:
        self._compile = compile_c
        self._winfs = winfs
        self.folder = folder

    def _definition(self, dll: str, exports: str) -> Path:
        text = f"LIBRARY {dll}\nEXPORTS\n{exports}\n"
        path = cache_folder() / "definitions" / hashlib.sha256(text.encode()).hexdigest()[:24] / "exports.def"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return path

    def library(self, dll: str, exports: str) -> str:
        """An import library for `dll` with these lines of a .def file."""
        path = self._definition(dll, exports).with_name("import.a")
        if not path.is_file():
            part = path.with_suffix(f".{os.getpid()}")
            command = [sys.executable, "-m", "ziglang", "dlltool", "-m", "i386:x86-64"]
            subprocess.run([*command, "-d", str(path.with_name("exports.def")), "-l", str(part)], check=True)
            part.rename(path)
        return str(path)

    def dll(self, name: str, source: str, exports: str, *flags: str) -> Path:
        """Build a DLL that exports what the lines of a .def file say."""
        definition = str(self._definition(name, exports))
        return self.place(self._compile(PRELUDE + source, "-shared", definition, *flags, name=name))

    def program(self, source: str, *flags: str, name: str = "program.exe") -> Path:
        """Build a program."""
        return self.place(self._compile(PRELUDE + source, *flags, name=name))

    def place(self, built: Path, name: str | None = None, change: Callable[[bytearray], None] | None = None) -> Path:
        """Put a built file into the folder, with `change` applied to its bytes."""
        target = self.folder / (name or built.name)
        data = bytearray(built.read_bytes())
        if change is not None:
            change(data)
        target.write_bytes(data)
        return target

    def run(self, program: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
        """Run a program in the folder."""
        return self._winfs("run", *options, program.name, cwd=self.folder)

    def output(self, program: Path, *options: str) -> str:
        """Run a program that must end with 0; return its output."""
        done = self.run(program, *options)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout.decode().replace("\r\n", "\n")


@pytest.fixture
def shop(compile_c: Compiler, winfs: Runner, tmp_path: Path) -> Workshop:
    return Workshop(compile_c, winfs, tmp_path)


def lower_dll(shop: Workshop) -> None:
    shop.dll("lower.dll", '#define NAME "lower"\n' + DLL_MAIN + "int lower(void) { return 1; }", "lower")


def upper_dll(shop: Workshop) -> None:
    lower_dll(shop)
    source = '#define NAME "upper"\n' + DLL_MAIN + "int lower(void); int upper(void) { return lower() + 1; }"
    shop.dll("upper.dll", source, "upper", shop.library("lower.dll", "lower"))


ORDER = r"""
int upper(void);
static DWORD WINAPI run(void *p) { say("thread\n"); return 0; }
int main(void)
{
    say("main %d\n", upper());
    HANDLE thread = CreateThread(0, 0, run, 0, 0, 0);
    WaitForSingleObject(thread, INFINITE);
    say("end\n");
    return 0;
}
"""


def test_dll_main_runs_dependencies_first_and_detaches_backwards(shop: Workshop) -> None:
    upper_dll(shop)
    lines = shop.output(shop.program(ORDER, shop.library("upper.dll", "upper"))).splitlines()
    assert lines[:3] == ["lower process attach 1", "upper process attach 1", "main 2"]
    assert sorted(lines[3:5]) == ["lower thread attach 0", "upper thread attach 0"]
    assert lines[5:] == [
        "thread", "upper thread detach 0", "lower thread detach 0", "end", "upper process detach 1",
        "lower process detach 1",
    ]  # fmt: skip


LATE = r"""
int main(void)
{
    MEMORY_BASIC_INFORMATION info;
    HMODULE first = LoadLibraryA("upper.dll"), again = LoadLibraryA("UPPER"), lower = GetModuleHandleA("lower");
    SHOW(first != 0); SHOW(first == again); SHOW(lower != 0);
    SHOW(FreeLibrary(first)); SHOW(GetModuleHandleA("upper.dll") == first);
    say("last\n");
    SHOW(FreeLibrary(first));
    SHOW(GetModuleHandleA("upper.dll") == 0); SHOW(GetLastError());
    SHOW(GetModuleHandleA("lower.dll") == 0);
    SHOW(VirtualQuery(first, &info, sizeof info)); SHOW(info.State == MEM_FREE);
    SHOW(VirtualQuery(lower, &info, sizeof info)); SHOW(info.State == MEM_FREE);
    SHOW(FreeLibrary(first)); SHOW(GetLastError());
    HMODULE kept = LoadLibraryA("lower.dll");
    first = LoadLibraryA("upper.dll");
    SHOW(FreeLibrary(first)); SHOW(GetModuleHandleA("lower.dll") == kept);
    SHOW(FreeLibrary(kept)); SHOW(GetModuleHandleA("lower.dll") == 0);
    return 0;
}
"""

LATE_EXPECTED = """\
lower process attach 0
upper process attach 0
first != 0: 1
first == again: 1
lower != 0: 1
FreeLibrary(first): 1
GetModuleHandleA("upper.dll") == first: 1
last
upper process detach 0
lower process detach 0
FreeLibrary(first): 1
GetModuleHandleA("upper.dll") == 0: 1
GetLastError(): 126
GetModuleHandleA("lower.dll") == 0: 1
VirtualQuery(first, &info, sizeof info): 48
info.State == MEM_FREE: 1
VirtualQuery(lower, &info, sizeof info): 48
info.State == MEM_FREE: 1
FreeLibrary(first): 0
GetLastError(): 126
lower process attach 0
upper process attach 0
upper process detach 0
FreeLibrary(first): 1
GetModuleHandleA("lower.dll") == kept: 1
lower process detach 0
FreeLibrary(kept): 1
GetModuleHandleA("lower.dll") == 0: 1
"""


def test_the_last_free_library_unloads_the_module_and_what_only_it_needed(shop: Workshop) -> None:
    upper_dll(shop)
    assert shop.output(shop.program(LATE)) == LATE_EXPECTED


ERRORS = r"""
static void load(const char *name)
{
    SetLastError(0);
    HMODULE module = LoadLibraryA(name);
    say("%s: %d error %lu\n", name, module != 0, GetLastError());
}
int main(void)
{
    SetErrorMode(SEM_FAILCRITICALERRORS);
    load("nowhere.dll"); load("C:\\no\\such\\folder\\x.dll"); load("text.dll"); load("empty.dll"); load("x86.dll");
    load("needy.dll"); load("refuses.dll");
    SHOW(GetModuleHandleA("needy.dll") == 0); SHOW(GetModuleHandleA("lower.dll") == 0);
    SHOW(GetModuleHandleA("refuses.dll") == 0);
    HMODULE kernel = GetModuleHandleA("kernel32");
    SHOW(GetProcAddress(kernel, "NoSuchFunction") == 0); SHOW(GetLastError());
    SHOW(GetProcAddress((HMODULE)0x1230000, "Sleep") == 0); SHOW(GetLastError());
    SHOW(LoadLibraryA(0) == 0); SHOW(GetLastError());
    return 0;
}
"""

ERRORS_EXPECTED = """\
nowhere.dll: 0 error 126
C:\\no\\such\\folder\\x.dll: 0 error 126
text.dll: 0 error 193
empty.dll: 0 error 193
x86.dll: 0 error 193
needy.dll: 0 error 126
refuse 1
refuse 0
refuses.dll: 0 error 1114
GetModuleHandleA("needy.dll") == 0: 1
GetModuleHandleA("lower.dll") == 0: 1
GetModuleHandleA("refuses.dll") == 0: 1
GetProcAddress(kernel, "NoSuchFunction") == 0: 1
GetLastError(): 127
GetProcAddress((HMODULE)0x1230000, "Sleep") == 0: 1
GetLastError(): 126
LoadLibraryA(0) == 0: 1
GetLastError(): 87
"""

REFUSES = r"""
BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved) { say("refuse %lu\n", reason); return FALSE; }
"""


def test_load_library_fails_with_the_documented_errors(shop: Workshop) -> None:
    lower_dll(shop)
    libraries = (shop.library("lower.dll", "lower"), shop.library("absent.dll", "absent"))
    needy = "int lower(void); int absent(void); int needy(void) { return lower() + absent(); }"
    shop.dll("needy.dll", needy, "needy", *libraries)
    refuses = shop.dll("refuses.dll", REFUSES, "")

    def to_x86(data: bytearray) -> None:
        struct.pack_into("<H", data, struct.unpack_from("<I", data, 0x3C)[0] + 4, 0x14C)

    shop.place(refuses, "x86.dll", to_x86)
    (shop.folder / "text.dll").write_bytes(b"not a DLL at all\n" * 100)
    (shop.folder / "empty.dll").write_bytes(b"")
    assert shop.output(shop.program(ERRORS)) == ERRORS_EXPECTED


def test_a_program_whose_dll_refuses_to_start_ends_with_dll_init_failed(shop: Workshop) -> None:
    shop.dll("refuses.dll", REFUSES + "int refuses(void) { return 0; }", "refuses")
    program = shop.program('int refuses(void); int main(void) { say("main\\n"); return refuses(); }',
                           shop.library("refuses.dll", "refuses"))  # fmt: skip
    done = shop.run(program)
    assert done.returncode != 0
    assert b"main" not in done.stdout
    assert b"refuse 1" in done.stdout


EXPORTER = r"""
int value = 5;
int plain(void) { return 11; }
int numbered(void) { return 22; }
int hidden(void) { return 33; }
"""

EXPORTER_DEF = """
plain
numbered @7
hidden @9 NONAME
value DATA
process_id = kernel32.GetCurrentProcessId
to_ordinal = exporter.#9
to_api_set = api-ms-win-core-processthreads-l1-1-0.GetCurrentProcessId
to_nothing = kernel32.NoSuchFunction
to_nowhere = absent.function
"""

IMPORTER = r"""
int plain(void); int hidden(void); DWORD process_id(void); int to_ordinal(void);
extern __declspec(dllimport) int value;
int main(void)
{
    HMODULE module = GetModuleHandleA("exporter.dll");
    SHOW(plain()); SHOW(hidden()); SHOW(value); SHOW(to_ordinal());
    SHOW(process_id() == GetCurrentProcessId());
    value = 6;
    SHOW(*(int *)GetProcAddress(module, "value"));
    SHOW(((int (*)(void))GetProcAddress(module, "plain"))());
    SHOW(((int (*)(void))GetProcAddress(module, "numbered"))());
    SHOW(((int (*)(void))GetProcAddress(module, MAKEINTRESOURCEA(7)))());
    SHOW(((int (*)(void))GetProcAddress(module, MAKEINTRESOURCEA(9)))());
    SHOW(((int (*)(void))GetProcAddress(module, "to_ordinal"))());
    SHOW(((DWORD (*)(void))GetProcAddress(module, "process_id"))() == GetCurrentProcessId());
    SHOW(((DWORD (*)(void))GetProcAddress(module, "to_api_set"))() == GetCurrentProcessId());
    SHOW(GetProcAddress(module, "Plain") == 0); SHOW(GetLastError());
    SHOW(GetProcAddress(module, "hidden") == 0);
    SHOW(GetProcAddress(module, MAKEINTRESOURCEA(900)) == 0);
    SHOW(GetProcAddress(module, "to_nothing") == 0); SHOW(GetProcAddress(module, "to_nowhere") == 0);
    return 0;
}
"""

IMPORTER_EXPECTED = """\
plain(): 11
hidden(): 33
value: 5
to_ordinal(): 33
process_id() == GetCurrentProcessId(): 1
*(int *)GetProcAddress(module, "value"): 6
((int (*)(void))GetProcAddress(module, "plain"))(): 11
((int (*)(void))GetProcAddress(module, "numbered"))(): 22
((int (*)(void))GetProcAddress(module, MAKEINTRESOURCEA(7)))(): 22
((int (*)(void))GetProcAddress(module, MAKEINTRESOURCEA(9)))(): 33
((int (*)(void))GetProcAddress(module, "to_ordinal"))(): 33
((DWORD (*)(void))GetProcAddress(module, "process_id"))() == GetCurrentProcessId(): 1
((DWORD (*)(void))GetProcAddress(module, "to_api_set"))() == GetCurrentProcessId(): 1
GetProcAddress(module, "Plain") == 0: 1
GetLastError(): 127
GetProcAddress(module, "hidden") == 0: 1
GetProcAddress(module, MAKEINTRESOURCEA(900)) == 0: 1
GetProcAddress(module, "to_nothing") == 0: 1
GetProcAddress(module, "to_nowhere") == 0: 1
"""


def test_exports_are_found_by_name_by_ordinal_through_forwarders_and_as_data(shop: Workshop) -> None:
    shop.dll("exporter.dll", EXPORTER, EXPORTER_DEF)
    library = shop.library("exporter.dll", "plain\nhidden @9 NONAME\nvalue DATA\nprocess_id\nto_ordinal")
    assert shop.output(shop.program(IMPORTER, library)) == IMPORTER_EXPECTED


GET_PROC_KEEPS = r"""
int main(void)
{
    HMODULE bridge = LoadLibraryA("bridge.dll");
    for (int i = 0; i < 3; ++i) SHOW(((int (*)(void))GetProcAddress(bridge, "crossed"))());
    SHOW(GetModuleHandleA("lower.dll") != 0);
    SHOW(FreeLibrary(bridge));
    SHOW(GetModuleHandleA("bridge.dll") == 0); SHOW(GetModuleHandleA("lower.dll") == 0);
    return 0;
}
"""


@other_runner
def test_a_forwarder_keeps_its_target_as_long_as_its_own_module(shop: Workshop) -> None:
    """Not so in Wine, which never unloads the target of a forwarder that GetProcAddress followed."""
    lower_dll(shop)
    shop.dll("bridge.dll", "int used(void) { return 0; }", "used\ncrossed = lower.lower")
    lines = shop.output(shop.program(GET_PROC_KEEPS)).splitlines()
    assert lines[0] == "lower process attach 0"
    assert lines[-4:] == [
        "lower process detach 0", "FreeLibrary(bridge): 1", 'GetModuleHandleA("bridge.dll") == 0: 1',
        'GetModuleHandleA("lower.dll") == 0: 1',
    ]  # fmt: skip


TLS_DLL = r"""
__thread int counter = COUNT;
__thread char zeros[5000];
int next(void) { zeros[4999] += 1; return ++counter * 100 + zeros[4999]; }
"""

TLS_PROGRAM = r"""
int next(void);
__thread int own = 7;
static HANDLE go, ready; static int (*late)(void);
static DWORD WINAPI run(void *p)
{
    int before = next(), mine = ++own;
    SetEvent(ready);
    WaitForSingleObject(go, INFINITE);
    int first = late(), second = late();
    say("thread %d %d %d %d\n", before, mine, first, second);
    return 0;
}
int main(void)
{
    go = CreateEventA(0, TRUE, FALSE, 0); ready = CreateEventA(0, FALSE, FALSE, 0);
    SHOW(next()); SHOW(next()); SHOW(++own);
    HANDLE thread = CreateThread(0, 0, run, 0, 0, 0);
    WaitForSingleObject(ready, INFINITE);
    HMODULE module = LoadLibraryA("late.dll");
    late = (int (*)(void))GetProcAddress(module, "next");
    SHOW(late());
    SetEvent(go); WaitForSingleObject(thread, INFINITE);
    SHOW(late()); SHOW(next()); SHOW(++own);
    for (int i = 0; i < 40; ++i) {
        FreeLibrary(module); module = LoadLibraryA("late.dll");
        late = (int (*)(void))GetProcAddress(module, "next");
        if (late() != 5101) say("stale thread-local data\n");
    }
    return 0;
}
"""


def test_thread_local_variables_of_programs_and_dlls_loaded_early_and_late(shop: Workshop) -> None:
    shop.dll("early.dll", "#define COUNT 10\n" + TLS_DLL, "next")
    shop.dll("late.dll", "#define COUNT 50\n" + TLS_DLL, "next")
    output = shop.output(shop.program(TLS_PROGRAM, shop.library("early.dll", "next")))
    assert output.splitlines() == [
        "next(): 1101", "next(): 1202", "++own: 8", "late(): 5101", "thread 1101 8 5101 5202", "late(): 5202",
        "next(): 1303", "++own: 9",
    ]  # fmt: skip


TLS_CALLBACKS = r"""
static void NTAPI callback(void *base, DWORD reason, void *reserved)
{
    if (base != GetModuleHandleA(0)) say("wrong base\n");
    say("callback %lu\n", reason);
}
__attribute__((section(".CRT$XLY"), used)) static PIMAGE_TLS_CALLBACK entry = callback;
static DWORD WINAPI run(void *p) { say("thread\n"); return 0; }
int main(void)
{
    say("main\n");
    WaitForSingleObject(CreateThread(0, 0, run, 0, 0, 0), INFINITE);
    say("end\n");
    return 0;
}
"""


def test_tls_callbacks_run_before_main_and_around_threads(shop: Workshop) -> None:
    lines = shop.output(shop.program(TLS_CALLBACKS)).splitlines()
    assert lines == ["callback 1", "main", "callback 2", "thread", "callback 3", "end", "callback 0"]


BASED = r"""
int target = TARGET;
int *pointer = &target;
int read_it(void) { return *pointer; }
int (*volatile function)(void) = read_it;
__declspec(dllexport) int call_it(void) { return function(); }
"""

REBASE = r"""
int main(void)
{
    HMODULE one = LoadLibraryA("one.dll"), two = LoadLibraryA("two.dll");
    SHOW(one == (HMODULE)0x20000000); SHOW(two != 0 && two != one);
    SHOW(((int (*)(void))GetProcAddress(one, "call_it"))()); SHOW(((int (*)(void))GetProcAddress(two, "call_it"))());
    IMAGE_NT_HEADERS *headers = (void *)((char *)two + ((IMAGE_DOS_HEADER *)two)->e_lfanew);
    SHOW(headers->OptionalHeader.ImageBase == (size_t)two);
    SetLastError(0);
    HMODULE fixed = LoadLibraryA("fixed.dll");
    SHOW(fixed == 0); SHOW(GetLastError());
    FreeLibrary(one);
    fixed = LoadLibraryA("fixed.dll");
    SHOW(fixed == (HMODULE)0x20000000); SHOW(((int (*)(void))GetProcAddress(fixed, "call_it"))());
    return 0;
}
"""


def strip_relocations(data: bytearray) -> None:
    """Do what a linker does for a fixed image: no relocation directory, IMAGE_FILE_RELOCS_STRIPPED, not dynamic."""
    header = struct.unpack_from("<I", data, 0x3C)[0] + 4
    (characteristics,) = struct.unpack_from("<H", data, header + 18)
    struct.pack_into("<H", data, header + 18, characteristics | 1)
    (dll_characteristics,) = struct.unpack_from("<H", data, header + 20 + 70)
    struct.pack_into("<H", data, header + 20 + 70, dll_characteristics & ~0x40)
    struct.pack_into("<II", data, header + 20 + 112 + 5 * 8, 0, 0)


def test_images_that_want_one_base_are_relocated_or_refused(shop: Workshop) -> None:
    flags = ("-Wl,--image-base,0x20000000",)
    shop.dll("one.dll", "#define TARGET 1\n" + BASED, "call_it", *flags)
    two = shop.dll("two.dll", "#define TARGET 2\n" + BASED, "call_it", *flags)
    shop.place(two, "fixed.dll", strip_relocations)
    done = shop.run(shop.program(REBASE))
    assert done.stdout.decode().replace("\r\n", "\n").splitlines() == [
        "one == (HMODULE)0x20000000: 1", "two != 0 && two != one: 1",
        '((int (*)(void))GetProcAddress(one, "call_it"))(): 1', '((int (*)(void))GetProcAddress(two, "call_it"))(): 2',
        "headers->OptionalHeader.ImageBase == (size_t)two: 1", "fixed == 0: 1", "GetLastError(): 487",
        "fixed == (HMODULE)0x20000000: 1", '((int (*)(void))GetProcAddress(fixed, "call_it"))(): 2',
    ]  # fmt: skip


def missing_program(shop: Workshop) -> Path:
    lower_dll(shop)
    source = 'int lower(void); int gone(void); int main(int c, char **v) { say("start %d\\n", lower());' \
             ' say("gone %d\\n", gone()); return 0; }'  # fmt: skip
    return shop.program(source, shop.library("lower.dll", "lower\ngone"))


@other_runner
def test_a_missing_import_fails_when_it_is_called(shop: Workshop) -> None:
    done = shop.run(missing_program(shop))
    assert b"start 1" in done.stdout
    assert b"gone" not in done.stdout
    assert b"lower.dll!gone" in done.stderr
    assert done.returncode != 0


@other_runner
def test_a_missing_import_returns_zero_when_asked_to(shop: Workshop) -> None:
    assert "gone 0\n" in shop.output(missing_program(shop), "--missing", "zero")


def test_a_missing_dll_stops_the_program_before_it_starts(shop: Workshop) -> None:
    source = 'int absent(void); int main(void) { say("main\\n"); return absent(); }'
    done = shop.run(shop.program(source, shop.library("absent.dll", "absent")))
    assert done.returncode != 0
    assert b"main" not in done.stdout
    assert b"absent.dll" in done.stderr


SEARCHED = r"""
int main(void)
{
    char path[MAX_PATH], folder[MAX_PATH];
    wchar_t added[MAX_PATH];
    GetFullPathNameA("sub\\upper.dll", MAX_PATH, path, 0);
    GetFullPathNameW(L"sub", MAX_PATH, added, 0);
    SHOW(LoadLibraryA(path) != 0); SHOW(GetLastError());
    HMODULE first = LoadLibraryExA(path, 0, LOAD_WITH_ALTERED_SEARCH_PATH);
    SHOW(first != 0); SHOW(FreeLibrary(first));
    first = LoadLibraryExA(path, 0, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    SHOW(first != 0); SHOW(FreeLibrary(first));
    SHOW(LoadLibraryExA(path, 0, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS) != 0);
    SHOW(AddDllDirectory(added) != 0);
    first = LoadLibraryExA("upper.dll", 0, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    SHOW(first != 0);
    SHOW(((int (*)(void))GetProcAddress(first, "upper"))());
    return 0;
}
"""


def test_what_a_dll_needs_is_searched_as_the_dll_is(shop: Workshop) -> None:
    upper_dll(shop)
    (shop.folder / "sub").mkdir()
    for name in ("upper.dll", "lower.dll"):
        (shop.folder / name).rename(shop.folder / "sub" / name)
    assert [line for line in shop.output(shop.program(SEARCHED)).splitlines() if ": " in line] == [
        "LoadLibraryA(path) != 0: 0", "GetLastError(): 126", "first != 0: 1", "FreeLibrary(first): 1", "first != 0: 1",
        "FreeLibrary(first): 1", "LoadLibraryExA(path, 0, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS) != 0: 0",
        "AddDllDirectory(added) != 0: 1", "first != 0: 1",
        '((int (*)(void))GetProcAddress(first, "upper"))(): 2',
    ]  # fmt: skip


@other_runner
def test_a_windows_dll_that_is_not_there_yet_fails_when_a_function_of_it_is_called(shop: Workshop) -> None:
    source = 'int WnvOpen(void); int main(void) { SHOW(LoadLibraryA("wnvapi.dll") == 0); return WnvOpen(); }'
    done = shop.run(shop.program(source, shop.library("wnvapi.dll", "WnvOpen")))
    assert done.returncode != 0
    assert b'LoadLibraryA("wnvapi.dll") == 0: 1' in done.stdout
    assert b"wnvapi.dll!WnvOpen does not exist yet" in done.stderr


API_SETS = r"""
ULONGLONG GetTickCount64(void);
int main(void)
{
    SHOW(GetTickCount64() > 0);
    HMODULE set = LoadLibraryA("api-ms-win-core-synch-l1-2-0.dll");
    SHOW(set != 0); SHOW(GetProcAddress(set, "Sleep") != 0);
    SHOW(LoadLibraryA("api-ms-win-core-file-l1-2-1") != 0);
    SHOW(LoadLibraryA("api-ms-win-no-such-set-l9-9-9.dll") == 0); SHOW(GetLastError());
    return 0;
}
"""


def test_api_sets_stand_for_the_dlls_behind_them(shop: Workshop) -> None:
    library = shop.library("api-ms-win-core-sysinfo-l1-1-0.dll", "GetTickCount64")
    assert [line.rpartition(" ")[2] for line in shop.output(shop.program(API_SETS, library)).splitlines()] == [
        "1", "1", "1", "1", "1", "126",
    ]  # fmt: skip


DATA_FILE = r"""
int main(void)
{
    HMODULE data = LoadLibraryExA("res.dll", 0, LOAD_LIBRARY_AS_DATAFILE);
    SHOW(data != 0); SHOW((size_t)data & 3); SHOW(GetModuleHandleA("res.dll") == 0);
    HRSRC found = FindResourceA(data, MAKEINTRESOURCEA(7), RT_RCDATA);
    SHOW(found != 0); SHOW(SizeofResource(data, found));
    say("%.14s\n", (char *)LockResource(LoadResource(data, found)));
    SHOW(FindResourceA(data, MAKEINTRESOURCEA(8), RT_RCDATA) == 0); SHOW(GetLastError());
    SHOW(FindResourceA(data, MAKEINTRESOURCEA(7), RT_BITMAP) == 0); SHOW(GetLastError());
    SHOW(FreeLibrary(data));
    HMODULE image = LoadLibraryExA("res.dll", 0, LOAD_LIBRARY_AS_IMAGE_RESOURCE);
    SHOW(image != 0); SHOW(((size_t)image & 3) != 0);
    SHOW(SizeofResource(image, FindResourceA(image, MAKEINTRESOURCEA(7), RT_RCDATA)));
    SHOW(FreeLibrary(image));
    return 0;
}
"""

DATA_FILE_EXPECTED = """\
data != 0: 1
(size_t)data & 3: 1
GetModuleHandleA("res.dll") == 0: 1
found != 0: 1
SizeofResource(data, found): 14
hello resource
FindResourceA(data, MAKEINTRESOURCEA(8), RT_RCDATA) == 0: 1
GetLastError(): 1814
FindResourceA(data, MAKEINTRESOURCEA(7), RT_BITMAP) == 0: 1
GetLastError(): 1813
FreeLibrary(data): 1
image != 0: 1
((size_t)image & 3) != 0: 1
SizeofResource(image, FindResourceA(image, MAKEINTRESOURCEA(7), RT_RCDATA)): 14
FreeLibrary(image): 1
"""


def test_a_dll_loaded_as_data_gives_its_resources_and_runs_nothing(shop: Workshop) -> None:
    script = cache_folder() / "loader" / "resource.rc"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text('7 RCDATA { "hello resource" }\n')
    shop.dll("res.dll", '#define NAME "resources"\n' + DLL_MAIN, "", str(script))
    assert shop.output(shop.program(DATA_FILE)) == DATA_FILE_EXPECTED


MODULES = r"""
int main(void)
{
    char path[MAX_PATH], small[8]; HMODULE module, same;
    DWORD length = GetModuleFileNameA(0, path, sizeof path);
    SHOW(length == strlen(path)); say("%s\n", strrchr(path, '\\'));
    memset(small, 'x', sizeof small);
    SHOW(GetModuleFileNameA(0, small, 5)); SHOW(GetLastError()); SHOW(small[4]); SHOW(small[5]);
    SHOW(GetModuleFileNameA((HMODULE)0x1230000, path, sizeof path)); SHOW(GetLastError());
    SHOW(GetModuleHandleA("program.exe") == GetModuleHandleA(0));
    SHOW(GetModuleHandleA("KERNEL32") == GetModuleHandleA("kernel32.DLL"));
    SHOW(GetModuleHandleA("no such") == 0); SHOW(GetLastError());
    module = LoadLibraryA(".\\lower.dll");
    GetModuleFileNameA(module, path, sizeof path); say("%s\n", strrchr(path, '\\'));
    SHOW(GetModuleHandleA(path) == module);
    SHOW(GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (char *)GetProcAddress(module, "lower"), &same));
    SHOW(same == module);
    SHOW(FreeLibrary(module)); SHOW(GetModuleHandleA("lower") == module);
    SHOW(GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, "lower", &same)); SHOW(same == module);
    SHOW(FreeLibrary(module)); SHOW(GetModuleHandleA("lower") == 0);
    SHOW(GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (char *)0x1230000, &same)); SHOW(GetLastError());
    SHOW(same == 0);
    SHOW(GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, 0, &same));
    SHOW(GetLastError());
    module = LoadLibraryA("lower.dll");
    SHOW(GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_PIN, "lower", &same));
    SHOW(FreeLibrary(module)); SHOW(FreeLibrary(module)); SHOW(GetModuleHandleA("lower") == module);
    return 0;
}
"""

MODULES_EXPECTED = """\
length == strlen(path): 1
\\program.exe
GetModuleFileNameA(0, small, 5): 5
GetLastError(): 122
small[4]: 0
small[5]: 120
GetModuleFileNameA((HMODULE)0x1230000, path, sizeof path): 0
GetLastError(): 126
GetModuleHandleA("program.exe") == GetModuleHandleA(0): 1
GetModuleHandleA("KERNEL32") == GetModuleHandleA("kernel32.DLL"): 1
GetModuleHandleA("no such") == 0: 1
GetLastError(): 126
lower process attach 0
\\lower.dll
GetModuleHandleA(path) == module: 1
GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (char *)GetProcAddress(module, "lower"), &same): 1
same == module: 1
FreeLibrary(module): 1
GetModuleHandleA("lower") == module: 1
GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, "lower", &same): 1
same == module: 1
lower process detach 0
FreeLibrary(module): 1
GetModuleHandleA("lower") == 0: 1
GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (char *)0x1230000, &same): 0
GetLastError(): 126
same == 0: 1
GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, 0, &same): 0
GetLastError(): 87
lower process attach 0
GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_PIN, "lower", &same): 1
FreeLibrary(module): 1
FreeLibrary(module): 1
GetModuleHandleA("lower") == module: 1
lower process detach 1
"""


def test_module_names_and_handles(shop: Workshop) -> None:
    lower_dll(shop)
    assert shop.output(shop.program(MODULES)) == MODULES_EXPECTED


LISTS = r"""
typedef struct { LIST_ENTRY load, memory, initialization; void *base, *entry; ULONG size;
                 UNICODE_STRING full, name; ULONG flags; } ENTRY;
typedef struct { ULONG length; BOOLEAN initialized; void *handle; LIST_ENTRY lists[3]; } LOADER_DATA;
static int has(LIST_ENTRY *head, size_t offset, HMODULE wanted)
{
    int found = 0, limit = 200;
    for (LIST_ENTRY *link = head->Flink; link != head && --limit; link = link->Flink) {
        if (link->Flink->Blink != link || link->Blink->Flink != link) say("broken link\n");
        ENTRY *entry = (ENTRY *)((char *)link - offset);
        if (entry->base == wanted) ++found;
        if (entry->base && *(WORD *)entry->base != 0x5A4D) say("no MZ at %p\n", entry->base);
    }
    return limit ? found : -1;
}
int lower(void);
int main(void)
{
    char *teb = (char *)NtCurrentTeb(), *peb = *(char **)(teb + 0x60);
    LOADER_DATA *data = *(LOADER_DATA **)(peb + 0x18);
    HMODULE self = GetModuleHandleA(0), names[] = {GetModuleHandleA("ntdll"), GetModuleHandleA("kernel32"),
                                                   GetModuleHandleA("lower")};
    SHOW(lower());
    SHOW(*(void **)(teb + 0x30) == teb); SHOW(*(void **)(peb + 0x10) == self); SHOW(data->initialized);
    SHOW(*(WORD *)self == 0x5A4D);
    for (int i = 0; i < 3; ++i)
        say("%d %d %d\n", has(&data->lists[0], 0, names[i]), has(&data->lists[1], 16, names[i]),
            has(&data->lists[2], 32, names[i]));
    say("%d %d %d\n", has(&data->lists[0], 0, self), has(&data->lists[1], 16, self), has(&data->lists[2], 32, self));
    ENTRY *first = (ENTRY *)data->lists[0].Flink;
    SHOW(first->base == self); say("%ls\n", first->name.Buffer); SHOW(first->name.Length);
    IMAGE_NT_HEADERS *headers = (void *)((char *)self + ((IMAGE_DOS_HEADER *)self)->e_lfanew);
    SHOW(first->size == headers->OptionalHeader.SizeOfImage);
    SHOW(first->entry == (char *)self + headers->OptionalHeader.AddressOfEntryPoint);
    HMODULE late = LoadLibraryA("late.dll");
    say("%d\n", has(&data->lists[0], 0, late)); FreeLibrary(late); say("%d\n", has(&data->lists[0], 0, late));
    return 0;
}
"""

LISTS_EXPECTED = """\
lower process attach 1
lower(): 1
*(void **)(teb + 0x30) == teb: 1
*(void **)(peb + 0x10) == self: 1
data->initialized: 1
*(WORD *)self == 0x5A4D: 1
1 1 1
1 1 1
1 1 1
1 1 0
first->base == self: 1
program.exe
first->name.Length: 22
first->size == headers->OptionalHeader.SizeOfImage: 1
first->entry == (char *)self + headers->OptionalHeader.AddressOfEntryPoint: 1
1
0
lower process detach 1
"""


def test_the_three_module_lists_are_circular_and_complete(shop: Workshop) -> None:
    lower_dll(shop)
    shop.dll("late.dll", "int late(void) { return 0; }", "late")
    assert shop.output(shop.program(LISTS, shop.library("lower.dll", "lower"))) == LISTS_EXPECTED


EXPORTS = r"""
static void *walk(HMODULE module, const char *wanted, int *sorted)
{
    char *base = (char *)module;
    IMAGE_NT_HEADERS *headers = (void *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
    IMAGE_DATA_DIRECTORY place = headers->OptionalHeader.DataDirectory[0];
    IMAGE_EXPORT_DIRECTORY *directory = (void *)(base + place.VirtualAddress);
    DWORD *names = (void *)(base + directory->AddressOfNames), *code = (void *)(base + directory->AddressOfFunctions);
    WORD *indexes = (void *)(base + directory->AddressOfNameOrdinals);
    void *found = 0;
    *sorted = 1;
    for (DWORD i = 0; i < directory->NumberOfNames; ++i) {
        if (i && strcmp(base + names[i - 1], base + names[i]) >= 0) *sorted = 0;
        if (indexes[i] >= directory->NumberOfFunctions) say("wild index\n");
        if (!strcmp(base + names[i], wanted)) found = base + code[indexes[i]];
    }
    return found;
}
int main(void)
{
    int sorted;
    HMODULE kernel = GetModuleHandleA("kernel32"), nt = GetModuleHandleA("ntdll");
    SHOW(walk(kernel, "CreateFileW", &sorted) == (void *)GetProcAddress(kernel, "CreateFileW")); SHOW(sorted);
    SHOW(walk(kernel, "Sleep", &sorted) == (void *)GetProcAddress(kernel, "Sleep"));
    SHOW(walk(nt, "NtClose", &sorted) == (void *)GetProcAddress(nt, "NtClose")); SHOW(sorted);
    SHOW(walk(nt, "ZwClose", &sorted) == (void *)GetProcAddress(nt, "NtClose"));
    SHOW(walk(kernel, "NoSuchFunction", &sorted) == 0);
    return 0;
}
"""


def test_an_export_directory_walked_by_hand_agrees_with_get_proc_address(shop: Workshop) -> None:
    lines = shop.output(shop.program(EXPORTS)).splitlines()
    assert [line for line in lines if not line.endswith(": 1")] == []
    assert len(lines) == 7


HOOKS = r"""
static volatile DWORD seen;
static void WINAPI hook(DWORD milliseconds) { seen = milliseconds; }
int main(void)
{
    unsigned char saved[12]; DWORD old, was;
    char *target = (char *)GetProcAddress(GetModuleHandleA("kernel32"), "Sleep");
    SHOW(VirtualProtect(target, 12, PAGE_EXECUTE_READWRITE, &old)); SHOW(old == PAGE_EXECUTE_READ);
    memcpy(saved, target, 12);
    target[0] = 0x48; target[1] = (char)0xB8; *(void **)(target + 2) = hook; target[10] = (char)0xFF;
    target[11] = (char)0xE0;
    Sleep(1234); SHOW(seen);
    memcpy(target, saved, 12);
    SHOW(VirtualProtect(target, 12, old, &was));
    DWORD before = GetTickCount(); Sleep(50); SHOW(GetTickCount() - before >= 30); SHOW(seen);
    return 0;
}
"""


def test_a_hook_written_over_a_prologue_is_called_and_can_be_taken_back(shop: Workshop) -> None:
    assert shop.output(shop.program(HOOKS)).splitlines() == [
        "VirtualProtect(target, 12, PAGE_EXECUTE_READWRITE, &old): 1", "old == PAGE_EXECUTE_READ: 1", "seen: 1234",
        "VirtualProtect(target, 12, old, &was): 1", "GetTickCount() - before >= 30: 1", "seen: 1234",
    ]  # fmt: skip


STUBS = r"""
static ULONG __attribute__((naked)) close_directly(HANDLE handle)
{ __asm__("movq %rcx, %r10; movl $15, %eax; syscall; ret"); }
static ULONG __attribute__((naked)) no_such_service(void)
{ __asm__("movq %rcx, %r10; movl $0x7FF, %eax; syscall; ret"); }
static void stub(const char *name)
{
    unsigned char *code = (unsigned char *)GetProcAddress(GetModuleHandleA("ntdll"), name);
    say("%s %02x %02x %02x %02x %u syscall %d\n", name, code[0], code[1], code[2], code[3], *(DWORD *)(code + 4),
        code[18] == 0x0F && code[19] == 0x05 && code[20] == 0xC3);
}
int main(void)
{
    say("%lx %lx\n", close_directly((HANDLE)0x7654), no_such_service());
    HANDLE event = CreateEventA(0, 0, 0, 0);
    say("%lx %lx\n", close_directly(event), close_directly(event));
    stub("NtClose"); stub("NtCreateThreadEx"); stub("NtProtectVirtualMemory"); stub("ZwOpenKeyEx");
    stub("NtWaitForAlertByThreadId");
    unsigned char *copy = VirtualAlloc(0, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    memcpy(copy, (void *)GetProcAddress(GetModuleHandleA("kernel32"), "GetCurrentDirectoryA"), 16);
    char text[MAX_PATH]; SHOW(((DWORD (WINAPI *)(DWORD, char *))copy)(MAX_PATH, text) == strlen(text));
    memcpy(copy + 0x100, (void *)GetProcAddress(GetModuleHandleA("ntdll"), "NtClose"), 32);
    say("%lx\n", ((ULONG (NTAPI *)(HANDLE))(copy + 0x100))((HANDLE)0x7654));
    return 0;
}
"""


@other_runner
def test_system_calls_work_without_ntdll_and_stubs_can_be_copied(shop: Workshop) -> None:
    number = SERVICE_NUMBERS
    assert shop.output(shop.program(STUBS)).splitlines() == [
        "c0000008 c000001c", "0 c0000008",
        *(f"{name} 4c 8b d1 b8 {number[name.replace('Zw', 'Nt')]} syscall 1"
          for name in ("NtClose", "NtCreateThreadEx", "NtProtectVirtualMemory", "ZwOpenKeyEx",
                       "NtWaitForAlertByThreadId")),
        "((DWORD (WINAPI *)(DWORD, char *))copy)(MAX_PATH, text) == strlen(text): 1", "c0000008",
    ]  # fmt: skip


def test_service_numbers_are_those_of_build_19045() -> None:
    assert len(SERVICE_NUMBERS) == 473
    known = {"NtClose": 0x0F, "NtCreateFile": 0x55, "NtCreateThreadEx": 0xC2, "NtTestAlert": 0x1C2,
             "NtWaitForAlertByThreadId": 0x1D2, "NtWaitLowEventPair": 0x1D8}  # fmt: skip
    assert {name: SERVICE_NUMBERS[name] for name in known} == known


SHARED = r"""
int main(void)
{
    volatile unsigned char *page = (unsigned char *)0x7FFE0000;
    ULONGLONG time = *(volatile ULONGLONG *)(page + 0x14), now, tick = *(volatile ULONGLONG *)(page + 0x320);
    GetSystemTimeAsFileTime((FILETIME *)&now);
    SHOW(now - time < 600000000 || time - now < 600000000);
    while (*(volatile ULONGLONG *)(page + 0x14) <= time || *(volatile ULONGLONG *)(page + 0x320) <= tick) Sleep(1);
    SHOW(*(ULONG *)(page + 0x26C)); SHOW(*(ULONG *)(page + 0x270)); say("%ls\n", (wchar_t *)(page + 0x30));
    MEMORY_BASIC_INFORMATION info; VirtualQuery((void *)page, &info, sizeof info); SHOW(info.Protect);
    return 0;
}
"""


def test_the_shared_user_data_page_shows_a_moving_clock(shop: Workshop) -> None:
    lines = [line.rpartition(" ")[2] for line in shop.output(shop.program(SHARED)).splitlines()]
    assert [item.lower() for item in lines] == ["1", "10", "0", "c:\\windows", "2"]


WHERE = 'int main(void) { say("%p\\n", GetModuleHandleA(0)); return 0; }'


@other_runner
def test_aslr_loads_the_program_elsewhere_each_time(shop: Workshop) -> None:
    program = shop.program(WHERE)
    assert shop.output(program) == shop.output(program) == "0000000140000000\n"
    bases = {shop.output(program, "--aslr") for _ in range(3)}
    assert len(bases) > 1
    assert "0000000140000000\n" not in bases
