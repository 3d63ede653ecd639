"""Probes: what records the calls of one traced function, and turns the records into events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from runtime.memory.faults import MemoryFault
from runtime.nt.status import NtError, Win32Error, error_name, status_name
from runtime.trace import signatures
from runtime.trace.events import Event, GuestText
from runtime.trace.rawcall import ReadArgument, compile_raw_renderer, read_arguments, read_result
from runtime.trace.show import Limits, hresult_name
from runtime.trace.trace import TICKS_PER_SECOND

if TYPE_CHECKING:
    from runtime.trace.render import Renderer
    from runtime.trace.trace import Token, Trace, TracedThread


class Probe:
    """One traced function: made when it is bound, called around every call of it."""

    __slots__ = ("_in", "_out", "category", "function", "module", "renderer", "trace")

    def __init__(self, trace: Trace, module: str, function: str, category: str, renderer: Renderer) -> None:
        self.trace = trace
        self.module, self.function, self.category = module, function, category
        self.renderer = renderer
        self._in = renderer.captures_in
        self._out = renderer.captures_out

    def call(self, thread: TracedThread, args: Sequence[object]) -> Token:
        """Record a call with its decoded arguments; `args` must not change afterwards."""
        trace = self.trace
        seq = trace.next_seq()
        now = trace.ticks()
        if self._in:
            args = self.renderer.capture_call(thread.process.memory, args)
        try:
            caller = thread.caller
        except MemoryFault:
            caller = 0
        trace.record((self._call_event, (seq, now, thread, args, caller)))
        return seq, now

    def ret(
        self,
        thread: TracedThread,
        token: Token,
        args: Sequence[object],
        result: object,
        error: NtError | Win32Error | None = None,
    ) -> None:
        """Record the return from the call `token` with the same `args`; `error` is what the body raised."""
        trace = self.trace
        outs: Sequence[object] = ()
        if self._out and error is None:
            outs = self.renderer.capture_return(thread.process.memory, args, result)
        code: int | None = None
        if error is not None:
            code = error.error
            if isinstance(error, NtError) and self.renderer.result_kind == "ntstatus":
                code = error.status
        seq = trace.next_seq()
        trace.record((self._return_event, (seq, trace.ticks(), thread, token, outs, result, code)))

    def _call_event(
        self, seq: int, now: int, thread: TracedThread, args: Sequence[object], return_address: int
    ) -> Event:
        pid = thread.process.pid
        caller = self.trace.place(pid, return_address) if return_address else None
        shown = self.renderer.show_call(args)
        time = now / TICKS_PER_SECOND
        return Event(seq, time, pid, thread.id, "call", self.category, self.module, self.function, shown,
                     None, None, None, None, caller)  # fmt: skip

    def _return_event(
        self,
        seq: int,
        now: int,
        thread: TracedThread,
        token: Token,
        outs: Sequence[object],
        result: object,
        code: int | None,
    ) -> Event:
        call, began = token
        renderer = self.renderer
        shown = renderer.show_return(outs) if outs else {}
        value = renderer.show_result(result) if renderer.show_result is not None else None
        error = self._error(result, code)
        return Event(seq, now / TICKS_PER_SECOND, thread.process.pid, thread.id, "return", self.category, self.module,
                     self.function, shown, value, error, call, (now - began) / TICKS_PER_SECOND)  # fmt: skip

    def _error(self, result: object, code: int | None) -> str | None:
        kind = self.renderer.result_kind
        if kind == "ntstatus":
            status = code if code is not None else result if isinstance(result, int) else 0
            return status_name(status) if status & 0x80000000 else None
        if kind == "hresult":
            return hresult_name(result) if isinstance(result, int) and result & 0x80000000 else None
        if kind == "win32":
            error = code if code is not None else result if isinstance(result, int) else 0
            return error_name(error) if error else None
        return error_name(code) if code is not None else None


class RawProbe(Probe):
    """A traced function that has no typed export: guest code behind an import thunk, or a function that is missing."""

    __slots__ = ("signature",)

    def __init__(self, trace: Trace, module: str, function: str, category: str) -> None:
        self.signature = signatures.lookup(module, function)
        renderer = compile_raw_renderer(self.signature, trace.limits or Limits())
        super().__init__(trace, module, function, category, renderer)

    def arguments(self, read_arg: ReadArgument, read_real: ReadArgument | None = None) -> list[object]:
        """Read the arguments of the call that is being made, for `call` and `ret`."""
        return read_arguments(self.signature, read_arg, read_real)

    def result(self, integer: int, read_real: ReadArgument | None = None) -> object:
        """The result for `ret`, from the integer register or vector register 0."""
        return read_result(self.signature, integer, read_real)


def unshowable(make: Callable[..., object], arguments: Sequence[object], problem: Exception) -> Event:
    """What stands for an event that could not be made."""
    seq, now = arguments[0], arguments[1]
    assert isinstance(seq, int)
    assert isinstance(now, int)
    owner = getattr(make, "__self__", None)
    function = owner.function if isinstance(owner, Probe) else None
    text = GuestText(f"cannot be shown: {type(problem).__name__}: {problem}")
    return Event(seq, now / TICKS_PER_SECOND, 0, 0, "call", None, None, function, {"trace": text})
