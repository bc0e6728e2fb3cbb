"""What sessions and retention have in common: an event can change the value of an earlier pane than its own.

A tracker knows what each user did so far and turns new events into differences of plain counts, in the panes where what
they belong to began. So a window is read and panes are merged by adding up, and what a user did is in one place only.
Differences for panes that are closed are dropped; what is known of the user is not.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Final

import numpy as np

from analytics.arrays import Ints
from analytics.bygone import NEVER
from analytics.measures.measure import Cellwise, Takes
from analytics.measures.sparse import VACANT, Paned

__all__ = ["MOST", "PIECE", "Tracker"]

MOST: Final = 1 << 17
"""Users known at once, by one state."""
PIECE: Final = 1 << 13
"""Events that are worked through at once."""
COARSE: Final = -(1 << 49)
"""Numbers below are those of coarser windows, whose panes are closed."""


class Tracker(Paned, Cellwise):
    """Base of the measures that remember users. Their state depends on the order of panes, so it is not invertible."""

    takes: ClassVar[Takes] = "visits"
    tracks = True
    folds = False

    def __init__(self, slots: int, keys: int, parameter: Any) -> None:
        super().__init__(slots, keys, parameter)
        self.earliest = NEVER
        self.moved: Ints = np.zeros(0, np.int64)

    def clear(self, slot: int) -> None:
        Cellwise.clear(self, slot)
        Paned.clear(self, slot)

    def settle(self, earliest: int) -> None:
        self.earliest = earliest

    def moved_panes(self) -> list[int]:
        panes: list[int] = self._pane_of[np.unique(self.moved // self.keys)].tolist()
        return panes

    def merge(self, sources: Ints, target: int) -> None:
        for array in self.arrays().values():
            table = self.table(array)
            table[target] += table[sources].sum(axis=0)
        if self._pane_of[target] > COARSE:
            self._rehome(self._pane_of[sources], int(self._pane_of[target]))

    @abstractmethod
    def _rehome(self, panes: Ints, target: int) -> None:
        """What began in these panes counts as begun in another one, which they are merged into."""

    def _cells(self, panes: Ints, keys: Ints) -> Ints:
        """The cells of these panes and keys, -1 where the pane is closed."""
        slots = self._slots_of(panes)
        return np.where(slots >= 0, slots * self.keys + keys, -1)

    def _moved(self, parts: list[Ints]) -> None:
        """Note these cells as changed."""
        cells = np.concatenate(parts)
        self.moved = cells[cells >= 0]

    def _placed_panes(self, slots: Ints, places: Ints) -> Ints:
        """The panes of the slots at these places of a dump; the place of a closed one is -1."""
        panes = np.full(len(places), VACANT, np.int64)
        held = places >= 0
        panes[held] = self._pane_of[slots[places[held]]]
        return panes

    def _places(self, slots: Ints, panes: Ints) -> Ints:
        """The other way round."""
        place = np.full(self.slots, -1, np.int64)
        place[slots] = np.arange(len(slots))
        held = self._slots_of(panes)
        return np.where(held >= 0, place[held], -1)
