"""The pool of panes of a grid: which slot holds which pane.

A pane that some event fell into takes one of a fixed number of slots, wherever in time it lies. So a clamped event five
minutes ahead costs one slot, not a ring that spans five minutes.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final

import numpy as np

from analytics.arrays import Ints

__all__ = ["COARSE", "PanePool", "distinct"]

DENSE: Final = 4_096
COARSE: Final = -(1 << 50)
"""Numbers around this one, where no pane has any, stand for parts of coarser windows."""


class PanePool:
    """Panes by number, in ascending order, each with its slot. `spare` slots do not count as free."""

    def __init__(self, slots: int, spare: int = 0) -> None:
        self._spare = spare
        self._slot_of: dict[int, int] = {}
        self._free = list(range(slots - 1, -1, -1))
        # The pane of each slot that holds one.
        self.pane_of: Ints = np.zeros(slots, np.int64)
        # Open panes, ascending.
        self.ids: list[int] = []

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, pane: int) -> bool:
        return pane in self._slot_of

    @property
    def free(self) -> int:
        """How many more panes fit."""
        return len(self._free) - self._spare

    def slot(self, pane: int) -> int:
        """The slot of an open pane."""
        return self._slot_of[pane]

    def open(self, pane: int) -> int:
        """Give a new pane a free slot."""
        slot = self._slot_of[pane] = self._free.pop()
        self.pane_of[slot] = pane
        insort(self.ids, pane)
        return slot

    def close(self, pane: int) -> int:
        """Take a pane out; returns the slot it had."""
        slot = self._slot_of.pop(pane)
        del self.ids[bisect_left(self.ids, pane)]
        self._free.append(slot)
        return slot

    def between(self, first: int, last: int) -> list[int]:
        """Open panes with `first <= number < last`, ascending."""
        return self.ids[bisect_left(self.ids, first) : bisect_left(self.ids, last)]

    def slots(self, panes: list[int]) -> Ints:
        """Slots of open panes, in the same order."""
        return np.array([self._slot_of[pane] for pane in panes], np.int64)

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids)


def distinct(panes: Ints) -> list[int]:
    """The pane numbers that occur, ascending. Cheap when they lie close together, as those of a batch do."""
    low, high = int(panes.min()), int(panes.max())
    if low == high:
        return [low]
    if high - low < DENSE:
        seen = np.zeros(high - low + 1, np.bool_)
        seen[panes - low] = True
        found = seen.nonzero()[0] + low
    else:
        found = np.unique(panes)
    present: list[int] = found.tolist()
    return present
