"""Virtual memory: descriptors, protections, copy on write, views; and what programs see of them."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
from conftest import Compiler, Runner
from hypothesis import given, settings
from hypothesis import strategies as hs

from runtime.cpu.engine import Access
from runtime.cpu.physical import PhysicalMemory
from runtime.memory.backing import FileBacking, ImageBacking, ZeroBacking
from runtime.memory.constants import (
    MEM_COMMIT,
    MEM_DECOMMIT,
    MEM_FREE,
    MEM_IMAGE,
    MEM_LARGE_PAGES,
    MEM_PRIVATE,
    MEM_RELEASE,
    MEM_RESERVE,
    MEM_TOP_DOWN,
    MEM_WRITE_WATCH,
    PAGE_EXECUTE_READ,
    PAGE_GUARD,
    PAGE_NOACCESS,
    PAGE_READONLY,
    PAGE_READWRITE,
    PAGE_WRITECOPY,
)
from runtime.memory.faults import AccessViolation, GuardPageViolation
from runtime.memory.runs import Runs
from runtime.memory.space import AddressSpace
from runtime.nt import status as st
from runtime.nt.status import NtError

RESERVE_COMMIT = MEM_RESERVE | MEM_COMMIT


@pytest.fixture
def space() -> AddressSpace:
    return AddressSpace(PhysicalMemory(1 << 30))


def status_of(action: object) -> int:
    with pytest.raises(NtError) as caught:
        action()  # type: ignore[operator]
    return caught.value.status


@given(hs.lists(hs.tuples(hs.integers(0, 60), hs.integers(0, 60), hs.integers(0, 3)), max_size=40))
def test_runs_hold_what_a_plain_list_holds(changes: list[tuple[int, int, int]]) -> None:
    runs, model = Runs(0, 64, 0), [0] * 64
    for start, end, value in changes:
        runs.set(start, end, value)
        model[start:end] = [value] * max(end - start, 0)
        assert [runs[key] for key in range(64)] == model
        pieces = list(runs.runs(0, 64))
        assert all(left[2] != right[2] for left, right in itertools.pairwise(pieces))
        assert pieces[0][0] == 0
        assert pieces[-1][1] == 64


def test_reserving_a_tebibyte_costs_no_frames(space: AddressSpace) -> None:
    before = space.physical.frames_in_use
    base = space.allocate(0, 1 << 40, MEM_RESERVE, PAGE_NOACCESS)
    assert space.query(base).size == 1 << 40
    assert space.committed == 0
    assert space.physical.frames_in_use == before


def test_committed_memory_is_zero_and_reserved_memory_faults(space: AddressSpace) -> None:
    base = space.allocate(0, 0x20000, MEM_RESERVE, PAGE_READWRITE)
    with pytest.raises(AccessViolation):
        space.read(base, 1)
    assert space.allocate(base + 0x1800, 0x1000, MEM_COMMIT, PAGE_READWRITE) == base + 0x1000
    assert space.read(base + 0x1000, 0x2000) == bytes(0x2000)
    with pytest.raises(AccessViolation):
        space.read(base + 0x2FFF, 2)


def test_allocation_rounds_as_windows_does(space: AddressSpace) -> None:
    base = space.allocate(0x1234_5678, 0x10, RESERVE_COMMIT, PAGE_READWRITE)
    assert base == 0x1234_0000
    assert space.query(base).size == 0x6000
    assert space.allocate(0, 1, MEM_RESERVE, PAGE_READWRITE) % 0x10000 == 0


def test_top_down_takes_the_highest_place(space: AddressSpace) -> None:
    high = space.allocate(0, 0x1000, RESERVE_COMMIT | MEM_TOP_DOWN, PAGE_READWRITE)
    assert high > 0x7FFF_0000_0000
    assert space.allocate(0, 0x1000, RESERVE_COMMIT | MEM_TOP_DOWN, PAGE_READWRITE) == high - 0x10000


def test_errors_carry_the_documented_status(space: AddressSpace) -> None:
    base = space.allocate(0, 0x10000, MEM_RESERVE, PAGE_READWRITE)
    assert status_of(lambda: space.allocate(base, 1, MEM_RESERVE, PAGE_READWRITE)) == st.STATUS_CONFLICTING_ADDRESSES
    assert status_of(lambda: space.allocate(0, 0, MEM_RESERVE, 4)) == st.STATUS_INVALID_PARAMETER
    assert status_of(lambda: space.allocate(0, 1, MEM_RESERVE, 3)) == st.STATUS_INVALID_PAGE_PROTECTION
    assert status_of(lambda: space.allocate(0, 1, MEM_COMMIT, PAGE_WRITECOPY)) == st.STATUS_INVALID_PAGE_PROTECTION
    assert status_of(lambda: space.allocate(0x5000_0000, 1, MEM_COMMIT, 4)) == st.STATUS_CONFLICTING_ADDRESSES
    assert status_of(lambda: space.protect(base, 1, PAGE_READONLY)) == st.STATUS_NOT_COMMITTED
    assert status_of(lambda: space.free(base + 0x1000, 0, MEM_RELEASE)) == st.STATUS_FREE_VM_NOT_AT_BASE
    assert status_of(lambda: space.free(0x6000_0000, 0, MEM_RELEASE)) == st.STATUS_MEMORY_NOT_ALLOCATED
    assert status_of(lambda: space.unmap_view(base)) == st.STATUS_NOT_MAPPED_VIEW


def test_commit_beyond_the_limit_fails_and_changes_nothing() -> None:
    space = AddressSpace(PhysicalMemory(1 << 30), commit_limit=0x10000)
    assert status_of(lambda: space.allocate(0, 0x11000, RESERVE_COMMIT, 4)) == st.STATUS_COMMITMENT_LIMIT
    assert space.committed == 0
    assert list(space.vads()) == []


def test_protect_returns_the_old_protection_and_is_enforced(space: AddressSpace) -> None:
    base = space.allocate(0, 0x3000, RESERVE_COMMIT, PAGE_READWRITE)
    space.write(base, b"x" * 0x3000)
    assert space.protect(base + 0x1000, 0x1000, PAGE_READONLY) == PAGE_READWRITE
    assert space.protect(base + 0x1000, 0x1000, PAGE_EXECUTE_READ) == PAGE_READONLY
    with pytest.raises(AccessViolation) as caught:
        space.write(base, b"y" * 0x3000)
    assert (caught.value.address, caught.value.access) == (base + 0x1000, Access.WRITE)
    assert space.read(base, 1) == b"x", "a write that cannot be done whole is not done at all"
    assert [space.query(base + page).size for page in (0, 0x1000, 0x2000)] == [0x1000, 0x1000, 0x1000]
    space.protect(base + 0x1000, 0x1000, PAGE_NOACCESS)
    with pytest.raises(AccessViolation):
        space.read(base + 0x1000, 1)
    space.protect(base + 0x1000, 0x1000, PAGE_READWRITE)
    assert space.read(base + 0x1000, 1) == b"x", "what is inaccessible for a while keeps its contents"


def test_a_guard_page_faults_once(space: AddressSpace) -> None:
    base = space.allocate(0, 0x1000, RESERVE_COMMIT, PAGE_READWRITE | PAGE_GUARD)
    with pytest.raises(GuardPageViolation):
        space.read(base, 1)
    assert space.read(base, 1) == b"\0"
    assert space.query(base).protect == PAGE_READWRITE


def test_decommit_forgets_and_release_frees(space: AddressSpace) -> None:
    base = space.allocate(0, 0x4000, RESERVE_COMMIT, PAGE_READWRITE)
    space.write(base, b"data")
    used = space.physical.frames_in_use
    assert space.free(base, 0x1000, MEM_DECOMMIT) == (base, 0x1000)
    assert space.physical.frames_in_use == used - 1
    assert space.query(base).state == MEM_RESERVE
    space.allocate(base, 0x1000, MEM_COMMIT, PAGE_READWRITE)
    assert space.read(base, 4) == bytes(4)
    space.free(base, 0, MEM_RELEASE)
    info = space.query(base)
    assert (info.state, info.kind, info.allocation_base) == (MEM_FREE, 0, 0)


def test_views_of_one_section_share_pages(space: AddressSpace) -> None:
    other = AddressSpace(space.physical)
    backing = ZeroBacking(space.physical, 0x3000)
    first = space.map_view(backing, 0, 0, 0x3000, PAGE_READWRITE, writable=True)
    second = other.map_view(backing, 0, 0x1000, 0x1000, PAGE_READONLY)
    space.write(first + 0x1000, b"shared")
    assert other.read(second, 6) == b"shared"
    with pytest.raises(AccessViolation):
        other.write(second, b"no")
    assert status_of(lambda: other.protect(second, 1, PAGE_READWRITE)) == st.STATUS_SECTION_PROTECTION


def test_write_copy_keeps_the_change_to_itself(space: AddressSpace) -> None:
    backing = ImageBacking(space.physical, 0x2000, lambda index: b"image%d" % index)
    first = space.map_view(backing, 0, 0, 0x2000, PAGE_WRITECOPY, kind=MEM_IMAGE)
    second = space.map_view(backing, 0, 0, 0x2000, PAGE_WRITECOPY, kind=MEM_IMAGE)
    space.write(first, b"mine")
    assert space.read(first, 6) == b"minee0"
    assert space.read(second, 6) == b"image0"
    assert space.query(first).protect == PAGE_READWRITE
    assert space.query(first + 0x1000).protect == PAGE_WRITECOPY
    space.poke(second + 0x1000, b"bound")
    assert space.query(second + 0x1000).protect == PAGE_WRITECOPY, "the loader's stores leave protections alone"


def test_a_mapped_file_is_the_file(space: AddressSpace, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"a" * 0x1800)
    descriptor = os.open(path, os.O_RDWR)
    base = space.map_view(FileBacking(space.physical, descriptor, 0x1800, writable=True), 0, 0, 0x1800, PAGE_READWRITE)
    assert space.read(base + 0x17FF, 2) == b"a\0"
    os.pwrite(descriptor, b"B", 0x1000)
    assert space.read(base + 0x1000, 1) == b"B"
    space.write(base, b"C")
    assert os.pread(descriptor, 1, 0) == b"C"
    os.close(descriptor)


def test_closing_gives_every_frame_back() -> None:
    physical = PhysicalMemory(1 << 30)
    before = physical.frames_in_use
    space = AddressSpace(physical)
    base = space.allocate(0, 0x100000, RESERVE_COMMIT, PAGE_READWRITE)
    space.fill(base, 0x100000, 1)
    backing = ZeroBacking(physical, 0x1000)
    space.write(space.map_view(backing, 0, 0, 0x1000, PAGE_READWRITE, writable=True), b"x")
    backing.release()
    space.close()
    assert physical.frames_in_use == before


@settings(max_examples=60, deadline=None)
@given(hs.lists(hs.tuples(hs.sampled_from("cdpw"), hs.integers(0, 15), hs.integers(1, 6)), max_size=25))
def test_a_region_behaves_like_a_model(steps: list[tuple[str, int, int]]) -> None:
    space = AddressSpace(PhysicalMemory(1 << 28))
    base = space.allocate(0, 0x10000, MEM_RESERVE, PAGE_READWRITE)
    model: list[bytes | None] = [None] * 16
    for kind, start, count in steps:
        end = min(start + count, 16)
        address, size = base + start * 0x1000, (end - start) * 0x1000
        if kind == "c":
            space.allocate(address, size, MEM_COMMIT, PAGE_READWRITE)
            model[start:end] = [page if page is not None else b"\0" for page in model[start:end]]
        elif kind == "d":
            space.free(address, size, MEM_DECOMMIT)
            model[start:end] = [None] * (end - start)
        elif kind == "w" and all(page is not None for page in model[start:end]):
            space.fill(address, size, start + 1)
            model[start:end] = [bytes((start + 1,))] * (end - start)
        for index, page in enumerate(model):
            if page is None:
                with pytest.raises(AccessViolation):
                    space.read_u8(base + index * 0x1000)
            else:
                assert space.read(base + index * 0x1000 + 0xFFF, 1) == page
    assert space.committed == 0x1000 * sum(page is not None for page in model)


def test_strings_and_words_across_pages(space: AddressSpace) -> None:
    base = space.allocate(0, 0x2000, RESERVE_COMMIT, PAGE_READWRITE)
    edge = base + 0x1000
    space.write_u64(edge - 3, 0x1122334455667788)
    assert space.read_u64(edge - 3) == 0x1122334455667788
    space.write_wstr(edge - 5, "straße \ud800")
    assert space.read_wstr(edge - 5) == "straße \ud800"
    space.write(edge - 2, b"abc\0")
    assert space.read_str(edge - 2) == b"abc"
    assert space.query(base).kind == MEM_PRIVATE


PROGRAM = r"""
#include <windows.h>
#include <stdio.h>
static void show(const char *what, void *address) {
    MEMORY_BASIC_INFORMATION info;
    VirtualQuery(address, &info, sizeof info);
    printf("%s size=%llx state=%lx protect=%lx type=%lx allocation=%lx\n", what, (unsigned long long)info.RegionSize,
           info.State, info.Protect, info.Type, info.AllocationProtect);
}
int main(void) {
    DWORD old = 0;
    char *tebibyte = VirtualAlloc(NULL, 1ull << 40, MEM_RESERVE, PAGE_NOACCESS);
    printf("reserve %d aligned %d\n", tebibyte != NULL, ((size_t)tebibyte & 0xFFFF) == 0);
    show("reserved", tebibyte);
    char *page = VirtualAlloc(tebibyte + (1ull << 39), 0x3000, MEM_COMMIT, PAGE_READWRITE);
    page[0x2FFF] = 1;
    show("committed", page);
    printf("protect %d old=%lx\n", VirtualProtect(page + 0x1000, 1, PAGE_READONLY, &old), old);
    show("first", page);
    show("second", page + 0x1000);
    printf("bad protect %d error=%lu\n", VirtualProtect(tebibyte, 1, PAGE_READWRITE, &old), GetLastError());
    printf("bad free %d error=%lu\n", VirtualFree(page, 0, MEM_RELEASE), GetLastError());
    printf("free %d\n", VirtualFree(tebibyte, 0, MEM_RELEASE));
    printf("bad address %d error=%lu\n", VirtualFree(tebibyte, 0, MEM_RELEASE), GetLastError());
    unsigned char *code = VirtualAlloc(NULL, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    static const unsigned char answer[] = {0xB8, 42, 0, 0, 0, 0xC3};
    for (int i = 0; i < 6; i++) code[i] = answer[i];
    printf("code %d", ((int (*)(void))code)());
    code[1] = 43;
    printf(" %d", ((int (*)(void))code)());
    VirtualProtect(code, 0x1000, PAGE_READWRITE, &old);
    code[1] = 44;
    VirtualProtect(code, 0x1000, PAGE_EXECUTE_READ, &old);
    printf(" %d\n", ((int (*)(void))code)());
    HANDLE mapping = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x20000, L"shared memory");
    char *one = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    HANDLE again = OpenFileMappingW(FILE_MAP_READ, FALSE, L"shared memory");
    char *two = MapViewOfFile(again, FILE_MAP_READ, 0, 0x10000, 0x1000);
    one[0x10000] = 'x';
    printf("views %c differ %d\n", *two, one + 0x10000 != two);
    show("view", two);
    printf("unmap %d %d\n", UnmapViewOfFile(one), UnmapViewOfFile(two));
    printf("unmap again %d error=%lu\n", UnmapViewOfFile(two), GetLastError());
    HMODULE self = GetModuleHandleW(NULL);
    show("headers", self);
    printf("%c%c\n", ((char *)self)[0], ((char *)self)[1]);
    char buffer[8] = "before";
    SIZE_T done = 99;
    printf("read %d", ReadProcessMemory(GetCurrentProcess(), "after", buffer, 6, &done));
    printf(" %s %llu\n", buffer, (unsigned long long)done);
    BOOL wild = ReadProcessMemory(GetCurrentProcess(), (void *)0x10, buffer, 6, &done);
    printf("wild %d error=%lu\n", wild, GetLastError());
    return 0;
}
"""

EXPECTED = """\
reserve 1 aligned 1
reserved size=10000000000 state=2000 protect=0 type=20000 allocation=1
committed size=3000 state=1000 protect=4 type=20000 allocation=1
protect 1 old=4
first size=1000 state=1000 protect=4 type=20000 allocation=1
second size=1000 state=1000 protect=2 type=20000 allocation=1
bad protect 0 error=487
bad free 0 error=487
free 1
bad address 0 error=487
code 42 43 44
views x differ 1
view size=1000 state=1000 protect=2 type=40000 allocation=2
unmap 1 1
unmap again 0 error=487
headers size=1000 state=1000 protect=2 type=1000000 allocation=80
MZ
read 1 after 6
wild 0 error=299
"""


def test_programs_see_windows_memory(compile_c: Compiler, winfs: Runner) -> None:
    done = winfs("run", compile_c(PROGRAM))
    assert done.stdout.decode().replace("\r\n", "\n") == EXPECTED
    assert done.returncode == 0


def test_what_is_not_there_is_refused(space: AddressSpace) -> None:
    large = RESERVE_COMMIT | MEM_LARGE_PAGES
    assert status_of(lambda: space.allocate(0, 0x200000, large, 4)) == st.STATUS_PRIVILEGE_NOT_HELD
    assert status_of(lambda: space.allocate(0, 0x1000, large, 4)) == st.STATUS_INVALID_PARAMETER
    assert status_of(lambda: space.allocate(0, 0x1000, MEM_COMMIT | MEM_WRITE_WATCH, 4)) == st.STATUS_INVALID_PARAMETER
