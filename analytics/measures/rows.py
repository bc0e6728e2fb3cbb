"""What is known of each (key, value): a row each, found by its mark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints, Words
from analytics.measures.marks import SMALLEST, Marks, marks_of
from analytics.measures.sparse import VACANT

__all__ = ["BITS", "HELD", "NEWEST", "Rows"]

NEWEST: Final = 1
"""Place in a row of the newest pane that the value was seen in."""
BITS: Final = 2
"""Bit i is set if it was seen in the i-th pane before that one."""
HELD: Final = 3
"""How many open panes hold it."""


class Rows(Marks):
    """At most `most` rows that matter, and some that do not: of keys that are not `alive`, or that no pane holds.

    `renamed` is told when rows get other numbers: the new one in the place of each, -1 if it is gone.
    """

    def __init__(self, most: int, alive: Callable[[Ints], Bools], renamed: Callable[[NDArray[np.int32]], None]) -> None:
        super().__init__()
        self._most = self.room_for(most)
        self._alive = alive
        self._renamed = renamed
        # Per row, with room for more: the newest pane that the value was seen in before those that have a bit.
        self.before: Ints = np.zeros(self.room, np.int64)
        self._key: Ints = np.zeros(self.room, np.int64)

    @staticmethod
    def room_for(rows: int) -> int:
        """Rows for which there are arrays at most: a fourth more than can matter, so that they are seldom tidied."""
        return max(rows + rows // 4, SMALLEST)

    @staticmethod
    def budget(rows: int) -> int:
        """Bytes at worst when so many matter."""
        room = Rows.room_for(rows)
        return Marks.budget(room) + 16 * room

    def keys(self) -> Ints:
        """The key of each row."""
        return self._key[: self.n]

    def place(self, keys: Ints, hashes: Words) -> Ints:
        """The rows of these values. Those that are new were seen nowhere yet."""
        marks = marks_of(keys, hashes)
        rows = self.find(marks)
        missing = (rows < 0).nonzero()[0]
        if missing.size:
            if self.n + len(missing) > self.room:
                self._make_room(len(marks))  # some that were found may be forgotten
                rows = self.find(marks)
                missing = (rows < 0).nonzero()[0]
            known = self.n
            rows[missing] = self.insert(marks[missing])
            new = slice(known, self.n)
            self._key[rows[missing]] = keys[missing]
            self.before[new] = VACANT
            self.column(NEWEST).view(np.int64)[new] = VACANT
            self.column(BITS)[new] = 0
            self.column(HELD)[new] = 0
        return rows

    def _make_room(self, more: int) -> None:
        """Have arrays for so many rows more: forget those that do not matter, or grow."""
        known, room = self.n, self.room
        matter = (self.column(HELD) > 0) & self._alive(self.keys())
        count = int(matter.sum())
        if 3 * count > 2 * room:
            room = max(self._most if 8 * room > self._most else 4 * room, room)
        room = max(room, count + more)
        kept = None if count == known else matter
        self._key = _moved(self._key, known, kept, room)
        self.before = _moved(self.before, known, kept, room)
        self.keep(kept, room)
        if kept is not None:
            numbers = np.full(known, -1, np.int32)
            numbers[kept] = np.arange(count, dtype=np.int32)
            self._renamed(numbers)


def _moved(column: Ints, known: int, kept: Bools | None, room: int) -> Ints:
    """The first `known` numbers, or those that are kept, moved to the start of as large an array as is needed."""
    stay = column[:known] if kept is None else column[:known][kept]
    moved = column if room == len(column) else np.zeros(room, np.int64)
    moved[: len(stay)] = stay
    return moved
