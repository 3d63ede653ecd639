"""imagehlp.h: checksums of executable files."""

from __future__ import annotations

import struct
import sys
from array import array

from runtime.dlls.imagehlp.dll import imagehlp
from runtime.dlls.kernel32.file_support import nt_path
from runtime.dlls.types import DWORD, LPCWSTR, PVOID, Out
from runtime.nt import file_flags as ff
from runtime.nt.disk_file import DiskFile
from runtime.nt.io import open_path
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

CHECKSUM_SUCCESS, CHECKSUM_OPEN_FAILURE, CHECKSUM_MAP_FAILURE = 0, 1, 2
_OPTIONS = ff.FILE_NON_DIRECTORY_FILE | ff.FILE_SYNCHRONOUS_IO_NONALERT
_CHECKSUM = 88
"""Offset of OptionalHeader.CheckSum from the signature, in PE32 and PE32+ alike."""


def headers_of(data: bytes) -> int:
    """Return the offset of the NT headers of an executable file; 0 when it is none."""
    if len(data) < 0x40 or data[:2] != b"MZ":
        return 0
    (offset,) = struct.unpack_from("<I", data, 0x3C)
    return int(offset) if data[offset : offset + 4] == b"PE\0\0" and offset + _CHECKSUM + 4 <= len(data) else 0


def checksum(data: bytes, headers: int) -> int:
    """The PE checksum: the sum of the 16-bit words with their carries, without the checksum's own, and the length."""
    words = array("H", data.ljust(len(data) + len(data) % 2, b"\0"))
    if sys.byteorder == "big":
        words.byteswap()
    total = sum(words)
    if headers:
        total -= sum(struct.unpack_from("<HH", data, headers + _CHECKSUM))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (total + len(data)) & 0xFFFFFFFF


def _sums(data: bytes) -> tuple[int, int, int]:
    headers = headers_of(data)
    stored = struct.unpack_from("<I", data, headers + _CHECKSUM)[0] if headers else 0
    return headers, stored, checksum(data, headers)


@imagehlp.export("file_io")
def CheckSumMappedFile(
    thread: Thread, BaseAddress: PVOID, FileLength: DWORD, HeaderSum: Out[DWORD], CheckSum: Out[DWORD]
) -> PVOID:
    """Return the checksum in the headers and the true one of a file in memory; its NT headers, NULL if it has none."""
    headers, stored, true = _sums(thread.process.memory.read(BaseAddress, FileLength))
    HeaderSum.set(stored)
    CheckSum.set(true)
    return BaseAddress + headers if headers else 0


@imagehlp.export("file_io")
def MapFileAndCheckSumW(thread: Thread, Filename: LPCWSTR, HeaderSum: Out[DWORD], CheckSum: Out[DWORD]) -> DWORD:
    """Return the checksum in a file's headers and the true one. The result is 0 or a CHECKSUM_* failure."""
    try:
        file = open_path(thread.process, nt_path(thread, Filename), ff.FILE_GENERIC_READ, 7, _OPTIONS)
    except (NtError, Win32Error):
        return CHECKSUM_OPEN_FAILURE
    try:
        if not isinstance(file, DiskFile):
            return CHECKSUM_MAP_FAILURE
        with open(f"/proc/self/fd/{file.fd}", "rb") as content:
            data = content.read()
    finally:
        file.closed()
    if not data:
        return CHECKSUM_MAP_FAILURE
    _, stored, true = _sums(data)
    HeaderSum.set(stored)
    CheckSum.set(true)
    return CHECKSUM_SUCCESS


MapFileAndCheckSumA = imagehlp.ansi(MapFileAndCheckSumW)
