"""What shlwapi's functions for URLs do, on plain text. From their documentation, the scheme table from shlwapi.h."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runtime.dlls.shlwapi.path_rules import canonicalize as canonical_path

URL_ESCAPE_PERCENT, URL_ESCAPE_SEGMENT_ONLY = 0x1000, 0x2000
URL_FILE_USE_PATHURL, URL_DONT_UNESCAPE, URL_ESCAPE_AS_UTF8 = 0x10000, 0x20000, 0x40000
URL_ESCAPE_ASCII_URI_COMPONENT, URL_UNESCAPE_INPLACE = 0x80000, 0x100000
URL_UNESCAPE_HIGH_ANSI_ONLY = 0x400000
URL_DONT_ESCAPE_EXTRA_INFO, URL_ESCAPE_SPACES_ONLY, URL_DONT_SIMPLIFY = 0x2000000, 0x4000000, 0x8000000
URL_UNESCAPE, URL_ESCAPE_UNSAFE = 0x10000000, 0x20000000
URL_APPLY_DEFAULT, URL_APPLY_GUESSSCHEME, URL_APPLY_GUESSFILE, URL_APPLY_FORCEAPPLY = 1, 2, 4, 8

SCHEMES = {
    "ftp": 1, "http": 2, "gopher": 3, "mailto": 4, "news": 5, "nntp": 6, "telnet": 7, "wais": 8, "file": 9, "mk": 10,
    "https": 11, "shell": 12, "snews": 13, "local": 14, "javascript": 15, "vbscript": 16, "about": 17, "res": 18,
    "ms-shell-rooted": 19, "ms-shell-idlist": 20, "hcp": 21, "search-ms": 22, "search": 23, "knownfolder": 24,
}  # fmt: skip
"""URL_SCHEME: the number of each known scheme; others are 0 (unknown)."""
_OPAQUE = frozenset({"mailto", "javascript", "vbscript", "about", "shell"})
_NO_HISTORY = frozenset({"javascript", "vbscript", "mailto", "about"})
_HIERARCHICAL = frozenset({"ftp", "http", "gopher", "nntp", "telnet", "wais", "https", "snews", "local", "file", "res"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+(?=:)")
_UNSAFE = frozenset(' "<>[\\]^`{|}')
_DRIVE = re.compile(r"[A-Za-z][:|]")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_SEGMENT = frozenset("#?/%")


def scheme_of(url: str) -> str:
    """Return the scheme as it is spelled, or nothing; a drive letter is none."""
    found = _SCHEME.match(url)
    return found[0] if found else ""


def is_opaque(url: str) -> bool:
    """Whether what follows the scheme is no path."""
    return scheme_of(url).lower() in _OPAQUE


def is_no_history(url: str) -> bool:
    """Whether browsers keep such a URL out of their history."""
    return scheme_of(url).lower() in _NO_HISTORY


def split_extra(url: str) -> tuple[str, str]:
    """Split a URL before its query or fragment."""
    at = next((index for index, character in enumerate(url) if character in "?#"), len(url))
    return url[:at], url[at:]


def _code(character: str, flags: int) -> str:
    if ord(character) > 0xFF or (flags & URL_ESCAPE_AS_UTF8 and ord(character) > 0x7F):
        return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
    return f"%{ord(character):02X}"


def _escape_text(text: str, flags: int) -> str:
    out = []
    for character in text:
        if flags & URL_ESCAPE_SPACES_ONLY:
            wanted = character == " "
        elif flags & URL_ESCAPE_ASCII_URI_COMPONENT:
            wanted = not (character.isascii() and (character.isalnum() or character in "-_.~"))
        else:
            wanted = character in _UNSAFE or character < " " or character == "\x7f"
            wanted = wanted or (character > "\x7f" and (character <= "\xff" or bool(flags & URL_ESCAPE_AS_UTF8)))
            wanted = wanted or (character == "%" and bool(flags & (URL_ESCAPE_PERCENT | URL_ESCAPE_SEGMENT_ONLY)))
            wanted = wanted or (bool(flags & URL_ESCAPE_SEGMENT_ONLY) and character in _SEGMENT)
        out.append(_code(character, flags) if wanted else character)
    return "".join(out)


def escape(url: str, flags: int) -> str:
    """UrlEscape: `%xx` for characters that may not stand in a URL; what follows `?` or `#` stays by default."""
    if flags & (URL_ESCAPE_SEGMENT_ONLY | URL_ESCAPE_ASCII_URI_COMPONENT):
        return _escape_text(url, flags)
    if flags & URL_ESCAPE_SPACES_ONLY and not flags & URL_DONT_ESCAPE_EXTRA_INFO:
        return _escape_text(url, flags)
    head, tail = split_extra(url)
    if scheme_of(head).lower() in _HIERARCHICAL:
        head = head.replace("\\", "/")
    return _escape_text(head, flags) + tail


def unescape(url: str, flags: int) -> str:
    """UrlUnescape: each valid `%xx` becomes its character."""
    head, tail = split_extra(url) if flags & URL_DONT_ESCAPE_EXTRA_INFO else (url, "")

    def replace(match: re.Match[str]) -> str:
        value = int(match[0][1:], 16)
        return match[0] if flags & URL_UNESCAPE_HIGH_ANSI_ONLY and value < 0x80 else chr(value)

    if flags & URL_ESCAPE_AS_UTF8:
        run = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
        head = run.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace"), head)
    else:
        head = _ESCAPED.sub(replace, head)
    return head + tail


def _simplify(path: str) -> str:
    """Take `.` and `..` out of a path; a `..` above the root stays, as documented for UrlCanonicalize."""
    out: list[str] = []
    parts = path.split("/")
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == ".":
            if last:
                out.append("")
        elif part == ".." and len(out) > 1 and out[-1] != "..":
            out.pop()
            if last:
                out.append("")
        else:
            out.append(part)
    return "/".join(out)


@dataclass(frozen=True, slots=True)
class Split:
    """A hierarchical URL: `scheme:`, `//host` (or nothing), path, `?query#fragment`."""

    scheme: str
    host: str
    path: str
    extra: str


def split(url: str) -> Split:
    """Split a URL into what UrlCombine works with."""
    scheme = scheme_of(url)
    rest = url[len(scheme) + 1 :] if scheme else url
    rest, extra = split_extra(rest)
    rest = rest.replace("\\", "/")
    if not rest.startswith("//"):
        return Split(scheme, "", rest, extra)
    end = rest.find("/", 2)
    return Split(scheme, rest, "", extra) if end < 0 else Split(scheme, rest[:end], rest[end:], extra)


def is_dos_path(text: str) -> bool:
    """Whether text is a path with a drive letter or of a share, and no URL."""
    return bool(_DRIVE.match(text)) or text.startswith("\\\\")


def from_path(path: str) -> str:
    """UrlCreateFromPath: the file: URL of a path."""
    text = path.replace("/", "\\")
    if text.startswith("\\\\?\\"):
        text = "\\\\" + text[8:] if text[4:8].upper() == "UNC\\" else text[4:]
    share = text.startswith("\\\\")
    drive = text[:2].upper() if _DRIVE.match(text) else ""
    if drive:
        text = drive[0] + ":" + text[2:]
    escaped = "".join(
        _code(character, 0) if character in _UNSAFE - {"\\"} or character in "#%" or not " " < character < "\x7f" else
        character for character in text
    ).replace("\\", "/")  # fmt: skip
    if share:
        return "file:" + escaped
    return ("file:///" if drive else "file://" if text.startswith("\\") else "file:") + escaped


def to_path(url: str) -> str | None:
    """PathCreateFromUrl: the path a file: URL names, or None for another URL."""
    if url[:5].lower() != "file:":
        return None
    rest = split_extra(url[5:])[0].replace("/", "\\")
    slashes = len(rest) - len(rest.lstrip("\\"))
    body = rest[slashes:]
    if body.lower().startswith("localhost\\") and slashes == 2:
        body, slashes = body[10:], 3
    if _DRIVE.match(body):
        path = f"{body[0]}:{body[2:]}"
    elif slashes <= 1:
        path = rest
    else:
        path = "\\" + body if slashes == 3 else "\\\\" + body
    return _ESCAPED.sub(lambda match: chr(int(match[0][1:], 16)), path)


def canonicalize(url: str, flags: int) -> str:
    """UrlCanonicalize: slashes, `.` and `..` put right, escapes made or undone as the flags say."""
    url = url.strip(" ") if not flags & URL_DONT_SIMPLIFY else url
    url = url.translate({9: None, 10: None, 13: None})
    if is_dos_path(url):
        url = from_path(canonical_path(url) if not flags & URL_DONT_SIMPLIFY else url)
        return unescape(url, flags) if flags & URL_UNESCAPE else url
    scheme = scheme_of(url).lower()
    if scheme in _HIERARCHICAL:
        parts = split(url)
        path = parts.path if flags & URL_DONT_SIMPLIFY else _simplify(parts.path)
        host = parts.host.lower() if scheme != "file" else parts.host
        if host and not path:
            path = "/"
        head = f"{scheme}:{host}{path}"
        extra = parts.extra
    else:
        head, extra = (url, "") if scheme else split_extra(url)
    if flags & URL_UNESCAPE:
        head = unescape(head, flags)
    if flags & (URL_ESCAPE_UNSAFE | URL_ESCAPE_SPACES_ONLY | URL_ESCAPE_PERCENT):
        if flags & URL_ESCAPE_SPACES_ONLY and not flags & URL_DONT_ESCAPE_EXTRA_INFO:
            extra = _escape_text(extra, flags)
        head = _escape_text(head, flags)
    return head + extra


def combine(base: str, relative: str, flags: int) -> str:
    """UrlCombine: a URL seen from another."""
    if scheme_of(relative) or (is_dos_path(relative) and not relative.startswith("\\\\")):
        return canonicalize(relative, flags)
    start = split(from_path(base) if is_dos_path(base) else base)
    if scheme_of(base).lower() in _OPAQUE:
        return canonicalize(relative, flags)
    above = split(relative)
    if above.host:
        joined = Split(start.scheme, above.host, above.path, above.extra)
    elif above.path.startswith("/"):
        joined = Split(start.scheme, start.host, above.path, above.extra)
    elif above.path:
        joined = Split(start.scheme, start.host, (start.path.rpartition("/")[0] or "") + "/" + above.path, above.extra)
    elif above.extra.startswith("?"):
        joined = Split(start.scheme, start.host, start.path, above.extra)
    elif above.extra:
        joined = Split(start.scheme, start.host, start.path, start.extra.partition("#")[0] + above.extra)
    else:
        joined = start
    head = f"{joined.scheme}:" if joined.scheme else ""
    return canonicalize(f"{head}{joined.host}{joined.path}{joined.extra}", flags)


def part(url: str, which: int, keep_scheme: bool) -> str | None:
    """UrlGetPart: scheme 1, host 2, user 3, password 4, port 5, query 6; None for one that the URL cannot have."""
    scheme = scheme_of(url)
    if which == 1:
        return scheme
    if which == 6:
        return url.partition("?")[2]
    parts = split(url)
    if scheme.lower() not in _HIERARCHICAL or not parts.host:
        return None
    user, at, host = parts.host[2:].rpartition("@")
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    found: str | None
    match which:
        case 2:
            found = name if colon else host
        case 3:
            found = user.partition(":")[0] if at else None
        case 4:
            found = user.partition(":")[2] if ":" in user else None
        case 5:
            found = port if colon else None
        case _:
            found = None
    return f"{scheme}:{found}" if found is not None and keep_scheme else found


def apply_scheme(url: str, flags: int) -> str | None:
    """UrlApplyScheme: what the URL becomes; None when it stays."""
    if scheme_of(url) and not flags & URL_APPLY_FORCEAPPLY:
        return None
    if flags & URL_APPLY_GUESSFILE and is_dos_path(url):
        return from_path(url)
    if flags & URL_APPLY_GUESSSCHEME:
        for prefix, scheme in (("ftp.", "ftp"), ("www.", "http"), ("gopher.", "gopher"), ("news.", "news")):
            if url.lower().startswith(prefix):
                return f"{scheme}://{url}"
    return f"http://{url}" if flags & URL_APPLY_DEFAULT else None
