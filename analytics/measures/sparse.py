"""State that exists only for the (pane, key) pairs that were met: which pane a slot holds, and a table of pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints, Words
from analytics.measures.measure import Measure, Takes
from analytics.pairs import PairTable

__all__ = ["Paned", "Sparse"]

VACANT: Final = np.iinfo(np.int64).min >> 1
"""Stands for the pane of a slot that holds none; no pane has this number."""
WIDEST: Final = 1 << 16
"""Span of panes up to which their slots are looked up in a table."""
CACHE: Final = 1 << 15
"""Slots of the caches in front of the pair tables."""
CACHE_SHIFT: Final = np.uint64(64 - 15)
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)


def pair_marks(cells: Ints, hashes: Words) -> Words:
    """One number per pair of pane cell and hash, as good as the pair itself; its high bits choose a cache slot."""
    return (hashes + cells.view(np.uint64) * _GOLDEN) * _GOLDEN


def no_marks() -> Words:
    """An empty cache: in each slot a mark that belongs to another one."""
    marks = np.full(CACHE, np.iinfo(np.uint64).max, np.uint64)
    marks[-1] = 0
    return marks


class _Known(NamedTuple):
    """The slots of some panes, ready to be looked up."""

    panes: Ints
    """Ascending."""
    order: Ints
    """The slots of these."""
    low: int
    table: Ints | None
    """As usual, panes lie close together: the slots of all from `low` on, with -1 at both ends. None: too far apart."""

    @classmethod
    def of(cls, panes: Ints, order: Ints) -> _Known:
        if not len(panes):
            return cls(panes, order, 0, np.full(1, -1))
        low = int(panes[0]) - 1
        span = int(panes[-1]) - low
        if span >= WIDEST:
            return cls(panes, order, low, None)
        table = np.full(span + 2, -1)
        table[panes - low] = order
        return cls(panes, order, low, table)

    def slots(self, panes: Ints) -> Ints:
        if self.table is not None:
            found: Ints = self.table.take(panes - self.low, mode="clip")
            return found
        at = np.minimum(np.searchsorted(self.panes, panes), len(self.order) - 1)
        return np.where(self.panes[at] == panes, self.order[at], -1)


class Paned(Measure):
    """Knows which pane each slot holds."""

    def __init__(self, slots: int, keys: int, parameter: Any) -> None:
        super().__init__(slots, keys, parameter)
        self._pane_of: Ints = np.full(slots, VACANT, np.int64)
        # For looking slots up; None: panes were opened or closed since.
        self._known: _Known | None = None
        # How often each cell of the only slot was vacated; None: never. Takes the place of the pane.
        self._turns: Ints | None = None

    def open(self, slot: int, pane: int) -> None:
        self._pane_of[slot] = pane
        self._known = None

    def clear(self, slot: int) -> None:
        self._pane_of[slot] = VACANT
        self._known = None

    def vacate(self, cells: Ints) -> None:
        """The pairs of a former turn match nothing any more, as those of a pane that is closed."""
        if self._turns is None:
            assert self.slots == 1, "single cells are vacated where there is one slot"
            self._turns = np.full(self.keys, self._pane_of[0])
        self._turns[cells] += 1

    def _slots_of(self, panes: Ints) -> Ints:
        """The slot of each pane, -1 where none holds it."""
        if self._known is None:
            held = (self._pane_of != VACANT).nonzero()[0]
            order = held[np.argsort(self._pane_of[held])]
            self._known = _Known.of(self._pane_of[order], order)
        return self._known.slots(panes)

    def _pane_cells(self, cells: Ints) -> Ints:
        """Cells by pane for cells by slot."""
        if self._turns is not None:
            return self._turns[cells] * self.keys + cells
        if self.keys == 1:
            return self._pane_of[cells]
        slots = cells // self.keys
        return self._pane_of[slots] * self.keys + (cells - slots * self.keys)

    def _slot_cells(self, cells: Ints) -> Ints:
        """Cells by slot for cells by pane, -1 where no slot holds it."""
        panes = cells // self.keys
        keys = cells - panes * self.keys
        if self._turns is not None:
            return np.where(self._turns[keys] == panes, keys, -1)
        slots = self._slots_of(panes)
        return np.where(slots >= 0, slots * self.keys + keys, -1)

    def _placed(self, slots: Ints, cells: NDArray[Any]) -> Ints:
        """Slot cells for the cells of a dump."""
        places = cells // self.keys
        placed: Ints = slots[places] * self.keys + (cells - places * self.keys)
        return placed


class Sparse(Paned):
    """Base of the measures that know values by their hash."""

    takes: ClassVar[Takes] = "hash"
    placed: ClassVar[Mapping[str, tuple[str, ...]]] = {"cells": ("hashes", "bins", "counts")}

    def __init__(self, slots: int, keys: int, parameter: int, most: int) -> None:
        super().__init__(slots, keys, parameter)
        self._table = PairTable(self._matters, most)

    def _matters(self, cells: Ints) -> Bools:
        held = self._slot_cells(cells)
        return (held >= 0) & self._kept(held, held >= 0)

    def _kept(self, cells: Ints, within: Bools) -> Bools:  # noqa: ARG002
        """Whether pairs of these slot cells are still needed; only asked where `within`."""
        return within

    def _pairs_of(self, slots: Ints, keys: Ints | None = None) -> tuple[Ints, Words, Ints]:
        """Keys, hashes and counts of the pairs in these slots; `keys` limits them. One scan of the table a run."""
        if self._turns is not None:
            parts = [self._table.pairs()]
        else:
            panes = np.sort(self._pane_of[slots])
            breaks = np.flatnonzero(np.diff(panes) != 1) + 1
            runs = np.split(panes, breaks)
            parts = [self._table.between(int(run[0]) * self.keys, (int(run[-1]) + 1) * self.keys) for run in runs]
        cells, hashes, counts = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
        found = cells % self.keys
        if keys is None or len(keys) == self.keys:
            return found, hashes, counts
        wanted = np.zeros(self.keys, np.bool_)
        wanted[keys] = True
        chosen = wanted[found]
        return found[chosen], hashes[chosen], counts[chosen]

    def _dump_pairs(self, slots: Ints) -> tuple[Ints, Words, Ints]:
        """All pairs of these slots, ordered by (place, key, hash); cells count places instead of slots."""
        cells, hashes, counts = self._table.pairs()
        place = np.full(self.slots, -1, np.int64)
        place[slots] = np.arange(len(slots))
        panes = cells // self.keys
        places = place[self._slots_of(panes)] if self._turns is None else np.zeros(len(cells), np.int64)
        cells = places * self.keys + (cells - panes * self.keys)
        order = np.flatnonzero(places >= 0)
        order = order[np.lexsort((hashes[order], cells[order]))]
        return cells[order], hashes[order], counts[order]
