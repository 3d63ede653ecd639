"""LoadLibraryEx and FreeLibrary in the corners: circles, missing functions, search flags, notifications.

Expected output was checked on another implementation with WINFS_TEST_RUNNER, except where a test says otherwise.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Compiler, Runner
from test_loader import DLL_MAIN, Workshop


@pytest.fixture
def shop(compile_c: Compiler, winfs: Runner, tmp_path: Path) -> Workshop:
    return Workshop(compile_c, winfs, tmp_path)


def named(name: str) -> str:
    return f'#define NAME "{name}"\n' + DLL_MAIN


CIRCLE = r"""
int main(void)
{
    MEMORY_BASIC_INFORMATION info;
    for (int round = 0; round < 2; ++round) {
        HMODULE left = LoadLibraryA("left.dll"), right = GetModuleHandleA("right.dll");
        SHOW(((int (*)(void))GetProcAddress(left, "left"))());
        SHOW(LoadLibraryA("right.dll") == right);
        SHOW(FreeLibrary(left)); SHOW(GetModuleHandleA("left.dll") == left);
        SHOW(FreeLibrary(right)); SHOW(GetModuleHandleA("left.dll") == 0); SHOW(GetModuleHandleA("right.dll") == 0);
        VirtualQuery(left, &info, sizeof info); SHOW(info.State == MEM_FREE);
        VirtualQuery(right, &info, sizeof info); SHOW(info.State == MEM_FREE);
    }
    return 0;
}
"""

CIRCLE_EXPECTED = """\
right process attach 0
left process attach 0
((int (*)(void))GetProcAddress(left, "left"))(): 3
LoadLibraryA("right.dll") == right: 1
FreeLibrary(left): 1
GetModuleHandleA("left.dll") == left: 1
left process detach 0
right process detach 0
FreeLibrary(right): 1
GetModuleHandleA("left.dll") == 0: 1
GetModuleHandleA("right.dll") == 0: 1
info.State == MEM_FREE: 1
info.State == MEM_FREE: 1
"""


def test_dlls_that_import_each_other_go_together_once_nobody_else_holds_them(shop: Workshop) -> None:
    right = named("right") + "int one(void); int right(void) { return one() + 1; }"
    shop.dll("right.dll", right, "right", shop.library("left.dll", "one"))
    left = named("left") + "int right(void); int one(void) { return 1; } int left(void) { return right() + 1; }"
    shop.dll("left.dll", left, "one\nleft", shop.library("right.dll", "right"))
    assert shop.output(shop.program(CIRCLE)) == CIRCLE_EXPECTED * 2


MISSING = r"""
static void load(const char *name)
{
    SetLastError(0);
    HMODULE module = LoadLibraryA(name);
    say("%s: %d error %lu\n", name, module != 0, GetLastError());
}
int main(void)
{
    SetErrorMode(SEM_FAILCRITICALERRORS);
    load("byname.dll"); load("bynumber.dll"); load("system.dll");
    SHOW(GetModuleHandleA("byname.dll") == 0); SHOW(GetModuleHandleA("target.dll") == 0);
    HMODULE target = LoadLibraryA("target.dll");
    SetLastError(0);
    SHOW(GetProcAddress(target, MAKEINTRESOURCEA(77)) == 0); SHOW(GetLastError());
    SHOW(GetProcAddress(target, "absent") == 0); SHOW(GetLastError());
    return 0;
}
"""

MISSING_EXPECTED = """\
byname.dll: 0 error 127
bynumber.dll: 0 error 182
system.dll: 0 error 127
GetModuleHandleA("byname.dll") == 0: 1
GetModuleHandleA("target.dll") == 0: 1
GetProcAddress(target, MAKEINTRESOURCEA(77)) == 0: 1
GetLastError(): 182
GetProcAddress(target, "absent") == 0: 1
GetLastError(): 127
"""


def test_a_late_dll_whose_imports_do_not_exist_is_not_loaded(shop: Workshop) -> None:
    """Other implementations load it and fail at the call."""
    shop.dll("target.dll", "int there(void) { return 1; }", "there @5")
    code = "int absent(void); int user(void) { return absent(); }"
    shop.dll("byname.dll", code, "user", shop.library("target.dll", "absent"))
    shop.dll("bynumber.dll", code, "user", shop.library("target.dll", "absent @99 NONAME"))
    shop.dll("system.dll", code, "user", shop.library("kernel32.dll", "absent"))
    program = shop.program(MISSING)
    done = shop.run(program)
    assert done.stdout.decode().replace("\r\n", "\n") == MISSING_EXPECTED
    assert b"byname.dll needs target.dll!absent, which does not exist" in done.stderr
    assert shop.output(program, "--missing", "zero").startswith("byname.dll: 1 error 0\n")


SEARCH = r"""
static void load(const char *what, const char *path, DWORD flags)
{
    SetLastError(0);
    HMODULE module = LoadLibraryExA(path, 0, flags);
    DWORD error = GetLastError();
    say("%s: ", what);
    if (module) say("%d\n", ((int (*)(void))GetProcAddress(module, "upper"))()); else say("error %lu\n", error);
    if (module) FreeLibrary(module);
}
int main(void)
{
    char here[MAX_PATH], path[MAX_PATH], other[MAX_PATH]; WCHAR wide[MAX_PATH];
    GetCurrentDirectoryA(sizeof here, here);
    SetErrorMode(SEM_FAILCRITICALERRORS);
    sprintf(path, "%s\\sub\\upper.dll", here); sprintf(other, "%s\\other", here);
    load("plain", path, 0);
    load("altered", path, LOAD_WITH_ALTERED_SEARCH_PATH);
    load("load dir", path, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    load("application", path, LOAD_LIBRARY_SEARCH_APPLICATION_DIR);
    load("defaults", path, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    load("both", path, LOAD_WITH_ALTERED_SEARCH_PATH | LOAD_LIBRARY_SEARCH_SYSTEM32);
    load("relative", "sub\\upper.dll", LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR);
    load("unknown flag", path, 0x40000000);
    MultiByteToWideChar(CP_ACP, 0, other, -1, wide, MAX_PATH);
    DLL_DIRECTORY_COOKIE cookie = AddDllDirectory(wide);
    SHOW(cookie != 0);
    load("added", path, LOAD_LIBRARY_SEARCH_USER_DIRS);
    SHOW(SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_USER_DIRS));
    load("by default", path, 0);
    SHOW(RemoveDllDirectory(cookie));
    load("removed", path, 0);
    SHOW(SetDefaultDllDirectories(0)); SHOW(GetLastError());
    SHOW(AddDllDirectory(L"other") == 0); SHOW(GetLastError());
    return 0;
}
"""

SEARCH_EXPECTED = """\
plain: error 126
altered: 11
load dir: 11
application: error 126
defaults: error 126
both: error 87
relative: error 87
unknown flag: error 87
cookie != 0: 1
added: 21
SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_USER_DIRS): 1
by default: 21
RemoveDllDirectory(cookie): 1
removed: error 126
SetDefaultDllDirectories(0): 0
GetLastError(): 87
AddDllDirectory(L"other") == 0: 1
GetLastError(): 87
"""


def test_the_search_flags_hold_for_what_the_dll_needs_too(shop: Workshop) -> None:
    built = shop.dll("upper.dll", "int deep(void); int upper(void) { return deep() + 1; }", "upper",
                     shop.library("deep.dll", "deep"))  # fmt: skip
    for folder, value in (("sub", 10), ("other", 20)):
        (shop.folder / folder).mkdir()
        deep = shop.dll("deep.dll", f"int deep(void) {{ return {value}; }}", "deep")
        deep.rename(shop.folder / folder / "deep.dll")
    built.rename(shop.folder / "sub" / "upper.dll")
    assert shop.output(shop.program(SEARCH)) == SEARCH_EXPECTED


NOTIFY = r"""
typedef struct { ULONG flags; const UNICODE_STRING *full, *base; void *address; ULONG size; } DATA;
typedef void (CALLBACK *CALLBACK_TYPE)(ULONG, const DATA *, void *);
static void CALLBACK heard(ULONG reason, const DATA *data, void *context)
{
    say("%s %s %ls %d\n", (char *)context, reason == 1 ? "loaded" : "unloaded", data->base->Buffer,
        *(WORD *)data->address == 0x5A4D && data->size > 0);
}
int main(void)
{
    HMODULE ntdll = GetModuleHandleA("ntdll"); void *cookie = 0;
    LONG (NTAPI *add)(ULONG, CALLBACK_TYPE, void *, void **);
    add = (void *)GetProcAddress(ntdll, "LdrRegisterDllNotification");
    LONG (NTAPI *drop)(void *) = (void *)GetProcAddress(ntdll, "LdrUnregisterDllNotification");
    SHOW(add(0, heard, "heard", &cookie));
    FreeLibrary(LoadLibraryA("upper.dll"));
    SHOW(drop(cookie)); SHOW((DWORD)drop(cookie));
    FreeLibrary(LoadLibraryA("upper.dll"));
    HMODULE raw = LoadLibraryExA("upper.dll", 0, DONT_RESOLVE_DLL_REFERENCES);
    SHOW(raw != 0); SHOW(GetProcAddress(raw, "upper") != 0); SHOW(GetModuleHandleA("lower.dll") == 0);
    SHOW(FreeLibrary(raw)); SHOW(GetModuleHandleA("upper.dll") == 0);
    return 0;
}
"""

NOTIFY_EXPECTED = """\
add(0, heard, "heard", &cookie): 0
heard loaded lower.dll 1
lower process attach 0
heard loaded upper.dll 1
upper process attach 0
upper process detach 0
lower process detach 0
heard unloaded upper.dll 1
heard unloaded lower.dll 1
drop(cookie): 0
(DWORD)drop(cookie): 3221225781
lower process attach 0
upper process attach 0
upper process detach 0
lower process detach 0
raw != 0: 1
GetProcAddress(raw, "upper") != 0: 1
GetModuleHandleA("lower.dll") == 0: 1
FreeLibrary(raw): 1
GetModuleHandleA("upper.dll") == 0: 1
"""


def test_notifications_tell_of_dlls_that_come_and_go_and_unresolved_ones_run_nothing(shop: Workshop) -> None:
    shop.dll("lower.dll", named("lower") + "int lower(void) { return 1; }", "lower")
    shop.dll("upper.dll", named("upper") + "int lower(void); int upper(void) { return lower() + 1; }", "upper",
             shop.library("lower.dll", "lower"))  # fmt: skip
    assert shop.output(shop.program(NOTIFY)) == NOTIFY_EXPECTED
