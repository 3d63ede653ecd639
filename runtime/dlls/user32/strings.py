"""winuser.h: characters and strings."""

from __future__ import annotations

import re

from runtime.dlls.text import decode_wide, encode_text, encode_wide
from runtime.dlls.types import BOOL, DWORD, HINSTANCE, INT, LPCSTR, LPCWSTR, LPSTR, LPVOID, LPWSTR, UINT, WCHAR, WORD
from runtime.dlls.user32.dll import user32
from runtime.nt.casing import upcase
from runtime.nt.resources import string_of
from runtime.nt.status import ERROR_INVALID_PARAMETER, ERROR_RESOURCE_NAME_NOT_FOUND, Win32Error
from runtime.nt.thread import Thread

GUI = "gui"
_WSPRINTF_LIMIT = 1024


def lower(text: str) -> str:
    """Return text in Windows' lower case: one unit for one, only where upper-casing undoes it."""
    out = []
    for character in text:
        small = character.lower()
        out.append(small if len(small) == 1 and upcase(small) == upcase(character) else character)
    return "".join(out)


def _change_narrow(thread: Thread, data: bytes, up: bool) -> bytes:
    """Change the case of text in the ANSI code page; what has no counterpart there stays."""
    process = thread.process
    text = process.decode_ansi(data)
    if len(text) != len(data):
        return data
    out = bytearray()
    for original, character in zip(data, text, strict=True):
        changed = upcase(character) if up else lower(character)
        encoded = process.encode_ansi(changed)
        same = len(encoded) == 1 and process.decode_ansi(encoded) == changed
        out.append(encoded[0] if same else original)
    return bytes(out)


def _change_case(thread: Thread, address: int, up: bool, wide: bool) -> int:
    """A value below 64 Ki is a character to convert, not an address."""
    memory = thread.process.memory
    convert = upcase if up else lower
    if address < 0x10000:
        if wide:
            return ord(convert(chr(address)))
        return _change_narrow(thread, bytes((address & 0xFF,)), up)[0]
    if wide:
        memory.write_wstr(address, convert(memory.read_wstr(address)))
    else:
        memory.write(address, _change_narrow(thread, memory.read_str(address), up))
    return address


def _change_buffer(thread: Thread, address: int, count: int, up: bool, wide: bool) -> int:
    memory = thread.process.memory
    convert = upcase if up else lower
    if wide:
        memory.write(address, encode_wide(convert(decode_wide(memory.read(address, 2 * count)))))
    else:
        memory.write(address, _change_narrow(thread, memory.read(address, count), up))
    return count


@user32.export(category=GUI)
def CharUpperW(thread: Thread, lpsz: LPVOID) -> LPVOID:
    """Upper-case a string in place, or a character given as its value."""
    return _change_case(thread, lpsz, True, True)


@user32.export(category=GUI)
def CharUpperA(thread: Thread, lpsz: LPVOID) -> LPVOID:
    """Upper-case a string in place, or a character given as its value."""
    return _change_case(thread, lpsz, True, False)


@user32.export(category=GUI)
def CharLowerW(thread: Thread, lpsz: LPVOID) -> LPVOID:
    """Lower-case a string in place, or a character given as its value."""
    return _change_case(thread, lpsz, False, True)


@user32.export(category=GUI)
def CharLowerA(thread: Thread, lpsz: LPVOID) -> LPVOID:
    """Lower-case a string in place, or a character given as its value."""
    return _change_case(thread, lpsz, False, False)


@user32.export(category=GUI)
def CharUpperBuffW(thread: Thread, lpsz: LPWSTR, cchLength: DWORD) -> DWORD:
    """Upper-case characters in place."""
    return _change_buffer(thread, lpsz, cchLength, True, True)


@user32.export(category=GUI)
def CharUpperBuffA(thread: Thread, lpsz: LPSTR, cchLength: DWORD) -> DWORD:
    """Upper-case characters in place."""
    return _change_buffer(thread, lpsz, cchLength, True, False)


@user32.export(category=GUI)
def CharLowerBuffW(thread: Thread, lpsz: LPWSTR, cchLength: DWORD) -> DWORD:
    """Lower-case characters in place."""
    return _change_buffer(thread, lpsz, cchLength, False, True)


@user32.export(category=GUI)
def CharLowerBuffA(thread: Thread, lpsz: LPSTR, cchLength: DWORD) -> DWORD:
    """Lower-case characters in place."""
    return _change_buffer(thread, lpsz, cchLength, False, False)


