"""Which languages a program's user interface is to have, in order (learn.microsoft.com, "User Interface Language
Management"). The user's and the system's language is en-US.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime.nt import status as st
from runtime.nt.locale import Locale, locale_by_id, locale_by_name
from runtime.nt.status import Win32Error

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

MOST: Final = 5
"""Languages that a thread or process may prefer."""


def user_languages() -> tuple[str, ...]:
    """What the user prefers."""
    return ("en-US",)


def system_languages() -> tuple[str, ...]:
    """What the system was installed in."""
    return ("en-US",)


def parent(name: str) -> str | None:
    """The neutral language of a locale name: `de` of `de-AT`."""
    head, dash, _ = name.rpartition("-")
    return head if dash else None


def merged(thread: Thread, *, fallbacks: bool) -> tuple[str, ...]:
    """The thread's, the process's, the user's, then the system's languages, each once.

    `fallbacks` adds, behind each, the neutral language that stands in for it: what the resource loader looks for.
    """
    wanted = (*thread.ui_languages, *thread.process.ui_languages, *user_languages(), *system_languages())
    found: dict[str, str] = {}
    for name in wanted:
        neutral = parent(name) if fallbacks else None
        for item in (name, *((neutral,) if neutral else ())):
            found.setdefault(item.lower(), item)
    return tuple(found.values())


def chosen_locale(thread: Thread) -> Locale:
    """The first language of all, as a locale (GetThreadUILanguage)."""
    return locale_by_name(merged(thread, fallbacks=False)[0])


def language_ids(thread: Thread) -> tuple[int, ...]:
    """The languages that a search without a language tries, as LANGIDs."""
    found = []
    for name in merged(thread, fallbacks=True):
        try:
            found.append(locale_by_name(name).lcid & 0xFFFF)
        except Win32Error:
            continue
    return tuple(found)


def checked(name: str) -> str:
    """A locale name as Windows spells it. Raises Win32Error(ERROR_INVALID_PARAMETER) for what is no language."""
    found = locale_by_name(name).name
    if not found:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return found


def checked_id(text: str) -> str:
    """The locale name of a LANGID in hexadecimal digits. Raises Win32Error(ERROR_INVALID_PARAMETER)."""
    try:
        number = int(text, 16)
    except ValueError:
        raise Win32Error(st.ERROR_INVALID_PARAMETER) from None
    if not 0 < number <= 0xFFFF:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return checked(locale_by_id(number).name)


def language_id(name: str) -> int:
    """The LANGID of a locale name."""
    return locale_by_name(name).lcid & 0xFFFF
