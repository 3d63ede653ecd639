"""Compiles the guest DLLs and programs and the engine's native part.

``python -m runtime.guest.build [--force] [--list] [NAME…]``

Each directory under ``runtime/guest`` that has a ``build.toml`` describes one or more of them (the format is in
``runtime/guest/README.md``).  Sources are compiled with the clang of the ``ziglang`` wheel and linked with its lld into
``runtime/guest/bin``.  An object is reused while its sources, headers, flags and the compiler's version are unchanged;
the result depends on nothing else, so two builds give the same bytes.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

if __package__:
    from .spec import Export, SpecError, read_spec
else:  # run as a script by the build hook, where the package cannot be imported
    from spec import Export, SpecError, read_spec  # type: ignore[import-not-found,no-redef]

GUEST = Path(__file__).resolve().parent
TARGET = "x86_64-windows-gnu"
ZIG = "0.15.2"
"""The version of the ``ziglang`` wheel; later ones no longer carry all of the C sources that are compiled."""

COMPILE_FLAGS = (
    "-O2 -std=gnu2x -ffreestanding -fms-extensions -fomit-frame-pointer -fno-stack-protector -fno-ident -g0 "
    "-fno-vectorize -fno-slp-vectorize -fno-strict-aliasing -fwrapv -fno-sanitize=all -mno-implicit-float -Wall "
    "-Wno-unused-function -Wno-unknown-pragmas -Wno-inconsistent-dllimport -Wno-ignored-attributes"
)
LINK_FLAGS = (
    "/nologo /machine:x64 /nodefaultlib /dynamicbase /nxcompat /highentropyva /opt:ref /opt:noicf /incremental:no "
    "/osversion:10.0 /timestamp:0x5ca1ab1e /merge:.CRT=.rdata /merge:.00cfg=.rdata"
)
DLL_FLAGS = "/dll /subsystem:windows,6.0"
PROGRAM_FLAGS = "/subsystem:console,6.0"
PROGRAM_BASE = 0x1_4000_0000

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', re.MULTILINE)


class BuildError(Exception):
    """A DLL cannot be built; the message is what the compiler, the linker or the description says."""


@dataclass(frozen=True)
class SourceSet:
    """Sources that share flags: those of the directory itself, or a set from the ``ziglang`` wheel."""

    files: tuple[Path, ...]
    include: tuple[Path, ...]
    defines: tuple[str, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Library:
    """One DLL, or one program, as its ``build.toml`` describes it."""

    name: str
    base: int
    directory: Path
    entry: str | None
    exports: tuple[Export, ...]
    imports: tuple[str, ...]
    source_sets: tuple[SourceSet, ...]
    link_flags: tuple[str, ...]
    version: str
    generators: tuple[Path, ...] = ()

    @property
    def is_program(self) -> bool:
        """Whether it is a console program; it is linked at the usual base of programs."""
        return not self.name.endswith(".dll")


@dataclass
class Toolchain:
    """The ``ziglang`` wheel: where it is and how to call its programs."""

    root: Path = field(default_factory=lambda: _wheel_root())

    @cached_property
    def version(self) -> str:
        """The compiler's version, part of every cache key."""
        return self.run("version").strip()

    def run(self, *arguments: str) -> str:
        """Run ``zig`` and return what it printed.  Raises BuildError with its output when it fails."""
        command = [sys.executable, "-m", "ziglang", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            raise BuildError(f"zig {arguments[0]} failed:\n{done.stdout}{done.stderr}")
        if done.stderr.strip() and arguments[0] != "version":
            sys.stderr.write(done.stderr)
        return done.stdout


def _wheel_root() -> Path:
    found = importlib.util.find_spec("ziglang")
    if found is None or not found.submodule_search_locations:
        raise BuildError(f"the Python package 'ziglang' is needed to build the guest DLLs: pip install ziglang=={ZIG}")
    return Path(next(iter(found.submodule_search_locations)))


def _texts(table: Mapping[str, object], key: str, where: str) -> list[str]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BuildError(f"{where}: {key} must be a list of strings")
    return [str(item) for item in value]


def _tables(table: Mapping[str, object], key: str, where: str) -> list[Mapping[str, object]]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BuildError(f"{where}: {key} must be an array of tables [[{key}]]")
    return list(value)


def _expand(root: Path, patterns: Sequence[str], exclude: Sequence[str], where: str) -> tuple[Path, ...]:
    left_out = {path for pattern in exclude for path in root.glob(pattern)}
    files: dict[Path, None] = {}
    for pattern in patterns:
        matched = sorted(root.glob(pattern)) if any(c in pattern for c in "*?[") else [root / pattern]
        matched = [Path(os.path.normpath(path)) for path in matched]
        if not matched and not any(c in pattern for c in "*?["):
            raise BuildError(f"{where}: no source {pattern}")
        files.update((path, None) for path in matched if path not in left_out)
    return tuple(files)


def describe(directory: Path, wheel: Path, names: Sequence[str] = ()) -> list[Library]:
    """The DLLs (of ``names``, if given) that ``directory/build.toml`` describes. Raises BuildError where wrong."""
    path = directory / "build.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BuildError(f"{path}: {error}") from error
    tables = [*_tables(document, "dll", str(path)), *_tables(document, "program", str(path))]
    try:
        wanted = [table for table in tables if not names or table.get("name") in names]
        return [_describe_one(table, directory, wheel, str(path)) for table in wanted]
    except (OSError, SpecError) as error:
        raise BuildError(f"{path}: {error}") from error


def _describe_one(table: Mapping[str, object], directory: Path, wheel: Path, where: str) -> Library:
    name, entry = table.get("name"), table.get("entry")
    base = table.get("base", None if isinstance(name, str) and name.endswith(".dll") else PROGRAM_BASE)
    if not isinstance(name, str) or not isinstance(base, int) or base % 0x10000:
        raise BuildError(f"{where}: each [[dll]] needs a name and a base that is a multiple of 0x10000")
    defines = _texts(table, "defines", where)
    flags = _texts(table, "cflags", where)
    include = [directory / item for item in _texts(table, "include", where)]
    include += [directory, GUEST / "include", GUEST / "common"]
    sets = [
        SourceSet(
            _expand(directory, _texts(table, "sources", where), _texts(table, "exclude", where), where),
            tuple(include),
            tuple(defines),
            tuple(flags),
        ),
        SourceSet((GUEST / "common" / "chkstk.S",), (), (), ()),
    ]
    for extra in _tables(table, "wheel", where):
        root = wheel / str(extra.get("root", "."))
        own = [root / item for item in _texts(extra, "include", where)]
        own += [directory / item for item in _texts(extra, "project_include", where)]
        sets.append(
            SourceSet(
                _expand(root, _texts(extra, "sources", where), _texts(extra, "exclude", where), where),
                tuple(own),
                (*defines, *_texts(extra, "defines", where)),
                ("-w", *_texts(extra, "cflags", where)),
            )
        )
    owner = None if table.get("exports_name_dll") else name
    exports: dict[tuple[str, str], Export] = {}
    for item in _texts(table, "exports", where):
        for export in read_spec(directory / item, owner):
            exports[export.dll, export.name] = export
    return Library(
        name=name,
        base=base,
        directory=directory,
        entry=entry if isinstance(entry, str) else None,
        exports=tuple(exports.values()),
        imports=tuple(_texts(table, "imports", where)),
        source_sets=tuple(sets),
        link_flags=tuple(_texts(table, "link_flags", where)),
        version=str(table.get("version", "10.0")),
        generators=tuple(directory / item for item in _texts(table, "generators", where)),
    )


class Builder:
    """Compiles and links libraries, reusing what ``cache`` holds."""

    def __init__(self, output: Path, cache: Path, *, force: bool = False, jobs: int = 2) -> None:
        self.tools = Toolchain()
        self.output = output
        self.cache = cache
        self.force = force
        self.jobs = jobs
        self.compiled = 0
        self._includes: dict[Path, tuple[bytes, tuple[str, ...]]] = {}

    def libraries(self, names: Sequence[str] = ()) -> list[Library]:
        """The DLLs described under ``runtime/guest`` (of ``names``, if given), by base address.

        Raises BuildError when bases collide or a name is unknown.
        """
        found = [
            library
            for description in sorted(GUEST.glob("*/build.toml"))
            for library in describe(description.parent, self.tools.root, names)
        ]
        found.sort(key=lambda library: library.base)
        for left, right in pairwise(found):
            if left.base == right.base and not left.is_program:
                raise BuildError(f"{left.name} and {right.name} have the same base {left.base:#x}")
        unknown = set(names) - {library.name for library in found}
        if unknown:
            raise BuildError(f"no such guest DLL: {', '.join(sorted(unknown))}")
        return found

    def build(self, library: Library) -> Path:
        """Bring one DLL up to date and return its path.  Raises BuildError."""
        for generator in library.generators:
            self._generate(generator)
        jobs = [(source, sources) for sources in library.source_sets for source in sources.files]
        objects = self._compile_all(jobs)
        libraries = [self._import_library(dll) for dll in library.imports]
        return self._link(library, objects, libraries)

    def _compile_all(self, jobs: Sequence[tuple[Path, SourceSet]]) -> list[Path]:
        """Compile all sources; the error names everything that is wrong with every one of them."""
        objects, errors = [], []
        with ThreadPoolExecutor(self.jobs) as pool:
            for future in [pool.submit(self._compile, *job) for job in jobs]:
                try:
                    objects.append(future.result())
                except BuildError as error:
                    errors.append(str(error))
        if errors:
            raise BuildError("\n".join(errors))
        return objects

    def _generate(self, script: Path) -> None:
        """Run a generator: a Python file that writes its one argument, ``<name>.inc`` in the cache."""
        digest = hashlib.sha256(script.read_bytes() + sys.version.encode()).hexdigest()
        target = self.cache / "generated" / f"{script.stem}.inc"
        stamp = target.with_suffix(".stamp")
        if not self.force and target.exists() and stamp.exists() and stamp.read_text() == digest:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run([sys.executable, str(script), str(target)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildError(f"{script} failed:\n{done.stderr}")
        stamp.write_text(digest)

    def _read(self, path: Path) -> tuple[bytes, tuple[str, ...]]:
        known = self._includes.get(path)
        if known is None:
            data = path.read_bytes()
            names = tuple(name.decode("utf-8", "replace") for name in _INCLUDE.findall(data))
            known = self._includes[path] = (hashlib.sha256(data).digest(), names)
        return known

    def _dependencies(self, source: Path, include: Sequence[Path]) -> Iterator[bytes]:
        """Digests of the source and of every project header it can reach; the wheel's are pinned by its version."""
        seen = {source}
        stack = [source]
        while stack:
            current = stack.pop()
            digest, names = self._read(current)
            yield digest
            for name in names:
                for folder in (current.parent, *include):
                    candidate = Path(os.path.normpath(folder / name))
                    if candidate in seen:
                        break
                    if candidate.is_relative_to(GUEST) and candidate.is_file():
                        seen.add(candidate)
                        stack.append(candidate)
                        break

    def _compile(self, source: Path, sources: SourceSet) -> Path:
        generated = self.cache / "generated"
        include = (*sources.include, generated)
        flags = [*COMPILE_FLAGS.split(), *(f"-D{item}" for item in sources.defines), *sources.flags]
        if source.is_relative_to(self.tools.root):
            label = source.relative_to(self.tools.root).as_posix()
        else:
            label = source.relative_to(GUEST).as_posix()
        key = hashlib.sha256(self.tools.version.encode())
        key.update("\0".join([label, *flags, *(_portable(item, self.tools.root) for item in include)]).encode())
        for digest in self._dependencies(source, include):
            key.update(digest)
        target = self.cache / "obj" / f"{source.stem}-{key.hexdigest()[:24]}.o"
        if target.exists() and not self.force:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_suffix(f".{os.getpid()}.o")
        folders = [f"-I{folder}" for folder in include]
        self.tools.run("cc", "-target", TARGET, *flags, *folders, "-c", str(source), "-o", str(scratch))
        scratch.replace(target)
        self.compiled += 1
        return target

    def _import_library(self, dll: str) -> Path:
        """An import library for a system DLL from the wheel's definition file and ``imports/<dll>.def`` of ours."""
        stem = dll.removesuffix(".dll")
        common = self.tools.root / "lib" / "libc" / "mingw"
        definition = next(
            (
                common / folder / f"{stem}{suffix}"
                for folder in ("lib-common", "lib64")
                for suffix in (".def", ".def.in")
                if (common / folder / f"{stem}{suffix}").exists()
            ),
            None,
        )
        if definition is None:
            raise BuildError(f"no definition file for {dll} in the ziglang wheel")
        ours = GUEST / "imports" / f"{stem}.def"
        more = ours.read_text() if ours.exists() else ""
        key = hashlib.sha256((self.tools.version + dll + more).encode()).hexdigest()[:24]
        target = self.cache / "lib" / f"{stem}-{key}.lib"
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = f"-I{common / 'def-include'}"
        text = self.tools.run("cc", "-target", TARGET, "-E", "-P", "-x", "c", folder, "-w", str(definition))
        scratch = target.with_suffix(".def")
        scratch.write_text(f"{text.rstrip()}\n{more}")
        self.tools.run("dlltool", "-m", "i386:x86-64", "-D", dll, "-d", str(scratch), "-l", str(target))
        return target

    def _link(self, library: Library, objects: Sequence[Path], libraries: Sequence[Path]) -> Path:
        output = self.output / library.name
        stamp = self.cache / "link" / f"{library.name}.stamp"
        targets = _symbols(library)
        lines = [] if library.is_program else [f'LIBRARY "{library.name}"', "EXPORTS", *targets]
        definition = "".join(f"{line}\n" for line in lines)
        entry = f"/entry:{library.entry}" if library.entry else "/noentry"
        kind = PROGRAM_FLAGS if library.is_program else DLL_FLAGS
        flags = [
            *LINK_FLAGS.split(),
            *kind.split(),
            f"/base:{library.base:#x}",
            f"/version:{library.version}",
            entry,
            *library.link_flags,
        ]
        inputs = [*objects, *libraries]
        key = hashlib.sha256("\0".join([self.tools.version, definition, *flags]).encode())
        for item in inputs:
            key.update(item.name.encode())
        digest = key.hexdigest()
        if not self.force and output.exists() and stamp.exists():
            linked, _, image = stamp.read_text().partition(" ")
            if linked == digest and image == hashlib.sha256(output.read_bytes()).hexdigest():
                return output
        self.output.mkdir(parents=True, exist_ok=True)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        definition_path = stamp.with_suffix(".def")
        definition_path.write_text(definition)
        scratch = output.with_suffix(f".{os.getpid()}.tmp")
        response = stamp.with_suffix(".rsp")
        arguments = [*flags, f"/out:{scratch}"]
        if not library.is_program:
            arguments += [f"/def:{definition_path}", f"/implib:{stamp.with_suffix('.lib')}"]
        response.write_text("\n".join(f'"{item}"' for item in [*arguments, *map(str, inputs)]))
        try:
            self.tools.run("lld-link", f"@{response}")
            scratch.replace(output)
        finally:
            scratch.unlink(missing_ok=True)
        stamp.write_text(f"{digest} {hashlib.sha256(output.read_bytes()).hexdigest()}")
        return output


def _symbols(library: Library) -> list[str]:
    """Definition-file lines: a DLL's own exports, or for the shared library each C symbol once under its own name."""
    if any(export.dll != library.name for export in library.exports):
        return sorted({export.target for export in library.exports})
    return [export.definition() for export in library.exports]


def _portable(path: Path, wheel: Path) -> str:
    for root in (wheel, GUEST):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return path.name


def build_all(names: Sequence[str] = (), *, force: bool = False, output: Path | None = None) -> list[Path]:
    """Bring the named DLLs (default: all) up to date and return their paths.

    One build runs at a time: others wait for the lock in the cache.  Raises BuildError.
    """
    cache = GUEST / ".cache"
    cache.mkdir(exist_ok=True)
    builder = Builder(output or GUEST / "bin", cache, force=force, jobs=min(4, os.cpu_count() or 1))
    if builder.tools.version != ZIG:
        raise BuildError(f"ziglang {ZIG} is needed, {builder.tools.version} is installed: pip install ziglang=={ZIG}")
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return [builder.build(library) for library in builder.libraries(names)]


def build_native(*, force: bool = False) -> None:
    """Bring the engine's native part up to date (it is compiled with the same wheel).  Raises BuildError."""
    script = GUEST.parent / "cpu" / "native" / "build.py"
    if subprocess.run([sys.executable, script, *(["--force"] if force else [])], check=False).returncode:
        raise BuildError(f"{script} failed")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m runtime.guest.build", description="Compile the guest DLLs.")
    parser.add_argument("--force", action="store_true", help="compile everything again")
    parser.add_argument("--list", action="store_true", help="list the DLLs and stop")
    parser.add_argument("dll", nargs="*", help="only these DLLs")
    options = parser.parse_args(arguments)
    try:
        if options.list:
            for library in Builder(GUEST / "bin", GUEST / ".cache").libraries():
                print(f"{library.base:#014x} {library.name}")
            return 0
        for path in build_all(options.dll, force=options.force):
            print(path)
        if not options.dll:
            build_native(force=options.force)
    except BuildError as error:
        print(f"guest build: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