@user32.export(category=GUI)
def CharNextW(thread: Thread, lpsz: LPVOID) -> LPVOID:
    """Return the address of the next character; that of the NUL for the end."""
    return lpsz + 2 if thread.process.memory.read_u16(lpsz) else lpsz


@user32.export(category=GUI)
def CharNextA(thread: Thread, lpsz: LPVOID) -> LPVOID:
    """Return the address of the next character; that of the NUL for the end."""
    return lpsz + 1 if thread.process.memory.read_u8(lpsz) else lpsz


@user32.export(category=GUI)
def CharNextExA(thread: Thread, CodePage: WORD, lpCurrentChar: LPVOID, dwFlags: DWORD) -> LPVOID:
    """Return the address of the next character in a code page."""
    memory = thread.process.memory
    first = memory.read_u8(lpCurrentChar)
    if not first:
        return lpCurrentChar
    lead = is_lead_byte(CodePage, first) and memory.read_u8(lpCurrentChar + 1) != 0
    return lpCurrentChar + (2 if lead else 1)


def is_lead_byte(code_page: int, value: int) -> bool:
    """Whether a byte begins a character of two bytes in a code page of Windows."""
    match code_page:
        case 932:
            return 0x81 <= value <= 0x9F or 0xE0 <= value <= 0xFC
        case 936 | 949 | 950:
            return 0x81 <= value <= 0xFE
        case 1361:
            return 0x84 <= value <= 0xD3 or 0xD8 <= value <= 0xDE or 0xE0 <= value <= 0xF9
    return False


@user32.export(category=GUI)
def CharPrevW(thread: Thread, lpszStart: LPVOID, lpszCurrent: LPVOID) -> LPVOID:
    """Return the address of the character before; the start stays."""
    return lpszCurrent - 2 if lpszCurrent > lpszStart else lpszStart


@user32.export(category=GUI)
def CharPrevA(thread: Thread, lpszStart: LPVOID, lpszCurrent: LPVOID) -> LPVOID:
    """Return the address of the character before; the start stays."""
    return lpszCurrent - 1 if lpszCurrent > lpszStart else lpszStart


@user32.export(category=GUI)
def CharPrevExA(
    thread: Thread, CodePage: WORD, lpStart: LPVOID, lpCurrentChar: LPVOID, dwFlags: DWORD
) -> LPVOID:
    """Return the address of the character before in a code page."""
    memory = thread.process.memory
    at = lpStart
    before = lpStart
    while at < lpCurrentChar and memory.read_u8(at):
        before = at
        at += 2 if is_lead_byte(CodePage, memory.read_u8(at)) and memory.read_u8(at + 1) else 1
    return before


@user32.export(category=GUI)
def IsCharAlphaW(thread: Thread, ch: WCHAR) -> BOOL:
    """Whether a character is a letter."""
    return int(chr(ch).isalpha())


@user32.export(category=GUI)
def IsCharAlphaNumericW(thread: Thread, ch: WCHAR) -> BOOL:
    """Whether a character is a letter or a digit."""
    return int(chr(ch).isalnum())


@user32.export(category=GUI)
def IsCharUpperW(thread: Thread, ch: WCHAR) -> BOOL:
    """Whether a character is an upper-case letter."""
    return int(chr(ch).isupper())


@user32.export(category=GUI)
def IsCharLowerW(thread: Thread, ch: WCHAR) -> BOOL:
    """Whether a character is a lower-case letter."""
    return int(chr(ch).islower())


# OEM code page (437)


@user32.export(category=GUI)
def CharToOemA(thread: Thread, pSrc: LPCSTR, pDst: LPSTR) -> BOOL:
    """Convert from the ANSI to the OEM code page."""
    text = thread.process.decode_ansi(pSrc or b"")
    thread.process.memory.write(pDst, text.encode("cp437", "replace") + b"\0")
    return 1


@user32.export(category=GUI)
def CharToOemW(thread: Thread, pSrc: LPCWSTR, pDst: LPSTR) -> BOOL:
    """Convert to the OEM code page."""
    thread.process.memory.write(pDst, (pSrc or "").encode("cp437", "replace") + b"\0")
    return 1


