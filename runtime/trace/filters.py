"""Which functions a trace wants: wildcard patterns, categories and exact names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from runtime.trace.categories import CATEGORIES


class FilterError(ValueError):
    """A filter rule that cannot be used; `str()` says which and what is accepted."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """One set of rules, OR-ed: compiled patterns, categories, and exact names in lower case."""

    patterns: tuple[re.Pattern[str], ...] = ()
    categories: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.patterns or self.categories or self.names)

    def match(self, function: str, qualified: str, plain: str, category: str | None) -> bool:
        return (
            category in self.categories
            or function in self.names
            or qualified in self.names
            or plain in self.names
            or any(p.fullmatch(function) or p.fullmatch(qualified) or p.fullmatch(plain) for p in self.patterns)
        )


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled set of trace rules.

    Patterns hold `*` and `?` and match the whole name of the function, or `module!function`, whatever the case; the
    module may be given without its `.dll`. Functions are exact names of the same two forms. All rules are OR-ed; one
    that begins with `!` excludes what the others let through. With no including rule everything is wanted.
    """

    include: _Rules = field(default_factory=_Rules)
    exclude: _Rules = field(default_factory=_Rules)
    rules: tuple[str, ...] = ()
    """What it was compiled from, as people write it: a pattern, `category NAME` or `function NAME` each."""

    @classmethod
    def compile(
        cls, patterns: Iterable[str] = (), categories: Iterable[str] = (), functions: Iterable[str] = ()
    ) -> Filter:
        """Compile rules. Raises FilterError for an unknown category or an empty rule."""
        patterns, categories, functions = tuple(patterns), tuple(categories), tuple(functions)
        wanted: dict[bool, tuple[list[re.Pattern[str]], set[str], set[str]]] = {
            False: ([], set(), set()),
            True: ([], set(), set()),
        }
        for rule in patterns:
            excluded, text = _split(rule, "pattern")
            wanted[excluded][0].append(_pattern(text))
        for rule in categories:
            excluded, text = _split(rule, "category")
            wanted[excluded][1].add(_category(text))
        for rule in functions:
            excluded, text = _split(rule, "function")
            wanted[excluded][2].add(text.lower())
        include, exclude = (
            _Rules(tuple(found), frozenset(kinds), frozenset(names)) for found, kinds, names in wanted.values()
        )
        rules = (*patterns, *(f"category {rule}" for rule in categories), *(f"function {rule}" for rule in functions))
        return cls(include, exclude, rules)

    @property
    def everything(self) -> bool:
        """Whether no rule restricts anything."""
        return not self.include and not self.exclude

    def wants(self, module: str, function: str, category: str | None) -> bool:
        """Whether calls of `module`!`function` are traced."""
        if self.everything:
            return True
        name = function.lower()
        dll = module.lower()
        qualified = f"{dll}!{name}"
        plain = f"{dll.removesuffix('.dll')}!{name}"
        if self.include and not self.include.match(name, qualified, plain, category):
            return False
        return not self.exclude.match(name, qualified, plain, category)

    def wants_category(self, category: str) -> bool:
        """Whether events of no particular function (loads, exceptions) are wanted: those of a category nothing
        excludes.

        Where only patterns or functions are asked for, such events are wanted too: they give the calls their place.
        """
        if category in self.exclude.categories:
            return False
        return not self.include.categories or category in self.include.categories

    @property
    def names_functions(self) -> bool:
        """Whether there is a pattern other than `*`, or an exact name."""
        return bool(self.include.names) or any(rule.pattern != _EVERYTHING for rule in self.include.patterns)

    def names_function(self, module: str, function: str) -> bool:
        """Whether a pattern or an exact name asks for this function in particular.

        Functions that are guest code are traced (through import thunks) only then: they are too many, and most too
        small.
        """
        name = function.lower()
        dll = module.lower()
        qualified, plain = f"{dll}!{name}", f"{dll.removesuffix('.dll')}!{name}"
        particular = tuple(pattern for pattern in self.include.patterns if pattern.pattern != _EVERYTHING)
        rules = _Rules(particular, frozenset(), self.include.names)
        return rules.match(name, qualified, plain, None) and not self.exclude.match(name, qualified, plain, None)


def _split(rule: str, what: str) -> tuple[bool, str]:
    excluded = rule.startswith("!")
    text = rule[1:] if excluded else rule
    if not text:
        raise FilterError(f"empty trace {what}: {rule!r}")
    return excluded, text


def _category(text: str) -> str:
    if text.lower() not in CATEGORIES:
        raise FilterError(f"unknown trace category {text!r}; one of: {', '.join(CATEGORIES)}")
    return text.lower()


def _pattern(text: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(character) or re.escape(character) for character in text.lower()), re.DOTALL)


_EVERYTHING = ".*"
