"""KUSER_SHARED_DATA: the page at 0x7FFE0000 that every process reads the time and the system's facts from."""

from __future__ import annotations

import struct

from runtime.cpu.physical import PhysicalMemory
from runtime.memory.backing import ZeroBacking
from runtime.nt.clock import Clock, shared_user_data_time

_FEATURES = (2, 3, 6, 8, 10, 12, 13, 14, 17, 20, 22, 23, 28, 32, 36, 37, 38)
"""PF_* numbers that are present: MMX, SSE to SSE4.2, RDTSC, PAE, NX, CMPXCHG16B, RDRAND, FSGSBASE, RDTSCP…"""


class SharedUserData:
    """The page, shared by all processes of a machine."""

    def __init__(self, physical: PhysicalMemory, clock: Clock, build: int, processors: int, pages: int,
                 cookie: int) -> None:  # fmt: skip
        self.backing = ZeroBacking(physical, 0x1000)
        self._clock = clock
        frame = self.backing.frame(0)
        self._page = physical.bytes[frame : frame + 0x1000]
        page = self._page
        root = "C:\\Windows".encode("utf-16-le")
        page[0x30 : 0x30 + len(root)] = root
        for offset, form, value in (
            (0x004, "<I", 0x0FA00000),  # TickCountMultiplier: ticks of 15.625 ms
            (0x02C, "<HH", (0x8664, 0x8664)),
            (0x260, "<III", (build, 1, 1)),
            (0x26C, "<II", (10, 0)),
            (0x2D8, "<I", 1),
            (0x2E8, "<I", pages),
            (0x300, "<Q", 10_000_000),
            (0x330, "<I", cookie),
            (0x3C0, "<I", processors),
            (0x3D8, "<QQI", (3, 3, 0x240)),  # XState: features, volatile features, size of an XSAVE area
            (0x3F0, "<IIII", (0, 0xA0, 0xA0, 0x100)),  # places and sizes of x87 and SSE in it
        ):
            struct.pack_into(form, page, offset, *(value if isinstance(value, tuple) else (value,)))
        for feature in _FEATURES:
            page[0x274 + feature] = 1
        self.update()

    def update(self) -> None:
        """Store the current time."""
        page = self._page
        for offset, data in shared_user_data_time(self._clock):
            page[offset : offset + len(data)] = data
