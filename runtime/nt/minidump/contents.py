"""What a dump says of a process: its streams, then its memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from typing import TYPE_CHECKING, Final

from runtime.loader import builtin
from runtime.loader.module import Module
from runtime.loader.pe import ImageError
from runtime.loader.peb import BUILD_NUMBER, MAJOR_VERSION, MINOR_VERSION
from runtime.loader.unwind import unwind_data
from runtime.memory.constants import MEM_FREE
from runtime.memory.inspect import peek_exact, peek_runs, peek_word
from runtime.nt import context as ctx
from runtime.nt.layout import SHARED_USER_DATA
from runtime.nt.minidump import memory as ranges
from runtime.nt.minidump.layout import Builder, Stream
from runtime.nt.minidump.memory import Range
from runtime.nt.stack import walk
from runtime.nt.status import STATUS_PENDING

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace
    from runtime.nt.crash import Crash
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

Parts = Iterator[bytes | int]
"""A dump piece by piece: data, or how many zeros follow."""

CHUNK: Final = 1 << 18
"""Most bytes in a piece."""
_UNIX_EPOCH: Final = 11_644_473_600
_AMD64: Final = 9
_WORKSTATION: Final = 1
_NT: Final = 2
_PROCESSOR_FEATURES: Final = 0x274
"""Of KUSER_SHARED_DATA: one byte a feature."""
_RT_VERSION: Final = 16
_FRAMES: Final = 64
_STREAMS: Final = 12


class DumpType(IntFlag):
    """MINIDUMP_TYPE."""

    NORMAL = 0
    WITH_DATA_SEGS = 1
    WITH_FULL_MEMORY = 2
    WITH_HANDLE_DATA = 4
    FILTER_MEMORY = 8
    SCAN_MEMORY = 0x10
    WITH_UNLOADED_MODULES = 0x20
    WITH_INDIRECTLY_REFERENCED_MEMORY = 0x40
    FILTER_MODULE_PATHS = 0x80
    WITH_PROCESS_THREAD_DATA = 0x100
    WITH_PRIVATE_READ_WRITE_MEMORY = 0x200
    WITHOUT_OPTIONAL_DATA = 0x400
    WITH_FULL_MEMORY_INFO = 0x800
    WITH_THREAD_INFO = 0x1000
    WITH_CODE_SEGS = 0x2000
    WITHOUT_AUXILIARY_STATE = 0x4000
    WITH_FULL_AUXILIARY_STATE = 0x8000
    WITH_PRIVATE_WRITE_COPY_MEMORY = 0x10000
    IGNORE_INACCESSIBLE_MEMORY = 0x20000
    WITH_TOKEN_INFORMATION = 0x40000
    WITH_MODULE_HEADERS = 0x80000
    VALID = 0x1FFFFFF

    @classmethod
    def small(cls) -> DumpType:
        """What a crash is understood with: stacks, what they and the registers point to, no more."""
        return (
            cls.WITH_INDIRECTLY_REFERENCED_MEMORY | cls.WITH_HANDLE_DATA | cls.WITH_UNLOADED_MODULES
            | cls.WITH_PROCESS_THREAD_DATA | cls.WITH_FULL_MEMORY_INFO | cls.WITH_THREAD_INFO | cls.WITH_MODULE_HEADERS
        )  # fmt: skip

    @classmethod
    def full(cls) -> DumpType:
        """Everything."""
        return (
            cls.WITH_FULL_MEMORY | cls.WITH_HANDLE_DATA | cls.WITH_UNLOADED_MODULES | cls.WITH_FULL_MEMORY_INFO
            | cls.WITH_THREAD_INFO
        )  # fmt: skip


@dataclass(slots=True)
class Selection:
    """What goes into a dump besides what its type says."""

    kind: DumpType
    without: set[int] = field(default_factory=set)
    """Threads that are left out."""
    stackless: set[int] = field(default_factory=set)
    """Threads whose stacks are left out."""
    modules: set[int] = field(default_factory=set)
    """Bases of modules that are left out."""
    memory: list[Range] = field(default_factory=list)
    """More memory."""
    streams: list[tuple[int, bytes]] = field(default_factory=list)
    """More streams: type and data."""
    contexts: dict[int, bytes] = field(default_factory=dict)
    """CONTEXTs of threads that are to be shown elsewhere than where they are."""
    exception: tuple[int, bytes, bytes] | None = None
    """Thread id, EXCEPTION_RECORD and CONTEXT of what happened."""
    comment: str = ""
    held: int = 0
    """How often the threads are suspended for the dump alone."""

    @classmethod
    def of_crash(cls, kind: DumpType, crash: Crash) -> Selection:
        """The dump of a crash: its thread is shown where it crashed."""
        number = crash.thread.id
        return cls(
            kind, contexts={number: crash.context}, exception=(number, crash.record, crash.context),
            comment=crash.report(),
        )  # fmt: skip


def dump_parts(process: Process, selection: Selection) -> Parts:
    """The dump of a process whose threads stand still, in order. The machine's lock is held for every step."""
    return _Contents(process, selection).parts()


