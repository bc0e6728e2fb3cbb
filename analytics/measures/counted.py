"""Sparse state whose pairs carry counts: how often each (pane, key) saw each hash."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Final

import numpy as np

from analytics.arrays import Ints, Words
from analytics.measures.running import Running
from analytics.measures.sparse import CACHE, CACHE_SHIFT, VACANT, Sparse, no_marks, pair_marks
from analytics.pairs import PairTable

__all__ = ["Counted", "summed"]

RELIEVED: Final = 15 / 16
"""Share of the cap down to which pairs are forgotten: more at once would take longer, less would be more often."""


class Counted(Sparse):
    """Counts by hash, in one table for all cells; at most `most` pairs, for which cells are shrunk."""

    _fewest: ClassVar[int] = 0
    """Hashes that a cell keeps however much room is needed."""

    def __init__(self, slots: int, keys: int, parameter: int, most: int) -> None:
        super().__init__(slots, keys, parameter, most)
        self._max_pairs = most
        # How many different hashes each cell counts, and all of them together.
        self._n: Ints = np.zeros(slots * keys, np.int64)
        self._live = 0
        # Pairs counted lately and where they lie: most events repeat one, and are done without probing.
        self._recent: Words = no_marks()
        self._recent_place: Ints = np.zeros(CACHE, np.int64)
        self._recent_of = self._table.generation
        # What windows of several panes are read from.
        self._running = Running(self._table, keys, most, self._open_panes, self._marks)

    @staticmethod
    def counted_budget(slots: int, keys: int, most: int) -> int:
        """Bytes at worst of what is kept here."""
        return 8 * slots * keys + PairTable.budget(most) + 16 * CACHE

    @staticmethod
    def running_budget(most: int) -> int:
        """Bytes at worst of what windows of several panes are read from."""
        return Running.budget(most)

    def _count(self, cells: Ints, hashes: Words, counts: Ints | int) -> Ints:
        """Add to the counts of these pairs; returns the positions of those that are new."""
        panes = self._pane_cells(cells)
        if self._recent_of != self._table.generation:
            self._recent_of = self._table.generation
            self._recent = no_marks()
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
        self._running.count(panes, places, counts, new, hashes)
        return new

    def _open_panes(self) -> Ints:
        panes: Ints = self._pane_of[self._pane_of != VACANT]
        return panes

    def _marks(self, panes: Ints, hashes: Words) -> Words:  # noqa: ARG002
        """What values are added up by, over panes: pane cells and hashes are given."""
        return hashes

    def _keep_caps(self, grown: Ints, most: int) -> None:
        """Shrink cells that count more than `most` hashes, after these got new ones, and the fullest while all
        together are too many."""
        over = np.unique(grown[self._n[grown] > most])
        while over.size:
            self._shrink(over)
            over = over[self._n[over] > most]
        if self._live > self._max_pairs:
            while self._live > self._max_pairs * RELIEVED and (fullest := self._fullest()).size:
                self._shrink(fullest)

    def _fullest(self) -> Ints:
        """The cells to be halved so that there is room; equally full ones go by age. None that would be less full."""
        used = (self._n > max(int(self._n.max()) // 2, self._fewest)).nonzero()[0]
        used = used[np.lexsort((self._pane_cells(used), -self._n[used]))]
        freed = np.cumsum(self._n[used] - self._n[used] // 2)
        return used[: int(np.searchsorted(freed, self._live - self._max_pairs * RELIEVED)) + 1]

    @abstractmethod
    def _shrink(self, cells: Ints) -> None:
        """Count about half as many hashes in each of these cells."""

    def _pairs_in(self, cells: Ints) -> tuple[Ints, Words, Ints]:
        """The pairs of these cells: cells, hashes and counts. Cost: one scan of the table."""
        chosen = np.zeros(self.slots * self.keys + 1, np.bool_)  # one more, for what no slot holds: -1
        chosen[cells] = True
        panes = self._pane_cells(cells)
        found, hashes, counts = self._table.between(int(panes.min()), int(panes.max()) + 1)
        found = self._slot_cells(found)
        inside = chosen[found]
        return found[inside], hashes[inside], counts[inside]

    def _take_out(self, cells: Ints, hashes: Words) -> None:
        """Forget these pairs."""
        panes = self._pane_cells(cells)
        self._running.leave(panes, hashes)
        self._table.drop(panes, hashes)
        np.subtract.at(self._n, cells, 1)
        self._live -= len(hashes)

    def _totals(self, slots: Ints) -> Ints | None:
        """Per row of what is running the count in these slots; None where it is not of use."""
        if len(slots) == 1 or self._turns is not None:
            return None
        panes = self._pane_of[slots]
        return self._running.totals(int(panes.min()), int(panes.max()))

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
        if self._pane_of[slot] != VACANT:
            self._running.close(int(self._pane_of[slot]))
        super().clear(slot)


def summed(keys: Ints, hashes: Words, counts: Ints) -> tuple[Ints, Words, Ints]:
    """Pairs of several panes, equal ones added up."""
    sums = PairTable(lambda cells: np.ones(len(cells), np.bool_), len(keys))
    places, _ = sums.place(keys, hashes)
    np.add.at(sums.counts, places, counts)
    found = sums.pairs()
    return found.cells, found.hashes, found.counts
