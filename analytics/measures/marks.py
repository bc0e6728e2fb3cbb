"""Rows by 64-bit marks: thousands of look-ups and insertions in a handful of array operations.

A mark stands for a pair of key and hash, and the hash can be told from the mark and the key. Rows are numbered in order
of insertion. A row is four numbers, half a cache line: the mark, and three that its owner makes use of, so what is
known of a row is at hand once it is found. Open addressing with triangular probing; what lies in the slots is the
number of the row only, so they are small and the first look mostly hits.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints, Words

__all__ = ["Marks", "hashes_of", "marks_of"]

SMALLEST: Final = 1_024
EMPTY: Final = -1
WIDTH: Final = 4
"""Numbers of a row."""
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_INVERSE: Final = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))


def marks_of(keys: Ints, hashes: Words) -> Words:
    """One number per pair, as good as the pair itself; its high bits choose a slot."""
    return (hashes + keys.view(np.uint64) * _GOLDEN) * _GOLDEN


def hashes_of(keys: Ints, marks: Words) -> Words:
    """The hashes that these marks of these keys were made of."""
    return marks * _INVERSE - keys.view(np.uint64) * _GOLDEN


class Marks:
    """Marks, each with its row: 0, 1, .."""

    def __init__(self) -> None:
        # How many rows there are.
        self.n = 0
        # The rows one behind the other, with room for more; the mark is the first number of each.
        self.words: Words = np.zeros(WIDTH * SMALLEST, np.uint64)
        self._allocate()

    @staticmethod
    def budget(rows: int) -> int:
        """Bytes at worst for that many."""
        return 8 * WIDTH * max(rows, SMALLEST) + 4 * Marks._slots_for(rows)

    @staticmethod
    def _slots_for(rows: int) -> int:
        slots = SMALLEST
        while slots < 2 * rows:
            slots *= 2
        return slots

    def _allocate(self) -> None:
        slots = self._slots_for(self.room)
        self._rows: NDArray[np.int32] = np.full(slots, EMPTY, np.int32)
        self._shift = np.uint64(64 - (slots.bit_length() - 1))

    @property
    def room(self) -> int:
        """Rows for which there are arrays."""
        return len(self.words) // WIDTH

    def marks(self) -> Words:
        """The mark of each row."""
        return self.words[: WIDTH * self.n : WIDTH]

    def column(self, number: int) -> Words:
        """The second (1), third or fourth number of each row."""
        return self.words[number : WIDTH * self.n : WIDTH]

    def _home(self, marks: Words) -> Ints:
        """The slot that is looked at first."""
        return (marks >> self._shift).view(np.int64)

    def find(self, marks: Words) -> Ints:
        """Their rows, -1 where they are missing."""
        last, step = len(self._rows) - 1, 0
        at = self._home(marks)
        rows: Ints = self._rows.take(at).astype(np.int64)
        todo = ((self.words.take(WIDTH * rows, mode="wrap") != marks) & (rows != EMPTY)).nonzero()[0]
        at = at[todo]
        while todo.size:
            step += 1
            at = (at + step) & last
            found = self._rows[at].astype(np.int64)
            rows[todo] = found
            missed = ((self.words.take(WIDTH * found, mode="wrap") != marks[todo]) & (found != EMPTY)).nonzero()[0]
            todo, at = todo[missed], at[missed]
        return rows

    def insert(self, marks: Words) -> Ints:
        """The rows of marks that are missing, but may repeat; there must be room. The other numbers are those that a
        row had there before.
        """
        last, step = len(self._rows) - 1, 0
        rows = np.empty(len(marks), np.int64)
        todo = np.arange(len(marks))
        at = self._home(marks)
        while todo.size:
            free = (self._rows[at] == EMPTY).nonzero()[0]
            if free.size:
                claims = (-2 - free).astype(np.int32)  # which of several new ones that want one slot gets it
                self._rows[at[free]] = claims
                won = free[self._rows[at[free]] == claims]
                new = np.arange(self.n, self.n + len(won))
                self.words[WIDTH * new] = marks[todo[won]]
                self._rows[at[won]] = new
                self.n += len(won)
            found = self._rows[at].astype(np.int64)
            hit = self.words[WIDTH * found] == marks[todo]
            rows[todo[hit]] = found[hit]
            step += 1
            missed = ~hit
            todo, at = todo[missed], (at[missed] + step) & last
        return rows

    def keep(self, rows: Bools | None, room: int) -> None:
        """Forget all other rows, None for none of them, and have room for so many, which are not fewer than stay. They
        are numbered anew, in their order.
        """
        known = self.words.reshape(-1, WIDTH)[: self.n]
        kept = known if rows is None else known[rows]
        self.n = len(kept)
        if room != self.room:
            self.words = np.zeros(WIDTH * room, np.uint64)
            self._allocate()
        else:
            self._rows[:] = EMPTY
        self.words.reshape(-1, WIDTH)[: self.n] = kept
        self._index()

    def _index(self) -> None:
        last, step = len(self._rows) - 1, 0
        todo = np.arange(self.n, dtype=np.int32)
        at = self._home(self.marks())
        while todo.size:
            free = (self._rows[at] == EMPTY).nonzero()[0]
            self._rows[at[free]] = todo[free]
            missed = (self._rows[at] != todo).nonzero()[0]
            step += 1
            todo, at = todo[missed], (at[missed] + step) & last
