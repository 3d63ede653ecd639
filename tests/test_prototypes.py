"""The reader of C declarations behind the signature database."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

from prototypes import enumerators, exported_names, parse

KNOWN = {"HANDLE", "BOOL", "SECURITY_ATTRIBUTES", "Size"}
TYPEDEFS = """
typedef unsigned long DWORD;
typedef const wchar_t *LPCWSTR,*PCWSTR;
typedef wchar_t *LPWSTR;
typedef HANDLE *PHANDLE;
typedef struct _POINT { long x; long y; } POINT, *PPOINT;
typedef int (__attribute__((__stdcall__)) *CALLBACK_T)(int);
"""


def declared(text: str) -> tuple[str, list[tuple[str, str, str]], bool]:
    functions = parse(TYPEDEFS + text, KNOWN).functions
    (prototype,) = functions.values()
    return prototype.returns, prototype.parameters, prototype.variadic


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int f(void);", ("i32", [], False)),
        ("void *f(size_t _Size);", ("void*", [("Size", "usize", "")], False)),
        ("extern int f(const char * __restrict__ format, ...);", ("i32", [("format", "PSTR", "i")], True)),
        ("unsigned long long f(unsigned, short int b);", ("u64", [("arg1", "u32", ""), ("b", "i16", "")], False)),
        (
            "__attribute__((dllimport)) BOOL __attribute__((__stdcall__)) f(LPCWSTR name, LPWSTR out, PHANDLE h);",
            ("BOOL", [("name", "PWSTR", "i"), ("out", "PWSTR", "o"), ("h", "HANDLE*", "")], False),
        ),
        ("BOOL f(SECURITY_ATTRIBUTES *a, const POINT *b, PPOINT c);",
         ("BOOL", [("a", "SECURITY_ATTRIBUTES*", ""), ("b", "POINT*", "i"), ("c", "POINT*", "")], False)),
        ("void f(CALLBACK_T a, int (*b)(int, char), int c[]);",
         ("void", [("a", "callback", ""), ("b", "callback", ""), ("c", "i32*", "")], False)),
        ("int f(__IN__ HANDLE h, __OUT__ DWORD *n, __IN__ __OUT__ DWORD *m);",
         ("i32", [("h", "HANDLE", "i"), ("n", "u32*", "o"), ("m", "u32*", "b")], False)),
        ("wchar_t **f(HANDLE Size);", ("PWSTR*", [("Size", "HANDLE", "")], False)),
    ],
)  # fmt: skip
def test_prototypes(text: str, expected: tuple[str, list[tuple[str, str, str]], bool]) -> None:
    assert declared(text) == expected


def test_bodies_and_variables_are_not_functions() -> None:
    text = "static inline int f(int a) { return g(a); } int x = 5; int (*pointer)(int); struct s { int f(int); };"
    assert parse(text, KNOWN).functions == {}


def test_enumerations_count_on_from_the_last_value() -> None:
    assert enumerators("A, B = 0x10, C, D = B | 1, E = 1 << 4, F = -1,") == [
        ("A", 0), ("B", 16), ("C", 17), ("D", 17), ("E", 16), ("F", 0xFFFFFFFF),
    ]  # fmt: skip
    assert enumerators("A = sizeof(int)") == []


def test_definition_files_list_functions_and_not_data() -> None:
    text = 'LIBRARY "x.dll"\nEXPORTS\nf\ng@8\nh DATA\n; comment\nF64(only64)\nF_X64(i)\n#include "y"\n'
    assert {"f", "g", "i"} <= exported_names(text)
    assert "h" not in exported_names(text)
