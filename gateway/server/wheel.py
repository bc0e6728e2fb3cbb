"""One timer for every socket: a wheel of slots, each holding the sockets to look at when its time comes.

A timer per connection costs a heap entry, a handle and a callback each; a wheel costs a set entry. Nothing here is
exact: a socket is looked at up to one tick late, and later still while the loop is busy.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Final, Protocol

__all__ = ["NEVER", "Wheel", "Wheeled"]

NEVER: Final = inf
"""What `check` returns when there is nothing to come back for."""

_TICK_S: Final = 0.05  # hundredfold finer than the shortest default time-out
_SLICE: Final = 256  # checks in one go: about 2 ms when every one of them sends a heartbeat


class Wheeled(Protocol):
    """What the wheel turns over. `slot` belongs to the wheel; it starts as 0, which means not on it."""

    slot: int

    def check(self, now: float) -> float:
        """Do what is due at loop time `now` and say when to come back, or `NEVER`. Must not raise."""


class Wheel:
    """Calls `check` of each entry when its time has come. All calls happen in the loop's thread."""

    def __init__(self, tick_s: float = _TICK_S) -> None:
        self._tick_s = tick_s
        # Slot number (loop time over tick, rounded up) -> entries to look at then. Empty slots have no key.
        self._slots: dict[int, set[Wheeled]] = {}
        # The slot being dealt with, and what is left of it.
        self._done = 0
        self._due: set[Wheeled] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        """Entries on the wheel. O(slots)."""
        return len(self._due) + sum(map(len, self._slots.values()))

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to turn."""
        assert self._loop is None, "started twice"
        self._loop = loop
        self._done = int(loop.time() / self._tick_s)
        self._arm()

    def stop(self) -> None:
        """Stop turning; entries stay as they are and are looked at no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop = None

    def put(self, entry: Wheeled, due: float) -> None:
        """Look at `entry` at loop time `due`, instead of any earlier appointment. O(1)."""
        if entry.slot:
            self._drop(entry)
        if due == NEVER:
            return
        # Rounding up keeps the promise that an entry is never looked at too early.
        slot = max(self._done + 1, -int(-due // self._tick_s))
        entry.slot = slot
        self._slots.setdefault(slot, set()).add(entry)

    def remove(self, entry: Wheeled) -> None:
        """Forget `entry`; nothing happens when it is not on the wheel. O(1)."""
        if entry.slot:
            self._drop(entry)

    def turn(self, now: float) -> bool:
        """Deal with what is due at loop time `now`, at most a slice of it; True when more is left."""
        left = _SLICE
        last = int(now / self._tick_s)
        while True:
            while self._due:
                if not left:
                    return True
                left -= 1
                entry = self._due.pop()
                entry.slot = 0
                due = entry.check(now)
                # `check` may have made an appointment of its own, by closing; that one is the right one.
                if not entry.slot:
                    self.put(entry, due)
            if self._done >= last:
                return False
            self._done += 1
            self._due = self._slots.pop(self._done, set())

    def _drop(self, entry: Wheeled) -> None:
        entries = self._slots.get(entry.slot)
        if entries is None:
            self._due.discard(entry)
        else:
            entries.discard(entry)
            if not entries:
                del self._slots[entry.slot]
        entry.slot = 0

    def _arm(self) -> None:
        assert self._loop is not None
        self._timer = self._loop.call_later(self._tick_s, self._run)

    def _run(self) -> None:
        assert self._loop is not None
        if self.turn(self._loop.time()):
            # Let sockets be served between two slices.
            self._timer = self._loop.call_later(0, self._run)
        else:
            self._arm()
