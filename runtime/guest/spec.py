"""Export lists of the guest DLLs, one export a line.

Two forms share one syntax.  A complete DLL (``msvcrt.dll``) lists its own exports::

    NAME[=TARGET] [@ORDINAL] [noname] [data]

``TARGET`` is the C symbol, or ``otherdll.Name`` for a forwarder.  ``ntrtl.dll`` lists on whose behalf it implements
a function::

    ntdll.dll RtlAllocateHeap
    kernel32.dll HeapAlloc=RtlAllocateHeap

Empty lines and everything after ``#`` are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class SpecError(ValueError):
    """A line of an export list that cannot be read; the message names file and line."""


@dataclass(frozen=True)
class Export:
    """One export of a DLL.

    ``dll`` is the DLL that Windows programs know the export under; ``name`` its public name; ``target`` the C symbol
    (or a forwarder ``dll.Name``) behind it.
    """

    dll: str
    name: str
    target: str
    ordinal: int | None = None
    noname: bool = False
    data: bool = False

    @property
    def forwarder(self) -> bool:
        """Whether the export only points at another DLL."""
        return "." in self.target and not self.target.startswith(".") and not self.target.startswith("?")

    def definition(self) -> str:
        """The export as a line of a module-definition file."""
        parts = [self.name if self.name == self.target else f"{self.name}={self.target}"]
        if self.ordinal is not None:
            parts.append(f"@{self.ordinal}")
        if self.noname:
            parts.append("NONAME")
        if self.data:
            parts.append("DATA")
        return " ".join(parts)


def parse_spec(text: str, dll: str | None, where: str) -> list[Export]:
    """Read an export list.

    ``dll`` is the DLL that all lines belong to, or None when each line begins with its DLL's name.  ``where`` names the
    text in errors.  Raises SpecError for a malformed line.
    """
    exports = []
    for number, raw in enumerate(text.splitlines(), 1):
        words = raw.split("#", 1)[0].split()
        if not words:
            continue
        owner = dll
        if owner is None:
            owner = words.pop(0)
            if not owner.endswith(".dll") or not words:
                raise SpecError(f"{where}:{number}: expected 'DLL NAME[=CNAME]', found {raw.strip()!r}")
        name, _, target = words.pop(0).partition("=")
        ordinal: int | None = None
        flags = set()
        for word in words:
            if word.startswith("@") and word[1:].isdigit():
                ordinal = int(word[1:])
            elif word in ("noname", "data"):
                flags.add(word)
            else:
                raise SpecError(f"{where}:{number}: unknown word {word!r}")
        if "noname" in flags and ordinal is None:
            raise SpecError(f"{where}:{number}: noname needs an ordinal")
        exports.append(Export(owner, name, target or name, ordinal, "noname" in flags, "data" in flags))
    return exports


def read_spec(path: Path, dll: str | None = None) -> list[Export]:
    """Read the export list at ``path``; see parse_spec.  Raises OSError and SpecError."""
    return parse_spec(path.read_text(encoding="utf-8"), dll, str(path))


def library_exports() -> list[Export]:
    """What ``ntrtl.dll`` implements, and for which system DLL each: the loader's table of forwarders."""
    return read_spec(Path(__file__).parent / "ntrtl" / "exports.spec")
