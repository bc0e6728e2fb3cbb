"""Measures whose state belongs to panes rather than to slots: which pane each slot holds."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints
from analytics.measures.measure import Measure

__all__ = ["VACANT", "Paned"]

VACANT: Final = np.iinfo(np.int64).min >> 1
"""Stands for the pane of a slot that holds none; no pane has this number."""
WIDEST: Final = 1 << 16
"""Span of panes up to which their slots are looked up in a table."""


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

    def _row_keys(self, cells: Ints, slots: Ints | None = None) -> Ints:
        """What values in these cells are known under: the key, in the only slot together with its turn."""
        if self._turns is None:
            return cells - (cells // self.keys if slots is None else slots) * self.keys
        turned: Ints = cells + (self._turns[cells] - self._pane_of[0]) * self.keys
        return turned

    def _matter(self, keys: Ints) -> Bools:
        """Whether values that are known under these still count."""
        if self._turns is None:
            return np.ones(len(keys), np.bool_)
        matter: Bools = self._row_keys(keys % self.keys) == keys
        return matter
