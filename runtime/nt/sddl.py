"""Security descriptors as text: the security descriptor definition language ([MS-DTYP] 2.5.1)."""

from __future__ import annotations

import re

from runtime.nt.security import (
    ACL_REVISION,
    DACL_SECURITY_INFORMATION,
    GROUP_SECURITY_INFORMATION,
    NULL_SID,
    OWNER_SECURITY_INFORMATION,
    SACL_SECURITY_INFORMATION,
    SE_DACL_AUTO_INHERITED,
    SE_DACL_PRESENT,
    SE_DACL_PROTECTED,
    SE_SACL_AUTO_INHERITED,
    SE_SACL_PRESENT,
    SE_SACL_PROTECTED,
    Ace,
    Acl,
    SecurityDescriptor,
    Sid,
)

_INHERIT_REQUIRED = {"D": 0x0100, "S": 0x0200}

_ALIASES = {
    "WD": "S-1-1-0", "CO": "S-1-3-0", "CG": "S-1-3-1", "OW": "S-1-3-4", "NU": "S-1-5-2", "IU": "S-1-5-4",
    "SU": "S-1-5-6", "AN": "S-1-5-7", "ED": "S-1-5-9", "PS": "S-1-5-10", "AU": "S-1-5-11", "RC": "S-1-5-12",
    "WR": "S-1-5-33", "SY": "S-1-5-18", "LS": "S-1-5-19", "NS": "S-1-5-20", "BA": "S-1-5-32-544",
    "BU": "S-1-5-32-545", "BG": "S-1-5-32-546", "PU": "S-1-5-32-547", "AO": "S-1-5-32-548", "SO": "S-1-5-32-549",
    "PO": "S-1-5-32-550", "BO": "S-1-5-32-551", "RE": "S-1-5-32-552", "RU": "S-1-5-32-554", "RD": "S-1-5-32-555",
    "NO": "S-1-5-32-556", "MU": "S-1-5-32-558", "LU": "S-1-5-32-559", "IS": "S-1-5-32-568", "CY": "S-1-5-32-569",
    "ER": "S-1-5-32-573", "CD": "S-1-5-32-574", "RA": "S-1-5-32-575", "ES": "S-1-5-32-576", "MS": "S-1-5-32-577",
    "HA": "S-1-5-32-578", "AA": "S-1-5-32-579", "RM": "S-1-5-32-580", "AC": "S-1-15-2-1", "LW": "S-1-16-4096",
    "ME": "S-1-16-8192", "MP": "S-1-16-8448", "HI": "S-1-16-12288", "SI": "S-1-16-16384",
}  # fmt: skip
_DOMAIN_ALIASES = {"LA": 500, "LG": 501, "DA": 512, "DU": 513, "DG": 514, "DC": 515, "DD": 516, "CA": 517, "PA": 520}
_NAMES = {text: alias for alias, text in _ALIASES.items()}

_ACE_TYPES = {"A": 0, "D": 1, "AU": 2, "AL": 3, "OA": 5, "OD": 6, "OU": 7, "OL": 8, "ML": 0x11, "SP": 0x13}
_ACE_TYPE_NAMES = {value: name for name, value in _ACE_TYPES.items()}
_ACE_FLAGS = (("OI", 1), ("CI", 2), ("NP", 4), ("IO", 8), ("ID", 16), ("SA", 64), ("FA", 128))
_COMBINED = {
    "KA": 0xF003F, "KR": 0x20019, "KW": 0x20006, "KX": 0x20019, "FA": 0x1F01FF, "FR": 0x120089, "FW": 0x120116,
    "FX": 0x1200A0,
}  # fmt: skip
_BITS = {
    "CC": 0x1, "DC": 0x2, "LC": 0x4, "SW": 0x8, "RP": 0x10, "WP": 0x20, "DT": 0x40, "LO": 0x80, "CR": 0x100,
    "SD": 0x10000, "RC": 0x20000, "WD": 0x40000, "WO": 0x80000, "GA": 0x10000000, "GX": 0x20000000,
    "GW": 0x40000000, "GR": 0x80000000,
}  # fmt: skip
_LABEL_BITS = {"NW": 1, "NR": 2, "NX": 4}
_PART = re.compile(r"([OGDS]):")
_ACE = re.compile(r"\(([^()]*)\)")


class SddlError(ValueError):
    """The text is no security descriptor."""


def sid_from_text(text: str, domain: Sid | None = None) -> Sid:
    """Read `S-1-…` or a two-letter alias (`BA`). `domain` resolves aliases of accounts. Raises SddlError."""
    upper = text.strip().upper()
    if upper in _ALIASES:
        return Sid.parse(_ALIASES[upper])
    if upper in _DOMAIN_ALIASES and domain is not None:
        return domain.child(_DOMAIN_ALIASES[upper])
    try:
        return Sid.parse(upper)
    except ValueError as error:
        raise SddlError(str(error)) from None


def parse(text: str, domain: Sid | None = None) -> SecurityDescriptor:
    """Read a descriptor. Raises SddlError."""
    pieces = _PART.split(text.strip())
    if pieces[0].strip():
        raise SddlError(f"not a security descriptor: {text!r}")
    control = 0
    owner = group = None
    lists: dict[str, Acl | None] = {}
    seen: set[str] = set()
    for letter, body in zip(pieces[1::2], pieces[2::2], strict=True):
        if letter in seen:
            raise SddlError(f"{letter}: given twice")
        seen.add(letter)
        body = body.strip()
        if letter == "O":
            owner = sid_from_text(body, domain)
        elif letter == "G":
            group = sid_from_text(body, domain)
        else:
            flags, lists[letter] = _parse_acl(letter, body, domain)
            control |= flags
    return SecurityDescriptor(control, owner, group, lists.get("D"), lists.get("S"))


