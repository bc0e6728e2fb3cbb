"""What sessions and retention have in common: an event can change the value of an earlier pane than its own.

A tracker knows what each user did so far and turns new events into steps: differences of plain counts, in the panes
where what they belong to began. So a window is read and panes are merged by adding up, and what a user did is in one
place only. Steps for panes that are closed are dropped; what is known of the user is not.

Live, the steps of a batch are taken at once. Where it matters which of them an event had brought when a window became
final, they are worked out for all events together, each with its event, and taken as far as time has come.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np

from analytics.arrays import Bools, Ints, Reading, Visits
from analytics.bygone import NEVER
from analytics.measures.measure import Cellwise, Takes
from analytics.measures.paned import VACANT, Paned
from analytics.measures.steps import Steps, joined, no_steps
from analytics.pairs import REBUILDING
from analytics.roster import Roster

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
    _users: Roster

    def __init__(self, slots: int, keys: int, parameter: Any, counts: int) -> None:
        super().__init__(slots, keys, parameter)
        # All counts, by number and cell.
        self._counts: Ints = np.zeros((counts, slots * keys), np.int64)
        self.earliest = NEVER
        self.moved: Ints = np.zeros(0, np.int64)

    @classmethod
    def passing(cls, slots: int, keys: int, parameter: Any) -> int:  # noqa: ARG003
        return REBUILDING

    def trace(self, keys: Ints, panes: Ints, values: Visits) -> Steps:
        """Take events of these keys and panes, in order of arrival, without counting them: the steps of each.

        Cost: a few array operations a piece of events, and some 100 us an event of a user whose events come in an
        order that has to be looked at one by one.
        """
        found = []
        for start in range(0, len(keys), PIECE):
            piece = slice(start, start + PIECE)
            self._make_room(len(keys[piece]))
            rows = self._users.rows(keys[piece], values.users[piece])
            steps = self._trace(rows, values.times[piece], panes[piece], values.marks[piece])
            order = steps.events.argsort(kind="stable")
            found.append(steps.part(order)._replace(events=steps.events[order] + start))
        return joined(found) if found else no_steps()

    @abstractmethod
    def _make_room(self, count: int) -> None:
        """There will be so many more events."""

    @abstractmethod
    def _trace(self, rows: Ints, times: Ints, panes: Ints, marks: Ints) -> Steps:
        """The steps of events of these users, in any order."""

    @abstractmethod
    def counted(self, views: Sequence[Any]) -> Bools:
        """For each count whether one of these views is made of it."""

    def totals(self, slots: Ints, keys: Ints) -> Ints:
        """Each count of the union of these slots, for each of `keys`: counts x keys."""
        table = self._counts.reshape(-1, self.slots, self.keys)
        if len(slots) == 1:
            return table[:, slots[0]][:, keys]
        sums: Ints = table[:, slots][:, :, keys].sum(axis=1)
        return sums

    @abstractmethod
    def readings(self, views: Sequence[Any], counts: Ints) -> list[Reading]:
        """What these counts, as `totals` gives them, say in each view."""

    def read(self, slots: Ints, keys: Ints) -> Reading:
        return self.readings([None], self.totals(slots, keys))[0]

    def read_views(self, views: Sequence[Any], slots: Ints, keys: Ints) -> list[Reading]:
        return self.readings(views, self.totals(slots, keys))

    def take_steps(self, steps: Steps) -> Ints:
        """Count steps, as far as their panes are open; returns the cells that they changed, with repetitions."""
        cells = self._cells(steps.panes, steps.keys)
        counts, amounts = steps.counts, steps.amounts
        if int(cells.min(initial=0)) < 0:
            held = (cells >= 0).nonzero()[0]
            cells, counts, amounts = cells[held], counts[held], amounts[held]
        np.add.at(self._counts.reshape(-1), counts * self._counts.shape[1] + cells, amounts)
        return cells

    def clear(self, slot: int) -> None:
        Cellwise.clear(self, slot)
        Paned.clear(self, slot)

    def settle(self, earliest: int) -> None:
        self.earliest = earliest

    def moved_panes(self) -> list[int]:
        return self.panes_of(self.moved)

    def panes_of(self, cells: Ints) -> list[int]:
        """The panes that these cells belong to, each once."""
        held = np.zeros(self.slots, np.bool_)
        held[cells // self.keys] = True
        panes: list[int] = self._pane_of[held].tolist()
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
