"""Read C declarations: the prototypes, typedefs and enumerations of preprocessed headers, and export definition files.

Only names and types are taken: what a function is called, what it takes and returns. Used by ``signatures.py``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

SCALARS = {
    "void": "void", "bool": "u8", "_Bool": "u8", "char": "i8", "signed char": "i8", "unsigned char": "u8",
    "short": "i16", "short int": "i16", "signed short": "i16", "unsigned short": "u16", "unsigned short int": "u16",
    "int": "i32", "signed": "i32", "signed int": "i32", "unsigned": "u32", "unsigned int": "u32",
    "long": "i32", "long int": "i32", "signed long": "i32", "unsigned long": "u32", "unsigned long int": "u32",
    "long unsigned int": "u32", "long long": "i64", "long long int": "i64", "signed long long": "i64",
    "unsigned long long": "u64", "unsigned long long int": "u64", "long long unsigned int": "u64",
    "__int8": "i8", "__int16": "i16", "__int32": "i32", "__int64": "i64", "unsigned __int8": "u8",
    "unsigned __int16": "u16", "unsigned __int32": "u32", "unsigned __int64": "u64",
    "float": "f32", "double": "f64", "long double": "f64", "wchar_t": "c16", "WCHAR": "c16",
    "size_t": "usize", "ssize_t": "isize", "intptr_t": "isize", "uintptr_t": "usize", "ptrdiff_t": "isize",
    "SIZE_T": "usize", "SSIZE_T": "isize", "ULONG_PTR": "usize", "LONG_PTR": "isize", "DWORD_PTR": "usize",
    "UINT_PTR": "usize", "INT_PTR": "isize", "GUID": "guid", "UUID": "guid", "CLSID": "guid", "IID": "guid",
    "va_list": "va_list", "__builtin_va_list": "va_list", "__gnuc_va_list": "va_list", "KAFFINITY": "usize",
    "LARGE_INTEGER": "i64", "ULARGE_INTEGER": "u64", "WINBOOL": "BOOL", "FILE": "FILE",
}  # fmt: skip
"""C type names to the names of the signature database (see runtime/trace/signatures.py)."""

ATTRIBUTE = re.compile(r"\b(?:__attribute__|__declspec|__asm__|__nonnull|_Noreturn|__extension__)\b\s*")
NOISE = re.compile(
    r"\b(?:extern|static|inline|__inline__|__inline|__forceinline|register|__restrict__|__restrict|restrict|volatile"
    r"|__unaligned|__ptr64|__w64|__cdecl|__stdcall|_CRTIMP|OPTIONAL|struct|union|enum)\b"
)
FUNCTION = re.compile(r"^(?P<returns>[\w\s*]+?[\s*])(?P<name>\w+)\s*\((?P<parameters>.*)\)$", re.DOTALL)
IN_OUT = {"__IN__": "i", "__OUT__": "o", "_In_": "i", "_Out_": "o", "_Inout_": "b", "_In_opt_": "i", "_Out_opt_": "o"}


@dataclass
class Prototype:
    """One function: types are names of the database, each parameter is (name, type, direction: i o b or empty)."""

    name: str
    returns: str
    parameters: list[tuple[str, str, str]]
    convention: str = "w"
    variadic: bool = False
    header: str = ""
    dll: str = ""


@dataclass
class Declarations:
    """What a preprocessed translation unit declares."""

    functions: dict[str, Prototype] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    enumerations: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


def statements(text: str) -> Iterator[tuple[str, str]]:
    """Yield (header, statement) for each top-level declaration of preprocessed text."""
    header, start_header = "", ""
    parts: list[str] = []
    depth = 0
    for line in text.splitlines():
        if line.startswith("#"):
            marker = re.match(r'#\s*\d+ "([^"]*)"', line)
            if marker:
                header = marker[1].replace("\\", "/").rsplit("/", 1)[-1]
            continue
        for piece in re.split(r"([{};])", line):
            if piece == "{":
                depth += 1
            elif piece == "}":
                depth -= 1
                if depth == 0 and not "".join(parts).lstrip().startswith(("typedef", "struct", "union", "enum")):
                    parts = []
                    continue
            elif piece == ";" and depth == 0:
                yield start_header, " ".join("".join(parts).split())
                parts = []
                continue
            if piece.strip() and not parts:
                start_header = header
            parts.append(piece)
        parts.append(" ")


def parse(text: str, known: set[str], aliases: dict[str, str] | None = None) -> Declarations:
    """Collect the declarations of `text`; type names in `known` are left as they are."""
    found = Declarations(aliases=dict(aliases or {}))
    for header, statement in statements(text):
        convention = "c" if "cdecl" in statement or "stdcall" not in statement else "w"
        body = strip_attributes(statement)
        if body.startswith("typedef"):
            add_typedef(found, body[7:].strip(), known)
        elif "{" not in body and "=" not in body and "(" in body:
            prototype = function(body, found.aliases, known)
            if prototype is not None:
                prototype.convention, prototype.header = convention, header
                found.functions.setdefault(prototype.name, prototype)
    return found


def strip_attributes(text: str) -> str:
    """Remove __attribute__((…)) and its relatives with their balanced parentheses."""
    while match := ATTRIBUTE.search(text):
        end = match.end()
        if text[end : end + 1] == "(":
            depth = 0
            for end in range(match.end(), len(text)):
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                if depth == 0:
                    end += 1
                    break
        text = text[: match.start()] + " " + text[end:]
    return " ".join(text.split())


def add_typedef(found: Declarations, body: str, known: set[str]) -> None:
    """Note one typedef: aliases, tagged structures and enumerations; function pointers become `callback`."""
    brace = body.find("{")
    if brace >= 0:
        end = body.rfind("}")
        names = [name.strip() for name in body[end + 1 :].split(",")]
        plain = [name for name in names if re.fullmatch(r"\w+", name)]
        if not plain:
            return
        if body.startswith("enum"):
            members = enumerators(body[brace + 1 : end])
            if members:
                found.enumerations[plain[0]] = members
        for name in names:
            stars = name.count("*")
            bare = name.replace("*", "").strip()
            if re.fullmatch(r"\w+", bare) and (bare != plain[0] or stars):
                found.aliases[bare] = plain[0] + "*" * stars
        return
    pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", body)
    if pointer:
        found.aliases[pointer[1]] = "callback"
        return
    names = body.split(",")
    first = re.match(r"^(?P<base>.*?)(?P<stars>[*\s]*)\b(?P<name>\w+)$", names[0].replace("const*", "const *"))
    if first is None or "(" in body or "[" in body:
        return
    base = first["base"].strip()
    for position, name in enumerate(names):
        declarator = first["stars"] + first["name"] if position == 0 else name
        bare = declarator.replace("*", "").replace("const", "").strip()
        if re.fullmatch(r"\w+", bare):
            found.aliases.setdefault(bare, f"{base} {'*' * declarator.count('*')}")


def enumerators(body: str) -> list[tuple[str, int]]:
    """The members of an enumeration's body; empty when a value is not plain arithmetic."""
    members: list[tuple[str, int]] = []
    values: dict[str, int] = {}
    following = 0
    for item in body.split(","):
        name, _, expression = (part.strip() for part in item.partition("="))
        if not name:
            continue
        if expression:
            try:
                following = evaluate(re.sub(r"(?<=\d)[uUlL]+\b", "", expression), values)
            except (ValueError, SyntaxError):
                return []
        members.append((name, following & 0xFFFFFFFF))
        values[name] = following
        following += 1
    return members


