"""Probes: what records the calls of one traced function, and turns the records into events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from runtime.memory.faults import MemoryFault
from runtime.nt.status import NtError, Win32Error, error_name, status_name
from runtime.trace import signatures
from runtime.trace.events import Event, GuestText, encode_ticks, encode_value
from runtime.trace.rawcall import ReadArgument, compile_raw_renderer, read_arguments, read_result
from runtime.trace.show import Limits, hresult_name
from runtime.trace.trace import TICKS_PER_SECOND

if TYPE_CHECKING:
    from runtime.trace.making import Make
    from runtime.trace.render import Renderer
    from runtime.trace.trace import Token, Trace, TracedThread

_REMEMBERED = 256
"""How many different calls and results of one function are kept as they are shown: programs repeat theirs."""


class Probe:
    """One traced function: made when it is bound, called around every call of it."""

    __slots__ = (
        "_call_head", "_calls", "_in", "_make_call", "_make_return", "_out", "_return_head", "_returns", "_tally",
        "category", "function", "module", "renderer", "trace",
    )  # fmt: skip

    def __init__(
        self, trace: Trace, module: str, function: str, category: str, renderer: Renderer, *, always: bool = False
    ) -> None:
        self.trace = trace
        self.module, self.function, self.category = module, function, category
        self.renderer = renderer
        self._tally = trace.counter(category)
        self._in = renderer.captures_in
        self._out = renderer.captures_out
        self._make_call: Make = (self._call_event, self._call_line, always)
        self._make_return: Make = (self._return_event, self._return_line, always)
        kind, dll, name = encode_value(category), encode_value(module), encode_value(function)
        head = f'"category":{kind},"module":{dll},"function":{name},"args":'
        self._call_head = '"event":"call",' + head
        self._return_head = '"event":"return",' + head
        self._calls: dict[tuple[object, ...], str] = {}
        self._returns: dict[tuple[object, ...], str] = {}

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
        self._tally.count += 1
        trace.record((self._make_call, (seq, now, thread, args, caller)))
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
        self._tally.count += 1
        trace.record((self._make_return, (seq, trace.ticks(), thread, token, outs, result, code)))

    def _call_event(
        self, seq: int, now: int, thread: TracedThread, args: Sequence[object], return_address: int
    ) -> Event:
        pid = thread.process.pid
        caller = self.trace.place(pid, return_address) if return_address else None
        shown = self.renderer.show_call(args)
        time = now / TICKS_PER_SECOND
        return Event(seq, time, pid, thread.id, "call", self.category, self.module, self.function, shown,
                     None, None, None, None, caller)  # fmt: skip

    def _call_line(self, seq: int, now: int, thread: TracedThread, args: Sequence[object], return_address: int) -> str:
        """`_call_event` as its line of JSON."""
        renderer = self.renderer
        key = tuple(args) if renderer.repeats else None
        shown = self._calls.get(key) if key is not None else None
        if shown is None:
            shown = encode_value(renderer.show_call(args))
            if key is not None:
                _remember(self._calls, key, shown)
        pid = thread.process.pid
        caller = self.trace.place_json(pid, return_address) if return_address else "null"
        return (
            f'{{"seq":{seq},"timestamp":{encode_ticks(now)},"process_id":{pid},"thread_id":{thread.id},'
            f'{self._call_head}{shown},"return":null,"error":null,"call":null,"elapsed":null,"caller":{caller}}}\n'
        )

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

    def _return_line(
        self,
        seq: int,
        now: int,
        thread: TracedThread,
        token: Token,
        outs: Sequence[object],
        result: object,
        code: int | None,
    ) -> str:
        """`_return_event` as its line of JSON."""
        call, began = token
        renderer = self.renderer
        shown = encode_value(renderer.show_return(outs)) if outs else "{}"
        key = (result, result.__class__, code) if renderer.result_repeats else None
        outcome = self._returns.get(key) if key is not None else None
        if outcome is None:
            value = renderer.show_result(result) if renderer.show_result is not None else None
            outcome = f'"return":{encode_value(value)},"error":{encode_value(self._error(result, code))}'
            if key is not None:
                _remember(self._returns, key, outcome)
        pid, elapsed = thread.process.pid, encode_ticks(now - began)
        return (
            f'{{"seq":{seq},"timestamp":{encode_ticks(now)},"process_id":{pid},"thread_id":{thread.id},'
            f'{self._return_head}{shown},{outcome},"call":{call},"elapsed":{elapsed},"caller":null}}\n'
        )

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


def _remember(memory: dict[tuple[object, ...], str], key: tuple[object, ...], shown: str) -> None:
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = shown


class RawProbe(Probe):
    """A traced function that has no typed export: guest code behind an import thunk, or a function that is missing."""

    __slots__ = ("signature",)

    def __init__(self, trace: Trace, module: str, function: str, category: str, *, always: bool = False) -> None:
        self.signature = signatures.lookup(module, function)
        renderer = compile_raw_renderer(self.signature, trace.limits or Limits())
        super().__init__(trace, module, function, category, renderer, always=always)

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
