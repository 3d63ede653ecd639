"""shellapi.h: command lines."""

from __future__ import annotations

from runtime.dlls.heap import guest_heap_alloc
from runtime.dlls.shell32 import shell32
from runtime.dlls.text import encode_wide
from runtime.dlls.types import INT, LPCWSTR, LPVOID, Out
from runtime.nt.status import ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, Win32Error
from runtime.nt.thread import Thread


def split_command_line(text: str) -> list[str]:
    """Split a command line by the rules of CommandLineToArgvW.

    The program's name ends at its closing quote or at the first blank; backslashes in it mean themselves. In what
    follows, 2n backslashes before a quote are n backslashes and a delimiter, 2n+1 are n backslashes and a quote, and a
    quote inside quotes that is followed by another is a quote; after three quotes in a row quoting has ended.
    """
    if text.startswith('"'):
        end = text.find('"', 1)
        name, at = (text[1:], len(text)) if end < 0 else (text[1:end], end + 1)
    else:
        end = next((index for index, character in enumerate(text) if character <= " "), len(text))
        name, at = text[:end], end
    arguments = [name]
    while True:
        while at < len(text) and text[at] in " \t":
            at += 1
        if at >= len(text):
            return arguments
        argument, at = _argument(text, at)
        arguments.append(argument)


def _argument(text: str, at: int) -> tuple[str, int]:
    out: list[str] = []
    quotes = backslashes = 0
    while at < len(text) and (text[at] not in " \t" or quotes):
        character = text[at]
        at += 1
        if character == "\\":
            backslashes += 1
            out.append(character)
            continue
        if character != '"':
            backslashes = 0
            out.append(character)
            continue
        if backslashes:
            del out[len(out) - (backslashes + 1) // 2 :]
        if backslashes & 1:
            out.append('"')
        else:
            quotes += 1
        backslashes = 0
        # Consecutive quotes: two inside a quoted part make one quote, a third closes the part.
        while at < len(text) and text[at] == '"':
            quotes += 1
            if quotes == 3:
                out.append('"')
                quotes = 0
            at += 1
        if quotes == 2:
            quotes = 0
    return "".join(out), at


@shell32.export(category="process")
async def CommandLineToArgvW(thread: Thread, lpCmdLine: LPCWSTR, pNumArgs: Out[INT]) -> LPVOID:
    """Split a command line; an empty one is the program's path. The caller frees the array with LocalFree."""
    if lpCmdLine is None or not pNumArgs:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    arguments = split_command_line(lpCmdLine) if lpCmdLine else [thread.process.image_path]
    width = thread.process.memory.pointer_size
    strings = [encode_wide(argument + "\0") for argument in arguments]
    block = await guest_heap_alloc(thread, (len(strings) + 1) * width + sum(map(len, strings)))
    if not block:
        raise Win32Error(ERROR_NOT_ENOUGH_MEMORY)
    at = block + (len(strings) + 1) * width
    table = b""
    for string in strings:
        table += at.to_bytes(width, "little")
        at += len(string)
    thread.process.memory.write(block, table + bytes(width) + b"".join(strings))
    pNumArgs.set(len(strings))
    return block
