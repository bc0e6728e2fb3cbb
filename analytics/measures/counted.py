"""Measures that count: how often each (pane, key) saw each hash."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints, Words
from analytics.measures.counts import Counts
from analytics.measures.measure import Takes
from analytics.measures.paned import VACANT, Paned

__all__ = ["Caps", "Counted"]

PAIRS_RELIEVED: Final = 63 / 64
"""Share of their cap down to which pairs are forgotten: more at once would take longer, less would be more often."""
ROWS_RELIEVED: Final = 15 / 16
"""The same of rows, which are looked at all each time."""

PART: Final = 8_192
"""Pairs that are counted at once."""


class Caps:
    """How much is counted at most: `pairs` of cell and hash, `rows` of key and hash, hashes of `each` cell."""

    def __init__(self, pairs: int, rows: int, each: int) -> None:
        self.pairs = pairs
        self.rows = rows
        self.each = each


class Counted(Paned):
    """Counts by hash. When there are too many, cells are shrunk: those that have the most."""

    takes: ClassVar[Takes] = "hash"
    placed: ClassVar[Mapping[str, tuple[str, ...]]] = {"cells": ("hashes", "bins", "counts")}
    _fewest: ClassVar[int] = 0
    """Hashes that a cell keeps however much room is needed."""

    def __init__(self, slots: int, keys: int, parameter: int, caps: Caps) -> None:
        super().__init__(slots, keys, parameter)
        self._caps = caps
        self._counts = Counts(self._pane_of, caps.rows, PART, self._matter)
        # Hashes that the fullest cell of each slot counts, or more.
        self._most: Ints = np.zeros(slots, np.int64)

    @staticmethod
    def counted_budget(slots: int, caps: Caps) -> int:
        """Bytes at worst of what is kept here."""
        return Counts.budget(slots, caps.rows + PART, caps.pairs)

    def _count(self, cells: Ints, hashes: Words, counts: Ints | int) -> Ints:
        """Add to the counts of these pairs; returns their rows, which hold until anything else is done."""
        slots = cells // self.keys
        return self._counts.count(self._pane_of.take(slots), self._row_keys(cells, slots), hashes, counts)

    def _make_room(self, more: int) -> None:
        """Before so many pairs are counted, which are at most `PART`: see to it that there is not too much."""
        rows = self._counts.rows
        if not rows.fits(more):
            rows.tidy()
        if self._counts.full or self._counts.crowded:
            self._settle()

    def _count_again(self, cells: Ints, hashes: Words, counts: Ints) -> None:
        """Add to the counts of pairs in place of others that were taken out."""
        rows = self._counts.rows
        for start in range(0, len(cells), PART):
            part = slice(start, start + PART)
            if not rows.fits(len(cells[part])):
                rows.tidy()
            self._count(cells[part], hashes[part], counts[part])

    def _count_all(self, cells: Ints, hashes: Words, counts: Ints | int) -> None:
        """Add to the counts of any number of pairs."""
        for start in range(0, len(cells), PART):
            part = slice(start, start + PART)
            self._make_room(len(cells[part]))
            self._count(cells[part], hashes[part], counts if isinstance(counts, int) else counts[part])

    def _settle(self) -> None:
        """Add up what came, and see to it that there is not too much."""
        counts, caps = self._counts, self._caps
        for slot in self._add_up():
            if self._most[slot] > caps.each:
                self._keep_cap(slot)
        if counts.pairs > caps.pairs or counts.crowded:
            self._relieve()

    def _add_up(self) -> list[int]:
        """Add up what came; returns the slots of it."""
        panes = self._counts.settle()
        slots: list[int] = self._slots_of(np.array(panes)).tolist() if panes else []
        self._measure(slots)
        return slots

    def _measure(self, slots: Sequence[int]) -> None:
        """See how full the cells of some slots are."""
        for slot in slots:
            self._most[slot] = self._sizes(slot)[1].max(initial=0)

    def _keep_cap(self, slot: int) -> None:
        """Shrink the cells of a slot that count too many hashes."""
        while True:
            cells, sizes = self._sizes(slot)
            cells = cells[sizes > self._caps.each]
            if not cells.size:
                return
            self._shrink(cells)
            self._add_up()

    def _relieve(self) -> None:
        """Shrink the fullest cells until there is room."""
        counts, caps = self._counts, self._caps
        pairs, rows = caps.pairs * PAIRS_RELIEVED, caps.rows * ROWS_RELIEVED
        crowded = counts.crowded
        if crowded:
            counts.rows.tidy()
        while (excess := max(counts.pairs - pairs, counts.rows.n - rows if crowded else 0)) > 0:
            cells = self._fullest(min(excess, PART))  # some at a time, so that it takes little memory
            if not cells.size:
                return
            self._shrink(cells)
            self._measure(np.setdiff1d(cells // self.keys, self._add_up()).tolist())
            if crowded:
                counts.rows.tidy()

    def _sizes(self, slot: int) -> tuple[Ints, Ints]:
        """The cells of a slot with something in them, ascending, and how many hashes each has."""
        keys = self._counts.rows.keys()[self._counts.of(int(self._pane_of[slot]))[0]]
        if self._turns is not None:
            keys = keys[self._matter(keys)] % self.keys
        sizes = np.bincount(keys, minlength=self.keys)
        used = sizes.nonzero()[0]
        return used + slot * self.keys, sizes[used]

    def _fullest(self, excess: float) -> Ints:
        """The cells to be halved so that there is room; equally full ones go by age. None that would be less full.

        Cost: a look at the pairs of the slots that they are in.
        """
        held = (self._pane_of != VACANT).nonzero()[0]
        held = held[self._pane_of[held].argsort()]
        most, least, found = self._most[held], self._fewest, [np.zeros(0, np.int64)]
        while excess > 0 and (size := int(most.max(initial=0))) > least:
            for place in (most == size).nonzero()[0].tolist():
                cells, sizes = self._sizes(int(held[place]))
                full = cells[sizes == size][: math.ceil(excess / (size - size // 2))]
                if full.size:
                    least = max(least, size // 2)
                    found.append(full)
                    excess -= len(full) * (size - size // 2)
                most[place] = sizes.max(where=sizes < size, initial=0)
                if excess <= 0:
                    break
        return np.concatenate(found)

    @abstractmethod
    def _shrink(self, cells: Ints) -> None:
        """Count about half as many hashes in each of these cells, which are different ones."""

    def _entries(self, slot: int, keys: Ints | None = None) -> tuple[NDArray[np.int32], Ints, Ints]:
        """Rows of a slot, their keys and counts; of some keys only."""
        rows, counts = self._counts.of(int(self._pane_of[slot]))
        chosen, found = self._asked(rows, keys)
        return rows[chosen], found, counts[chosen].astype(np.int64)

    def _asked(self, rows: NDArray[np.int32], keys: Ints | None) -> tuple[Bools | slice, Ints]:
        """Which of these rows matter that are of these keys (None: of any), and the keys of those."""
        found, chosen = self._counts.rows.keys()[rows], None
        if self._turns is not None:
            chosen = self._matter(found)
            found = found % self.keys
        if keys is not None and len(keys) < self.keys:
            wanted = np.zeros(self.keys, np.bool_)
            wanted[keys] = True
            chosen = wanted[found] if chosen is None else chosen & wanted[found]
        if chosen is None or chosen.all():
            return slice(None), found
        return chosen, found[chosen]

    def _by_slot(self, cells: Ints) -> list[tuple[int, Ints]]:
        """The slots of these cells, ascending, each with its keys."""
        slots = cells // self.keys
        return [(slot, cells[slots == slot] - slot * self.keys) for slot in np.unique(slots).tolist()]

    def _pairs_in(self, cells: Ints) -> tuple[Ints, Words, Ints]:
        """The pairs of these cells: cells, hashes and counts. Cost: a look at all pairs of their slots."""
        parts = [(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.int64))]
        for slot, keys in self._by_slot(cells):
            rows, found, counts = self._entries(slot, keys)
            parts.append((found + slot * self.keys, self._counts.rows.hashes(rows), counts))
        found, hashes, counts = map(np.concatenate, zip(*parts, strict=True))
        return found, hashes, counts

    def _take_out(self, cells: Ints) -> tuple[Ints, NDArray[np.int32], Ints]:
        """Forget the pairs of these cells, which are different ones: cells, rows and counts."""
        parts = [(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64))]
        for slot, keys in self._by_slot(cells):
            pane = int(self._pane_of[slot])
            rows, counts = self._counts.of(pane)
            found = self._counts.rows.keys()[rows]
            wanted = np.zeros(self.keys, np.bool_)
            wanted[keys] = True
            chosen = wanted[found % self.keys]
            if self._turns is not None:
                chosen &= self._matter(found)
            self._counts.put(pane, rows, counts, chosen)
            parts.append((found[chosen] % self.keys + slot * self.keys, rows[chosen], counts[chosen].astype(np.int64)))
        found, rows, taken = map(np.concatenate, zip(*parts, strict=True))
        return found, rows, taken

    def _put_back(self, cells: Ints, rows: NDArray[np.int32], counts: Ints) -> None:
        """Count some of what was taken out again."""
        slots = cells // self.keys
        for slot in np.unique(slots).tolist():
            here = slots == slot
            self._counts.add_up(int(self._pane_of[slot]), rows[here], counts[here])

    def _moving(self, sources: Ints, targets: Ints) -> tuple[Ints, Ints, NDArray[np.int32], Ints]:
        """The pairs of `sources` in a single slot: their targets, in step with those, sources, rows and counts."""
        into = np.full(self.keys, -1, np.int64)
        into[sources] = targets
        rows, found, counts = self._entries(0, sources)
        return into[found], found, rows, counts

    def _dump_pairs(self, slots: Ints) -> tuple[Ints, Words, Ints]:
        """All pairs of these slots, ordered by (place, key, hash); cells count places instead of slots."""
        known = self._counts.rows
        keys = known.keys()
        alive = self._matter(keys).nonzero()[0]
        order = alive[np.lexsort((known.hashes(alive), keys[alive] % self.keys))]
        rank = np.zeros(known.n, np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        parts = [(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.int64))]
        for place, slot in enumerate(slots.tolist()):
            rows, found, counts = self._entries(slot)
            by = rank[rows].argsort()
            parts.append((found[by] + place * self.keys, known.hashes(rows[by]), counts[by]))
        cells, hashes, counts = map(np.concatenate, zip(*parts, strict=True))
        return cells, hashes, counts

    def clear(self, slot: int) -> None:
        if self._pane_of[slot] != VACANT:
            self._counts.close(int(self._pane_of[slot]))
            self._most[slot] = 0
        super().clear(slot)
