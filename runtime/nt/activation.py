"""Activation contexts: which assemblies a program's manifests name, and what these redirect.

Sources: learn.microsoft.com, "Isolated Applications and Side-by-side Assemblies", "Assembly Searching Sequence". There
is no side-by-side store: assemblies of Windows itself (their publicKeyToken tells them) are there and redirect nothing,
because the DLLs that they hold are the system's here; all others are private, in the folder of the program.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from runtime.dlls.guid import parse_guid
from runtime.loader.manifest import (
    LARGEST,
    AssemblyFile,
    ComClass,
    Dependency,
    Identity,
    Manifest,
    ManifestError,
    WindowClass,
    parse_manifest,
)
from runtime.loader.order import OWN_DLLS
from runtime.loader.pe import Image, ImageError, SideBySideError
from runtime.loader.search import SYSTEM_DIRECTORY, directory_of
from runtime.nt import status as st
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.loader.module import Module
    from runtime.machine import Machine
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

RT_MANIFEST: Final = 24
PROCESS_MANIFEST: Final = 1
ISOLATION_AWARE_MANIFEST: Final = 2
_SYSTEM_TOKENS: Final = ("6595b64144ccf1df", "31bf3856ad364e35")
_MOST_ASSEMBLIES: Final = 256
_VERSIONS: Final = (
    ("{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}", (10, 0, 19045)),
    ("{1f676c76-80e1-4239-95bb-83d0f6d0da78}", (6, 3, 9600)),
)
"""What GetVersionEx tells a program that says it supports a system, the newest first."""
_UNDECLARED: Final = (6, 2, 9200)
UTF_8: Final = 65001
_FILE_SYSTEM: Final = "\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\FileSystem"


class ActivationError(Exception):
    """A context that cannot be made: `status`, and `str()` says what is wrong."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Assembly:
    """One assembly of a context."""

    identity: Identity
    manifest_path: str
    directory: str
    """Where its files lie; empty for one of Windows itself."""
    files: list[AssemblyFile]


_Found = tuple[Assembly, list[Dependency]]
"""An assembly and what it depends on in turn."""


@dataclass(slots=True, eq=False)
class ActivationContext:
    """The assemblies of a manifest and of those that it depends on; the first is the manifest's own."""

    manifest: Manifest
    root_path: str
    folder: str
    """The program's folder, in which private assemblies lie."""
    assemblies: list[Assembly] = field(default_factory=list)
    references: int = 1
    handle: int = 0
    data: dict[object, int] = field(default_factory=dict)
    """Addresses of what was shown to the program, by what it is."""

    def file(self, name: str) -> tuple[int, AssemblyFile] | None:
        """The assembly (its number) and file that a DLL name is redirected to."""
        lowered = name.lower()
        for index, assembly in enumerate(self.assemblies):
            for item in assembly.files:
                if item.name.lower() == lowered:
                    return index, item
        return None

    def com_class(self, clsid: bytes) -> tuple[int, AssemblyFile, ComClass] | None:
        """The assembly, file and class behind a CLSID."""
        for index, assembly in enumerate(self.assemblies):
            for item in assembly.files:
                for found in item.classes:
                    if found.clsid == clsid:
                        return index, item, found
        return None

    def window_class(self, name: str) -> tuple[int, AssemblyFile, WindowClass] | None:
        """The assembly and file that register a window class, and the class."""
        lowered = name.lower()
        for index, assembly in enumerate(self.assemblies):
            for item in assembly.files:
                for found in item.window_classes:
                    if found.name.lower() == lowered:
                        return index, item, found
        return None

    def path_of(self, name: str) -> str | None:
        """Where a DLL that the program names without a folder lies; None for one that is not redirected."""
        found = self.file(name)
        return f"{self.assemblies[found[0]].directory}\\{found[1].name}" if found is not None else None


@dataclass(slots=True)
class Activation:
    """The contexts of one process."""

    default: ActivationContext | None = None
    """That of the program's own manifest."""
    contexts: dict[int, ActivationContext] = field(default_factory=dict)
    """By handle."""
    loading: list[ActivationContext] = field(default_factory=list)
    """Those of isolation-aware DLLs whose imports are being bound, the innermost last."""
    next_cookie: int = 0x1000_0001


# Manifests of files


