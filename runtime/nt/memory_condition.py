"""The events \\KernelObjects\\LowMemoryCondition and HighMemoryCondition: is there little, or plenty of, free memory.

The thresholds are those that CreateMemoryResourceNotification's documentation gives. As on Windows, where a kernel
thread looks about once a second, the events may lag: the memory is looked at whenever a process commits or frees some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime.cpu.physical import PAGE_SIZE
from runtime.nt.event import Event

if TYPE_CHECKING:
    from runtime.cpu.physical import PhysicalMemory
    from runtime.machine import Machine

_LOW_PER_4_GB: Final = 32 << 20
_MOST: Final = 64 << 20


def memory_conditions(machine: Machine) -> tuple[Event, Event]:
    """Return the events for low and for high memory, brought up to date; the first call makes them."""
    directory = machine.objects.make_directory("\\KernelObjects")
    found = directory.get("LowMemoryCondition"), directory.get("HighMemoryCondition")
    if isinstance(found[0], Event) and isinstance(found[1], Event):
        low, high = found[0], found[1]
    else:
        low = directory.add("LowMemoryCondition", Event(manual_reset=True))
        high = directory.add("HighMemoryCondition", Event(manual_reset=True))
        low.permanent = high.permanent = True
        machine.physical.watch = lambda: _look(machine.physical, low, high)
    _look(machine.physical, low, high)
    return low, high


def _look(physical: PhysicalMemory, low: Event, high: Event) -> None:
    threshold = min(_LOW_PER_4_GB * (physical.limit >> 30) // 4, _MOST)
    free = physical.limit - physical.frames_in_use * PAGE_SIZE
    for event, condition in ((low, free < threshold), (high, free > 3 * threshold)):
        if condition:
            event.set()
        else:
            event.reset()
