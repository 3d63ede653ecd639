"""A count that is kept where calls are served: as cheap as can be."""

from __future__ import annotations


class Tally:
    """How often something happened; whoever sees it happen adds to `count`, under the machine's lock."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0
