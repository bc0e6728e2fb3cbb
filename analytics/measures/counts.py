"""How often each value of a key was counted in each pane.

Every (key, value) has a row, whatever the panes that it is in; each pane has a sheet of rows with their counts, see
`ledger.py`. A row also holds the count over all panes from `first` on, where the newest window starts, once windows of
several panes are read. When windows move on, the panes that they leave behind are taken out; a window that starts a
little earlier or ends a little sooner is made of it by adding and taking out a few panes. All in integers, so it is the
sum of the panes, exactly; these sums are no state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints, Words
from analytics.measures.ledger import Ledger
from analytics.measures.marks import WIDTH, hashes_of
from analytics.measures.rows import Rows

__all__ = ["NAME", "Counts", "Known"]

TOTAL: Final = 1
"""Place in a row of its count over all panes of the newest window."""
NAME: Final = 2
"""Place for the owner to keep a number in; 0 in a new row."""


class Known(Rows):
    """Those rows matter that some pane holds and whose keys are `alive`."""

    def __init__(self, most: int, alive: Callable[[Ints], Bools], ledger: Ledger, told: Callable[[], None]) -> None:
        super().__init__(most, self._tell)
        self._alive = alive
        self._ledger = ledger
        self._told = told

    def matter(self) -> Bools:
        return self._ledger.held(self.n) & self._alive(self.keys())

    def begin(self, new: slice) -> None:
        self.column(TOTAL)[new] = 0
        self.column(NAME)[new] = 0

    def hashes(self, rows: Ints | NDArray[np.int32]) -> Words:
        """The hash of each of these."""
        return hashes_of(self.keys()[rows], self.marks()[rows])

    def _tell(self, numbers: NDArray[np.int32]) -> None:
        self._ledger.rename(numbers)
        self._told()


class Counts:
    """Rows of values, of which there are hardly more than `most` and `part` new ones, and the sheets of panes.

    `pane_of` are the panes of the slots; `alive` says of keys whether they still matter.
    """

    def __init__(self, pane_of: Ints, most: int, part: int, alive: Callable[[Ints], Bools]) -> None:
        self._pane_of = pane_of
        self._most = most
        self._ledger = Ledger()
        self.rows = Known(most + part, alive, self._ledger, self._renamed)
        # The first pane whose counts are in the totals; None while there are none.
        self._first: int | None = None
        # The rows in order, see `order`.
        self._order: Ints = np.zeros(0, np.int64)

    @staticmethod
    def budget(panes: int, rows: int, pairs: int) -> int:
        """Bytes at worst of so many rows, which are in sheets so often altogether."""
        return Rows.budget(rows) + Ledger.budget(panes, pairs)

    @property
    def pairs(self) -> int:
        """Entries of all sheets, as far as they are added up."""
        return self._ledger.pairs

    @property
    def full(self) -> bool:
        """Whether it is time to add up."""
        return self._ledger.full

    @property
    def crowded(self) -> bool:
        """Whether more rows matter than should."""
        return self.rows.mattered > self._most

    def _renamed(self) -> None:
        self._order = np.zeros(0, np.int64)

    # -- changes

    def count(self, panes: Ints, keys: Ints, hashes: Words, by: Ints | int) -> Ints:
        """Count values in panes; returns their rows, which hold until the next call."""
        rows = self.rows.place(keys, hashes)
        self._ledger.add(panes, rows, by)
        if self._first is not None:
            inside = panes >= self._first
            if inside.all():
                self._add(rows, by)
            else:
                self._add(rows[inside], by if isinstance(by, int) else by[inside])
        return rows

    def _add(self, rows: Ints | NDArray[np.int32], by: Ints | NDArray[np.uint32] | int) -> None:
        np.add.at(self._all_totals(), rows, by if isinstance(by, int) else by.astype(np.int64))

    def add_up(self, pane: int, rows: NDArray[np.int32], counts: NDArray[np.uint32] | Ints) -> None:
        """Count rows that are known in a pane; the arrays are not changed any more."""
        self._ledger.put_down(pane, rows, counts)
        if self._first is not None and pane >= self._first:
            self._add(rows, counts)

    def settle(self) -> list[int]:
        """Add up what waits; returns the panes of it."""
        return self._ledger.settle(self.rows.n)

    def of(self, pane: int) -> tuple[NDArray[np.int32], NDArray[np.uint32] | Ints]:
        """The rows of a pane and their counts, where nothing waits."""
        return self._ledger.of(pane)

    def put(self, pane: int, rows: NDArray[np.int32], counts: NDArray[np.uint32] | Ints, chosen: Bools) -> None:
        """Of these, which are those of a pane, take out the chosen ones."""
        if not chosen.any():
            return
        if self._first is not None and pane >= self._first:
            self._add(rows[chosen], -counts[chosen].astype(np.int64))
        self._ledger.put(pane, rows[~chosen], counts[~chosen])

    def close(self, pane: int) -> None:
        """A pane is closed."""
        if self._first is not None and pane >= self._first:
            self._sum(self.rows.words.view(np.int64)[TOTAL::WIDTH], pane, -1)
        self._ledger.close(pane)

    def _sum(self, totals: Ints, pane: int, sign: int) -> None:
        """Add the counts of a pane, or take them off."""
        for rows, counts in self._ledger.entries(pane):
            np.add.at(totals, rows, sign if counts is None else sign * counts.astype(np.int64))

    # -- windows

    def totals(self, first: int, last: int) -> Ints:
        """The count of each row over the panes `first` .. `last`.

        Cost: a copy of the rows, and the sheets of the panes before or behind what is kept; all of the window's, where
        most of these are others.
        """
        size = last - first + 1
        if self._first is None or first > self._first + size:
            self.rows.column(TOTAL)[:] = 0
            self._first = first
            self._sum_all(self._all_totals(), self._pane_of >= first, 1)
        elif first > self._first:
            self._sum_all(self._all_totals(), (self._pane_of >= self._first) & (self._pane_of < first), -1)
            self._first = first
        elif 2 * (self._first - first) > size:
            totals = np.zeros(self.rows.n, np.int64)
            self._sum_all(totals, (self._pane_of >= first) & (self._pane_of <= last), 1)
            return totals
        totals = self._all_totals().copy()
        self._sum_all(totals, (self._pane_of >= first) & (self._pane_of < self._first), 1)
        self._sum_all(totals, self._pane_of > last, -1)
        return totals

    def _all_totals(self) -> Ints:
        return self.rows.column(TOTAL).view(np.int64)

    def _sum_all(self, totals: Ints, slots: Bools, sign: int) -> None:
        for pane in self._pane_of[slots].tolist():
            self._sum(totals, pane, sign)

    def order(self) -> Ints:
        """The rows by key and hash, hashes as signed numbers. Cost: a sort when there are new ones."""
        known = len(self._order)
        if known != self.rows.n:  # the old ones are in order already, which makes it fast
            order = np.append(self._order, np.arange(known, self.rows.n))
            hashes = self.rows.hashes(order).view(np.int64)
            self._order = order[np.lexsort((hashes, self.rows.keys()[order]))]
        return self._order