def embedded(image: Image, number: int | str | None) -> bytes | None:
    """The manifest resource of that number in an image (None: the first). Raises ImageError."""
    return image.resource(RT_MANIFEST, number)


def manifest_of_program(machine: Machine, image: Image, path: str) -> tuple[Manifest, str] | None:
    """A program's manifest and where it was found: in the program, else in `path.manifest`. Raises ActivationError."""
    try:
        data = embedded(image, PROCESS_MANIFEST)
    except ImageError:
        data = None
    place = path
    if data is None:
        place = path + ".manifest"
        data = read_file(machine, place)
    return (parse(data, place), place) if data is not None else None


def read_file(machine: Machine, path: str) -> bytes | None:
    """The bytes of a manifest file; None where there is none."""
    try:
        with machine.drives.resolve(path) as location:
            if not location.exists or location.is_directory:
                return None
            with open(f"/proc/self/fd/{location.fd}", "rb") as file:
                return file.read(LARGEST)
    except (NtError, OSError):
        return None


def parse(data: bytes, place: str) -> Manifest:
    """Read a manifest. Raises ActivationError with the place in its text."""
    try:
        return parse_manifest(data)
    except ManifestError as error:
        raise ActivationError(st.STATUS_SXS_CANT_GEN_ACTCTX, f"{place}: {error}") from None


def context_of_dll(machine: Machine, image: Image, path: str) -> ActivationContext | None:
    """The context of an isolation-aware DLL; None for one without a manifest of its own, or one that redirects nothing.

    Raises ActivationError.
    """
    try:
        data = embedded(image, ISOLATION_AWARE_MANIFEST)
    except ImageError:
        return None
    if data is None:
        return None
    manifest = parse(data, path)
    if not manifest.dependencies and not manifest.files:
        return None
    return make_context(machine, manifest, path, directory_of(path))


# Making a context


def make_context(
    machine: Machine, manifest: Manifest, root_path: str, folder: str, language: str = ""
) -> ActivationContext:
    """Find the assemblies that a manifest needs, in `folder`. Raises ActivationError for one that is missing."""
    context = ActivationContext(manifest, root_path, folder)
    context.assemblies.append(Assembly(manifest.identity, root_path, directory_of(root_path), manifest.files))
    known = [manifest.identity]
    waiting = list(manifest.dependencies)
    while waiting:
        dependency = waiting.pop(0)
        wanted = dependency.identity
        if any(item.name and item.satisfies(wanted) for item in known):
            continue
        if len(context.assemblies) >= _MOST_ASSEMBLIES:
            raise ActivationError(
                st.STATUS_SXS_CANT_GEN_ACTCTX,
                f"{root_path}: its manifest needs more than {_MOST_ASSEMBLIES} assemblies",
            )
        found = _find(machine, wanted, folder, language)
        if found is None:
            if dependency.optional:
                continue
            raise ActivationError(
                st.STATUS_SXS_CANT_GEN_ACTCTX,
                f"{root_path}: its manifest needs the assembly {wanted.encoded()}, which is not in {folder}",
            )
        assembly, dependencies = found
        known.append(assembly.identity)
        context.assemblies.append(assembly)
        waiting += dependencies
    return context


def _find(machine: Machine, wanted: Identity, folder: str, language: str) -> _Found | None:
    """The assembly that a reference means and what it depends on in turn."""
    if wanted.token.lower() in _SYSTEM_TOKENS:
        place = f"{SYSTEM_DIRECTORY[:-9]}\\WinSxS\\Manifests\\{wanted.name}.manifest"
        return Assembly(wanted, place, "", []), []
    if not wanted.name or any(character in wanted.name for character in '\\/:*?"<>|'):
        return None
    languages = [wanted.language] if wanted.language not in ("", "*", "neutral") else ([language] if language else [])
    for base in (*(f"{folder}\\{item}" for item in languages), folder):
        for directory in (base, f"{base}\\{wanted.name}"):
            found = _in_folder(machine, wanted, directory)
            if found is not None:
                return found
    return None


