"""FormatMessage: texts of errors, message tables of modules, and inserts."""

from __future__ import annotations

import re
from collections.abc import Callable

from runtime.dlls.heap import guest_heap_new
from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import DWORD, LPVOID, PVOID
from runtime.nt import status as st
from runtime.nt.messages import message
from runtime.nt.resources import find
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

RT_MESSAGETABLE = 11
_ALLOCATE_BUFFER = 0x100
_IGNORE_INSERTS = 0x200
_FROM_STRING = 0x400
_FROM_HMODULE = 0x800
_FROM_SYSTEM = 0x1000
_ARGUMENT_ARRAY = 0x2000
_INSERT = re.compile(r"%(?:(0)|([1-9][0-9]?)(?:!([^!]*)!)?|(.))", re.DOTALL)
_SPEC = re.compile(r"([-+ #0]*)(\*|\d*)(?:\.(\*|\d*))?(hh|h|ll|l|I64|I32|I|w)?([a-zA-Z])?")


def _arguments(thread: Thread, address: int, flags: int) -> Callable[[int], int]:
    """Return what reads insert `index` (from 0): an array of words, or what a va_list points to."""
    memory = thread.process.memory
    width = memory.pointer_size
    base = address if flags & _ARGUMENT_ARRAY or not address else memory.read_pointer(address)

    def read(index: int) -> int:
        if not address:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        return memory.read_pointer(base + index * width)

    return read


def _insert(thread: Thread, value: int, spec: str, read: Callable[[int], int], index: int, *, wide: bool) -> str:
    memory, process = thread.process.memory, thread.process
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    flags, width, precision, size, kind = match.groups()
    if width == "*":
        width, value, index = str(value), read(index + 1), index + 1
    if precision == "*":
        precision, value = str(value), read(index + 1)
    kind = kind or "s"
    if kind in "sS":
        as_wide = (wide != (kind == "S") and size != "h") or size in ("l", "w")
        if not value:
            text = "(null)"
        elif as_wide:
            text = memory.read_wstr(value)
        else:
            text = process.decode_ansi(memory.read_str(value))
        if precision:
            text = text[: int(precision)]
        return text.ljust(int(width or 0)) if "-" in flags else text.rjust(int(width or 0))
    if kind in "cC":
        return chr(value & 0xFFFF)
    bits = 64 if size in ("ll", "I64", "I") else 32
    value &= (1 << bits) - 1
    if kind in "di" and value >> (bits - 1):
        value -= 1 << bits
    if kind == "p":
        return f"{value:016X}"
    if kind not in "diuxXo":
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    dot = f".{precision}" if precision else ""
    return f"%{flags}{width}{dot}{'d' if kind in 'diu' else kind}" % value


def _expand(thread: Thread, text: str, flags: int, arguments: int, *, wide: bool) -> str:
    """Replace the inserts of a message (learn.microsoft.com, FormatMessage, "Remarks")."""
    if flags & _IGNORE_INSERTS:
        return text
    read = _arguments(thread, arguments, flags)
    parts: list[str] = []
    position = 0
    for match in _INSERT.finditer(text):
        parts.append(text[position : match.start()])
        position = match.end()
        terminator, number, spec, other = match.groups()
        if terminator:
            return "".join(parts)
        if number:
            index = int(number) - 1
            parts.append(_insert(thread, read(index), spec if spec is not None else "s", read, index, wide=wide))
        else:
            parts.append({"n": "\r\n", "r": "\r", "t": "\t", "b": " "}.get(other, other))
    return "".join(parts) + text[position:]


def _wrap(text: str, flags: int) -> str:
    """Apply FORMAT_MESSAGE_MAX_WIDTH_MASK: 255 drops line ends, a width breaks lines at it."""
    width = flags & 0xFF
    if not width:
        return text
    flat = re.sub(r"\r\n|\n|\r", " ", text)
    if width == 0xFF:
        return flat
    lines, line = [], ""
    for word in flat.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\r\n".join([*lines, line])


def _text(thread: Thread, flags: int, source: int, number: int, *, wide: bool) -> str:
    memory = thread.process.memory
    if flags & _FROM_STRING:
        return memory.read_wstr(source) if wide else thread.process.decode_ansi(memory.read_str(source))
    if flags & _FROM_HMODULE:
        found = _from_module(thread, source, number)
        if found is not None:
            return found
    if flags & _FROM_SYSTEM:
        found = message(number)
        if found is not None:
            return found + "\r\n"
    raise Win32Error(st.ERROR_MR_MID_NOT_FOUND)


def _from_module(thread: Thread, handle: int, number: int) -> str | None:
    """Look a message up in the RT_MESSAGETABLE of a module or its language files."""
    try:
        place, entry = find(thread, handle, RT_MESSAGETABLE, 1, 0)
    except Win32Error:
        return None
    data = place.data(entry)
    blocks = int.from_bytes(data[:4], "little")
    for block in range(blocks):
        low, high, offset = (int.from_bytes(data[4 + 12 * block + 4 * part :][:4], "little") for part in range(3))
        if not low <= number <= high:
            continue
        for _ in range(number - low):
            offset += int.from_bytes(data[offset : offset + 2], "little")
        length, unicode = (int.from_bytes(data[offset + 2 * part :][:2], "little") for part in range(2))
        body = data[offset + 4 : offset + length]
        return body.decode("utf-16-le" if unicode & 1 else "cp1252", "replace").rstrip("\0")
    return None


async def _format(thread: Thread, flags: int, source: int, number: int, buffer: int, size: int, arguments: int, *,
                  wide: bool) -> int:  # fmt: skip
    text = _wrap(_expand(thread, _text(thread, flags, source, number, wide=wide), flags, arguments, wide=wide), flags)
    unit = 2 if wide else 1
    data = text.encode("utf-16-le", "surrogatepass") if wide else thread.process.encode_ansi(text)
    length = len(data) // unit
    if flags & _ALLOCATE_BUFFER:
        padded = (data + bytes(unit)).ljust(size * unit, b"\0")
        thread.process.memory.write_pointer(buffer, await guest_heap_new(thread, padded))
    elif length >= size:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    else:
        thread.process.memory.write(buffer, data + bytes(unit))
    return length


@kernel32.export("environment")
async def FormatMessageW(
    thread: Thread, dwFlags: DWORD, lpSource: LPVOID, dwMessageId: DWORD, dwLanguageId: DWORD, lpBuffer: PVOID,
    nSize: DWORD, Arguments: PVOID,
) -> DWORD:  # fmt: skip
    return await _format(thread, dwFlags, lpSource, dwMessageId, lpBuffer, nSize, Arguments, wide=True)


@kernel32.export("environment")
async def FormatMessageA(
    thread: Thread, dwFlags: DWORD, lpSource: LPVOID, dwMessageId: DWORD, dwLanguageId: DWORD, lpBuffer: PVOID,
    nSize: DWORD, Arguments: PVOID,
) -> DWORD:  # fmt: skip
    return await _format(thread, dwFlags, lpSource, dwMessageId, lpBuffer, nSize, Arguments, wide=False)
