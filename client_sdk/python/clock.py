"""The time that a client stamps and waits by: epoch milliseconds that never run backwards between two anchors."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Clock"]


def _wall_ms() -> float:
    return time.time() * 1_000


def _steady_ms() -> float:
    return time.monotonic() * 1_000


class Clock:
    """Wall time at the last anchor plus what the steady clock measured since.

    Heartbeats let the server learn this clock's offset, which holds only while no one sets the clock; so it follows
    the wall clock at anchors alone (each new connection), where the server learns the offset afresh.
    """

    def __init__(self, wall: Callable[[], float] = _wall_ms, steady: Callable[[], float] = _steady_ms) -> None:
        self._wall = wall
        self._steady = steady
        # Wall time minus steady time at the last anchor.
        self._offset = wall() - steady()

    def anchor(self) -> None:
        """Follow the wall clock again; time may jump here, either way."""
        self._offset = self._wall() - self._steady()

    def now(self) -> int:
        """Epoch milliseconds."""
        return int(self._offset + self._steady())
