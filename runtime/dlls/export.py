"""Exports: typed Python functions that Windows programs import.

A `Dll` collects the exports of one DLL. Decorating a function only notes it; annotations are resolved when a program
first binds it, because start-up time is a feature and a machine has thousands of exports.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, get_type_hints

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an export, without the leading `thread`."""

    name: str
    annotation: object


@dataclass(frozen=True, slots=True)
class Signature:
    """The resolved annotations of an export."""

    parameters: tuple[Parameter, ...]
    returns: object


class Export:
    """One function of a DLL that is served by Python.

    `fails` is what the function returns when it raises NtError or Win32Error and its return type does not say so
    itself (INVALID_HANDLE_VALUE for CreateFileW); None means zero.
    """

    __slots__ = ("_signature", "category", "dll", "fails", "function", "is_async", "name", "narrow", "ordinal")

    def __init__(
        self,
        dll: Dll,
        name: str,
        function: Callable[..., object],
        category: str,
        fails: int | None,
        ordinal: int | None,
        narrow: bool = False,
    ) -> None:
        self.dll = dll
        self.name = name
        self.function = function
        self.category = category
        self.fails = fails
        self.ordinal = ordinal
        self.narrow = narrow
        """Whether this is the A variant of a W function: its wide strings arrive through the ANSI code page."""
        self.is_async = inspect.iscoroutinefunction(function)
        self._signature: Signature | None = None

    def __repr__(self) -> str:
        return f"<Export {self.dll.name}!{self.name}>"

    @property
    def signature(self) -> Signature:
        """The resolved annotations (resolved once, at first use)."""
        if self._signature is None:
            self._signature = _resolve(self.function)
        return self._signature

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters in order, without the leading `thread`."""
        return self.signature.parameters

    @property
    def returns(self) -> object:
        """The return annotation; NoneType for void."""
        return self.signature.returns


def _resolve(function: Callable[..., object]) -> Signature:
    hints = get_type_hints(function, vars(sys.modules[function.__module__]), include_extras=True)
    names = list(inspect.signature(function).parameters)[1:]
    return Signature(tuple(Parameter(name, hints[name]) for name in names), hints.get("return", type(None)))


class Dll:
    """The Python exports of one DLL, by name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.exports: dict[str, Export] = {}
        self.ordinals: dict[int, str] = {}
        self.forwards: dict[str, str] = {}
        """Names forwarded to another DLL, as `DLL.Name`."""

    def export(
        self, category: str, *, fails: int | None = None, name: str | None = None, ordinal: int | None = None
    ) -> Callable[[F], F]:
        """Declare the decorated function an export of this DLL.

        `category` is its trace category; `ordinal` fixes its export ordinal where Windows documents one.
        """

        def declare(function: F) -> F:
            self._add(Export(self, name or function.__name__, function, category, fails, ordinal))
            return function

        return declare

    def ansi(self, function: Callable[..., object], name: str | None = None) -> Callable[..., object]:
        """Declare the A variant of the W export `function`: same body, strings through the ANSI code page.

        For functions that only take strings. Returns the function.
        """
        wide = next(export for export in self.exports.values() if export.function is function)
        narrow_name = name or wide.name.removesuffix("W") + "A"
        self._add(Export(self, narrow_name, function, wide.category, wide.fails, None, narrow=True))
        return function

    def forward(self, name: str, target: str) -> None:
        """Declare `name` a forwarder to `target` (`DLL.Name` without extension, as PE spells it)."""
        self.forwards[name] = target

    def _add(self, export: Export) -> None:
        if export.name in self.exports:
            raise ValueError(f"{self.name}!{export.name} is declared twice")
        self.exports[export.name] = export
        if export.ordinal is not None:
            self.ordinals[export.ordinal] = export.name
