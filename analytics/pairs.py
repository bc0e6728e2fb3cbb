"""A table of (cell, hash) pairs in numpy: thousands of look-ups and insertions in a handful of array operations.

Open addressing with triangular probing. A cell here is `pane * keys + key`, and panes have numbers that never come
back, so closing a pane frees its pairs at once: nothing can match them any more, and the next rebuild drops them. Every
pair carries a number, and a second one if asked for.

Positions are also noted in order of insertion, in blocks whose smallest and largest cell are known. Events come by and
large in order of time, so the pairs of some panes are found in a few blocks, without a scan of the table (as a block
range index of a database does it).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from analytics.arrays import Bools, Ints, Words

__all__ = ["REBUILDING", "PairTable", "Pairs"]

EMPTY: Final = np.iinfo(np.int64).min
DROPPED: Final = EMPTY + 1
SMALLEST: Final = 1_024
FULLEST: Final = 0.6
"""Share of the slots in use at which a table is rebuilt."""

MOST: Final = (1 << 17) + (1 << 15) + (1 << 13)
"""Pairs of the largest table that a measure has, and a batch."""
REBUILDING: Final = 24 * MOST
"""Bytes of the copy of its pairs while a table is rebuilt. That is one table at a time, however many there are."""
PIECE: Final = 8_192
"""Pairs that are moved at once."""
BLOCK: Final = 1_024
"""Positions in a block of the order of insertion."""
SCATTERED: Final = 4
"""What a look at one slot somewhere costs, in slots that are looked at one after the other."""

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_2: Final = np.uint64(0xD6E8FEB86659FD93)


class Pairs(NamedTuple):
    """Some pairs of a table, in step."""

    cells: Ints
    hashes: Words
    counts: Ints


class PairTable:
    """`alive` says of an array of cells which still matter; others are dropped when the table is rebuilt.

    The owner sees to it that hardly more than `most` pairs matter at once; the table does not grow for what is dead.
    """

    rows: Ints | None = None
    """A second number of each pair, once the owner has put an array of zeros here, as long as `counts`."""

    def __init__(self, alive: Callable[[Ints], Bools], most: int) -> None:
        self._alive = alive
        self._largest = self.capacity(most)
        # Rises whenever positions change their meaning.
        self.generation = 0
        self._allocate(SMALLEST)

    @staticmethod
    def budget(most: int) -> int:
        """Bytes at worst for that many pairs, apart from `REBUILDING`."""
        return 27 * PairTable.capacity(most)

    @staticmethod
    def capacity(most: int) -> int:
        """Slots that hold `most` pairs and still some that are dead."""
        capacity = SMALLEST
        while 0.55 * capacity < most:
            capacity *= 2
        return capacity

    def _allocate(self, capacity: int) -> None:
        self._cells: Ints = np.full(capacity, EMPTY, np.int64)
        self._hashes: Words = np.zeros(capacity, np.uint64)
        self.counts: Ints = np.zeros(capacity, np.int64)
        # The slots in use in the order in which they were taken; of each block of them the smallest and largest cell.
        self._taken = np.zeros(int(FULLEST * capacity) + 1, np.int32)
        self._lows: Ints = np.full(len(self._taken) // BLOCK + 1, np.iinfo(np.int64).max)
        self._highs: Ints = np.full(len(self._lows), EMPTY)
        self._shift = np.uint64(64 - (capacity.bit_length() - 1))
        self._filled = 0

    def place(self, cells: Ints, hashes: Words) -> tuple[Ints, Bools]:
        """Positions of the pairs, inserted where missing, and which were (each new pair once). Counts start at 0."""
        n = len(cells)
        if self._filled + n > FULLEST * len(self._cells):
            # While there is room to grow, what is missing need not be known exactly.
            missing = n if 3 * (self._filled + n) < self._largest else int((self.find(cells, hashes) < 0).sum())
            if self._filled + missing > FULLEST * len(self._cells):
                self._rebuild(missing)
        last = len(self._cells) - 1
        at = self._home(cells, hashes)
        places = at
        fresh = np.zeros(n, np.bool_)
        # Most lie where they are looked for first.
        todo = ((self._cells.take(at) != cells) | (self._hashes.take(at) != hashes)).nonzero()[0]
        at = at[todo]
        step = 0
        while todo.size:
            free = (self._cells[at] == EMPTY).nonzero()[0]
            if free.size:
                wanted = at[free]
                self.counts[wanted] = todo[free]  # which of several new pairs that want one slot gets it
                won = self.counts[wanted] == todo[free]
                self.counts[wanted] = 0
                winners, taken = todo[free[won]], wanted[won]
                self._cells[taken] = cells[winners]
                self._hashes[taken] = hashes[winners]
                fresh[winners] = True
            hit = (self._cells[at] == cells[todo]) & (self._hashes[at] == hashes[todo])
            places[todo[hit]] = at[hit]
            missed = ~hit
            step += 1
            todo, at = todo[missed], (at[missed] + step) & last
        new = fresh.nonzero()[0]
        if new.size:
            self._note(places[new], cells[new])
        return places, fresh

    def _note(self, places: Ints, cells: Ints) -> None:
        """These places were taken, for pairs with these cells."""
        start, stop = self._filled, self._filled + len(places)
        self._taken[start:stop] = places
        for block in range(start // BLOCK, (stop - 1) // BLOCK + 1):
            part = cells[max(block * BLOCK - start, 0) : (block + 1) * BLOCK - start]
            self._lows[block] = min(self._lows[block], part.min())
            self._highs[block] = max(self._highs[block], part.max())
        self._filled = stop

    def _home(self, cells: Ints, hashes: Words) -> Ints:
        mixed = (hashes ^ (cells.view(np.uint64) * _MIX)) * _MIX_2
        return (mixed >> self._shift).astype(np.int64)

    def _rebuild(self, extra: int) -> None:
        self.generation += 1
        places = self.places(DROPPED + 1, np.iinfo(np.int64).max)
        kept, rows = self.at(places), None if self.rows is None else self.rows[places]
        needed = len(kept.cells) + extra
        capacity = SMALLEST
        while capacity < 3 * needed and (capacity < self._largest or FULLEST * capacity < needed):
            capacity *= 2
        self._allocate(capacity)
        if rows is not None:
            self.rows = np.zeros(capacity, np.int64)
        for start in range(0, len(kept.cells), PIECE):  # all at once would take as much memory again as the table
            part = slice(start, start + PIECE)
            places, _ = self.place(kept.cells[part], kept.hashes[part])
            self.counts[places] = kept.counts[part]
            if rows is not None and self.rows is not None:
                self.rows[places] = rows[part]

    def hold(self, cells: Ints, hashes: Words) -> None:
        """These pairs, which are different ones, instead of all others; the number of each is its position."""
        self.generation += 1
        self._allocate(SMALLEST)
        self._rebuild(len(cells))
        for start in range(0, len(cells), PIECE):
            part = slice(start, start + PIECE)
            places, _ = self.place(cells[part], hashes[part])
            self.counts[places] = start + np.arange(len(places))

    def find(self, cells: Ints, hashes: Words) -> Ints:
        """Positions of the pairs, -1 where they are missing."""
        last = len(self._cells) - 1
        at = self._home(cells, hashes)
        places = np.full(len(cells), -1, np.int64)
        todo = np.arange(len(cells))
        step = 0
        while todo.size:
            hit = (self._cells[at] == cells[todo]) & (self._hashes[at] == hashes[todo])
            places[todo[hit]] = at[hit]
            missed = ~hit & (self._cells[at] != EMPTY)
            step += 1
            todo, at = todo[missed], (at[missed] + step) & last
        return places

    def pairs(self) -> Pairs:
        """All pairs that still matter, in no particular order. Cost: one scan of the table."""
        return self.between(DROPPED + 1, np.iinfo(np.int64).max)

    def between(self, low: int, high: int) -> Pairs:
        """The pairs that matter with `low <= cell < high`. Cost: a look at the blocks that have some, or a scan."""
        return self.at(self.places(low, high))

    def places(self, low: int, high: int) -> Ints:
        """The positions of these pairs."""
        used = self.within(low, high)
        alive = self._alive(self._cells[used])
        return used if alive.all() else used[alive]

    def within(self, low: int, high: int) -> Ints:
        """The same, with those that do not matter any more."""
        blocks = ((self._lows < high) & (self._highs >= low)).nonzero()[0]
        if SCATTERED * BLOCK * len(blocks) > len(self._cells):
            used = ((self._cells >= low) & (self._cells < high)).nonzero()[0]
        else:
            parts = [self._taken[i * BLOCK : min((i + 1) * BLOCK, self._filled)] for i in blocks.tolist()]
            taken = np.concatenate([np.zeros(0, np.int64), *parts])
            cells = self._cells[taken]
            used = taken[(cells >= low) & (cells < high)]
        return used

    def at(self, places: Ints) -> Pairs:
        """The pairs at these positions."""
        return Pairs(self._cells[places], self._hashes[places], self.counts[places])

    def drop(self, cells: Ints, hashes: Words) -> None:
        """Take these pairs out; their slots are used again after the next rebuild."""
        places, _ = self.place(cells, hashes)
        self._cells[places] = DROPPED
        self.generation += 1

    def __len__(self) -> int:
        """Slots in use, by pairs that matter or not."""
        return self._filled

    @property
    def bytes(self) -> int:
        """Bytes allocated now."""
        return sum(array.nbytes for array in (self._cells, self._hashes, self.counts, self._taken))
