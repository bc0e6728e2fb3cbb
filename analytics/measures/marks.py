"""Rows by 64-bit marks: thousands of look-ups and insertions in a handful of array operations.

A mark stands for a pair of key and hash, and the hash can be told from the mark and the key. Rows are numbered in order
of insertion. A row is four numbers, half a cache line: the mark, and three that its owner makes use of, so what is
known of a row is at hand once it is found. Open addressing with triangular probing; what lies in the slots is the
number of the row only, so they are small and the first look mostly hits.
"""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints, Words

__all__ = ["Marks", "compacted", "hashes_of", "marks_of", "room_after"]

T = TypeVar("T", bound=np.generic)

SMALLEST: Final = 1_024
EMPTY: Final = -1
WIDTH: Final = 4
"""Numbers of a row."""
PART: Final = 8_192
"""Rows that are moved at once."""
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_INVERSE: Final = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))


def marks_of(keys: Ints, hashes: Words) -> Words:
    """One number per pair, as good as the pair itself; its high bits choose a slot."""
    return (hashes + keys.view(np.uint64) * _GOLDEN) * _GOLDEN


def hashes_of(keys: Ints, marks: Words) -> Words:
    """The hashes that these marks of these keys were made of."""
    return marks * _INVERSE - keys.view(np.uint64) * _GOLDEN


def room_after(room: int, most: int) -> int:
    """Rows to make arrays for when those for `room` are full: four times as many, near the most at once the most."""
    return most if 8 * room > most else 4 * room


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
        words, known = self.words.reshape(-1, WIDTH), self.n
        if room != self.room:
            self.words = np.zeros(WIDTH * room, np.uint64)
        self.n = compacted(words, known, rows, self.words.reshape(-1, WIDTH))
        if room != len(words):
            self._allocate()
        else:
            self._rows[:] = EMPTY
        self._index()

    def _index(self) -> None:
        """Find slots for all rows, some of them at a time."""
        last = len(self._rows) - 1
        for start in range(0, self.n, PART):
            todo, step = np.arange(start, min(start + PART, self.n), dtype=np.int32), 0
            at = self._home(self.marks()[start : start + PART])
            while todo.size:
                free = (self._rows[at] == EMPTY).nonzero()[0]
                self._rows[at[free]] = todo[free]
                missed = (self._rows[at] != todo).nonzero()[0]
                step += 1
                todo, at = todo[missed], (at[missed] + step) & last


def compacted(array: NDArray[T], known: int, kept: Bools | None, into: NDArray[T]) -> int:
    """Move the first `known` rows of an array, or those that are kept, to the start of another one or of the same;
    returns how many there are. Some at a time, so that there is no copy of all of them.
    """
    if kept is None:
        if into is not array:
            into[:known] = array[:known]
        return known
    count = 0
    for start in range(0, known, PART):
        part = array[start : min(start + PART, known)][kept[start : start + PART]]
        into[count : count + len(part)] = part
        count += len(part)
    return count
