"""Rows of counters added up over a sliding window, one sum for each key, instead of all of them at each look.

When windows move on, the panes that they leave behind are taken off. It is made when a window of several panes is first
read, and anew after a jump or when rows became wider; it is no state.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analytics.arrays import Ints
from analytics.measures.histograms import Bins, Histograms, ranks

__all__ = ["Slide"]


class Slide:
    """Sums of `rows`, whose cell `slot * keys + key` holds a key in the pane `pane_of[slot]`."""

    def __init__(self, rows: Histograms, keys: int, pane_of: Ints) -> None:
        self._rows = rows
        self._keys = keys
        self._pane_of = pane_of
        # The first pane of the sums; None while there are none.
        self._first: int | None = None
        # Keys x counters, and which bins they are of.
        self._sums: Ints = np.zeros((keys, 0), np.int64)
        self._low = 0

    @staticmethod
    def budget(keys: int, widest: int) -> int:
        """Bytes at worst, with a copy for a window that ends earlier, and while ranks are looked for."""
        return 3 * 8 * keys * widest

    def add(self, cells: Ints, found: Bins, counts: Ints | int) -> None:
        """These bins were counted in their rows, as far as these are as wide as they were."""
        if self._first is None:
            return
        width = self._rows.table.shape[1]
        if self._low != self._rows.low or width != self._sums.shape[1]:
            self._first = None
            return
        slots = cells // self._keys
        columns = np.where(found.bins == 0, 0, found.bins - (self._low - 1))
        places = (cells - slots * self._keys) * width + columns
        inside = self._pane_of[slots] >= self._first
        if not inside.all():
            places, counts = places[inside], counts if isinstance(counts, int) else counts[inside]
        np.add.at(self._sums.reshape(-1), places, counts)

    def drop(self) -> None:
        """Rows were changed in another way than `add` and `leave` say."""
        self._first = None

    def leave(self, slot: int) -> None:
        """The rows of this slot are about to be emptied."""
        if self._first is not None and self._pane_of[slot] >= self._first:
            self._add(self._sums, np.array([slot]), -1)

    def _add(self, sums: Ints, slots: Ints, sign: int, keys: Ints | None = None) -> None:
        """Add the rows of these slots, or take them off; `sums` are those of `keys`, None for all."""
        for slot in slots.tolist():
            rows = self._rows.row_of(slot * self._keys, (slot + 1) * self._keys)
            rows = rows if keys is None else rows[keys]
            here = (rows >= 0).nonzero()[0]
            sums[here] += sign * self._rows.table[rows[here]].astype(np.int64)

    def ranked(
        self, first: int, last: int, keys: Ints, shares: Sequence[float], slack: float
    ) -> tuple[Ints, list[Ints]]:
        """As `Histograms.ranked`, of keys over the panes `first` .. `last`. Cost: the panes behind the window, those
        that it left since, and a pass over the sums.
        """
        size, panes = last - first + 1, self._pane_of
        same = self._low == self._rows.low and self._sums.shape[1] == self._rows.table.shape[1]
        if self._first is None or not same or abs(first - self._first) > size:
            self._low, self._first = self._rows.low, first
            self._sums = np.zeros((self._keys, self._rows.table.shape[1]), np.int64)
            self._add(self._sums, (panes >= first).nonzero()[0], 1)
        elif first > self._first:
            self._add(self._sums, ((panes >= self._first) & (panes < first)).nonzero()[0], -1)
            self._first = first
        more = ((panes >= first) & (panes < self._first)).nonzero()[0]
        less = (panes > last).nonzero()[0]
        sums = self._sums[keys]
        self._add(sums, more, 1, keys)
        self._add(sums, less, -1, keys)
        counts, columns = ranks(sums, shares, slack)
        return counts, [self._rows.bins_of(found) for found in columns]
