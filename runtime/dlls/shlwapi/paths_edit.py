"""shlwapi.h: paths that are changed where they lie, wide and ANSI."""

from __future__ import annotations

from runtime.dlls.shlwapi import path_rules as rules
from runtime.dlls.shlwapi.dll import shlwapi
from runtime.dlls.shlwapi.units import read, write
from runtime.dlls.types import BOOL, DWORD, INT, LPVOID
from runtime.nt.thread import Thread

FILE = "file_io"


def _at(address: int, index: int, wide: bool) -> int:
    return address + index * (2 if wide else 1)


def _get_args(thread: Thread, address: int, wide: bool) -> int:
    return _at(address, rules.get_args(read(thread, address, wide)), wide) if address else 0


def _skip_root(thread: Thread, address: int, wide: bool) -> int:
    length = rules.root_length(read(thread, address, wide)) if address else 0
    return _at(address, length, wide) if length else 0


def _next_component(thread: Thread, address: int, wide: bool) -> int:
    path = read(thread, address, wide) if address else ""
    if not path:
        return 0
    index = path.find("\\")
    if index < 0:
        return _at(address, len(path), wide)
    return _at(address, index + (2 if path[index + 1 : index + 2] == "\\" else 1), wide)


def _strip_to_root(thread: Thread, address: int, wide: bool) -> int:
    path = read(thread, address, wide)
    found = 1
    while not rules.is_root(path):
        keep = rules.remove_file_spec(path)
        if keep >= len(path):
            found = 0
            break
        path = path[:keep]
    write(thread, address, path, wide)
    return found


def _quote_spaces(thread: Thread, address: int, wide: bool) -> int:
    path = read(thread, address, wide)
    if " " not in path or len(path) + 2 >= rules.MAX_PATH:
        return 0
    write(thread, address, f'"{path}"', wide)
    return 1


def _unquote_spaces(thread: Thread, address: int, wide: bool) -> int:
    path = read(thread, address, wide)
    if path[:1] != '"' or path[-1:] != '"':
        return 0
    write(thread, address, path[1:-1], wide)
    return 1


def _remove_blanks(thread: Thread, address: int, wide: bool) -> None:
    write(thread, address, read(thread, address, wide).strip(" "), wide)


def _remove_args(thread: Thread, address: int, wide: bool) -> None:
    path = read(thread, address, wide)
    at = rules.get_args(path)
    write(thread, address, path[: at - 1] if at < len(path) else path.removesuffix(" "), wide)


def _build_root(thread: Thread, address: int, drive: int, wide: bool) -> int:
    if 0 <= drive < 26:
        write(thread, address, f"{chr(65 + drive)}:\\", wide)
    return address


def _text(thread: Thread, address: int, wide: bool, default: str = "") -> str:
    return read(thread, address, wide) if address else default


def _change_extension(thread: Thread, address: int, extension: str, replace: bool, wide: bool) -> int:
    path = read(thread, address, wide)
    at = rules.extension(path)
    result = path[:at] + extension
    if (at < len(path) and not replace) or len(result) >= rules.MAX_PATH:
        return 0
    write(thread, address, result, wide)
    return 1


def _common_prefix(thread: Thread, first: int, second: int, target: int, wide: bool) -> int:
    shared = rules.common_prefix(_text(thread, first, wide), _text(thread, second, wide))
    if target:
        write(thread, target, shared, wide)
    return len(shared)


def _relative(thread: Thread, target: int, source: int, attributes: int, to: int, wide: bool) -> int:
    result = rules.relative_to(_text(thread, source, wide), bool(attributes & 0x10), _text(thread, to, wide))
    write(thread, target, result or "", wide)
    return int(result is not None)


@shlwapi.export(category=FILE)
def PathGetArgsW(thread: Thread, pszPath: LPVOID) -> LPVOID:
    """Return the address of the arguments in a command line."""
    return _get_args(thread, pszPath, True)


@shlwapi.export(category=FILE)
def PathGetArgsA(thread: Thread, pszPath: LPVOID) -> LPVOID:
    """PathGetArgsW for ANSI text."""
    return _get_args(thread, pszPath, False)


@shlwapi.export(category=FILE)
def PathSkipRootW(thread: Thread, pszPath: LPVOID) -> LPVOID:
    """Return the address behind the root of a path; NULL when it has none."""
    return _skip_root(thread, pszPath, True)


@shlwapi.export(category=FILE)
def PathSkipRootA(thread: Thread, pszPath: LPVOID) -> LPVOID:
    """PathSkipRootW for ANSI text."""
    return _skip_root(thread, pszPath, False)


@shlwapi.export(category=FILE)
def PathFindNextComponentW(thread: Thread, pszPath: LPVOID) -> LPVOID:
    """Return the address behind the next backslash; that of the end; NULL at the end."""
    return _next_component(thread, pszPath, True)


@shlwapi.export(category=FILE)
def PathFindNextComponentA(thread: Thread, pszPath: LPVOID) -> LPVOID:
    """PathFindNextComponentW for ANSI text."""
    return _next_component(thread, pszPath, False)


@shlwapi.export(category=FILE)
def PathStripToRootW(thread: Thread, pszPath: LPVOID) -> BOOL:
    """Keep the root only; 0 when there is none."""
    return _strip_to_root(thread, pszPath, True)