@user32.export(category=GUI)
def OemToCharA(thread: Thread, pSrc: LPCSTR, pDst: LPSTR) -> BOOL:
    """Convert from the OEM to the ANSI code page."""
    text = (pSrc or b"").decode("cp437")
    thread.process.memory.write(pDst, thread.process.encode_ansi(text) + b"\0")
    return 1


@user32.export(category=GUI)
def OemToCharW(thread: Thread, pSrc: LPCSTR, pDst: LPWSTR) -> BOOL:
    """Convert from the OEM code page."""
    thread.process.memory.write_wstr(pDst, (pSrc or b"").decode("cp437"))
    return 1


def _convert_buffer(thread: Thread, source: int, target: int, count: int, to_oem: bool) -> int:
    if not source or not target:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    data = thread.process.memory.read(source, count)
    if to_oem:
        changed = thread.process.decode_ansi(data).encode("cp437", "replace")
    else:
        changed = thread.process.encode_ansi(data.decode("cp437"))
    thread.process.memory.write(target, changed[:count])
    return 1


@user32.export(category=GUI)
def CharToOemBuffA(thread: Thread, lpszSrc: LPVOID, lpszDst: LPVOID, cchDstLength: DWORD) -> BOOL:
    """Convert characters from the ANSI to the OEM code page."""
    return _convert_buffer(thread, lpszSrc, lpszDst, cchDstLength, True)


@user32.export(category=GUI)
def OemToCharBuffA(thread: Thread, lpszSrc: LPVOID, lpszDst: LPVOID, cchDstLength: DWORD) -> BOOL:
    """Convert characters from the OEM to the ANSI code page."""
    return _convert_buffer(thread, lpszSrc, lpszDst, cchDstLength, False)


# wsprintf

_SPEC = re.compile(
    r"%(?P<flags>[-#0]*)(?P<width>\*|\d*)(?:\.(?P<precision>\*|\d*))?(?P<size>I64|ll|[hlwI]?)(?P<kind>.?)", re.S
)


class _Arguments:
    """The variable arguments of a call, one pointer-sized slot each."""

    def __init__(self, thread: Thread, read: list[int] | None, address: int) -> None:
        self._thread = thread
        self._slots = read
        self._address = address
        self._next = 0

    def take(self) -> int:
        """Return the next slot."""
        memory = self._thread.process.memory
        index, self._next = self._next, self._next + 1
        if self._slots is not None and index < len(self._slots):
            return self._slots[index]
        if self._slots is not None:
            index -= len(self._slots)
        return memory.read_pointer(self._address + index * memory.pointer_size)


def _format(thread: Thread, form: str, arguments: _Arguments, wide: bool) -> str:
    """wsprintf: a small printf without floating point; at most 1023 characters."""
    memory = thread.process.memory

    def text_of(address: int, is_wide: bool, precision: int | None) -> str:
        if not address:
            return "(null)"[:precision]
        if is_wide:
            return memory.read_wstr(address, precision if precision is not None else _WSPRINTF_LIMIT)
        data = memory.read_str(address, precision if precision is not None else _WSPRINTF_LIMIT)
        return thread.process.decode_ansi(data)

    def number(match: re.Match[str], size: str, kind: str, precision: int | None) -> str:
        raw = arguments.take()
        bits = 64 if size in ("I64", "ll") or (size == "I" and memory.pointer_size == 8) or kind == "p" else 32
        if kind == "p":
            return f"{raw:0{2 * memory.pointer_size}X}"
        if size == "h":
            bits = 16
        raw &= (1 << bits) - 1
        if kind in "di":
            value = raw - (1 << bits) if raw >> (bits - 1) else raw
            digits = str(abs(value)).rjust(precision or 0, "0")
            sign = "-" if value < 0 else ""
            if "0" in match["flags"] and "-" not in match["flags"] and match["width"].isdigit():
                digits = digits.rjust(int(match["width"]) - len(sign), "0")
            return sign + digits
        digits = format(raw, {"u": "d"}.get(kind, kind))
        digits = digits.rjust(precision or 0, "0")
        return ("0" + kind if "#" in match["flags"] and kind in "xX" else "") + digits

    def replace(match: re.Match[str]) -> str:
        size, kind = match["size"], match["kind"]
        width_text = str(arguments.take()) if match["width"] == "*" else match["width"]
        precision = None
        if match["precision"] is not None:
            precision = arguments.take() if match["precision"] == "*" else int(match["precision"] or 0)
        if kind in ("s", "S"):
            is_wide = size in ("l", "w") or (size != "h" and wide == (kind == "s"))
            out = text_of(arguments.take(), is_wide, precision)
        elif kind in ("c", "C"):
            is_wide = size in ("l", "w") or (size != "h" and wide == (kind == "c"))
            value = arguments.take() & (0xFFFF if is_wide else 0xFF)
            out = chr(value) if is_wide else thread.process.decode_ansi(bytes((value,)))
        elif kind and kind in "diuxXop":
            out = number(match, size, kind, precision)
        elif kind == "%":
            return "%"
        else:
            return kind
        width = int(width_text or 0)
        if "-" in match["flags"]:
            return out.ljust(width)
        return out.rjust(width, "0" if "0" in match["flags"] and kind not in "sScC" else " ")

    return _SPEC.sub(replace, form)[: _WSPRINTF_LIMIT - 1]


