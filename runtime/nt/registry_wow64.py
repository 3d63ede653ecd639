"""The 32-bit view of the registry: which keys a KEY_WOW64_32KEY open finds elsewhere.

Source: "Registry Keys Affected by WOW64" in the Windows documentation, as it holds since Windows 7.
"""

from __future__ import annotations

from runtime.nt.casing import upcase

_SOFTWARE = ("REGISTRY", "MACHINE", "SOFTWARE")
_VIEW = "WOW6432Node"
_CLASSES_REDIRECTED = frozenset({"CLSID", "DIRECTSHOW", "INTERFACE", "MEDIA TYPE", "MEDIAFOUNDATION"})
_CURRENT = "MICROSOFT\\WINDOWS\\CURRENTVERSION\\"
_NT = "MICROSOFT\\WINDOWS NT\\CURRENTVERSION\\"
_SHARED = tuple(
    tuple(path.split("\\"))
    for path in (
        "CLASSES", "CLIENTS", "MICROSOFT\\COM3", "MICROSOFT\\CRYPTOGRAPHY\\CALAIS\\CURRENT",
        "MICROSOFT\\CRYPTOGRAPHY\\CALAIS\\READERS", "MICROSOFT\\CRYPTOGRAPHY\\SERVICES", "MICROSOFT\\CTF\\SYSTEMSHARED",
        "MICROSOFT\\CTF\\TIP", "MICROSOFT\\DFS", "MICROSOFT\\DRIVER SIGNING", "MICROSOFT\\ENTERPRISECERTIFICATES",
        "MICROSOFT\\EVENTSYSTEM", "MICROSOFT\\MSMQ", "MICROSOFT\\NON-DRIVER SIGNING",
        "MICROSOFT\\NOTEPAD\\DEFAULTFONTS",
        "MICROSOFT\\OLE", "MICROSOFT\\RAS", "MICROSOFT\\RPC", "MICROSOFT\\SOFTWARE\\MICROSOFT\\SHARED TOOLS\\MSINFO",
        "MICROSOFT\\SYSTEMCERTIFICATES", "MICROSOFT\\TERMSERVLICENSING", "MICROSOFT\\TRANSACTION SERVER",
        _CURRENT + "CONTROL PANEL\\CURSORS\\SCHEMES", _CURRENT + "EXPLORER\\AUTOPLAYHANDLERS",
        _CURRENT + "EXPLORER\\DRIVEICONS", _CURRENT + "EXPLORER\\KINDMAP", _CURRENT + "GROUP POLICY",
        _CURRENT + "POLICIES", _CURRENT + "PREVIEWHANDLERS", _CURRENT + "SETUP", _CURRENT + "TELEPHONY\\LOCATIONS",
        "MICROSOFT\\WINDOWS MESSAGING SUBSYSTEM", _NT + "CONSOLE", _NT + "FONTDPI", _NT + "FONTLINK",
        _NT + "FONTMAPPER", _NT + "FONTS", _NT + "FONTSUBSTITUTES", _NT + "GRE_INITIALIZE",
        _NT + "IMAGE FILE EXECUTION OPTIONS", _NT + "LANGUAGE PACK", _NT + "NETWORKCARDS", _NT + "PERFLIB",
        _NT + "PORTS", _NT + "PRINT", _NT + "PROFILELIST", _NT + "TIME ZONES", "POLICIES", "REGISTEREDAPPLICATIONS",
    )
)  # fmt: skip


def redirect(start: str, names: list[str]) -> list[str] | None:
    """Return the path below \\REGISTRY that the 32-bit view of `names` below the folded path `start` means.

    None: the key is not redirected.
    """
    above = start.split("\\")
    folded = [*above, *(upcase(name) for name in names)]
    full = [*above, *names]
    if tuple(folded[:3]) == _SOFTWARE:
        below = tuple(folded[3:])
        if not below or below[0] == "WOW6432NODE":
            return None
        if below[0] == "CLASSES":
            return _classes(folded, full, 4)
        if any(below[: len(shared)] == shared for shared in _SHARED):
            return None
        return [*full[1:3], _VIEW, *full[3:]]
    if tuple(folded[:2]) == ("REGISTRY", "USER") and len(folded) > 3:
        if folded[2].endswith("_CLASSES"):
            return _classes(folded, full, 3)
        if folded[3:5] == ["SOFTWARE", "CLASSES"]:
            return _classes(folded, full, 5)
    return None


def _classes(folded: list[str], full: list[str], index: int) -> list[str] | None:
    if len(folded) > index and folded[index] in _CLASSES_REDIRECTED:
        return [*full[1:index], _VIEW, *full[index:]]
    return None
