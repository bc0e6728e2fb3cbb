"""Who is known: a row of numbers for each (key, user), found by a 64-bit hash of the user.

Rows are numbered; the number stays the same as long as the user is known and is given to somebody else afterwards. The
columns are plain arrays indexed by row, so that what happened to thousands of users is worked out in a few operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints, Words
from analytics.pairs import PairTable

__all__ = ["Roster"]

SMALLEST: Final = 1_024
OWN_BYTES: Final = 8 + 8 + 8 + 8 + 1
"""Bytes of a row besides those of the columns: key, hash, scratch, number of a free row, mark."""


class Roster:
    """At most `most` rows with the given columns, each with what a new row holds.

    >>> known = Roster(100, {"visits": 0})
    >>> rows = known.rows(np.zeros(3, np.int64), np.array([7, 8, 7], np.uint64))
    >>> np.add.at(known.columns["visits"], rows, 1)
    >>> known.columns["visits"][rows], len(known)
    (array([2, 1, 2]), 2)
    """

    def __init__(self, most: int, columns: Mapping[str, int | np.generic]) -> None:
        self._most = most
        self._blanks = dict(columns)
        self._table = PairTable(lambda cells: np.ones(len(cells), np.bool_), most)
        self._capacity = min(SMALLEST, most)
        self.columns: dict[str, NDArray[Any]] = {
            name: np.full(self._capacity, blank, np.asarray(blank).dtype) for name, blank in columns.items()
        }
        self.keys: Ints = np.zeros(self._capacity, np.int64)
        self.hashes: Words = np.zeros(self._capacity, np.uint64)
        self._used = np.zeros(self._capacity, np.bool_)
        # Scratch: which of several events of a row speaks for it.
        self._claims: Ints = np.zeros(self._capacity, np.int64)
        # Rows that were given back, as a stack; rows from `_top` on were never used.
        self._free: Ints = np.zeros(self._capacity, np.int64)
        self._freed = 0
        self._top = 0

    @staticmethod
    def budget(most: int, columns: Mapping[str, int | np.generic]) -> int:
        """Bytes at worst."""
        row = OWN_BYTES + sum(np.asarray(blank).nbytes for blank in columns.values())
        # The largest column is there twice for a moment when it grows.
        return PairTable.budget(most) + row * most + 8 * most

    def __len__(self) -> int:
        return self._top - self._freed

    @property
    def room(self) -> int:
        """Rows that can be added without growing."""
        return self._capacity - len(self)

    def rows(self, keys: Ints, hashes: Words) -> Ints:
        """The row of each; rows are added where missing. The owner sees to it that there are not too many.

        Cost: a dozen array operations.
        """
        places, fresh = self._table.place(keys, hashes)
        new = fresh.nonzero()[0]
        if new.size:
            taken = self._take(new.size)
            self._table.counts[places[new]] = taken
            self.keys[taken] = keys[new]
            self.hashes[taken] = hashes[new]
            self._used[taken] = True
            for name, blank in self._blanks.items():
                self.columns[name][taken] = blank
        return self._table.counts[places]

    def _take(self, count: int) -> Ints:
        while self.room < count:
            self._grow()
        again = min(count, self._freed)
        self._freed -= again
        taken = self._free[self._freed : self._freed + again]
        if again < count:
            taken = np.concatenate([taken, np.arange(self._top, self._top + count - again)])
            self._top += count - again
        return taken

    def _grow(self) -> None:
        more = min(self._capacity, self._most - self._capacity)
        if more <= 0:
            raise MemoryError(f"more than {self._most} rows")
        self._capacity += more
        for name, blank in self._blanks.items():
            column = self.columns[name]
            self.columns[name] = np.concatenate([column, np.full(more, blank, column.dtype)])
        for name in ("keys", "hashes", "_used", "_claims", "_free"):
            column = getattr(self, name)
            setattr(self, name, np.concatenate([column, np.zeros(more, column.dtype)]))

    def claim(self, rows: Ints) -> tuple[Ints, Ints]:
        """The different ones of these rows, and for each of `rows` a number below their count that tells them apart."""
        numbers = np.arange(len(rows))
        self._claims[rows] = numbers
        claimed = self._claims[rows]
        return rows[claimed == numbers], claimed

    def claimed(self, rows: Ints) -> Ints:
        """The numbers that the last `claim` gave to these rows."""
        return self._claims[rows]

    def used(self) -> Ints:
        """Rows in use, ascending."""
        return self._used[: self._top].nonzero()[0]

    def release(self, rows: Ints) -> None:
        """Forget these users."""
        if not rows.size:
            return
        self._table.drop(self.keys[rows], self.hashes[rows])
        self._used[rows] = False
        self._free[self._freed : self._freed + rows.size] = rows
        self._freed += rows.size
