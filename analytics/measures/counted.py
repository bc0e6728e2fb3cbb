"""Sparse state whose pairs carry counts: how often each (pane, key) saw each hash."""

from __future__ import annotations

import numpy as np

from analytics.arrays import Ints, Words
from analytics.measures.sparse import CACHE, CACHE_SHIFT, Sparse, pair_marks
from analytics.pairs import PairTable

__all__ = ["Counted", "summed"]


class Counted(Sparse):
    """Counts by hash, in one table for all cells; at most `most` pairs, which the subclass sees to in `_forget`."""

    def __init__(self, slots: int, keys: int, parameter: int, most: int) -> None:
        super().__init__(slots, keys, parameter, most)
        self._max_pairs = most
        # How many different hashes each cell counts, and all of them together.
        self._n: Ints = np.zeros(slots * keys, np.int64)
        self._live = 0
        # Pairs counted lately and where they lie: most events repeat one, and are done without probing.
        self._recent: Words = np.zeros(CACHE, np.uint64)
        self._recent_place: Ints = np.zeros(CACHE, np.int64)
        self._recent_of = self._table.generation

    @staticmethod
    def counted_budget(slots: int, keys: int, most: int) -> int:
        """Bytes at worst of what is kept here."""
        return 8 * slots * keys + PairTable.budget(most) + 16 * CACHE

    def _count(self, cells: Ints, hashes: Words, counts: Ints | int) -> Ints:
        """Add to the counts of these pairs; returns the positions of those that are new."""
        panes = self._pane_cells(cells)
        if self._recent_of != self._table.generation:
            self._recent_of = self._table.generation
            self._recent.fill(0)
        mark = pair_marks(panes, hashes)
        at = (mark >> CACHE_SHIFT).astype(np.int64)
        missed: Ints = (self._recent[at] != mark).nonzero()[0]
        places = self._recent_place[at]
        new = missed
        if missed.size:
            places[missed], fresh = self._table.place(panes[missed], hashes[missed])
            if self._recent_of != self._table.generation:  # it was rebuilt: the others have moved as well
                places, _ = self._table.place(panes, hashes)
            else:
                self._recent[at[missed]] = mark[missed]
                self._recent_place[at[missed]] = places[missed]
            new = missed[fresh]
            np.add.at(self._n, cells[new], 1)
            self._live += len(new)
        np.add.at(self._table.counts, places, counts)
        return new

    def _take_out(self, cell: int, hashes: Words) -> None:
        """Forget these hashes of one cell."""
        self._table.drop(self._pane_cells(np.full(len(hashes), cell)), hashes)
        self._n[cell] -= len(hashes)
        self._live -= len(hashes)

    def _moving(self, sources: Ints, targets: Ints) -> tuple[Ints, Ints, Words, Ints]:
        """The pairs of `sources` in a single slot: their targets, in step with those, sources, hashes and counts."""
        into = np.full(self.slots * self.keys, -1, np.int64)
        into[sources] = targets
        found, hashes, counts = self._pairs_of(np.zeros(1, np.int64))
        moved = into[found] >= 0
        found = found[moved]
        return into[found], found, hashes[moved], counts[moved]

    def vacate(self, cells: Ints) -> None:
        self._live -= int(self._n[cells].sum())
        self._n[cells] = 0
        super().vacate(cells)

    def clear(self, slot: int) -> None:
        row = slice(slot * self.keys, (slot + 1) * self.keys)
        self._live -= int(self._n[row].sum())
        self._n[row] = 0
        super().clear(slot)


def summed(keys: Ints, hashes: Words, counts: Ints) -> tuple[Ints, Words, Ints]:
    """Pairs of several panes, equal ones added up."""
    sums = PairTable(lambda cells: np.ones(len(cells), np.bool_), len(keys))
    places, _ = sums.place(keys, hashes)
    np.add.at(sums.counts, places, counts)
    found = sums.pairs()
    return found.cells, found.hashes, found.counts