@shlwapi.export(category=FILE)
def PathStripToRootA(thread: Thread, pszPath: LPVOID) -> BOOL:
    """PathStripToRootW for ANSI text."""
    return _strip_to_root(thread, pszPath, False)


@shlwapi.export(category=FILE)
def PathQuoteSpacesW(thread: Thread, lpsz: LPVOID) -> BOOL:
    """Put a path with blanks in quotes."""
    return _quote_spaces(thread, lpsz, True)


@shlwapi.export(category=FILE)
def PathQuoteSpacesA(thread: Thread, lpsz: LPVOID) -> BOOL:
    """PathQuoteSpacesW for ANSI text."""
    return _quote_spaces(thread, lpsz, False)


@shlwapi.export(category=FILE)
def PathUnquoteSpacesW(thread: Thread, lpsz: LPVOID) -> BOOL:
    """Remove quotes around a path."""
    return _unquote_spaces(thread, lpsz, True)


@shlwapi.export(category=FILE)
def PathUnquoteSpacesA(thread: Thread, lpsz: LPVOID) -> BOOL:
    """PathUnquoteSpacesW for ANSI text."""
    return _unquote_spaces(thread, lpsz, False)


@shlwapi.export(category=FILE)
def PathRemoveBlanksW(thread: Thread, pszPath: LPVOID) -> None:
    """Remove blanks at both ends."""
    _remove_blanks(thread, pszPath, True)


@shlwapi.export(category=FILE)
def PathRemoveBlanksA(thread: Thread, pszPath: LPVOID) -> None:
    """PathRemoveBlanksW for ANSI text."""
    _remove_blanks(thread, pszPath, False)


@shlwapi.export(category=FILE)
def PathRemoveArgsW(thread: Thread, pszPath: LPVOID) -> None:
    """Remove the arguments of a command line."""
    _remove_args(thread, pszPath, True)


@shlwapi.export(category=FILE)
def PathRemoveArgsA(thread: Thread, pszPath: LPVOID) -> None:
    """PathRemoveArgsW for ANSI text."""
    _remove_args(thread, pszPath, False)


@shlwapi.export(category=FILE)
def PathBuildRootW(thread: Thread, pszRoot: LPVOID, iDrive: INT) -> LPVOID:
    """Store the root of a drive by number."""
    return _build_root(thread, pszRoot, iDrive, True)


@shlwapi.export(category=FILE)
def PathAddExtensionW(thread: Thread, pszPath: LPVOID, pszExt: LPVOID) -> BOOL:
    """Append an extension (default `.exe`) to a path without one."""
    return _change_extension(thread, pszPath, _text(thread, pszExt, True, ".exe"), False, True)


@shlwapi.export(category=FILE)
def PathRenameExtensionW(thread: Thread, pszPath: LPVOID, pszExt: LPVOID) -> BOOL:
    """Replace the extension."""
    return _change_extension(thread, pszPath, _text(thread, pszExt, True), True, True)


@shlwapi.export(category=FILE)
def PathCommonPrefixW(thread: Thread, pszFile1: LPVOID, pszFile2: LPVOID, achPath: LPVOID) -> INT:
    """Return the folders two paths share, and their length."""
    return _common_prefix(thread, pszFile1, pszFile2, achPath, True)


@shlwapi.export(category=FILE)
def PathRelativePathToW(
    thread: Thread, pszPath: LPVOID, pszFrom: LPVOID, dwAttrFrom: DWORD, pszTo: LPVOID, dwAttrTo: DWORD
) -> BOOL:
    """Store how to get from one path to another."""
    return _relative(thread, pszPath, pszFrom, dwAttrFrom, pszTo, True)


@shlwapi.export(category=FILE)
def PathBuildRootA(thread: Thread, pszRoot: LPVOID, iDrive: INT) -> LPVOID:
    """Store the root of a drive by number."""
    return _build_root(thread, pszRoot, iDrive, False)


@shlwapi.export(category=FILE)
def PathAddExtensionA(thread: Thread, pszPath: LPVOID, pszExt: LPVOID) -> BOOL:
    """Append an extension (default `.exe`) to a path without one."""
    return _change_extension(thread, pszPath, _text(thread, pszExt, False, ".exe"), False, False)


@shlwapi.export(category=FILE)
def PathRenameExtensionA(thread: Thread, pszPath: LPVOID, pszExt: LPVOID) -> BOOL:
    """Replace the extension."""
    return _change_extension(thread, pszPath, _text(thread, pszExt, False), True, False)


@shlwapi.export(category=FILE)
def PathCommonPrefixA(thread: Thread, pszFile1: LPVOID, pszFile2: LPVOID, achPath: LPVOID) -> INT:
    """Return the folders two paths share, and their length."""
    return _common_prefix(thread, pszFile1, pszFile2, achPath, False)


@shlwapi.export(category=FILE)
def PathRelativePathToA(
    thread: Thread, pszPath: LPVOID, pszFrom: LPVOID, dwAttrFrom: DWORD, pszTo: LPVOID, dwAttrTo: DWORD
) -> BOOL:
    """Store how to get from one path to another."""
    return _relative(thread, pszPath, pszFrom, dwAttrFrom, pszTo, False)
