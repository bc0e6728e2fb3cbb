"""Where changed rows go when too many of them wait to be handed out.

They wait for the next tick, which makes rows of them. But when time jumps, as with the events of a producer that was
offline for a day, thousands of windows become final between two ticks, and what they say would all be in memory
together. So whoever takes rows says where they may go before that. Then hardly more than `MOST` bytes ever wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from analytics.time import BEGINNING

__all__ = ["MOST", "PARSED", "ROW_BYTES", "Load", "Outlet"]

MOST: Final = 2 << 20
"""Bytes of what waits, and of the rows that are made of it, from which on it goes at once."""
ROW_BYTES: Final = 250
"""Of a row as it is handed out, beside its value where that is no number."""
PARSED: Final = 4
"""Such a value takes so many times the bytes of its text."""


class Outlet:
    """One for all windows of an engine: how much waits in all of them."""

    def __init__(self) -> None:
        self.bytes = 0
        # The latest end of a window with a row that waits.
        self.latest = BEGINNING
        # Hands out all that waits; None: nobody takes it before the next tick.
        self.relieve: Callable[[], None] | None = None

    @classmethod
    def of(cls, loads: Iterable[Load]) -> Outlet:
        """One that all of these share from now on; nothing waits in them yet."""
        outlet = cls()
        for load in loads:
            load.outlet = outlet
        return outlet


class Load:
    """What waits in one set of windows."""

    def __init__(self, outlet: Outlet | None = None) -> None:
        self.outlet = outlet or Outlet()
        self._bytes = 0

    def add(self, size: int, end: int) -> None:
        """So many bytes more wait, of a window with this end; all of it may be gone afterwards."""
        outlet = self.outlet
        self._bytes += size
        outlet.bytes += size
        outlet.latest = max(outlet.latest, end)
        if outlet.bytes >= MOST and outlet.relieve is not None:
            outlet.relieve()

    def clear(self) -> None:
        """Nothing waits any more."""
        self.outlet.bytes -= self._bytes
        if not self.outlet.bytes:
            self.outlet.latest = BEGINNING
        self._bytes = 0
