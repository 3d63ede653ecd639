"""What a process has declared about how it scales itself: user32 and shcore share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.dlls.process_state import process_state

PROCESS_DPI_UNAWARE, PROCESS_SYSTEM_DPI_AWARE, PROCESS_PER_MONITOR_DPI_AWARE = range(3)


if TYPE_CHECKING:
    from runtime.nt.process import Process


@dataclass(slots=True)
class DpiAwareness:
    """PROCESS_DPI_AWARENESS; None before the process has declared anything."""

    value: int | None = None


def dpi_awareness(process: Process) -> DpiAwareness:
    """What the process has declared, in its manifest (dpiAwareness, dpiAware) or by a call."""
    state = process_state(process, DpiAwareness)
    context = process.activation.default
    if state.value is None and context is not None:
        state.value = _declared(context.manifest.setting("dpiAwareness"), context.manifest.setting("dpiAware"))
    return state


def _declared(awareness: str, aware: str) -> int | None:
    """What the settings mean: the first known word of dpiAwareness counts, then dpiAware."""
    words = {
        "permonitorv2": PROCESS_PER_MONITOR_DPI_AWARE, "permonitor": PROCESS_PER_MONITOR_DPI_AWARE,
        "system": PROCESS_SYSTEM_DPI_AWARE, "unaware": PROCESS_DPI_UNAWARE,
    }  # fmt: skip
    for word in awareness.lower().split(","):
        if word.strip() in words:
            return words[word.strip()]
    older = {
        "true": PROCESS_SYSTEM_DPI_AWARE, "false": PROCESS_DPI_UNAWARE,
        "per monitor": PROCESS_PER_MONITOR_DPI_AWARE, "true/pm": PROCESS_PER_MONITOR_DPI_AWARE,
    }  # fmt: skip
    return older.get(aware.lower())