def _seconds(filetime: int) -> int:
    return max(filetime // 10_000_000 - _UNIX_EPOCH, 0) if filetime else 0


class _Contents:
    def __init__(self, process: Process, selection: Selection) -> None:
        self._process = process
        self._memory: AddressSpace = process.memory
        self._selection = selection
        self._kind = selection.kind
        now = _seconds(process.machine.clock.now())
        self._builder = Builder(_STREAMS + len(selection.streams), now, int(selection.kind))
        self._threads = [
            thread for number, thread in sorted(process.threads.items()) if number not in selection.without
        ]
        self._contexts = {thread.id: self._context(thread) for thread in self._threads}
        self._stacks = {thread.id: self._stack(thread) for thread in self._threads}

    def _context(self, thread: Thread) -> bytes:
        return self._selection.contexts.get(thread.id) or bytes(ctx.capture(thread.context))

    def _stack(self, thread: Thread) -> Range:
        """From the lowest address in use to the base."""
        if thread.id in self._selection.stackless:
            return 0, 0
        pointers = [ctx.rsp_of(self._contexts[thread.id]), int(thread.context.registers[4])]
        lowest = [pointer for pointer in pointers if thread.deallocation_stack <= pointer < thread.stack_base]
        start = min(lowest, default=thread.stack_base)
        usable = ranges.present(self._memory, [(start & ~7, thread.stack_base)])
        return usable[-1] if usable and usable[-1][1] == thread.stack_base else (0, 0)

    def parts(self) -> Parts:
        builder, kind, selection = self._builder, self._kind, self._selection
        full = bool(kind & DumpType.WITH_FULL_MEMORY)
        builder.stream(Stream.SYSTEM_INFO, self._system_info())
        builder.stream(Stream.MISC_INFO, self._misc_info())
        builder.stream(Stream.MODULE_LIST, self._module_list())
        if kind & DumpType.WITH_THREAD_INFO:
            builder.stream(Stream.THREAD_INFO_LIST, self._thread_info())
        named = [thread for thread in self._threads if thread.description]
        if named:
            builder.stream(Stream.THREAD_NAMES, self._thread_names(named))
        if selection.exception is not None:
            builder.stream(Stream.EXCEPTION, self._exception(*selection.exception))
        if kind & DumpType.WITH_HANDLE_DATA:
            builder.stream(Stream.HANDLE_DATA, self._handle_data())
        if kind & DumpType.WITH_UNLOADED_MODULES and self._process.loader.unloaded:
            builder.stream(Stream.UNLOADED_MODULE_LIST, self._unloaded())
        if kind & (DumpType.WITH_FULL_MEMORY_INFO | DumpType.WITH_FULL_MEMORY):
            builder.stream(Stream.MEMORY_INFO_LIST, self._memory_info())
        if selection.comment:
            builder.stream(Stream.COMMENT_W, selection.comment.encode("utf-16-le", "surrogatepass") + b"\0\0")
        for number, data in selection.streams:
            builder.stream(number, data)
        threads = self._thread_list()
        place = builder.stream(Stream.THREAD_LIST, threads)
        held = self._memory_ranges(full)
        if full:
            listed = builder.stream(Stream.MEMORY64_LIST, bytes(16 + 16 * len(held)))
        else:
            listed = builder.stream(Stream.MEMORY_LIST, bytes(4 + 16 * len(held)))
        start = builder.put(b"")
        offsets = []
        rva = start
        for first, last in held:
            offsets.append(rva)
            rva += last - first
        if full:
            entries = [struct.pack("<QQ", first, last - first) for first, last in held]
            builder.patch(listed, struct.pack("<QQ", len(held), start) + b"".join(entries))
        else:
            entries = [
                struct.pack("<QII", first, last - first, offset)
                for (first, last), offset in zip(held, offsets, strict=True)
            ]
            builder.patch(listed, struct.pack("<I", len(held)) + b"".join(entries))
        for number, thread in enumerate(self._threads):
            stack = self._stack_location(self._stacks[thread.id], held, offsets)
            builder.patch(place + 4 + 48 * number + 24, stack)
        head = builder.finish()
        for begin in range(0, len(head), CHUNK):
            yield head[begin : begin + CHUNK]
        for first, last in held:
            yield from peek_runs(self._memory, first, last, CHUNK)

    def _stack_location(self, stack: Range, held: Sequence[Range], offsets: Sequence[int]) -> bytes:
        """The MINIDUMP_MEMORY_DESCRIPTOR of a stack; its data is that of the memory list."""
        for (first, last), offset in zip(held, offsets, strict=True):
            rva = offset + stack[0] - first
            if first <= stack[0] < stack[1] <= last and rva < 1 << 32:
                return struct.pack("<QII", stack[0], stack[1] - stack[0], rva)
        return struct.pack("<QII", stack[0], 0, 0)

    # Streams

    def _system_info(self) -> bytes:
        cpu = self._process.machine.processor
        features = peek_exact(self._memory, SHARED_USER_DATA + _PROCESSOR_FEATURES, 64)
        present = sum(1 << number for number, feature in enumerate(features) if feature)
        fixed = struct.pack(
            "<3H2B5I2H", _AMD64, cpu.family, cpu.revision, cpu.count, _WORKSTATION, MAJOR_VERSION, MINOR_VERSION,
            BUILD_NUMBER, _NT, self._builder.text(""), 0x100, 0,
        )  # fmt: skip
        return fixed + struct.pack("<3Q", present, 0, 0)

    def _misc_info(self) -> bytes:
        process = self._process
        kernel, user = (item // 10_000_000 for item in process.times())
        megahertz = process.machine.processor.megahertz
        return struct.pack(
            "<11I", 44, 7, process.pid, _seconds(process.create_time), user, kernel, megahertz, megahertz, megahertz,
            0, 0,
        )  # fmt: skip

    def _module_list(self) -> bytes:
        modules = [
            module
            for module in sorted(self._process.modules, key=lambda item: item is not self._process.loader.executable)
            if module.base not in self._selection.modules
        ]
        return struct.pack("<I", len(modules)) + b"".join(self._module(module) for module in modules)

    def _module(self, module: Module) -> bytes:
        builder = self._builder
        path = module.path
        if self._kind & DumpType.FILTER_MODULE_PATHS:
            path = path.rpartition("\\")[2]
        checksum = module.image.checksum if module.image is not None else 0
        return (
            struct.pack("<Q4I", module.base, module.size, checksum, module.timestamp & 0xFFFFFFFF, builder.text(path))
            + _fixed_info(module)
            + builder.locate(_codeview(module))
            + bytes(24)
        )

    def _thread_info(self) -> bytes:
        entries = [
            struct.pack(
                "<4I6Q", thread.id, 0, 0, STATUS_PENDING if not thread.ended else thread.exit_status,
                thread.create_time, thread.exit_time, 0, 0, thread.start, thread.affinity,
            )
            for thread in self._threads
        ]  # fmt: skip
        return struct.pack("<3I", 12, 64, len(entries)) + b"".join(entries)

    def _thread_names(self, threads: Sequence[Thread]) -> bytes:
        entries = [struct.pack("<IQ", thread.id, self._builder.text(thread.description)) for thread in threads]
        return struct.pack("<I", len(entries)) + b"".join(entries)

    def _thread_list(self) -> bytes:
        entries = [
            struct.pack("<4IQ", thread.id, self._suspended(thread), 0x20, self._priority(thread), thread.teb)
            + bytes(16)
            + self._builder.locate(self._contexts[thread.id])
            for thread in self._threads
        ]
        return struct.pack("<I", len(entries)) + b"".join(entries)

    def _suspended(self, thread: Thread) -> int:
        return max(thread.suspend_count - self._selection.held, 0)

    def _priority(self, thread: Thread) -> int:
        return (self._process.priority + thread.priority) & 0xFFFFFFFF

    def _exception(self, thread_id: int, record: bytes, context: bytes) -> bytes:
        # An EXCEPTION_RECORD (64-bit) has MINIDUMP_EXCEPTION's fields at the same places.
        return struct.pack("<II", thread_id, 0) + record[:152] + self._builder.locate(context)

    def _handle_data(self) -> bytes:
        builder = self._builder
        entries = []
        for value, entry in self._process.handles:
            item = entry.item
            entries.append(
                struct.pack(
                    "<Q6I", value, builder.text(item.object_type.name), builder.text(item.path) if item.path else 0,
                    2 if entry.inherit else 0, entry.access, 1, 1,
                )
            )  # fmt: skip
        return struct.pack("<4I", 16, 32, len(entries), 0) + b"".join(entries)

    def _unloaded(self) -> bytes:
        entries = [
            struct.pack("<Q4I", item.base, item.size, item.checksum, item.timestamp, self._builder.text(item.name))
            for item in self._process.loader.unloaded
        ]
        return struct.pack("<3I", 12, 24, len(entries)) + b"".join(entries)

    def _memory_info(self) -> bytes:
        memory = self._memory
        entries = []
        address = 0
        while address <= memory.highest:
            region = memory.query(address)
            if region.size <= 0:
                break
            free = region.state == MEM_FREE
            entries.append(
                struct.pack(
                    "<QQIIQ4I", region.base, region.allocation_base, region.allocation_protect, 0, region.size,
                    region.state, region.protect, 0 if free else region.kind, 0,
                )
            )  # fmt: skip
            address = region.base + region.size
        return struct.pack("<IIQ", 16, 48, len(entries)) + b"".join(entries)

    # Memory

    def _memory_ranges(self, full: bool) -> list[Range]:
        memory, kind = self._memory, self._kind
        if full:
            return ranges.merged(ranges.committed(memory))
        wanted = list(self._selection.memory)
        stacks = [stack for stack in self._stacks.values() if stack[1]]
        wanted += stacks
        for thread in self._threads:
            if self._stacks[thread.id][1]:
                wanted += self._code(thread)
        if self._selection.exception is not None:
            context = self._selection.exception[2]
            for value in struct.unpack_from("<16Q", context, 0x78):
                if 0x10000 <= value <= memory.highest:
                    wanted.append((value - ranges.AROUND, value + ranges.AROUND))
        if kind & DumpType.WITH_INDIRECTLY_REFERENCED_MEMORY:
            wanted += ranges.referenced(memory, stacks)
        if kind & DumpType.WITH_PROCESS_THREAD_DATA:
            wanted += self._process_data()
        if kind & DumpType.WITH_PRIVATE_READ_WRITE_MEMORY:
            wanted += ranges.committed(memory, writable=True, private=True)
        for module in self._process.modules:
            if module.base in self._selection.modules:
                continue
            if kind & DumpType.WITH_MODULE_HEADERS:
                wanted.append((module.base, module.base + 0x1000))
            if kind & (DumpType.WITH_DATA_SEGS | DumpType.WITH_CODE_SEGS):
                wanted += self._segments(module)
        return ranges.present(memory, wanted)

    def _code(self, thread: Thread) -> Iterator[Range]:
        """The code where a thread and its callers go on, and its unwind data: a reader may lack the images."""
        context = self._contexts[thread.id]
        registers = struct.unpack_from("<16Q", context, 0x78)
        for frame in walk(self._process, registers, ctx.rip_of(context), _FRAMES):
            yield frame.address - ranges.CODE // 2, frame.address + ranges.CODE // 2
            if frame.module is not None:
                yield from unwind_data(self._read, frame.module.base, frame.address)

    def _read(self, place: int, size: int) -> bytes:
        return peek_exact(self._memory, place, size)

    def _process_data(self) -> Iterator[Range]:
        process = self._process
        layout = process.layout
        yield process.peb, process.peb + layout.peb_size
        for thread in self._threads:
            yield thread.teb, thread.teb + layout.teb_size
        environment = peek_word(self._memory, process.parameters + 0x80)
        for place in (process.parameters, environment):  # the first lies with the loader's lists
            vad = self._memory.find(place)
            if vad is not None:
                yield vad.start, vad.end

    def _segments(self, module: Module) -> Iterator[Range]:
        sections: Sequence[tuple[int, int, int]] = ()
        if module.image is not None:
            sections = [
                (item.virtual_address, item.mapped_size, item.characteristics) for item in module.image.sections
            ]
        elif module.builtin is not None:
            sections = module.builtin.sections
        for rva, size, characteristics in sections:
            wanted = DumpType.WITH_CODE_SEGS if characteristics & 0x20000000 else DumpType.WITH_DATA_SEGS
            if self._kind & wanted and (characteristics & 0xA0000000):
                yield module.base + rva, module.base + rva + size


def _fixed_info(module: Module) -> bytes:
    """The VS_FIXEDFILEINFO of a module's version resource; zeros where it has none."""
    if builtin.is_builtin(module.name.lower()):
        return builtin.fixed_file_info()
    if module.image is not None:
        try:
            resource = module.image.resource(_RT_VERSION) or b""
        except (ImageError, ValueError):
            resource = b""
        at = resource.find(struct.pack("<I", 0xFEEF04BD))
        if at >= 0 and len(resource) >= at + 52:
            return resource[at : at + 52]
    return bytes(52)


def _codeview(module: Module) -> bytes:
    """The CodeView record that names a module's PDB file."""
    if module.image is None:
        return b""
    try:
        return next((entry.codeview for entry in module.image.debug_entries() if entry.codeview), b"")
    except (ImageError, ValueError):
        return b""
