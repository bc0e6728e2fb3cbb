"""Whose bytes are parsed in this turn of the loop, and whose in the next.

What a thousand sockets have sent by the time of one look at them is parsed in one turn otherwise, however long that
takes: 0.1 ms for each that sends as fast as it may. So from some milliseconds on the others wait, in their order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from gateway.server.turn import Turn

__all__ = ["MOST_BYTES", "Reading"]

MOST_BYTES: Final = 8 << 20
"""Bytes that may wait. What comes beyond them is parsed at once, as if there were time."""


class Reading:
    """One for each loop. `clock` gives seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float] | None = None) -> None:
        self._loop = loop
        # Of this alone: whatever else the turn is spent on, some bytes are parsed in each.
        self._turn = Turn(loop, clock)
        # What parses the bytes that wait, and how many those are.
        self._waiting: deque[tuple[Callable[[], None], int]] = deque()
        self._bytes = 0
        self._scheduled = False

    def defers(self, size: int) -> bool:
        """Whether so many bytes should `wait`. If not, they are to be parsed now."""
        if not self._waiting:
            self._turn.begin()
            if not self._turn.spent:
                return False
        return self._bytes + size <= MOST_BYTES

    def wait(self, parse: Callable[[], None], size: int) -> None:
        """`parse` is called when those that came before have been, in another turn."""
        self._waiting.append((parse, size))
        self._bytes += size
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._turn.begin()
        waiting = self._waiting
        try:
            for _ in range(len(waiting)):  # who puts off what is left of his bytes does not have his turn twice
                parse, size = waiting.popleft()
                self._bytes -= size
                parse()
                if self._turn.spent:
                    break
        finally:
            self._scheduled = False
            if waiting:
                self._schedule()
