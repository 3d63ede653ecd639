"""Wildcards: FsRtlIsNameInExpression, and the rewriting Win32 does before it hands a pattern to the file system.

`*` any run, `?` one character, `<` (DOS_STAR) a run that leaves the last dot alone, `>` (DOS_QM) one character or
nothing before a dot or the end, `"` (DOS_DOT) a dot or nothing at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from runtime.nt.casing import upcase

_REGEX = {"*": ".*", "?": ".", "<": r"(?:[^.]|\.(?=.*\.))*", ">": r"(?:[^.]|(?=\.)|\Z)", '"': r"(?:\.|\Z)"}
_MAX_REGEX_STARS = 3


def from_win32(pattern: str) -> str:
    """Return the expression FindFirstFile hands down for the last component `pattern`, as typed."""
    if pattern in ("*", "*.*"):
        return "*"
    ends_in_star_dot = pattern.endswith("*.")
    characters = list(pattern.rstrip(". ") or pattern)
    for index, character in enumerate(characters):
        if index and character == "." and characters[index - 1] == "*":
            characters[index - 1] = "<"
        if character in "?*":
            if character == "?":
                characters[index] = ">"
            if index and characters[index - 1] == ".":
                characters[index - 1] = '"'
    if ends_in_star_dot and characters and characters[-1] == "*":
        characters[-1] = "<"
    return "".join(characters)


def _as_it_is(name: str) -> str:
    return name


@lru_cache(maxsize=256)
def compile_pattern(expression: str, *, ignore_case: bool = True) -> Callable[[str], bool]:
    """Return a function that says whether a name matches `expression`."""
    fold = upcase if ignore_case else _as_it_is
    folded = fold(expression)
    if folded == "*":
        return lambda name: True
    if not any(character in folded for character in _REGEX):
        return lambda name: fold(name) == folded
    if folded.count("*") + folded.count("<") <= _MAX_REGEX_STARS:
        source = "".join(_REGEX.get(character) or re.escape(character) for character in folded)
        match = re.compile(source, re.DOTALL).fullmatch
        return lambda name: match(fold(name)) is not None
    return lambda name: _simulate(folded, fold(name))


def _simulate(expression: str, name: str) -> bool:
    """Match by following all positions at once: time is bounded by the product of the lengths, whatever the pattern."""
    last_dot = name.rfind(".")
    end = len(expression)

    def closure(states: set[int], position: int) -> set[int]:
        at_end = position == len(name)
        reached, pending = set(), list(states)
        while pending:
            state = pending.pop()
            if state in reached:
                continue
            reached.add(state)
            if state == end:
                continue
            token = expression[state]
            if token in "*<" or (token == ">" and (at_end or name[position] == ".")) or (token == '"' and at_end):
                pending.append(state + 1)
        return reached

    states = closure({0}, 0)
    for position, character in enumerate(name):
        following = set()
        for state in states:
            if state == end:
                continue
            token = expression[state]
            if token == "*" or (token == "<" and position != last_dot):
                following.add(state)
            elif (
                token == "?"
                or (token == ">" and character != ".")
                or (token == '"' and character == ".")
                or token == character
            ):
                following.add(state + 1)
        if not following:
            return False
        states = closure(following, position + 1)
    return end in states


def matches(expression: str, name: str, *, ignore_case: bool = True) -> bool:
    """Say whether `name` matches the expression (FsRtlIsNameInExpression)."""
    return compile_pattern(expression, ignore_case=ignore_case)(name)