def _store_format(thread: Thread, target: int, text: str, wide: bool) -> int:
    data = encode_text(thread, text, wide)
    thread.process.memory.write(target, data + bytes(2 if wide else 1))
    return len(data) // (2 if wide else 1)


def _variadic(thread: Thread) -> _Arguments:
    """The arguments behind the two fixed ones: two more in registers, the others on the stack."""
    words = thread.process.abi.reader(6, syscall=False)(thread)
    return _Arguments(thread, list(words[2:4]), thread.context.registers[4] + 0x28)


@user32.export(category=GUI)
def wsprintfW(thread: Thread, param0: LPWSTR, param1: LPCWSTR) -> INT:
    """Format text into a buffer of 1024 characters; the arguments follow."""
    return _store_format(thread, param0, _format(thread, param1 or "", _variadic(thread), True), True)


@user32.export(category=GUI)
def wsprintfA(thread: Thread, param0: LPSTR, param1: LPCSTR) -> INT:
    """Format text into a buffer of 1024 characters; the arguments follow."""
    form = thread.process.decode_ansi(param1 or b"")
    return _store_format(thread, param0, _format(thread, form, _variadic(thread), False), False)


@user32.export(category=GUI)
def wvsprintfW(thread: Thread, param0: LPWSTR, param1: LPCWSTR, arglist: LPVOID) -> INT:
    """Format text into a buffer of 1024 characters; the arguments are a va_list."""
    return _store_format(thread, param0, _format(thread, param1 or "", _Arguments(thread, None, arglist), True), True)


@user32.export(category=GUI)
def wvsprintfA(thread: Thread, param0: LPSTR, param1: LPCSTR, arglist: LPVOID) -> INT:
    """Format text into a buffer of 1024 characters; the arguments are a va_list."""
    form = thread.process.decode_ansi(param1 or b"")
    return _store_format(thread, param0, _format(thread, form, _Arguments(thread, None, arglist), False), False)


# String resources

def _load_string(thread: Thread, instance: int, number: int, buffer: int, capacity: int, wide: bool) -> int:
    found = string_of(thread, instance, number)
    if found is None or not found[1]:
        raise Win32Error(ERROR_RESOURCE_NAME_NOT_FOUND)
    address, length = found
    memory = thread.process.memory
    if capacity == 0:
        if wide:
            memory.write_pointer(buffer, address)
            return length
        return 0
    if capacity < 0:
        return 0
    text = decode_wide(memory.read(address, 2 * length))
    unit = 2 if wide else 1
    data = encode_text(thread, text, wide)[: (capacity - 1) * unit]
    memory.write(buffer, data + bytes(unit))
    return len(data) // unit


def load_text(thread: Thread, instance: int, number: int) -> str | None:
    """A string resource as text; None where there is none."""
    found = string_of(thread, instance, number)
    return None if found is None else decode_wide(thread.process.memory.read(found[0], 2 * found[1]))


@user32.export(category=GUI)
def LoadStringW(thread: Thread, hInstance: HINSTANCE, uID: UINT, lpBuffer: LPWSTR, cchBufferMax: INT) -> INT:
    """Copy a string resource; with no room the buffer gets a pointer to it."""
    return _load_string(thread, hInstance, uID, lpBuffer, cchBufferMax, True)


@user32.export(category=GUI)
def LoadStringA(thread: Thread, hInstance: HINSTANCE, uID: UINT, lpBuffer: LPSTR, cchBufferMax: INT) -> INT:
    """Copy a string resource."""
    return _load_string(thread, hInstance, uID, lpBuffer, cchBufferMax, False)
