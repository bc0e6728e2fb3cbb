"""What is known of each (key, value): a row each, found by its mark."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints, Words
from analytics.measures.marks import SMALLEST, Marks, compacted, marks_of, room_after

__all__ = ["Rows"]

SPARE: Final = 4
"""One row in so many more is there than can matter, so that they are seldom tidied."""

TIDYING: Final = 48
"""Bytes of a row at worst that are there for a moment only, while rows are tidied or become more."""


class Rows(Marks):
    """At most `most` rows that matter, and some that do not.

    `renamed` is told when rows get other numbers: the new one in the place of each, -1 if it is gone. They keep their
    order.
    """

    def __init__(self, most: int, renamed: Callable[[NDArray[np.int32]], None]) -> None:
        super().__init__()
        self._most = self.room_for(most)
        self._renamed = renamed
        # Rows that mattered when that was last looked at, and how often it was.
        self.mattered = 0
        self.tidied = 0
        # Per row, with room for more.
        self._key: Ints = np.zeros(self.room, np.int64)

    @staticmethod
    def room_for(rows: int) -> int:
        """Rows for which there are arrays at most."""
        return max(rows + rows // SPARE, SMALLEST)

    @staticmethod
    def room_before(rows: int) -> int:
        """Rows for which there are arrays before there are those for so many."""
        most, room = Rows.room_for(rows), SMALLEST
        while (after := room_after(room, most)) < most:
            room = after
        return room

    def fits(self, more: int) -> bool:
        """Whether there may be arrays for so many rows more, be they new."""
        return self.n + more <= self._most

    @staticmethod
    def budget(rows: int) -> int:
        """Bytes at worst when so many matter."""
        room = Rows.room_for(rows)
        return Marks.budget(room) + 8 * room

    def keys(self) -> Ints:
        """The key of each row."""
        return self._key[: self.n]

    @abstractmethod
    def matter(self) -> Bools:
        """Which rows matter."""

    @abstractmethod
    def begin(self, new: slice) -> None:
        """These rows are new: nothing is known of them but key and mark."""

    def place(self, keys: Ints, hashes: Words) -> Ints:
        """The rows of these values, made where they are missing."""
        marks = marks_of(keys, hashes)
        rows = self.find(marks)
        missing = (rows < 0).nonzero()[0]
        if missing.size:
            if self.n + len(missing) > self.room:
                self.tidy(len(marks))  # some that were found may be forgotten
                rows = self.find(marks)
                missing = (rows < 0).nonzero()[0]
            known = self.n
            rows[missing] = self.insert(marks[missing])
            self._key[rows[missing]] = keys[missing]
            self.begin(slice(known, self.n))
        return rows

    def tidy(self, more: int = 0) -> None:
        """Have arrays for so many rows more: forget those that do not matter, or grow."""
        known, room = self.n, self.room
        matter = self.matter()
        self.mattered = count = int(matter.sum())
        self.tidied += 1
        if more and 3 * count > 2 * room:
            room = max(room_after(room, self._most), room)
        room = max(room, count + more)
        kept = None if count == known else matter
        if kept is None and room == self.room:
            return
        self._key = moved(self._key, known, kept, room)
        self.move(known, kept, room)
        self.keep(kept, room)
        if kept is not None:
            numbers = np.full(known, -1, np.int32)
            numbers[kept] = np.arange(count, dtype=np.int32)
            self._renamed(numbers)

    def move(self, known: int, kept: Bools | None, room: int) -> None:
        """See `moved`, for all else that there is in step with the rows."""


def moved(column: Ints, known: int, kept: Bools | None, room: int) -> Ints:
    """The first `known` numbers, or those that are kept, moved to the start of as large an array as is needed."""
    made = column if room == len(column) else np.zeros(room, np.int64)
    compacted(column, known, kept, made)
    return made
