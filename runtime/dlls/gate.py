"""The boundary between guest and machine: decodes a call's arguments, runs the export, stores its result.

A gate is compiled when a program first calls the export. Whether the call is traced is decided then, so that an
untraced call pays nothing for the tracer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final, get_args, get_origin

from runtime.dlls.abi import Abi
from runtime.dlls.codec import codec_of
from runtime.dlls.export import Export
from runtime.dlls.types import CountedText, In, InOut, Int, Out, Real, Ref, Text
from runtime.memory.faults import GuardPageViolation, MemoryFault
from runtime.nt import failure
from runtime.nt import status as st
from runtime.nt.call import Api, PendingCall
from runtime.nt.status import NtError, Win32Error
from runtime.trace.trace import UNTRACED, Token

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

log = logging.getLogger(__name__)

Gate = Callable[["Thread"], bool]
"""Serves one trap; returns whether the guest goes on inside the engine at once."""

_Decoder = Callable[["Thread", int], object]
_Encoder = Callable[["Thread", object], None]

_FACILITY_WIN32: Final = 0x80070000
_FACILITY_NT: Final = 0x10000000


def marker(annotation: object) -> object:
    """Return the marker that says how a parameter travels: Int, Real, Text, CountedText, or a Ref alias."""
    if get_origin(annotation) is Annotated:
        for item in get_args(annotation)[1:]:
            if isinstance(item, Int | Real | Text | CountedText):
                return item
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Ref):
        return annotation
    raise TypeError(f"{annotation!r} cannot be a parameter of an export")


def _decoder(annotation: object, index: int, export: Export, abi: Abi) -> _Decoder | None:
    """Return what turns an argument word into the value the body gets; None when the word is the value."""
    kind = marker(annotation)
    match kind:
        case Int(size, signed):
            bits = 8 * (size or abi.pointer_size)
            mask, sign = (1 << bits) - 1, 1 << (bits - 1)
            if not signed:
                return None if bits == 64 else lambda thread, raw: raw & mask
            return lambda thread, raw: ((raw & mask) ^ sign) - sign
        case Real(size):
            return lambda thread, raw: abi.read_real(thread, index, raw, size)
        case Text(wide=True) if export.narrow and export.category == "file_io":
            return lambda thread, raw: thread.process.decode_path(thread.process.memory.read_str(raw)) if raw else None
        case Text(wide=True) if export.narrow:
            return lambda thread, raw: thread.process.decode_ansi(thread.process.memory.read_str(raw)) if raw else None
        case Text(wide=True):
            return lambda thread, raw: thread.process.memory.read_wstr(raw) if raw else None
        case Text():
            return lambda thread, raw: thread.process.memory.read_str(raw) if raw else None
        case CountedText(wide):
            return lambda thread, raw: read_counted(thread.process.memory, raw, wide) if raw else None
    reference = get_origin(kind)
    assert reference is Out or reference is InOut or reference is In
    codec = codec_of(get_args(kind)[0])
    return lambda thread, raw: reference(raw, codec, thread.process.memory)


def read_counted(memory: AddressSpace, address: int, wide: bool) -> str | bytes:
    """Read a UNICODE_STRING (wide) or ANSI_STRING."""
    length = memory.read_u16(address)
    data = memory.read(memory.read_pointer(address + memory.pointer_size), length)
    return data.decode("utf-16-le", "surrogatepass") if wide else data


def _encoder(annotation: object, abi: Abi) -> _Encoder:
    if annotation is type(None):
        return lambda thread, result: None
    kind = marker(annotation)
    if isinstance(kind, Real):
        size = kind.size
        return lambda thread, result: abi.set_real(thread, float(result), size)  # type: ignore[arg-type]
    if not isinstance(kind, Int):
        raise TypeError(f"{annotation!r} cannot be returned by an export")
    bits = 8 * (kind.size or abi.pointer_size)
    mask = (1 << bits) - 1

    def store(thread: Thread, result: object) -> None:
        thread.context.registers[0] = int(result) & mask  # type: ignore[call-overload]

    return store


def _failure(export: Export) -> Callable[[Thread, NtError | Win32Error], int]:
    """Return how this export reports an error: by its return value, by the last error, or both."""
    annotation = export.returns
    kind = marker(annotation) if annotation is not type(None) else None
    form = kind.kind if isinstance(kind, Int) else ""
    fails = export.fails

    if form == "ntstatus":

        def as_status(thread: Thread, error: NtError | Win32Error) -> int:
            return error.status if isinstance(error, NtError) else 0xC0070000 | error.error & 0xFFFF

        return as_status
    if form == "win32":
        return lambda thread, error: error.error
    if form == "hresult":

        def as_hresult(thread: Thread, error: NtError | Win32Error) -> int:
            code = error.error
            return code if code & 0x80000000 else _FACILITY_WIN32 | code & 0xFFFF if code else 0

        return as_hresult

    def as_last_error(thread: Thread, error: NtError | Win32Error) -> int:
        if isinstance(error, NtError):
            thread.last_status = error.status
        thread.last_error = error.error
        return fails or 0

    return as_last_error


class _Completion:
    """Stores the outcome of a call that did not finish at once."""

    __slots__ = ("args", "gate", "thread", "token")

    def __init__(self, gate: ExportGate, thread: Thread, args: list[object], token: Token) -> None:
        self.gate = gate
        self.thread = thread
        self.args = args
        self.token = token

    def returned(self, result: object) -> None:
        self.gate.finish(self.thread, self.args, self.token, result)

    def raised(self, error: Exception) -> None:
        self.gate.fail(self.thread, self.args, self.token, error)


class ExportGate:
    """Serves the calls of one export in one process."""

    __slots__ = ("_calls", "_decoders", "_encode", "_failure", "_function", "_is_async", "_read", "_trace", "export")

    def __init__(self, export: Export, process: Process, *, syscall: bool = False) -> None:
        self.export = export
        abi = process.abi
        parameters = export.parameters
        self._function = export.function
        self._is_async = export.is_async
        self._read = abi.reader(len(parameters), syscall=syscall)
        self._decoders = tuple(
            _decoder(parameter.annotation, index, export, abi) for index, parameter in enumerate(parameters)
        )
        self._encode = _encoder(export.returns, abi)
        self._failure = _failure(export)
        self._trace = process.machine.trace.probe(export, process.pid)
        self._calls = process.machine.calls.of(export)

    def __call__(self, thread: Thread) -> bool:
        """Serve the call that `thread` is making."""
        args: list[object] = []
        token: Token = UNTRACED
        self._calls.count += 1
        try:
            for raw, decode in zip(self._read(thread), self._decoders, strict=True):
                args.append(raw if decode is None else decode(thread, raw))
            if self._trace is not None:
                token = self._trace.call(thread, args)
            if self._is_async:
                call: Api = self._function(thread, *args)  # type: ignore[assignment]
                try:
                    request = call.send(None)
                except StopIteration as stop:
                    result = stop.value
                else:
                    return thread.hold_call(PendingCall(call, _Completion(self, thread, args, token)), request)
            else:
                result = self._function(thread, *args)
        except Exception as error:
            self.fail(thread, args, token, error)
        else:
            if self._trace is None:
                if not thread.moved:
                    self._encode(thread, result)
            else:
                self.finish(thread, args, token, result)
        return thread.goes_on

    def finish(
        self,
        thread: Thread,
        args: list[object],
        token: Token,
        result: object,
        error: NtError | Win32Error | None = None,
    ) -> None:
        """The export returned: trace it and store the result, unless the export moved the thread elsewhere."""
        if self._trace is not None:
            self._trace.ret(thread, token, args, result, error)
        if not thread.moved and not thread.exiting:
            self._encode(thread, result)

    def fail(self, thread: Thread, args: list[object], token: Token, error: Exception) -> None:
        """The export raised: report the error the way the export documents it."""
        if isinstance(error, NtError | Win32Error):
            self.finish(thread, args, token, self._failure(thread, error), error)
        elif isinstance(error, MemoryFault):
            annotation = self.export.returns
            kind = marker(annotation) if annotation is not type(None) else None
            if isinstance(kind, Int) and kind.kind == "ntstatus":
                guard = isinstance(error, GuardPageViolation)
                status = st.STATUS_GUARD_PAGE_VIOLATION if guard else st.STATUS_ACCESS_VIOLATION
                self.finish(thread, args, token, status, NtError(status))
            else:
                thread.raise_fault(error)
        else:
            failure.internal_error(thread, f"{self.export.dll.name}!{self.export.name}", error)


class MissingGate:
    """Serves calls of a function that does not exist: a failure that names it."""

    __slots__ = ("_function", "_module")

    def __init__(self, module: str, function: str) -> None:
        self._module = module
        self._function = function

    def __call__(self, thread: Thread) -> bool:
        """Report the call; end the process, or return 0 where the machine says so."""
        process = thread.process
        process.machine.calls.of_missing(self._module, self._function).count += 1
        failure.missing_function(thread, self._module, self._function)
        if process.missing == "zero":
            thread.context.registers[0] = 0
        return thread.goes_on


class UnknownServiceGate:
    """Serves a system service number that has no implementation: STATUS_INVALID_SYSTEM_SERVICE, visibly traced."""

    __slots__ = ("_name", "_number")

    def __init__(self, number: int, name: str | None) -> None:
        self._number = number
        self._name = name or f"service_{number:#x}"

    def __call__(self, thread: Thread) -> bool:
        """Fail the call."""
        failure.unknown_service(thread, self._name)
        thread.context.registers[0] = st.STATUS_INVALID_SYSTEM_SERVICE
        return thread.goes_on
