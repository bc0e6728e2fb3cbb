"""Counts of bins in rows of counters: for cells whose numbers lie close together, which those of most KPIs do.

A row has a counter for each bin from `low` on, and one in front for bin 0. All rows are equally wide; when numbers come
that lie beside them they become wider, as long as there is room. The cells that come first get the rows. What finds no
place here, because the rows are all out or its bin lies too far away, is for the owner to keep; its cell is then barred
until it is emptied, so that a cell is counted either here or there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints

__all__ = ["WIDE", "WIDEST", "Bins", "Histograms", "ranks"]

COUNTERS: Final = 1 << 19
"""Counters of all rows together."""
WIDE: Final = 1 << 23
"""The same where windows are sums of rows."""
COUNTER_BYTES: Final = 4
MOST: Final = 1 << 30
"""No counter of four bytes is beyond this."""
CHUNK: Final = 256
"""Rows that are looked through at once."""
WIDEST: Final = 2_048
"""Counters of a row at most: the magnitudes from 1e-8 to 1e9 need as many."""
STEP: Final = 64
"""Counters by which rows become wider at least."""
NONE: Final = -1
BARRED: Final = -2


class Bins(NamedTuple):
    """The bins of some numbers, and the smallest and the largest of them."""

    bins: Ints
    low: int
    high: int

    @classmethod
    def of(cls, bins: Ints) -> Bins:
        """These bins, of which there is at least one."""
        return cls(bins, int(bins.min()), int(bins.max()))


class Histograms:
    """Counters of at most `cells` cells. Bins are 0 or positive; negative ones find no place."""

    def __init__(self, cells: int) -> None:
        # The row of each cell, or NONE or BARRED.
        self._row: Ints = np.full(cells, NONE, np.int64)
        self.low = 0
        # Rows x counters; there are no counters before the first number.
        self.table: NDArray[np.uint32] | Ints = np.zeros((0, 0), np.uint32)
        # Counters of all rows together, and what may still be added to any of them before they have to be looked at.
        self._counters = COUNTERS
        self._headroom = MOST
        self._free: list[int] = []
        # Rows below were given out before.
        self._top = 0

    @staticmethod
    def budget(cells: int, counters: int = COUNTERS) -> int:
        """Bytes at worst. While rows are made wider there are both, which a rebuilt table of pairs has room for."""
        return 8 * cells + COUNTER_BYTES * min(counters, cells * WIDEST)

    @property
    def narrow(self) -> bool:
        """Whether counters take their four bytes."""
        return self.table.dtype == np.uint32

    def allow(self, counters: int) -> None:
        """There may be so many counters from now on."""
        if counters > self._counters:
            self._counters, width = counters, self.table.shape[1]
            rows = min(len(self._row), counters // max(width, 1))
            if width and rows > self._most:
                table = np.zeros((rows, width), self.table.dtype)
                table[: self._top] = self.table[: self._top]
                self.table = table

    @property
    def any_barred(self) -> bool:
        """Whether some cell is counted elsewhere."""
        return bool((self._row == BARRED).any())

    def row_of(self, first: int, last: int) -> Ints:
        """The rows of the cells first .. last - 1; below 0 where there is none."""
        return self._row[first:last]

    def _add(self, places: Ints, counts: Ints | int) -> None:
        """Add to counters, by their places in all of the table."""
        self._headroom -= len(places) if isinstance(counts, int) else int(np.abs(counts).sum())
        if self._headroom < 0:
            largest = int(self.table.max(initial=0))
            self._headroom = MOST - largest
            if largest > MOST // 2:
                self.table, self._headroom = self.table.astype(np.int64), 1 << 62
        # Of the kind of the counters, or it takes 40 times as long; what is negative is so modulo 2**32, as they are.
        np.add.at(self.table.reshape(-1), places, np.asarray(counts, np.int64).astype(self.table.dtype))

    @property
    def _most(self) -> int:
        """Rows that there can be."""
        return len(self.table)

    def count(self, cells: Ints, bins: Bins, counts: Ints | int) -> Ints | None:
        """Add to the counters of these bins; the positions of those that find no place, None if there are none.

        Cost: a handful of array operations, without regard to the number of cells and bins.
        """
        width = self.table.shape[1]
        columns = bins.bins - (self.low - 1)
        rows = self._row[cells]
        if bins.low < self.low or bins.high >= self.low + width - 1 or int(rows.min()) < 0:
            return self._count_some(cells, bins, counts)
        self._add(rows * width + columns, counts)
        return None

    def _count_some(self, cells: Ints, bins: Bins, counts: Ints | int) -> Ints | None:
        """The same where cells have no row, or bins no counter."""
        some = bins.bins[bins.bins > 0]
        if some.size:
            low, high = int(some.min()), int(some.max())
            if high - low > WIDEST - 2 * STEP and not self.table.size:  # then for most of them
                middle = int(np.median(some))
                low, high = max(low, middle - WIDEST // 4), min(high, middle + WIDEST // 4)
            self._widen(low, high)
        width = self.table.shape[1]
        if not width:
            return np.arange(len(cells))
        columns = np.where(bins.bins == 0, 0, bins.bins - (self.low - 1))
        outside = (columns < 0) | (columns >= width) | ((columns == 0) & (bins.bins != 0))
        for cell in np.unique(cells[(self._row[cells] == NONE) & ~outside]).tolist():
            self._row[cell] = self._take()
        rows = self._row[cells]
        lost = outside | (rows < 0)
        if not lost.any():
            self._add(rows * width + columns, counts)
            return None
        placed = (~np.isin(cells, cells[lost])).nonzero()[0]
        chosen = counts if isinstance(counts, int) else counts[placed]
        self._add(rows[placed] * width + columns[placed], chosen)
        kept = np.ones(len(cells), np.bool_)
        kept[placed] = False
        return kept.nonzero()[0]

    def _take(self) -> int:
        if self._free:
            return self._free.pop()
        if self._top == self._most:
            return BARRED
        self._top += 1
        return self._top - 1

    def _widen(self, low: int, high: int) -> None:
        """Have counters for these bins, if there is room for as many of them."""
        have, width = self.low, self.table.shape[1]
        if width and have <= low and high < have + width - 1:
            return
        if width:
            low, high = min(low, have), max(high, have + width - 2)
        # Half a step more on both sides, and at least as many more as there are: it is done a few times at most.
        low, high = low - STEP // 2, high + STEP // 2
        wanted = max(-(-(high - low + 2) // STEP) * STEP, min(width + width // 4, WIDEST))
        rows = min(len(self._row), self._counters // wanted)
        if wanted > WIDEST or rows < self._top:
            return
        table = np.zeros((rows, wanted), self.table.dtype)
        if self._top:
            old = self.table[: self._top]
            table[: self._top, 0] = old[:, 0]
            shift = have - low
            table[: self._top, 1 + shift : shift + width] = old[:, 1:]
        self.low, self.table = low, table

    # -- cells that move

    def held(self, cells: Ints) -> Ints:
        """Those of these cells that are counted here."""
        return cells[self._row[cells] >= 0]

    def barred(self, cells: Ints) -> bool:
        """Whether one of these cells is counted elsewhere."""
        return bool((self._row[cells] == BARRED).any())

    def pairs(self, cells: Ints) -> tuple[Ints, Ints, Ints]:
        """Cells, bins and counts of these cells, which are counted here, by cell in their order and by bin."""
        parts = [(np.zeros(0, np.int64),) * 3]
        for start in range(0, len(cells), CHUNK):
            some = cells[start : start + CHUNK]
            block = self.table[self._row[some]]
            at, columns = block.nonzero()
            parts.append((some[at], self.bins_of(columns), block[at, columns].astype(np.int64)))
        found, bins, counts = map(np.concatenate, zip(*parts, strict=True))
        return found, bins, counts

    def bins_of(self, columns: Ints) -> Ints:
        """The bins that these counters of a row are of."""
        return np.where(columns == 0, 0, columns + (self.low - 1))

    def evict(self, cells: Ints) -> tuple[Ints, Ints, Ints]:
        """Bar these cells, which may repeat; what was counted of them goes to the owner, as `pairs` has it."""
        held = np.unique(self.held(cells))
        moved = self.pairs(held)
        self._release(held)
        self._row[cells] = BARRED
        return moved

    def leaving(self) -> Iterator[tuple[Ints, Ints, Ints]]:
        """All that is counted here, as `pairs` has it, part by part, and the memory of each part is given back then.
        Afterwards nothing can be counted here any more.
        """
        held = (self._row >= 0).nonzero()[0]
        held = held[(-self._row[held]).argsort()]
        for start in range(0, len(held), CHUNK):
            some = held[start : start + CHUNK]
            yield self.pairs(some)
            self.table.resize((int(self._row[some[-1]]), self.table.shape[1]), refcheck=False)

    def clear(self, first: int, last: int) -> None:
        """Empty the cells first .. last - 1."""
        row = self._row[first:last]
        self._release(first + (row >= 0).nonzero()[0])
        row[:] = NONE

    def _release(self, held: Ints) -> None:
        rows = self._row[held]
        self.table[rows] = 0
        self._free.extend(rows.tolist())

    # -- reading

    def ranked(self, cells: Ints, shares: Sequence[float], slack: float) -> tuple[Ints, list[Ints]]:
        """`ranks` of these cells, none of which is barred; of a cell without numbers the bins mean nothing."""
        counts = np.zeros(len(cells), np.int64)
        found = [np.zeros(len(cells), np.int64) for _ in shares]
        here = (self._row[cells] >= 0).nonzero()[0]
        if here.size:
            counts[here], columns = ranks(self.table[self._row[cells[here]]], shares, slack)
            for bins, of in zip(found, columns, strict=True):
                bins[here] = self.bins_of(of)
        return counts, found


def ranks(rows: NDArray[Any], shares: Sequence[float], slack: float) -> tuple[Ints, list[Ints]]:
    """How many numbers each row has, and per share which of its counters holds the number of rank
    floor(share * (n - 1) + slack), 0 where there are none.
    """
    width = rows.shape[1]
    if not width:
        return np.zeros(len(rows), np.int64), [np.zeros(len(rows), np.int64) for _ in shares]
    sums = rows.reshape(-1).cumsum(dtype=np.int64)
    after = sums[width - 1 :: width]
    before = np.append(0, after[:-1])
    found = []
    for share in shares:
        rank = np.floor(share * (after - before - 1) + slack).astype(np.int64)
        found.append(sums.searchsorted(before + rank, "right") % width)
    return after - before, found
