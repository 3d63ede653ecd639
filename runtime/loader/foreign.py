"""What a file is that is no Windows program, for the message that refuses it."""

from __future__ import annotations


def describe_foreign(start: bytes, size: int) -> str:
    """What a file that does not begin with MZ seems to be."""
    if size == 0:
        return "the file is empty"
    if start.startswith(b"\x7fELF"):
        return "an ELF file (a Linux program); run it directly"
    if start.startswith(b"#!"):
        return "a script"
    if start.startswith((b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")):
        return "a Mach-O file (a macOS program) or Java class"
    if start.startswith(b"PK\x03\x04"):
        return "a ZIP archive; unpack it first"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return "an OLE compound file (an MSI package or an Office document)"
    printable = sum(byte in b"\t\r\n\x1b" or 32 <= byte < 127 or byte >= 128 for byte in start)
    if printable == len(start):
        return f"a text file (it starts with {start[:16].decode('latin-1')!r}, not 'MZ')"
    return f"it starts with {start[:4].hex(' ')}, expected 4d 5a ('MZ')"
