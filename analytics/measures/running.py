"""Counts of a sliding window that are kept up with the events, instead of being summed up each time it is read.

Pairs of the same key and value share a row, whatever their panes. A row holds the count over all panes from `first` on,
where the newest window starts. When windows move on, the panes that they leave behind are taken out; a window that
starts a little earlier or ends a little sooner is made of it by adding and taking out a few panes. All in integers, so
it is the sum of the panes, exactly.

It is made when a window of several panes is first read, and anew after what cannot be followed; it is no state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from analytics.arrays import Bools, Ints, Words
from analytics.pairs import PairTable

__all__ = ["Running"]

NO_END: Final = np.iinfo(np.int64).max
SHARED: Final = 2
"""Pairs that share a row on average at least; where they do not, there is little to be gained."""
PAUSE: Final = 100
ROW_BYTES: Final = 64
"""Of a row: its count, key, mark and place in order, and as much again while the arrays grow."""


class Running:
    """Sums of the counts in `table`, whose cells are `pane * keys + key`; hardly more than `most` pairs are in there.

    `open_panes` gives the panes; pairs share a row if `marks_of` gives their cells and hashes the same mark.
    """

    def __init__(
        self,
        table: PairTable,
        keys: int,
        most: int,
        open_panes: Callable[[], Ints],
        marks_of: Callable[[Ints, Words], Words],
    ) -> None:
        self._table = table
        self._keys = keys
        self._most = most // SHARED
        # Windows that are read before it is tried again, after there were too many rows.
        self._pause = 0
        self._open_panes = open_panes
        self._marks_of = marks_of
        # The first pane that is counted; None while nothing is kept.
        self.first: int | None = None
        # (key, mark) -> row.
        self._index = PairTable(_all_matter, self._most)
        # Per row, with room for more behind them.
        self._n = 0
        self._key: Ints = np.zeros(0, np.int64)
        self._mark: Words = np.zeros(0, np.uint64)
        self._total: Ints = np.zeros(0, np.int64)
        self._order: Ints = np.zeros(0, np.int64)

    @staticmethod
    def budget(most: int) -> int:
        """Bytes at worst, those of the table's second number included, twice while it is rebuilt."""
        return PairTable.budget(most // SHARED) + ROW_BYTES * (most // SHARED) + 16 * PairTable.capacity(most)

    @property
    def keys(self) -> Ints:
        """The key of each row."""
        return self._key[: self._n]

    @property
    def marks(self) -> Words:
        """The mark of each row."""
        return self._mark[: self._n]

    def order(self) -> Ints:
        """The rows by key and mark, marks as signed numbers. Cost: a sort when there are new ones."""
        if len(self._order) != self._n:  # the old ones are in order already, which makes it fast
            order = np.append(self._order, np.arange(len(self._order), self._n))
            self._order = order[np.lexsort((self._mark[order].view(np.int64), self._key[order]))]
        return self._order

    # -- changes

    def drop(self) -> None:
        """Forget everything."""
        self.first = None
        self._table.rows = None
        self._index = PairTable(_all_matter, self._most)
        self._n = 0
        self._key, self._mark = np.zeros(0, np.int64), np.zeros(0, np.uint64)
        self._total = self._order = np.zeros(0, np.int64)

    def count(self, cells: Ints, places: Ints, counts: Ints | int, fresh: Ints, hashes: Words) -> None:
        """The counts of the pairs at `places`, whose cells these are, rose; those at the positions `fresh` are new."""
        if self.first is None or self._table.rows is None:
            return
        if fresh.size and not self._learn(cells[fresh], places[fresh], hashes[fresh]):
            self.drop()
            return
        inside = cells >= self.first * self._keys
        rows = self._table.rows[places]
        if inside.all():
            np.add.at(self._total, rows, counts)
        else:
            np.add.at(self._total, rows[inside], counts if isinstance(counts, int) else counts[inside])

    def leave(self, cells: Ints, hashes: Words) -> None:
        """These pairs are about to be dropped."""
        if self.first is not None:
            inside = cells >= self.first * self._keys
            self._add(self._total, self._table.find(cells[inside], hashes[inside]), -1)

    def close(self, pane: int) -> None:
        """A pane is about to be closed."""
        if self.first is not None and pane >= self.first:
            self._add(self._total, self._places(pane, pane), -1)

    def _places(self, first: int, last: int) -> Ints:
        return self._table.places(first * self._keys, (last + 1) * self._keys)

    def _add(self, totals: Ints, places: Ints, sign: int) -> None:
        assert self._table.rows is not None
        np.add.at(totals, self._table.rows[places], sign * self._table.counts[places])

    def _learn(self, cells: Ints, places: Ints, hashes: Words) -> bool:
        """Give pairs their rows; False if there are too many."""
        assert self._table.rows is not None
        if len(self._index) + len(cells) > self._most:
            return False
        keys, marks = cells % self._keys, self._marks_of(cells, hashes)
        at, fresh = self._index.place(keys, marks)
        new = fresh.nonzero()[0]
        if new.size:
            self._grow(len(new))
            rows = np.arange(self._n, self._n + len(new))
            self._key[rows], self._mark[rows] = keys[new], marks[new]
            self._index.counts[at[new]] = rows
            self._n += len(new)
        self._table.rows[places] = self._index.counts[at]
        return True

    def _grow(self, more: int) -> None:
        if self._n + more > len(self._key):
            room = max(1_024, 2 * self._n, self._n + more)
            self._key, self._mark, self._total = (
                np.concatenate([a[: self._n], np.zeros(room - self._n, a.dtype)])
                for a in (self._key, self._mark, self._total)
            )

    # -- windows

    def totals(self, first: int, last: int) -> Ints | None:
        """The count of each row over the panes `first` .. `last`; None where summing them up is the better way.

        Cost: a copy of the rows, and a scan of the table each for panes before or behind what is kept.
        """
        if self._pause:
            self._pause -= 1
            return None
        if not self._follow(first, last) or self.first is None:
            return None
        totals = self._total[: self._n].copy()
        panes = self._open_panes()
        if first < self.first and ((panes >= first) & (panes < self.first)).any():
            self._add(totals, self._places(first, self.first - 1), 1)
        if (panes > last).any():
            self._add(totals, self._table.places((last + 1) * self._keys, NO_END), -1)
        return totals

    def _follow(self, first: int, last: int) -> bool:
        """Let the sums begin at `first` if it is a step forward; False if they are not there, or elsewhere."""
        size = last - first + 1
        if self.first is not None and first > self.first + size and self._open_panes().min() > self.first + size:
            self.drop()  # time has jumped
        if self.first is None:
            return self._make(first)
        if self.first < first <= self.first + size:
            self._add(self._total, self._places(self.first, first - 1), -1)
            self.first = first
        return 2 * abs(first - self.first) <= size

    def _make(self, first: int) -> bool:
        self._table.rows = np.zeros(len(self._table.counts), np.int64)
        places = self._table.places(-NO_END + 1, NO_END)
        pairs = self._table.at(places)
        self.first = first
        part = max(self._most // 8, 1)  # most of them share their rows
        for i in range(0, len(places), part):
            if not self._learn(pairs.cells[i : i + part], places[i : i + part], pairs.hashes[i : i + part]):
                self.drop()
                self._pause = PAUSE
                return False
        self._add(self._total, places[pairs.cells >= first * self._keys], 1)
        return True


def _all_matter(cells: Ints) -> Bools:
    return np.ones(len(cells), np.bool_)
