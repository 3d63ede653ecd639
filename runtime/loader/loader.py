"""The loader of one process: maps images, binds imports, runs DllMain and TLS callbacks, answers GetProcAddress.

Everything here runs under the machine's lock. What calls guest code (initializers) is a coroutine on the thread that
loads, as in Windows.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from runtime.loader import builtin
from runtime.loader.apiset import host_of, is_api_set
from runtime.loader.binder import Binder
from runtime.loader.mapping import map_image
from runtime.loader.module import Module
from runtime.loader.notifications import LOADED, UNLOADED, Notifications
from runtime.loader.order import Source, host_file
from runtime.loader.pe import BaseTakenError, Image, ImageError
from runtime.loader.pe_tables import ImportedDll
from runtime.loader.peb import Arena, LoaderLists
from runtime.loader.search import (
    DONT_RESOLVE_DLL_REFERENCES,
    LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR,
    LOAD_WITH_ALTERED_SEARCH_PATH,
    PLAINLY,
    SYSTEM_DIRECTORY,
    Asked,
    SearchPath,
    base_name,
    directory_of,
)
from runtime.loader.tls import StaticTls
from runtime.memory.vads import HIGHEST_32
from runtime.nt import status as st
from runtime.nt.failure import missing_dll
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

log = logging.getLogger(__name__)

DLL_PROCESS_DETACH, DLL_PROCESS_ATTACH, DLL_THREAD_ATTACH, DLL_THREAD_DETACH = range(4)

_FORWARD_LIMIT: Final = 32
_STUB_SIZE: Final = 16
_UNLOADED_KEPT: Final = 64
"""As RtlGetUnloadEventTrace has it."""


class Unloaded(NamedTuple):
    """An image that was unmapped."""

    name: str
    base: int
    size: int
    checksum: int
    timestamp: int


class Loader:
    """The modules of a process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._memory = process.memory
        self.modules: list[Module] = []
        """All modules in load order."""
        self.executable: Module | None = None
        self.search = SearchPath("")
        self.arena = Arena(process.memory, "loader")
        self.tls = StaticTls(process.memory, process.layout, self.arena)
        self.lists: LoaderLists | None = None
        self._by_name: dict[str, Module] = {}
        self._initialization: list[Module] = []
        self._initialized: list[Module] = []
        """Modules that have had DLL_PROCESS_ATTACH, in that order: the detach notifications go backwards."""
        self._stubs = 0
        self._stubs_end = 0
        self._binder = Binder(process, self.export, self.add_stub)
        self._dispatchers: dict[str, int] = {}
        self.starting = True
        """The program's own DLLs are being loaded: what they lack fails when it is called."""
        self.shutting_down = False
        self.unloaded: deque[Unloaded] = deque(maxlen=_UNLOADED_KEPT)
        """The images that went last, oldest first."""
        self.notifications = Notifications(self)
        self._unloading: set[int] = set()
        """Bases of modules whose detach notifications run."""
        self._holds: dict[int, Callable[[], None]] = {}
        """Base of a module → what lets go of its file."""

    # Look-up

    def find(self, name: str) -> Module | None:
        """Return the loaded module of that base name or full path (any case, `.dll` optional as Windows has it)."""
        if "\\" in name or "/" in name:
            wanted = name.replace("/", "\\").lower()
            return self._by_path(wanted)
        lowered = with_extension(name).lower()
        if is_api_set(lowered):
            lowered = host_of(lowered) or lowered
        return self._by_name.get(lowered)

    def _by_path(self, path: str) -> Module | None:
        lowered = path.lower()
        return next((item for item in self.modules if item.path.lower() == lowered), None)

    def at(self, address: int) -> Module | None:
        """Return the module whose image covers `address`."""
        return next((module for module in self.modules if module.base <= address < module.end), None)

    def by_base(self, base: int) -> Module | None:
        """Return the module at exactly `base`; 0 is the program."""
        if base == 0:
            return self.executable
        return next((module for module in self.modules if module.base == base), None)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.modules[:])

    def dispatcher(self, name: str) -> int:
        """Return the address of a function of ntrtl.dll that the machine itself enters; 0 before it is loaded."""
        address = self._dispatchers.get(name)
        if address is None:
            module = self._by_name.get(builtin.RUNTIME_DLL)
            target = builtin.guest_functions().get("ntdll.dll", {}).get(name, name)
            address = self.export(module, target) or 0 if module is not None else 0
            if address:
                self._dispatchers[name] = address
        return address

    def export(self, module: Module, name: str | int, depth: int = 0) -> int | None:
        """Return the address of an export by name or ordinal, following forwarders; None when there is none."""
        image = module.builtin
        forward: str | None
        if image is not None:
            key = name if isinstance(name, str) else image.ordinals.get(name)
            if key is None:
                return None
            rva = image.functions.get(key)
            if rva is not None:
                return module.base + rva
            forward = image.forwards.get(key)
            if forward is None:
                return None
        else:
            assert module.image is not None
            exports = module.image.exports()
            found = exports.by_name(name) if isinstance(name, str) else exports.by_ordinal(name)
            if found is None:
                return None
            forward = found.forwarder
            if forward is None:
                return module.base + found.rva
        return self._follow(module, forward, depth)

    def _follow(self, module: Module, forward: str, depth: int) -> int | None:
        if depth >= _FORWARD_LIMIT:
            return None
        dll, _, name = forward.rpartition(".")
        try:
            target = self._load(dll + ".dll", PLAINLY)
        except (NtError, ImageError):
            return None
        self._depend(module, target)
        return self.export(target, int(name[1:]) if name.startswith("#") else name, depth + 1)

    def address_of(self, module: str, name: str) -> int:
        """Return the address of an export of a loaded DLL. Raises NtError(STATUS_ENTRYPOINT_NOT_FOUND)."""
        found = self.find(module)
        address = self.export(found, name) if found is not None else None
        if address is None:
            raise NtError(st.STATUS_ENTRYPOINT_NOT_FOUND)
        return address

    def describe(self, address: int) -> str:
        """Return `module+0x1234` for a code address, plain hex outside all modules."""
        module = self.at(address)
        return f"{module.name}+{address - module.base:#x}" if module is not None else f"{address:#x}"

    # Mapping

    def map_program(self, image: Image, path: str) -> Module:
        """Map the program itself (its imports are bound by `link`). Raises ImageError, NtError."""
        image.check_machine()
        image.check_loadable()
        module = self._map(image, path, base_name(path), load_count=-1)
        self.executable = module
        self.search.application = directory_of(path)
        return module

    def _map(self, image: Image, path: str, name: str, load_count: int = 1) -> Module:
        memory, machine = self._memory, self._process.machine
        base = image.image_base
        size = image.size_of_image
        movable = not image.relocations_stripped
        wanted = machine.random_image_base(size) if self._process.aslr and movable else base
        if not memory.is_free(wanted, wanted + size) or wanted & 0xFFFF:
            if not movable:
                raise BaseTakenError(
                    path, f"must be loaded at {base:#x}, which is taken, and has no relocations to load it elsewhere"
                )
            if image.is_64_bit:
                wanted = memory.find_free(size, lowest=0x1_8000_0000)
            else:
                wanted = memory.find_free(size, lowest=0x10000, highest=HIGHEST_32)
        backing = machine.images.pages(image, wanted)
        sections = [(item.virtual_address, item.mapped_size, item.characteristics) for item in image.sections]
        if image.is_flat:
            sections = [(0, size, 0xE0000020)]
        map_image(memory, backing, wanted, sections, path, image.size_of_headers)
        backing.release()  # the view has a use of its own
        entry = wanted + image.entry_point if image.entry_point and not image.is_il_only else 0
        tls = None if image.is_il_only else image.tls()
        module = Module(name, path, wanted, size, entry, image=image, load_count=load_count, tls=tls)
        module.timestamp = image.time_date_stamp
        self._holds[module.base] = machine.hold_image(path)
        self._register(module)
        return module

    def _map_builtin(self, name: str) -> Module:
        machine = self._process.machine
        path = f"{SYSTEM_DIRECTORY}\\{name}"
        guest = builtin.guest_dlls().get(name)
        if guest is not None:
            return self._map(machine.images.open(guest), path, name)
        generated, backing = machine.builtin_image(name)
        map_image(self._memory, backing, generated.base, list(generated.sections), path, 0x1000)
        module = Module(name, path, generated.base, generated.size, 0, builtin=generated)
        self._register(module)
        return module

    def _register(self, module: Module) -> None:
        self.modules.append(module)
        self._by_name.setdefault(module.name.lower(), module)
        if self.lists is not None:
            self.lists.add(module, self._process.machine.clock.now())
        self._process.machine.trace.load(
            self._process.pid, self._process.running_thread_id, module.name, module.path, module.base, module.size,
            builtin=module.builtin is not None,
        )  # fmt: skip
        if self._process.debug_port is not None:
            self._process.debug_port.module_loaded(self._process, module)

    def publish(self, lists: LoaderLists) -> None:
        """The PEB exists now: link every module mapped so far."""
        self.lists = lists
        for module in self.modules:
            lists.add(module, self._process.machine.clock.now())

    # Loading

    def load(self, name: str, flags: int = 0) -> Module:
        """Map a DLL and everything it needs, without running initializers; count one more reference.

        Raises NtError(STATUS_DLL_NOT_FOUND), or ImageError for a file that is no good.
        """
        return self._load(name, _asked(name, flags))

    def locate(self, name: str, flags: int) -> tuple[Image, str] | None:
        """The file that a name given to LoadLibraryEx means, and its path; None for a DLL of our own.

        Raises NtError(STATUS_DLL_NOT_FOUND), ImageError.
        """
        return self._choose(with_extension(name.replace("/", "\\")), _asked(name, flags))

    def _load(self, name: str, asked: Asked) -> Module:
        name = name.replace("/", "\\")
        if "\\" not in name:
            name = self._process.redirected_dll(with_extension(name)) or name
        found = self.find(with_extension(name))
        if found is not None:
            if found.load_count >= 0:
                found.load_count += 1
            return found
        lowered = with_extension(base_name(name)).lower()
        if is_api_set(lowered):
            host = host_of(lowered)
            if host is None:
                raise NtError(st.STATUS_DLL_NOT_FOUND)
            return self._load(host, asked)
        chosen = self._choose(with_extension(name), asked)
        if chosen is None:
            module = self._map_builtin(lowered)
        else:
            image, path = chosen
            known = self._by_path(path)
            if known is not None:
                if known.load_count >= 0:
                    known.load_count += 1
                return known
            image.check_library()
            module = self._map(image, path, base_name(path))
        if asked.flags & DONT_RESOLVE_DLL_REFERENCES:
            return module
        try:
            self.link(module, asked)
        except (NtError, ImageError):
            # Nothing of it has run: take it back, and what was mapped for it alone.
            module.load_count -= 1
            for item in self._unreachable():
                self._unmap(item)
            raise
        return module

    def _choose(self, name: str, asked: Asked) -> tuple[Image, str] | None:
        """Return the file that a DLL name with its extension means, None for the DLL of our own.

        Raises NtError(STATUS_DLL_NOT_FOUND), ImageError.
        """
        if "\\" in name and directory_of(name).lower() != SYSTEM_DIRECTORY.lower():
            return self._open(name, asked)
        lowered = base_name(name).lower()
        for source in self._process.dll_order.sources(lowered, is_builtin=builtin.is_builtin(lowered)):
            if source is Source.BUILTIN:
                return None
            found = self._in_dll_folders(lowered) if source is Source.FOLDERS else self._search(name, asked)
            if found is not None:
                return found
        raise NtError(st.STATUS_DLL_NOT_FOUND)

    def shown_file(self, path: str) -> Image | None:
        """The DLL of a host's DLL folder that appears to the program at this full path; None for any other path.

        Raises ImageError.
        """
        if directory_of(path).lower() != SYSTEM_DIRECTORY.lower():
            return None
        lowered = base_name(path).lower()
        if Source.FOLDERS not in self._process.dll_order.sources(lowered, is_builtin=builtin.is_builtin(lowered)):
            return None
        found = self._in_dll_folders(lowered)
        return found[0] if found is not None and found[1].lower() == path.lower() else None

    def _in_dll_folders(self, name: str) -> tuple[Image, str] | None:
        """The file in the DLL folders. One from outside the drives appears where the DLL it replaces would be."""
        machine = self._process.machine
        for folder in self._process.dll_order.folders:
            if isinstance(folder, str):
                path = f"{folder.rstrip(chr(92))}\\{name}"
                image = machine.open_image(path)
                if image is not None:
                    return image, path
            else:
                file = host_file(folder, name)
                if file is not None:
                    shown = machine.drives.to_windows(str(file)) or f"{SYSTEM_DIRECTORY}\\{name}"
                    return machine.images.open(file), shown
        return None

    def _open(self, name: str, asked: Asked) -> tuple[Image, str]:
        found = self._search(name, asked)
        if found is None:
            raise NtError(st.STATUS_DLL_NOT_FOUND)
        return found

    def _search(self, name: str, asked: Asked) -> tuple[Image, str] | None:
        process = self._process
        if "\\" in name or name[1:2] == ":":
            path = process.full_path(name)
            image = process.machine.open_image(path)
            return (image, path) if image is not None else None
        environment = process.environment()
        for directory in self.search.directories(
            asked, process.current_directory, environment.get("PATH", "")
        ):
            path = f"{directory.rstrip(chr(92))}\\{name}"
            image = process.machine.open_image(process.full_path(path))
            if image is not None:
                return image, path
        return None

    # Binding

    def link(self, module: Module, asked: Asked = PLAINLY) -> None:
        """Bind the imports of a freshly mapped module, loading what it needs. Raises NtError, ImageError.

        A DLL that every Windows has and this machine has not yet stops nobody from starting: each function of it is a
        missing one, which fails when it is called. Asked for at run time (LoadLibrary) such a DLL is not found.
        """
        if module.image is not None and not module.image.is_il_only:
            with self._process.isolated(module):
                for dll in module.image.imports():
                    self._bind(module, dll, asked)
        if module.tls is not None:
            self.tls.add(module, self._process.tebs())
        self._initialization.append(module)

    def _depend(self, module: Module, target: Module) -> None:
        """Keep the reference to `target` that was just counted as long as `module` lives, but one only."""
        if target is module or target in module.dependencies:
            if target.load_count > 0:
                target.load_count -= 1
        else:
            module.dependencies.append(target)

    def _bind(self, module: Module, dll: ImportedDll, asked: Asked) -> None:
        target: Module | None
        try:
            target = self._load(dll.name, asked)
        except NtError as error:
            if error.status != st.STATUS_DLL_NOT_FOUND:
                raise
            from runtime.trace.signatures import is_windows_dll  # most programs need no DLL that does not exist

            if not is_windows_dll(dll.name):
                missing_dll(self._process, module, dll.name)
                raise
            target = None
        else:
            self._depend(module, target)
        self._binder.bind(module, dll, target, starting=self.starting)

    def follow_trace_rules(self) -> None:
        """The trace's rules have changed: imports of guest code are bound anew where that makes a difference."""
        for module in self.modules:
            for dll in module.image.imports() if module.image is not None else ():
                target = self.find(dll.name)
                if target is not None:
                    self._binder.rebind(module, dll, target)

    def add_stub(self, code: bytes) -> int:
        """Place a few bytes of code of the machine's own; return their address."""
        size = -(-len(code) // _STUB_SIZE) * _STUB_SIZE
        if self._stubs + size > self._stubs_end:
            self._stubs = self._process.allocate_code(0x10000, "stubs")
            self._stubs_end = self._stubs + 0x10000
        address = self._stubs
        self._memory.poke(address, code.ljust(size, b"\xcc"))
        self._stubs += size
        return address

    # Initializers

    async def run_initializers(self, thread: Thread, reserved: int) -> None:
        """Deliver DLL_PROCESS_ATTACH to modules that have not had it, dependencies first.

        `reserved` is DllMain's third argument: not 0 for DLLs that the program itself imports.
        Raises NtError: STATUS_DLL_INIT_FAILED when a DllMain refuses, or the code of an exception that it let through.
        """
        fatal = reserved != 0
        while self._initialization:
            module = self._initialization.pop(0)
            if module.initialized:
                continue
            module.initialized = True
            self._initialized.append(module)
            assert self.lists is not None
            if module.is_dll:
                self.lists.initialized(module)
            await self.notifications.send(thread, LOADED, module)
            failed = await self._tls_callbacks(thread, module, DLL_PROCESS_ATTACH, fatal=fatal)
            if not failed and module.is_dll and module.entry:
                answer, failed = await self._call(
                    thread, module, module.entry, DLL_PROCESS_ATTACH, reserved, fatal=fatal
                )
                failed = failed or (0 if answer else st.STATUS_DLL_INIT_FAILED)
            if failed:
                raise NtError(failed)

    async def _call(
        self, thread: Thread, module: Module, routine: int, reason: int, reserved: int, *, fatal: bool = False
    ) -> tuple[int, int]:
        """Call a DllMain or TLS callback; its answer, and the NTSTATUS of an exception that it let through or 0.

        Where that would be `fatal` the exception goes on, unhandled: the process ends with it.
        """
        dispatcher = self.dispatcher("LdrpCallInitRoutine")
        answer = await thread.call(dispatcher, routine, module.base, reason, reserved, fatal)
        return answer & 0xFFFFFFFF, answer >> 32 & 0xFFFFFFFF

    async def _tls_callbacks(self, thread: Thread, module: Module, reason: int, *, fatal: bool = False) -> int:
        """Call a module's TLS callbacks; the NTSTATUS of an exception that one let through, else 0."""
        if module.tls is None or not module.tls.callbacks_table:
            return 0
        table = module.base + module.tls.callbacks_table
        for index in range(1024):
            callback = self._memory.read_pointer(table + index * self._process.pointer_size)
            if not callback:
                break
            _, failed = await self._call(thread, module, callback, reason, 0, fatal=fatal)
            if failed:
                return failed
        return 0

    async def thread_attach(self, thread: Thread) -> None:
        """Deliver DLL_THREAD_ATTACH on a new thread."""
        for module in self:
            if module.initialized and module.thread_calls:
                await self._tls_callbacks(thread, module, DLL_THREAD_ATTACH)
                if module.is_dll and module.entry:
                    await self._call(thread, module, module.entry, DLL_THREAD_ATTACH, 0)

    async def thread_detach(self, thread: Thread) -> None:
        """Deliver DLL_THREAD_DETACH on a thread that ends, last initialized first."""
        for module in reversed(self._initialized[:]):
            if module.initialized and module.thread_calls:
                if module.is_dll and module.entry:
                    await self._call(thread, module, module.entry, DLL_THREAD_DETACH, 0)
                await self._tls_callbacks(thread, module, DLL_THREAD_DETACH)

    async def process_detach(self, thread: Thread) -> None:
        """Deliver DLL_PROCESS_DETACH to every module, last initialized first; the process ends."""
        self.shutting_down = True
        for module in reversed(self._initialized[:]):
            if module.initialized:
                module.initialized = False
                if module.is_dll and module.entry:
                    await self._call(thread, module, module.entry, DLL_PROCESS_DETACH, 1)
                await self._tls_callbacks(thread, module, DLL_PROCESS_DETACH)

    # Unloading

    async def free(self, thread: Thread, module: Module) -> None:
        """FreeLibrary: drop one reference; modules that nobody can reach any more are detached, then unmapped.

        Modules that only need each other go together. A reference that another module holds cannot be dropped here.
        """
        if module.load_count < 0 or self.shutting_down:
            return
        if module.load_count <= sum(module in other.dependencies for other in self.modules):
            return
        module.load_count -= 1
        gone = self._unreachable()
        if not gone:
            return
        bases = {item.base for item in gone}
        self._unloading |= bases
        for item in reversed(self._initialized[:]):
            if item.base in bases and item.initialized:
                item.initialized = False
                if item.is_dll and item.entry:
                    await self._call(thread, item, item.entry, DLL_PROCESS_DETACH, 0)
                await self._tls_callbacks(thread, item, DLL_PROCESS_DETACH)
        for item in gone:
            await self.notifications.send(thread, UNLOADED, item)
            self._unmap(item)
        self._unloading -= bases

    def _unreachable(self) -> list[Module]:
        """Modules that no reference from outside the modules leads to, in load order."""
        uses: dict[int, int] = {}
        for module in self.modules:
            for target in module.dependencies:
                uses[target.base] = uses.get(target.base, 0) + 1
        waiting = [item for item in self.modules if item.load_count < 0 or item.load_count > uses.get(item.base, 0)]
        reached = {item.base for item in waiting} | self._unloading
        while waiting:
            for target in waiting.pop().dependencies:
                if target.base not in reached:
                    reached.add(target.base)
                    waiting.append(target)
        return [item for item in self.modules if item.base not in reached]

    def _unmap(self, module: Module) -> None:
        if module.tls_index >= 0:
            self.tls.remove(module, self._process.tebs())
        for target in module.dependencies:
            if target.load_count > 0:
                target.load_count -= 1
        module.dependencies = []
        self.modules.remove(module)
        for order in (self._initialization, self._initialized):
            if module in order:
                order.remove(module)
        if self._by_name.get(module.name.lower()) is module:
            del self._by_name[module.name.lower()]
        if self.lists is not None and module.entry_address:
            self.lists.remove(module)
        self._process.machine.trace.unload(
            self._process.pid, self._process.running_thread_id, module.name, module.base
        )
        if self._process.debug_port is not None:
            self._process.debug_port.module_unloaded(self._process, module)
        self._memory.unmap_view(module.base)
        self._process.module_unmapped(module)
        checksum = module.image.checksum if module.image is not None else 0
        self.unloaded.append(Unloaded(module.name, module.base, module.size, checksum, module.timestamp))
        release = self._holds.pop(module.base, None)
        if release is not None:
            release()

    def release_files(self) -> None:
        """The process has ended: the files of its modules may be changed again."""
        for release in self._holds.values():
            release()
        self._holds.clear()


def _asked(name: str, flags: int) -> Asked:
    """What a LoadLibraryEx call asks for; the directory counts for the flags that name it."""
    altered = flags & (LOAD_WITH_ALTERED_SEARCH_PATH | LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR)
    plain = name.replace("/", "\\")
    return Asked(flags, directory_of(plain) if altered and "\\" in plain else None)


def with_extension(name: str) -> str:
    """Return a DLL name as LoadLibrary reads it: `.dll` is added unless there is an extension or a final dot."""
    last = base_name(name)
    if last.endswith("."):
        return name[:-1]
    return name if "." in last else name + ".dll"
