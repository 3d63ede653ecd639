"""Environment variables: the block a process carries, and what a Windows 10 session starts with.

Names ignore case and keep it. A block is UTF-16 `NAME=value` strings sorted by upper-case name, each NUL-terminated,
the whole ended by one more NUL. Names may begin with `=` (`=C:` holds the current directory of drive C:).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping

from runtime.nt.casing import upcase
from runtime.nt.processor import Processor

MAXIMUM_VALUE = 32767


class Environment(MutableMapping[str, str]):
    """Variables by name, without regard to case; iteration is in block order."""

    __slots__ = ("_variables",)

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables: dict[str, tuple[str, str]] = {}
        for name, value in (variables or {}).items():
            self[name] = value

    def __getitem__(self, name: str) -> str:
        return self._variables[upcase(name)][1]

    def __setitem__(self, name: str, value: str) -> None:
        """Set a variable. Raises ValueError for an empty name, one with an `=` behind its first character, or a NUL."""
        if not name or "=" in name[1:] or "\0" in name or "\0" in value:
            raise ValueError(f"not an environment variable: {name!r}")
        fold = upcase(name)
        old = self._variables.get(fold)
        self._variables[fold] = (old[0] if old else name, value)

    def __delitem__(self, name: str) -> None:
        del self._variables[upcase(name)]

    def __iter__(self) -> Iterator[str]:
        return iter([self._variables[fold][0] for fold in sorted(self._variables)])

    def __len__(self) -> int:
        return len(self._variables)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and upcase(name) in self._variables

    def block(self) -> bytes:
        """Return the variables as a block."""
        text = "".join(f"{name}={self[name]}\0" for name in self)
        return (text + "\0" if text else "\0\0").encode("utf-16-le", "surrogatepass")

    @classmethod
    def parse(cls, block: bytes) -> Environment:
        """Read a block. Entries without a name are left out, as Windows does; the first of two equal names wins."""
        result = cls()
        text = block[: len(block) & ~1].decode("utf-16-le", "surrogatepass")
        for entry in text.split("\0"):
            if not entry:
                break
            name, equals, value = entry[1:].partition("=")
            name = entry[0] + name
            if equals and name not in result:
                result[name] = value
        return result

    def expand(self, text: str) -> str:
        """Replace `%NAME%` by the value of NAME; unknown names stay as they are (RtlExpandEnvironmentStrings)."""
        if "%" not in text:
            return text
        pieces = []
        rest = text
        while True:
            before, percent, after = rest.partition("%")
            pieces.append(before)
            if not percent:
                break
            name, percent, behind = after.partition("%")
            if percent and name and name in self:
                pieces.append(self[name])
                rest = behind
            elif percent:
                pieces.append("%" + name)
                rest = "%" + behind
            else:
                pieces.append("%" + name)
                break
        return "".join(pieces)


def system_variables(processor: Processor) -> dict[str, str]:
    """Return what `Session Manager\\Environment` of a new machine holds."""
    return {
        "ComSpec": "%SystemRoot%\\system32\\cmd.exe",
        "DriverData": "C:\\Windows\\System32\\Drivers\\DriverData",
        "NUMBER_OF_PROCESSORS": str(processor.count),
        "OS": "Windows_NT",
        "Path": "%SystemRoot%\\system32;%SystemRoot%;%SystemRoot%\\System32\\Wbem;"
        "%SYSTEMROOT%\\System32\\WindowsPowerShell\\v1.0\\",
        "PATHEXT": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
        "PROCESSOR_ARCHITECTURE": "AMD64",
        "PROCESSOR_IDENTIFIER": f"{processor.identifier}, {processor.vendor}",
        "PROCESSOR_LEVEL": str(processor.family),
        "PROCESSOR_REVISION": f"{processor.revision:04x}",
        "PSModulePath": "%ProgramFiles%\\WindowsPowerShell\\Modules;"
        "%SystemRoot%\\system32\\WindowsPowerShell\\v1.0\\Modules",
        "TEMP": "%SystemRoot%\\TEMP",
        "TMP": "%SystemRoot%\\TEMP",
        "USERNAME": "SYSTEM",
        "windir": "%SystemRoot%",
    }


def default_environment(computer: str, user: str, processor: Processor) -> Environment:
    """Return the variables of a program that a user starts on a new Windows 10 machine."""
    profile = f"C:\\Users\\{user}"
    local = f"{profile}\\AppData\\Local"
    base = {"SystemDrive": "C:", "SystemRoot": "C:\\Windows", "ProgramFiles": "C:\\Program Files"}
    result = Environment(base)
    for name, value in system_variables(processor).items():
        result[name] = Environment(base).expand(value)
    result.update(
        {
            "ALLUSERSPROFILE": "C:\\ProgramData",
            "APPDATA": f"{profile}\\AppData\\Roaming",
            "CommonProgramFiles": "C:\\Program Files\\Common Files",
            "CommonProgramFiles(x86)": "C:\\Program Files (x86)\\Common Files",
            "CommonProgramW6432": "C:\\Program Files\\Common Files",
            "COMPUTERNAME": computer,
            "HOMEDRIVE": "C:",
            "HOMEPATH": f"\\Users\\{user}",
            "LOCALAPPDATA": local,
            "LOGONSERVER": f"\\\\{computer}",
            "OneDrive": f"{profile}\\OneDrive",
            "Path": f"{result['Path']};C:\\Windows\\System32\\OpenSSH\\;{local}\\Microsoft\\WindowsApps",
            "ProgramData": "C:\\ProgramData",
            "ProgramFiles(x86)": "C:\\Program Files (x86)",
            "ProgramW6432": "C:\\Program Files",
            "PUBLIC": "C:\\Users\\Public",
            "SESSIONNAME": "Console",
            "TEMP": f"{local}\\Temp",
            "TMP": f"{local}\\Temp",
            "USERDOMAIN": computer,
            "USERDOMAIN_ROAMINGPROFILE": computer,
            "USERNAME": user,
            "USERPROFILE": profile,
        }
    )
    return result