def _parse_acl(letter: str, body: str, domain: Sid | None) -> tuple[int, Acl | None]:
    head, bracket, rest = body.partition("(")
    flags = head.strip().upper()
    dacl = letter == "D"
    control = SE_DACL_PRESENT if dacl else SE_SACL_PRESENT
    null = False
    while flags:
        if flags.startswith("NO_ACCESS_CONTROL"):
            null, flags = True, flags[17:]
        elif flags.startswith("AR"):
            control, flags = control | _INHERIT_REQUIRED[letter], flags[2:]
        elif flags.startswith("AI"):
            control, flags = control | (SE_DACL_AUTO_INHERITED if dacl else SE_SACL_AUTO_INHERITED), flags[2:]
        elif flags.startswith("P"):
            control, flags = control | (SE_DACL_PROTECTED if dacl else SE_SACL_PROTECTED), flags[1:]
        else:
            raise SddlError(f"unknown flag in {letter}:{head}")
    entries = bracket + rest
    if _ACE.sub("", entries).strip():
        raise SddlError(f"not a list of entries: {entries!r}")
    aces = tuple(_parse_ace(match, domain) for match in _ACE.findall(entries))
    return control, None if null else Acl(aces, ACL_REVISION)


def _parse_ace(text: str, domain: Sid | None) -> Ace:
    fields = [field.strip() for field in text.split(";")]
    if len(fields) != 6 or fields[0].upper() not in _ACE_TYPES:
        raise SddlError(f"not an entry: ({text})")
    if fields[3] or fields[4]:
        raise SddlError(f"object entries are not supported: ({text})")
    kind = _ACE_TYPES[fields[0].upper()]
    flags = 0
    letters = fields[1].upper()
    names = dict(_ACE_FLAGS)
    for at in range(0, len(letters), 2):
        if letters[at : at + 2] not in names:
            raise SddlError(f"unknown flags in ({text})")
        flags |= names[letters[at : at + 2]]
    return Ace(kind, flags, _parse_mask(fields[2], text), sid_from_text(fields[5], domain))


def _parse_mask(text: str, entry: str) -> int:
    try:
        return int(text, 0) & 0xFFFFFFFF
    except ValueError:
        pass
    mask = 0
    letters = text.upper()
    for at in range(0, len(letters), 2):
        pair = letters[at : at + 2]
        value = _COMBINED.get(pair) or _BITS.get(pair) or _LABEL_BITS.get(pair)
        if value is None:
            raise SddlError(f"unknown rights in ({entry})")
        mask |= value
    return mask


def sid_to_text(sid: Sid) -> str:
    """Return the two-letter alias of a SID, or `S-1-…`."""
    return _NAMES.get(str(sid)) or str(sid)


def _mask_to_text(mask: int, label: bool) -> str:
    if label:
        names = [name for name, bit in _LABEL_BITS.items() if mask & bit]
        return "".join(names) if mask & ~7 == 0 else f"0x{mask:x}"
    for name, value in _COMBINED.items():
        if mask == value:
            return name
    if mask & ~sum(_BITS.values()):
        return f"0x{mask:x}"
    return "".join(name for name, bit in _BITS.items() if mask & bit)


def _acl_to_text(acl: Acl | None) -> str:
    if acl is None:
        return "NO_ACCESS_CONTROL"
    entries = []
    for ace in acl.aces:
        if ace.sid == NULL_SID and ace.raw is not None:
            raise SddlError(f"entry type {ace.type} has no text form here")
        flags = "".join(name for name, bit in _ACE_FLAGS if ace.flags & bit)
        rights = _mask_to_text(ace.mask, ace.type == 0x11)
        entries.append(f"({_ACE_TYPE_NAMES[ace.type]};{flags};{rights};;;{sid_to_text(ace.sid)})")
    return "".join(entries)


def to_text(descriptor: SecurityDescriptor, information: int = 15) -> str:
    """Return the parts of a descriptor that a SECURITY_INFORMATION names."""
    parts = []
    if information & OWNER_SECURITY_INFORMATION and descriptor.owner is not None:
        parts.append("O:" + sid_to_text(descriptor.owner))
    if information & GROUP_SECURITY_INFORMATION and descriptor.group is not None:
        parts.append("G:" + sid_to_text(descriptor.group))
    control = descriptor.control
    if information & DACL_SECURITY_INFORMATION and control & SE_DACL_PRESENT:
        flags = ("P" if control & SE_DACL_PROTECTED else "") + ("AR" if control & 0x100 else "")
        flags += "AI" if control & SE_DACL_AUTO_INHERITED else ""
        parts.append("D:" + flags + _acl_to_text(descriptor.dacl))
    if information & SACL_SECURITY_INFORMATION and control & SE_SACL_PRESENT and descriptor.sacl is not None:
        flags = ("P" if control & SE_SACL_PROTECTED else "") + ("AR" if control & 0x200 else "")
        flags += "AI" if control & SE_SACL_AUTO_INHERITED else ""
        parts.append("S:" + flags + _acl_to_text(descriptor.sacl))
    return "".join(parts)
