"""Sums of counters over all panes from one on: what a sliding window is read from, instead of a row for each pane.

When windows move on, the rows of the panes that they leave behind are taken off. It is made when first read, and anew
after a jump; it is no state.
"""

from __future__ import annotations

import numpy as np

from analytics.arrays import Ints

__all__ = ["Since"]


class Since:
    """Over `table`, slots x keys, whose slots hold the panes in `pane_of`. The owner tells what changes in it."""

    def __init__(self, table: Ints, pane_of: Ints) -> None:
        self._table = table
        self._pane_of = pane_of
        # The first pane of the sums; None while there are none.
        self._first: int | None = None
        self._sums: Ints = np.zeros(table.shape[1], np.int64)

    def drop(self) -> None:
        """The table has changed in another way than `add` and `leave` say."""
        self._first = None

    def add(self, slots: Ints, keys: Ints, by: Ints | int) -> None:
        """These counters, which may repeat, were increased by so much each."""
        if self._first is not None:
            inside = self._pane_of[slots] >= self._first
            np.add.at(self._sums, keys[inside], by if isinstance(by, int) else by[inside])

    def leave(self, slot: int) -> None:
        """The counters of this slot are about to be emptied."""
        if self._first is not None and self._pane_of[slot] >= self._first:
            self._sums -= self._table[slot]

    def sums(self, first: int, last: int) -> Ints:
        """Per key over the panes `first` .. `last`. Cost: the rows behind the window, and those left since."""
        panes = self._pane_of
        if self._first is None:
            self._sums = self._table[panes >= first].sum(axis=0)
        elif first != self._first:
            moved = ((panes >= min(first, self._first)) & (panes < max(first, self._first))).nonzero()[0]
            wanted = (panes >= first).nonzero()[0]
            if len(wanted) < len(moved):
                self._sums = self._table[wanted].sum(axis=0)
            else:
                self._sums += (-1 if first > self._first else 1) * self._table[moved].sum(axis=0)
        self._first = first
        behind = (panes > last).nonzero()[0]
        sums: Ints = self._sums - self._table[behind].sum(axis=0) if behind.size else self._sums.copy()
        return sums