def _in_folder(machine: Machine, wanted: Identity, directory: str) -> _Found | None:
    """The assembly whose manifest is `name.dll` (a resource) or `name.manifest` there. Raises ActivationError."""
    place = f"{directory}\\{wanted.name}.dll"
    data = None
    try:
        image = machine.open_image(place)
        data = embedded(image, PROCESS_MANIFEST) if image is not None else None
    except ImageError:
        data = None
    if data is None:
        place = f"{directory}\\{wanted.name}.manifest"
        data = read_file(machine, place)
    if data is None:
        return None
    manifest = parse(data, place)
    if not manifest.identity.satisfies(wanted):
        raise ActivationError(
            st.STATUS_SXS_CANT_GEN_ACTCTX,
            f"{place}: is of the assembly {manifest.identity.encoded()}, expected {wanted.encoded()}",
        )
    return Assembly(manifest.identity, place, directory, manifest.files), manifest.dependencies


# What is in force


def current(thread: Thread) -> ActivationContext | None:
    """The context that the thread activated last; None where it activated none, or NULL."""
    return thread.activation[-1][1] if thread.activation else None


def in_force(thread: Thread) -> tuple[ActivationContext, ...]:
    """The contexts to look in, in order: the thread's, then the process's."""
    own, default = current(thread), thread.process.activation.default
    return tuple(item for item in (own, default) if item is not None)


def activate_program(process: Process, image: Image, path: str) -> ActivationContext | None:
    """The context of a program's manifest, which also chooses the process's code page. Raises SideBySideError."""
    try:
        found = manifest_of_program(process.machine, image, path)
        if found is None:
            return None
        manifest, place = found
        context = make_context(process.machine, manifest, place, directory_of(path))
    except ActivationError as error:
        raise SideBySideError(path, f"cannot be started: {error}") from None
    if manifest.setting("activeCodePage").lower() == "utf-8":
        process.code_pages, process.ansi_code_page = (UTF_8, UTF_8), "utf-8"
    return context


@contextmanager
def isolated(process: Process, module: Module) -> Iterator[None]:
    """While the imports of a DLL are bound: the context of its own manifest, where it has one.

    Raises NtError(STATUS_SXS_CANT_GEN_ACTCTX).
    """
    context = None
    if module.image is not None and module is not process.loader.executable:
        try:
            context = context_of_dll(process.machine, module.image, module.path)
        except ActivationError as error:
            process.report(f"winfs: {error}")
            raise NtError(error.status) from None
    if context is None:
        yield
        return
    process.activation.loading.append(context)
    try:
        yield
    finally:
        process.activation.loading.remove(context)


def redirected(process: Process, name: str) -> str | None:
    """The file that a manifest has for a DLL named without a folder; None where no manifest has one."""
    if name.lower() in OWN_DLLS:
        return None
    state = process.activation
    thread = process.threads.get(process.running_thread_id)
    contexts = (*reversed(state.loading), *((in_force(thread)) if thread is not None else ()), state.default)
    for context in contexts:
        path = context.path_of(name) if context is not None else None
        if path is not None:
            return path
    return None


def class_path(thread: Thread, clsid: bytes) -> str | None:
    """The DLL of a COM class that needs no registration; None for a class of no manifest in force."""
    for context in in_force(thread):
        found = context.com_class(clsid)
        if found is not None:
            return f"{context.assemblies[found[0]].directory}\\{found[1].name}"
    return None


def told_version(process: Process) -> tuple[int, int, int]:
    """Major, minor and build of Windows as GetVersionEx tells them: no newer than the program's manifest supports."""
    context = process.activation.default
    supported = context.manifest.supported_systems if context is not None else []
    return next((version for guid, version in _VERSIONS if parse_guid(guid) in supported), _UNDECLARED)


def lifts_path_limit(process: Process) -> bool:
    """Whether paths may be longer than MAX_PATH: the manifest says longPathAware and the registry allows it."""
    context = process.activation.default
    if context is None or context.manifest.setting("longPathAware").lower() != "true":
        return False
    allowed = process.machine.registry.get(_FILE_SYSTEM, "LongPathsEnabled")
    return allowed is not None and any(allowed.data)


def register(process: Process, context: ActivationContext) -> int:
    """Give a context a handle."""
    context.handle = process.loader.arena.allocate(16)
    process.activation.contexts[context.handle] = context
    return context.handle


def release(process: Process, context: ActivationContext) -> None:
    """Give up a reference; the last one ends the context."""
    context.references -= 1
    if not context.references:
        process.activation.contexts.pop(context.handle, None)
