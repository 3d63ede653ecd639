"""Calls exports directly, on a process that has memory, handles, a registry and a token but no guest code."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, get_args, get_origin

from runtime.cpu.physical import PhysicalMemory
from runtime.dlls import find
from runtime.dlls.codec import codec_of
from runtime.dlls.gate import _failure, marker
from runtime.dlls.types import Ref, Text
from runtime.memory.space import AddressSpace
from runtime.nt.accounts import Accounts
from runtime.nt.clock import Clock
from runtime.nt.environment import Environment, default_environment
from runtime.nt.handles import HandleTable
from runtime.nt.layout import X64
from runtime.nt.park import LEAVE_ENGINE
from runtime.nt.processor import Processor
from runtime.nt.registry_defaults import MachineFacts, open_registry
from runtime.nt.socket import Network
from runtime.nt.status import NtError, Win32Error
from runtime.nt.wait import Wait, WaitingThread

MEM_RESERVE_COMMIT, PAGE_READWRITE = 0x3000, 4


class Config:
    computer_name = "WINFS"
    user_name = "user"


class Machine:
    """What faces ask of a machine."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.config = Config()
        self.accounts = Accounts("WINFS", "user")
        self.network = Network()
        self.facts = MachineFacts("WINFS", "user", self.accounts, Processor(2))
        self.registry = open_registry(None, self.facts, self.clock.now)


class Modules:
    """Finds exports of guest DLLs: here, Python functions by number."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def address_of(self, module: str, name: str) -> int:
        return {"RtlAllocateHeap": 1, "RtlFreeHeap": 2, "RtlReAllocateHeap": 3, "RtlSizeHeap": 4}[name]


class Process:
    """What faces ask of a process."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.pid = 4242
        self.memory = AddressSpace(PhysicalMemory(1 << 30, 1 << 28))
        self.handles = HandleTable()
        self.dll_state: dict[type[object], object] = {}
        self.variables = default_environment("WINFS", "user", Processor(2))
        self.token = machine.accounts.logon()
        self.modules = Modules(self)
        self.layout = X64
        self.peb = self.allocate(0x1000)
        self.memory.write_pointer(self.peb + X64.process_heap, 0x1234)
        self.blocks: dict[int, int] = {}
        self.debug_port: object | None = None

    def allocate(self, size: int) -> int:
        return self.memory.allocate(0, size, MEM_RESERVE_COMMIT, PAGE_READWRITE)

    def environment(self) -> Environment:
        return self.variables

    def decode_ansi(self, data: bytes) -> str:
        return data.decode("cp1252", "replace")

    def encode_ansi(self, text: str) -> bytes:
        return text.encode("cp1252", "replace")


class Thread(WaitingThread):
    """What faces ask of a thread, and a caller of exports."""

    def __init__(self, process: Process | None = None) -> None:
        self.process = process or Process(Machine())
        super().__init__(self.process.machine.clock)
        self.id = 4243
        self.token = None
        self.last_error = 0
        self.last_status = 0
        self.heap: dict[int, int] = {}

    @property
    def memory(self) -> AddressSpace:
        return self.process.memory

    async def call(self, address: int, *arguments: int) -> int:
        """The process heap."""
        match address:
            case 1:
                block = self.process.allocate(arguments[2] or 1)
                self.heap[block] = arguments[2]
                return block
            case 2:
                return int(self.heap.pop(arguments[2], None) is not None)
            case 3:
                block = self.process.allocate(arguments[3] or 1)
                size = self.heap.pop(arguments[2])
                self.memory.write(block, self.memory.read(arguments[2], min(size, arguments[3])))
                self.heap[block] = arguments[3]
                return block
            case 4:
                return self.heap[arguments[2]]
        raise AssertionError(address)

    def buffer(self, data: bytes | int) -> int:
        """Return the address of new memory with that content, or of that size."""
        size = data if isinstance(data, int) else len(data)
        address = self.process.allocate(max(size, 1))
        if isinstance(data, bytes):
            self.memory.write(address, data)
        return address

    def wide(self, text: str) -> int:
        """Return the address of a UTF-16 string."""
        return self.buffer((text + "\0").encode("utf-16-le", "surrogatepass"))

    def read_wide(self, address: int) -> str:
        return self.memory.read_wstr(address)

    def invoke(self, name: str, *arguments: Any) -> Any:
        """Call `dll!function`; integers for pointers; errors become what the function documents."""
        dll_name, _, function = name.partition("!")
        dll = find(dll_name + ".dll")
        assert dll is not None
        export = dll.exports[function]
        decoded = []
        assert len(arguments) == len(export.parameters), (name, [p.name for p in export.parameters])
        for parameter, value in zip(export.parameters, arguments, strict=True):
            annotation = parameter.annotation
            origin = get_origin(annotation)
            if isinstance(origin, type) and issubclass(origin, Ref):
                value = origin(value or 0, codec_of(get_args(annotation)[0]), self.memory)
            elif isinstance(marker(annotation), Text) and isinstance(value, int):
                value = None if value == 0 else value
            decoded.append(value)
        try:
            result = export.function(self, *decoded)
            if inspect.iscoroutine(result):
                result = self._run(result)
        except (NtError, Win32Error) as error:
            return _failure(export)(self, error)  # type: ignore[arg-type]
        return result

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            request = coroutine.send(None)
        except StopIteration as stop:
            return stop.value
        assert request is LEAVE_ENGINE or isinstance(request, Wait)
        coroutine.close()
        return "waits"


Call = Callable[..., Any]
