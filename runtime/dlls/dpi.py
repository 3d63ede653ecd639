"""What a process has declared about how it scales itself: user32 and shcore share it."""

from __future__ import annotations

from dataclasses import dataclass

PROCESS_DPI_UNAWARE, PROCESS_SYSTEM_DPI_AWARE, PROCESS_PER_MONITOR_DPI_AWARE = range(3)


@dataclass(slots=True)
class DpiAwareness:
    """PROCESS_DPI_AWARENESS; None before the process has declared anything."""

    value: int | None = None
