"""What the Path functions of shlwapi do with a path, as functions on text. Indexes count characters."""

from __future__ import annotations

MAX_PATH = 260


def root_length(path: str) -> int:
    r"""Return the length of the root of a path: `C:\`, `\\server\share\`; 0 for one without."""
    if path[1:3] == ":\\":
        return 3
    if path[:2] == "\\\\":
        server = path.find("\\", 2)
        share = path.find("\\", server + 1) if server >= 0 else -1
        return share + 1
    return 0


def is_root(path: str) -> bool:
    r"""Whether a path is `\`, `C:\`, `\\server` or `\\server\share`."""
    if path == "\\" or (len(path) == 3 and path[1:] == ":\\"):
        return True
    return path.startswith("\\\\") and path[2:].count("\\") <= 1


def file_name(path: str) -> int:
    """Return where the file name begins: behind the last separator that something follows."""
    last = 0
    for index, character in enumerate(path[:-1]):
        following = path[index + 1]
        if character in "\\/:" and following not in "\\/":
            last = index + 1
    return last


def extension(path: str) -> int:
    """Return where the extension begins (at its dot), or the length."""
    last = len(path)
    for index, character in enumerate(path):
        if character in "\\ ":
            last = len(path)
        elif character == ".":
            last = index
    return last


def canonicalize(path: str) -> str:
    r"""Resolve `.` and `..` without leaving the root; an empty path is `\`."""
    if not path:
        return "\\"
    head, protected = "", 0
    if path[:2] == "\\\\":
        head, protected = "\\\\", 1
    elif path[1:2] == ":":
        head = path[:3] if path[2:3] == "\\" else path[:2]
    elif path[:1] == "\\":
        head = "\\"
    if path == ".":
        return path
    out: list[str] = []
    for piece in path[len(head) :].split("\\"):
        if piece == ".":
            continue
        if piece != "..":
            out.append(piece)
        elif len(out) > protected:
            out.pop()
            if not out and not head:
                # What follows a relative path that was left hangs in the air: Windows keeps the separator.
                head = "\\"
    result = head + "\\".join(out)
    if not result:
        return "\\"
    return result + "\\" if len(result) == 2 and result[1] == ":" else result


def is_relative(path: str) -> bool:
    r"""Whether a path begins with neither `\` nor a drive."""
    return not (path[:1] == "\\" or path[1:2] == ":") or not path


def combine(folder: str | None, file: str | None) -> str | None:
    """Join a folder and a file, or return the file when it has a root of its own; canonical. None when too long."""
    if folder is None and file is None:
        return None
    if not file:
        joined = folder or ""
    elif not folder or not is_relative(file):
        if folder and file[:1] == "\\" and file[1:2] != "\\":
            root = folder[: root_length(folder)].rstrip("\\")
            joined = root + file
        else:
            joined = file
    else:
        joined = add_backslash(folder) + file
    result = canonicalize(joined)
    return result if len(result) < MAX_PATH else None


def add_backslash(path: str) -> str:
    """Return a path that ends with a backslash; an empty one stays empty."""
    return path if not path or path.endswith("\\") else path + "\\"


def remove_file_spec(path: str) -> int:
    """Return how much of a path is left without its last component."""
    keep = 0
    at = 0
    if path[:1] == "\\":
        at = keep = 1
    if path[at : at + 1] == "\\":
        at += 1
        keep = at
    while at < len(path):
        if path[at] == "\\":
            keep = at
        elif path[at] == ":":
            keep = at + 1
            if path[at + 1 : at + 2] == "\\":
                keep += 1
                at += 1
        at += 1
    return keep


def match_spec(name: str, spec: str) -> bool:
    """Whether a file name matches one pattern of `*` and `?`, without regard to case."""
    name, spec = name.upper(), spec.upper()
    rows = {0}
    for pattern in spec:
        if pattern == "*":
            rows = set(range(min(rows, default=len(name) + 1), len(name) + 1))
        else:
            rows = {row + 1 for row in rows if row < len(name) and pattern in ("?", name[row])}
        if not rows:
            return False
    return len(name) in rows


def match_specs(name: str, specs: str) -> bool:
    """Whether a file name matches one of several patterns, separated by `;`. Blanks before a pattern do not count."""
    if specs == "*.*":
        return True
    return any(match_spec(name, spec.lstrip(" ")) for spec in specs.split(";"))


def relative_to(source: str, source_is_folder: bool, target: str) -> str | None:
    r"""Return how to get from one path to another (`..\x`), or None when they share no root."""
    here = source if source_is_folder else source[: remove_file_spec(source)]
    from_parts, to_parts = [part for part in here.split("\\") if part], [part for part in target.split("\\") if part]
    common = 0
    for one, two in zip(from_parts, to_parts, strict=False):
        if one.upper() != two.upper():
            break
        common += 1
    if not common:
        return None
    ups = "..\\" * (len(from_parts) - common)
    rest = "\\".join(to_parts[common:])
    result = (ups or ".\\") + rest
    if not rest and ups:
        result = result.rstrip("\\")
    return result + "\\" if rest and target.endswith("\\") else result


def common_prefix(first: str, second: str) -> str:
    """Return the folders two paths share."""
    one, two = first.split("\\"), second.split("\\")
    shared = []
    for left, right in zip(one, two, strict=False):
        if left.upper() != right.upper():
            break
        shared.append(left)
    text = "\\".join(shared)
    if not text.strip("\\"):
        return ""
    return text + "\\" if len(text) == 2 and text[1] == ":" else text


def get_args(path: str) -> int:
    """Return where the arguments of a command line begin."""
    quoted = False
    for index, character in enumerate(path):
        if character == '"':
            quoted = not quoted
        elif character == " " and not quoted:
            return index + 1
    return len(path)
