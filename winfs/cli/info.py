"""`winfs info`: what a PE file says about itself, without running it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click
import msgspec
from msgspec import Struct

from runtime.config import MachineConfig
from runtime.loader import pe
from runtime.loader.pe import Image, ImageError
from runtime.loader.pe_tables import RELOCATION_ABSOLUTE, ImportedDll
from winfs.cli import CommandError
from winfs.cli.dll_options import DllFolders, DllOrders, dll_options, machine_config
from winfs.cli.output import print_heading, print_table

_CHARACTERISTICS = {
    0x0001: "RELOCS_STRIPPED", 0x0002: "EXECUTABLE_IMAGE", 0x0004: "LINE_NUMS_STRIPPED", 0x0008: "LOCAL_SYMS_STRIPPED",
    0x0020: "LARGE_ADDRESS_AWARE", 0x0100: "32BIT_MACHINE", 0x0200: "DEBUG_STRIPPED", 0x0400: "REMOVABLE_RUN_FROM_SWAP",
    0x0800: "NET_RUN_FROM_SWAP", 0x1000: "SYSTEM", 0x2000: "DLL", 0x4000: "UP_SYSTEM_ONLY",
}  # fmt: skip
_DLL_CHARACTERISTICS = {
    0x0020: "HIGH_ENTROPY_VA", 0x0040: "DYNAMIC_BASE", 0x0080: "FORCE_INTEGRITY", 0x0100: "NX_COMPAT",
    0x0200: "NO_ISOLATION", 0x0400: "NO_SEH", 0x0800: "NO_BIND", 0x1000: "APPCONTAINER", 0x2000: "WDM_DRIVER",
    0x4000: "GUARD_CF", 0x8000: "TERMINAL_SERVER_AWARE",
}  # fmt: skip
_SECTION_FLAGS = {
    pe.SECTION_CODE: "CODE", pe.SECTION_INITIALIZED_DATA: "DATA", pe.SECTION_UNINITIALIZED_DATA: "BSS",
    pe.SECTION_DISCARDABLE: "DISCARDABLE", pe.SECTION_SHARED: "SHARED",
}  # fmt: skip


class SectionReport(Struct, frozen=True):
    """One section; sizes in bytes."""

    name: str
    virtual_address: int
    virtual_size: int
    raw_offset: int
    raw_size: int
    protection: str
    characteristics: int
    flags: list[str]


class SymbolReport(Struct, frozen=True):
    """One imported function, and where it is found; see `Found` in resolve.py."""

    name: str | None
    ordinal: int | None
    found: str


class ImportReport(Struct, frozen=True):
    """One imported DLL."""

    dll: str
    delay: bool
    bound: bool
    symbols: list[SymbolReport]


class DirectoryReport(Struct, frozen=True):
    """One data directory; RVA (of "security" a file offset) and bytes."""

    rva: int
    size: int


class ExportReport(Struct, frozen=True):
    """One export; `rva` is None for a forwarder."""

    ordinal: int
    name: str | None
    rva: int | None
    forwarder: str | None


class RelocationReport(Struct, frozen=True):
    """Base relocations."""

    stripped: bool
    pages: int
    entries: int


class TlsReport(Struct, frozen=True):
    """Thread-local storage; RVAs."""

    template_size: int
    zero_fill: int
    callbacks: list[int]


class ResourceReport(Struct, frozen=True):
    """One resource; size in bytes."""

    type: str
    name: str
    language: int
    size: int


class DebugReport(Struct, frozen=True):
    """One debug directory entry."""

    kind: str
    size: int
    pdb_path: str | None
    pdb_id: str | None


class Report(Struct, frozen=True):
    """Everything `winfs info` tells; its field names are the keys of `--json`. Addresses are RVAs unless named base."""

    path: str
    file_size: int
    format: str
    machine: str
    kind: str
    subsystem: str
    loadable: bool
    problem: str | None
    entry_point: int
    image_base: int
    size_of_image: int
    size_of_headers: int
    section_alignment: int
    file_alignment: int
    linker_version: str
    os_version: str
    time_date_stamp: int
    checksum: int
    characteristics: list[str]
    dll_characteristics: list[str]
    stack_reserve: int
    stack_commit: int
    heap_reserve: int
    heap_commit: int
    sections: list[SectionReport]
    directories: dict[str, DirectoryReport]
    imports: list[ImportReport]
    export_name: str | None
    exports: list[ExportReport]
    relocations: RelocationReport
    tls: TlsReport | None
    functions: int
    security_cookie: int | None
    guard_flags: int | None
    debug: list[DebugReport]
    version: dict[str, str]
    resources: list[ResourceReport]
    problems: list[str]


T = TypeVar("T")


def describe(image: Image, machine: MachineConfig) -> Report:
    """Read the whole image. What is broken is named in `problems`; the rest is still told."""
    problems: list[str] = []

    def attempt(what: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except ImageError as error:
            problems.append(f"{what}: {error.message}")
            return otherwise

    problem = None
    try:
        image.check_loadable()
    except ImageError as error:
        problem = error.message
    none: list[ImportReport] = []
    imports = attempt("imports", lambda: _imports(image, machine, image.imports(), delay=False), none)
    delay_imports = attempt("delay imports", lambda: _imports(image, machine, image.delay_imports(), delay=True), none)
    tls = attempt("TLS", image.tls, None)
    config = attempt("load configuration", image.load_config, None)
    return Report(
        path=image.path,
        file_size=image.file_size,
        format=image.format_name,
        machine=image.machine_name,
        kind="DLL" if image.is_dll else "program",
        subsystem=pe.SUBSYSTEM_NAMES.get(image.subsystem, f"subsystem {image.subsystem}"),
        loadable=problem is None,
        problem=problem,
        entry_point=image.entry_point,
        image_base=image.image_base,
        size_of_image=image.size_of_image,
        size_of_headers=image.size_of_headers,
        section_alignment=image.section_alignment,
        file_alignment=image.file_alignment,
        linker_version="{}.{}".format(*image.linker_version),
        os_version="{}.{}".format(*image.os_version),
        time_date_stamp=image.time_date_stamp,
        checksum=image.checksum,
        characteristics=_flags(image.characteristics, _CHARACTERISTICS),
        dll_characteristics=_flags(image.dll_characteristics, _DLL_CHARACTERISTICS),
        stack_reserve=image.stack_reserve,
        stack_commit=image.stack_commit,
        heap_reserve=image.heap_reserve,
        heap_commit=image.heap_commit,
        sections=[_section(section) for section in image.sections],
        directories={
            name: DirectoryReport(entry.rva, entry.size)
            for name, entry in zip(pe.DIRECTORY_NAMES, image.directories, strict=True)
            if entry.rva or entry.size
        },
        imports=imports + delay_imports,
        export_name=attempt("exports", lambda: image.exports().dll_name or None, None),
        exports=attempt("exports", lambda: _exports(image), []),
        relocations=attempt("relocations", lambda: _relocations(image), RelocationReport(False, 0, 0)),
        tls=TlsReport(tls.template_size, tls.zero_fill, list(tls.callbacks)) if tls else None,
        functions=image.exception_directory.size // 12 if image.is_64_bit else 0,
        security_cookie=config.security_cookie if config else None,
        guard_flags=config.guard_flags if config else None,
        debug=attempt("debug directory", lambda: _debug(image), []),
        version=attempt("version", image.version_info, {}),
        resources=attempt("resources", lambda: _resources(image), []),
        problems=problems,
    )


def _imports(image: Image, machine: MachineConfig, dlls: tuple[ImportedDll, ...], *, delay: bool) -> list[ImportReport]:
    from winfs.cli.resolve import Resolver

    resolver = Resolver(Path(image.path).parent, machine)
    reports = []
    for dll in dlls:
        symbols = [
            SymbolReport(
                symbol.name,
                None if symbol.name is not None else symbol.ordinal,
                str(resolver.resolve(dll.name, symbol).where),
            )
            for symbol in dll.symbols
        ]
        reports.append(ImportReport(dll.name, delay, dll.bound, symbols))
    return reports


def _exports(image: Image) -> list[ExportReport]:
    return [ExportReport(e.ordinal, e.name, None if e.forwarder else e.rva, e.forwarder) for e in image.exports()]


def _relocations(image: Image) -> RelocationReport:
    blocks = list(image.relocations())
    entries = sum(1 for block in blocks for entry in block.entries if entry >> 12 != RELOCATION_ABSOLUTE)
    return RelocationReport(image.relocations_stripped, len(blocks), entries)


def _debug(image: Image) -> list[DebugReport]:
    return [DebugReport(item.kind, item.size, item.pdb_path, item.pdb_id) for item in image.debug_entries()]


def _resources(image: Image) -> list[ResourceReport]:
    return [ResourceReport(item.kind_name, str(item.name), item.language, item.size) for item in image.resources()]


def _flags(value: int, names: dict[int, str]) -> list[str]:
    known = [name for bit, name in names.items() if value & bit]
    rest = value & ~sum(names)
    return known + ([f"{rest:#x}"] if rest else [])


def _section(section: pe.Section) -> SectionReport:
    bits = section.characteristics
    protection = "".join(
        letter if bits & bit else "-"
        for letter, bit in (("R", pe.SECTION_READ), ("W", pe.SECTION_WRITE), ("X", pe.SECTION_EXECUTE))
    )
    flags = [name for bit, name in _SECTION_FLAGS.items() if bits & bit]
    return SectionReport(section.name, section.virtual_address, section.virtual_size, section.raw_offset,
                         section.raw_size, protection, bits, flags)  # fmt: skip


def _stamp(value: int) -> str:
    if value == 0:
        return "0"
    return f"{value:#010x} ({datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC if it is a time)"


def print_report(report: Report) -> None:
    """The report as text."""
    facts = [
        ("file", f"{report.path} ({report.file_size} bytes)"),
        ("format", f"{report.format} {report.machine} {report.kind}, {report.subsystem}"),
        ("loadable", "yes" if report.loadable else f"no: {report.problem}"),
        ("entry point", f"{report.entry_point:#x}"),
        ("image base", f"{report.image_base:#x}"),
        ("image size", f"{report.size_of_image:#x} (headers {report.size_of_headers:#x})"),
        ("alignment", f"section {report.section_alignment:#x}, file {report.file_alignment:#x}"),
        ("linker", report.linker_version),
        ("needs Windows", report.os_version),
        ("time stamp", _stamp(report.time_date_stamp)),
        ("characteristics", " ".join(report.characteristics)),
        ("DLL characteristics", " ".join(report.dll_characteristics)),
        ("stack", f"reserve {report.stack_reserve:#x}, commit {report.stack_commit:#x}"),
        ("heap", f"reserve {report.heap_reserve:#x}, commit {report.heap_commit:#x}"),
        ("relocations", "stripped" if report.relocations.stripped
         else f"{report.relocations.entries} in {report.relocations.pages} pages"),
        ("functions", f"{report.functions} in the exception directory"),
    ]  # fmt: skip
    if report.tls:
        facts.append(("TLS", f"template {report.tls.template_size} bytes, zero fill {report.tls.zero_fill}, "
                      f"{len(report.tls.callbacks)} callbacks"))  # fmt: skip
    if report.security_cookie:
        facts.append(("security cookie", f"{report.security_cookie:#x}"))
    if report.guard_flags:
        facts.append(("guard flags", f"{report.guard_flags:#x}"))
    for item in report.debug:
        if item.pdb_path:
            facts.append(("debug symbols", f"{item.pdb_path} ({item.pdb_id})"))
    facts += [(name, value) for name, value in report.version.items()]
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        print(f"{name:{width}}  {value}")

    print_heading(f"Sections ({len(report.sections)})")
    rows = [
        (s.name, f"{s.virtual_address:#x}", f"{s.virtual_size:#x}", f"{s.raw_offset:#x}", f"{s.raw_size:#x}",
         s.protection, " ".join(s.flags)) for s in report.sections
    ]  # fmt: skip
    numbers = frozenset(("address", "size", "file offset", "file size"))
    print_table(("name", "address", "size", "file offset", "file size", "access", "content"), rows, right=numbers)

    for dll in report.imports:
        kinds = "".join(text for text, true in ((", delay-loaded", dll.delay), (", bound", dll.bound)) if true)
        print_heading(f"{dll.dll} ({len(dll.symbols)} imports{kinds})")
        print_table(("function", "found"), [(s.name or f"#{s.ordinal}", s.found) for s in dll.symbols])
    if report.exports:
        print_heading(f"Exports of {report.export_name} ({len(report.exports)})")
        exported = [
            (str(e.ordinal), e.name or "", f"{e.rva:#x}" if e.rva is not None else f"-> {e.forwarder}")
            for e in report.exports
        ]
        print_table(("ordinal", "name", "address"), exported, right=frozenset(("ordinal",)))
    if report.resources:
        print_heading(f"Resources ({len(report.resources)})")
        print_table(
            ("type", "name", "language", "size"),
            [(r.type, r.name, f"{r.language:#x}", str(r.size)) for r in report.resources],
            right=frozenset(("size",)),
        )
    if report.problems:
        print_heading("Broken parts")
        for problem in report.problems:
            print(problem)


@click.command(name="info")
@click.argument("program", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option("--machine", "machine_name", metavar="NAME", help="Look with the settings of this machine.")
@dll_options
def command(
    program: str, as_json: bool, machine_name: str | None, dll_path: DllFolders, dll_override: DllOrders
) -> None:
    """Describe the PE file PROGRAM: headers, sections, imports and where they are found, exports, resources."""
    config = machine_config(machine_name, dll_path, dll_override)
    try:
        with Image.open(program) as image:
            report = describe(image, config)
    except ImageError as error:
        raise CommandError(str(error)) from None
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    else:
        print_report(report)
