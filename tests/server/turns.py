"""Turns of the running loop, counted, and a clock that a test moves."""

from __future__ import annotations

import asyncio

__all__ = ["Turns"]


class Turns:
    """Work that takes `seconds` each time, by the clock `now`; `turns` says which turn of the loop this is."""

    def __init__(self, seconds: float) -> None:
        self.now = 0.0
        self.turns = 0
        self._seconds = seconds
        self._count()

    def _count(self) -> None:
        self.turns += 1
        if self.turns < 100:
            asyncio.get_running_loop().call_soon(self._count)
