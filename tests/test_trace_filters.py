"""Trace rules: patterns, categories, exact names, exclusion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.trace import CATEGORIES
from runtime.trace.categories import default_category
from runtime.trace.filters import Filter, FilterError


@pytest.mark.parametrize(
    ("pattern", "function", "wanted"),
    [
        ("CreateFile*", "CreateFileW", True),
        ("createfile*", "CreateFileW", True),
        ("CreateFile", "CreateFileW", False),
        ("*File*", "NtCreateFile", True),
        ("?eadFile", "ReadFile", True),
        ("?ReadFile", "ReadFile", False),
        ("kernel32!*", "ReadFile", True),
        ("kernel32.dll!Read*", "ReadFile", True),
        ("KERNEL32!READ*", "ReadFile", True),
        ("ntdll!*", "ReadFile", False),
        ("*!ReadFile", "ReadFile", True),
        ("Read[F]ile", "ReadFile", False),
        ("Read.ile", "ReadFile", False),
        ("*", "ReadFile", True),
        ("", "ReadFile", None),
        ("!", "ReadFile", None),
    ],
)
def test_a_pattern_matches_the_whole_name(pattern: str, function: str, wanted: bool | None) -> None:
    if wanted is None:
        with pytest.raises(FilterError, match="empty trace pattern"):
            Filter.compile([pattern])
        return
    assert Filter.compile([pattern]).wants("kernel32.dll", function, "file_io") is wanted


def test_rules_of_all_kinds_are_alternatives() -> None:
    rules = Filter.compile(["Nt*"], ["registry"], ["HeapAlloc", "user32!MessageBoxW"])
    assert rules.wants("ntdll.dll", "NtClose", "file_io")
    assert rules.wants("advapi32.dll", "RegCloseKey", "registry")
    assert rules.wants("kernel32.dll", "HeapAlloc", "memory")
    assert rules.wants("user32.dll", "MessageBoxW", "gui")
    assert not rules.wants("other.dll", "MessageBoxW", "gui")
    assert not rules.wants("kernel32.dll", "HeapAllocate", "memory")


def test_an_exclusion_wins_over_every_inclusion() -> None:
    rules = Filter.compile(["*File*", "!*FileTime*"], ["!security"])
    assert rules.wants("kernel32.dll", "ReadFile", "file_io")
    assert not rules.wants("kernel32.dll", "GetFileTime", "file_io")
    assert not rules.wants("kernel32.dll", "SetFileSecurityW", "security")


def test_exclusions_alone_leave_everything_else() -> None:
    rules = Filter.compile(["!Heap*"])
    assert rules.wants("kernel32.dll", "ReadFile", "file_io")
    assert not rules.wants("kernel32.dll", "HeapFree", "memory")


def test_an_unknown_category_is_refused_with_the_list() -> None:
    with pytest.raises(FilterError) as caught:
        Filter.compile(categories=["files"])
    assert "unknown trace category 'files'" in str(caught.value)
    for category in CATEGORIES:
        assert category in str(caught.value)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_is_accepted(category: str) -> None:
    rules = Filter.compile(categories=[category])
    assert rules.wants("x.dll", "f", category)
    assert rules.wants_category(category)
    assert not Filter.compile(categories=["!" + category]).wants("x.dll", "f", category)


def test_no_rules_want_everything() -> None:
    assert Filter.compile().everything
    assert Filter().wants("x.dll", "anything", None)


def test_guest_functions_are_traced_only_when_named() -> None:
    assert not Filter.compile().names_function("ucrtbase.dll", "malloc")
    assert not Filter.compile(["*"]).names_function("ucrtbase.dll", "malloc")
    assert not Filter.compile(categories=["crt"]).names_function("ucrtbase.dll", "malloc")
    assert Filter.compile(functions=["malloc"]).names_function("ucrtbase.dll", "malloc")
    assert Filter.compile(["libcurl!*"]).names_function("libcurl.dll", "curl_easy_init")
    assert not Filter.compile(["libcurl!*", "!*init"]).names_function("libcurl.dll", "curl_easy_init")


def test_events_without_a_function_follow_the_categories() -> None:
    assert Filter.compile(["Create*"]).wants_category("dll")
    assert not Filter.compile(categories=["file_io"]).wants_category("dll")
    assert not Filter.compile(["Create*"], ["!dll"]).wants_category("dll")


@pytest.mark.parametrize(
    ("module", "function", "category"),
    [
        ("ucrtbase.dll", "malloc", "crt"),
        ("api-ms-win-crt-heap-l1-1-0.dll", "malloc", "crt"),
        ("kernel32.dll", "CreateFileW", "file_io"),
        ("kernel32.dll", "GetFileTime", "time"),
        ("kernel32.dll", "WriteConsoleW", "console_io"),
        ("kernel32.dll", "HeapAlloc", "memory"),
        ("kernel32.dll", "VirtualProtect", "memory"),
        ("kernel32.dll", "CreateThread", "threading"),
        ("kernel32.dll", "WaitForSingleObject", "synchronization"),
        ("kernel32.dll", "CreateProcessW", "process"),
        ("kernel32.dll", "GetEnvironmentVariableW", "environment"),
        ("kernel32.dll", "LoadLibraryExW", "dll"),
        ("kernel32.dll", "RaiseException", "exception"),
        ("kernel32.dll", "GetTickCount64", "time"),
        ("advapi32.dll", "RegOpenKeyExW", "registry"),
        ("advapi32.dll", "OpenProcessToken", "security"),
        ("ntdll.dll", "NtCreateFile", "file_io"),
        ("ntdll.dll", "NtOpenKey", "registry"),
        ("ntdll.dll", "NtWaitForSingleObject", "synchronization"),
        ("user32.dll", "MessageBoxW", "gui"),
        ("ws2_32.dll", "recv", "network"),
        ("plugin.dll", "frobnicate", "dll"),
    ],
)
def test_functions_have_the_category_of_their_subject(module: str, function: str, category: str) -> None:
    assert default_category(module, function) == category


_letters = st.text("abAB*?.[!\\ +", max_size=8)


@given(_letters.filter(lambda text: text.strip("!")), st.text("abAB.[ +", max_size=8))
def test_patterns_mean_what_a_slow_matcher_says(pattern: str, name: str) -> None:
    def matches(rule: str, text: str) -> bool:
        if not rule:
            return not text
        if rule[0] == "*":
            return any(matches(rule[1:], text[i:]) for i in range(len(text) + 1))
        return bool(text) and (rule[0] == "?" or rule[0] == text[0]) and matches(rule[1:], text[1:])

    excluded = pattern.startswith("!")
    rule = pattern[1:].lower() if excluded else pattern.lower()
    if not rule or "!" in rule:
        return
    hit = matches(rule, name.lower()) or matches(rule, f"m!{name.lower()}") or matches(rule, f"m.dll!{name.lower()}")
    assert Filter.compile([pattern]).wants("M.dll", name, None) is (hit != excluded)