def evaluate(expression: str, values: dict[str, int]) -> int:
    """Evaluate C integer arithmetic over known names. Raises ValueError."""

    def walk(node: ast.expr) -> int:
        match node:
            case ast.Constant(value=int(value)):
                return value
            case ast.Name(id=name) if name in values:
                return values[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -walk(operand)
            case ast.BinOp(left=left, op=op, right=right):
                a, b = walk(left), walk(right)
                match op:
                    case ast.BitOr():
                        return a | b
                    case ast.Add():
                        return a + b
                    case ast.Sub():
                        return a - b
                    case ast.LShift():
                        return a << b
        raise ValueError(expression)

    return walk(ast.parse(expression.strip(), mode="eval").body)


def function(body: str, aliases: dict[str, str], known: set[str]) -> Prototype | None:
    """Parse one prototype without its semicolon; None when it is something else."""
    match = FUNCTION.match(body)
    if match is None or match["name"] in ("defined", "sizeof", "if", "while", "return"):
        return None
    prototype = Prototype(match["name"], resolve(match["returns"], aliases, known)[0], [])
    for position, text in enumerate(split_commas(match["parameters"])):
        if text.endswith("..."):
            prototype.variadic = True
        elif text != "void" and text != "VOID":
            prototype.parameters.append(parameter(text, position, aliases, known))
    return prototype


def split_commas(text: str) -> Iterator[str]:
    """Split a parameter list at its top-level commas."""
    depth, start = 0, 0
    for index, character in enumerate(text):
        depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield text[start:index].strip()
            start = index + 1
    if text[start:].strip():
        yield text[start:].strip()


def parameter(text: str, position: int, aliases: dict[str, str], known: set[str]) -> tuple[str, str, str]:
    """One parameter as (name, type, direction)."""
    direction = ""
    for marker in re.findall(r"\b(?:__IN__|__OUT__|_In_opt_|_Out_opt_|_In_|_Out_|_Inout_)(?!\w)", text):
        direction = "b" if direction not in ("", IN_OUT[marker]) else IN_OUT[marker]
        text = re.sub(rf"\b{marker}(?!\w)", " ", text)
    pointer = re.search(r"\(\s*(?:\w+\s*)?\*\s*(?:const)?\s*(\w*)\s*\)", text)
    if pointer:
        return clean_name(pointer[1], position), "callback", direction
    arrays = text.count("[")
    text = re.sub(r"\[[^]]*\]", "", text).strip()
    match = re.match(r"^(?P<type>.*?[\s*])(?P<name>\w+)$", text)
    name = match["name"] if match else ""
    kind = match["type"] if match else text
    if not match or name in SCALARS or not strip_const(kind).strip(" *"):
        kind, name = text, ""
    resolved, constant = resolve(kind + "*" * arrays, aliases, known)
    if not direction and constant:
        direction = "i"
    elif not direction and resolved in ("PWSTR", "PSTR"):
        direction = "o"
    return clean_name(name, position), resolved, direction


def strip_const(text: str) -> str:
    return re.sub(r"\bconst\b", "", text).strip()


def clean_name(name: str, position: int) -> str:
    return name.strip("_") or f"arg{position + 1}"


def resolve(text: str, aliases: dict[str, str], known: set[str]) -> tuple[str, bool]:
    """Resolve C type text to (database type, is a pointer to constant data)."""
    stars = 0
    constant = False
    for _ in range(12):
        text = NOISE.sub(" ", text)
        constant = constant or (re.search(r"\b(?:const|CONST)\b", text) is not None and "*" in text)
        text = re.sub(r"\b(?:const|CONST)\b", " ", text)
        stars += text.count("*")
        text = " ".join(text.replace("*", " ").split())
        if text in SCALARS or text in known or text not in aliases:
            break
        text = aliases[text]
    base = SCALARS.get(text, text) or "i32"
    if " " in base:
        base = base.rsplit(" ", 1)[-1]
    if base == "c16" and stars:
        base, stars = "PWSTR", stars - 1
    elif base == "i8" and stars:
        base, stars = "PSTR", stars - 1
    elif base == "void" and stars == 0 and "callback" in text:
        base = "callback"
    levels = stars + (base in ("PWSTR", "PSTR"))
    return base + "*" * stars, constant and levels == 1


def exported_names(definition: str) -> set[str]:
    """The names an export definition file (.def, .def.in) lists."""
    names: set[str] = set()
    for line in definition.splitlines():
        line = line.split(";", 1)[0].strip()
        if not line or line.startswith(("#", "LIBRARY", "EXPORTS")):
            continue
        line = re.sub(r"\bF_\w+\(([^)]*)\)?", r"\1", line).strip()
        match = re.match(r"([A-Za-z_]\w*)", line)
        if match and " DATA" not in line:
            names.add(match[1])
    return names
