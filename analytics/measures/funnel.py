"""`funnel(step1, step2, ..)`: how many users got how far within a window, as ClickHouse's `windowFunnel` judges it.

The events that meet a step are kept, by (pane, key, user) and in order of time, so that an event which arrives late
takes its place among them: any order, split and merge gives the same value. The level of each user in a single pane is
kept as well and worked out again only for users with new events; a window of several panes is judged from its events.

Bounds: of one user in one pane the first 16 and the last 48 events are kept; in the default mode no level that was
reached is lost by that. When the events of all together exceed the room, that share is halved, and halved again, and
at last users that came last are left out. What that cost is counted.

Value, as JSON text: `{"steps": [n1, n2, ..]}`, the users that reached each step; with `times => TRUE` also
`"seconds": [null, m2, ..]`, the median time since the step before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from analytics.aggregation import FunnelSetting
from analytics.arrays import Bools, Floats, Ints, Reading, Visits
from analytics.chains import Reached, entries, reach
from analytics.journal import Journal, Rows, group_of
from analytics.measures.measure import Arrays, Takes
from analytics.measures.sparse import Paned

__all__ = ["Funnel"]

MAX_EVENTS: Final = 1 << 18
PENDING: Final = 1 << 15
"""New events that may wait to be put in order."""
FIRST: Final = 16
LAST: Final = 48
STEP_BYTES: Final = 24


class Funnel(Paned):
    """Users by the step they reached.

    >>> shop = Funnel(slots=1, keys=1, parameter=FunnelSetting(steps=2, within=1_000))
    >>> shop.open(0, 7)
    >>> ann, bob = 1, 2
    >>> users = np.array([ann, ann, bob], np.uint64)
    >>> shop.add(np.zeros(3, int), Visits(users, np.array([100, 900, 500]), np.array([0b01, 0b10, 0b01])))
    >>> shop.read(np.array([0]), np.array([0])).values[0]
    b'{"steps":[2,1]}'
    """

    takes: ClassVar[Takes] = "visits"

    def __init__(self, slots: int, keys: int, parameter: FunnelSetting) -> None:
        super().__init__(slots, keys, parameter)
        self._setting = parameter
        # Whether a user's level can only rise with more events, so that a dropped event takes nothing back.
        self._rising = not (parameter.exclude or parameter.modes)
        self._journal = Journal()
        # Cells x levels: users at each level of a single pane.
        self._users: Ints = np.zeros((slots * keys, parameter.steps + 1), np.int64)
        # Per group of the journal its level.
        self._levels: Ints = np.zeros(0, np.int64)
        self._share = FIRST + LAST
        self._thinned = 0
        self._left_out = 0

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: FunnelSetting) -> int:
        return 8 * slots * keys * (parameter.steps + 1) + Journal.budget(MAX_EVENTS + PENDING)

    @classmethod
    def value_bytes(cls, parameter: FunnelSetting) -> int:
        return 60 + STEP_BYTES * parameter.steps

    @classmethod
    def takes_unmarked(cls, parameter: FunnelSetting) -> bool:
        return "strict_order" in parameter.modes

    def add(self, cells: Ints, values: Visits) -> None:
        if len(cells):
            self._journal.append(self._pane_cells(cells), values)
            if self._journal.pending > PENDING:
                self._settle()

    def _alive(self, cells: Ints) -> Bools:
        alive: Bools = self._slot_cells(cells) >= 0
        return alive

    def _settle(self) -> None:
        """Put new events in order and judge their users again."""
        journal = self._journal
        if not journal.pending:
            return
        gone = ~self._alive(journal.group_cells)
        touched = journal.touched() & ~gone
        self._count(journal.group_cells[touched], self._levels[touched], -1)
        kept = ~(touched | gone)
        before = (journal.group_cells[touched], journal.group_users[touched], self._levels[touched])
        levels = self._levels[kept]
        fresh = journal.take_up(kept)
        self._thinned += fresh.thin(*self._keep())
        judged = self._judge(fresh.groups(), fresh.times, fresh.marks, len(fresh.group_cells)).levels
        if self._rising:
            same = fresh.places(before[0], before[1])
            judged[same] = np.maximum(judged[same], before[2])
        self._count(fresh.group_cells, judged, 1)
        journal.put(fresh)
        self._levels = np.concatenate([levels, judged])
        self._make_room()

    def _keep(self) -> tuple[int, int]:
        first = max(self._share * FIRST // (FIRST + LAST), 1)
        return first, max(self._share - first, 1)

    def _make_room(self) -> None:
        """Keep the cap on all events."""
        journal = self._journal
        while len(journal) > MAX_EVENTS and self._share > 2:
            self._share //= 2
            self._thinned += journal.thin(*self._keep())
        if len(journal) > MAX_EVENTS:
            kept = journal.first_groups(MAX_EVENTS * 3 // 4)
            lost = ~kept
            self._left_out += int(lost.sum())
            self._count(journal.group_cells[lost], self._levels[lost], -1)
            journal.keep(kept)
            self._levels = self._levels[kept]

    def _count(self, cells: Ints, levels: Ints, sign: int) -> None:
        """Add these users to the counts of their cells, or take them out."""
        np.add.at(self._users, (self._slot_cells(cells), levels), sign)

    def _judge(self, groups: Ints, times: Ints, marks: Ints, count: int) -> Reached:
        return reach(entries(groups, times, marks, self._setting), count, self._setting)

    def read(self, slots: Ints, keys: Ints) -> Reading:
        self._settle()
        steps, seconds = self._setting.steps, None
        if len(slots) == 1 and not self._setting.times:
            users = self._users.reshape(self.slots, self.keys, steps + 1)[slots[0], keys]
        else:
            users, seconds = self._judged(slots, keys)
        reached = users[:, :0:-1].cumsum(axis=1)[:, ::-1]
        values = np.empty(len(keys), object)
        for i, counts in enumerate(reached.tolist()):
            text = '{"steps":[' + ",".join(map(str, counts))
            if seconds is not None:
                text += '],"seconds":[' + ",".join("null" if s != s else repr(s) for s in seconds[i].tolist())
            values[i] = (text + "]}").encode()
        return Reading(values)

    def _judged(self, slots: Ints, keys: Ints) -> tuple[Ints, Floats | None]:
        """Users of each key by level, and median seconds of each step, over all events of these panes."""
        place = np.full(self.keys, -1, np.int64)
        place[keys] = np.arange(len(keys))
        found = self._rows_of(slots)
        at = place[found.cells % self.keys]
        at, found = at[at >= 0], found.part(at >= 0)
        groups, firsts = group_of(at, found.users)
        reached = self._judge(groups, found.times, found.marks, len(firsts))
        counts = np.zeros((len(keys), self._setting.steps + 1), np.int64)
        np.add.at(counts, (at[firsts], reached.levels), 1)
        if reached.seconds is None:
            return counts, None
        return counts, _medians(at[firsts], reached.seconds, len(keys))

    def _rows_of(self, slots: Ints) -> Rows:
        """The events in these slots, by cells of panes."""
        if self._turns is None:
            return self._journal.of_panes(np.sort(self._pane_of[slots]), self.keys)
        rows = self._journal.rows()
        return rows.part(self._alive(rows.cells))

    def merge(self, sources: Ints, target: int) -> None:
        self._settle()
        found = self._rows_of(sources)
        cells = target * self.keys + found.cells % self.keys
        self.add(cells, Visits(found.users, found.times, found.marks))

    def join(self, sources: Ints, targets: Ints) -> None:
        self._settle()
        into = np.full(self.slots * self.keys, -1, np.int64)
        into[sources] = targets
        found = self._rows_of(np.zeros(1, np.int64))
        cells = into[found.cells % self.keys]
        found = found.part(cells >= 0)
        self.add(cells[cells >= 0], Visits(found.users, found.times, found.marks))

    def vacate(self, cells: Ints) -> None:
        self._settle()
        self._users[cells] = 0
        super().vacate(cells)

    def clear(self, slot: int) -> None:
        self._settle()
        self._users[slot * self.keys : (slot + 1) * self.keys] = 0
        super().clear(slot)

    def dump(self, slots: Ints, keys: Ints) -> Arrays:  # noqa: ARG002  only events that exist are kept
        self._settle()
        place = np.full(self.slots, -1, np.int64)
        place[slots] = np.arange(len(slots))
        rows = self._journal.rows()
        held = self._slot_cells(rows.cells)
        places = np.where(held >= 0, place[held // self.keys], -1)
        cells = places * self.keys + rows.cells % self.keys
        kept = (places >= 0).nonzero()[0]
        order = kept[np.lexsort((rows.marks[kept], rows.times[kept], rows.users[kept], cells[kept]))]
        return {
            "cells": cells[order],
            "users": rows.users[order],
            "times": rows.times[order],
            "marks": rows.marks[order],
            "share": np.array([self._share]),
        } | self._floors(place)

    def _floors(self, place: Ints) -> Arrays:
        """Levels of users, which say more than their events once some were dropped."""
        journal = self._journal
        held = self._slot_cells(journal.group_cells)
        places = np.where(held >= 0, place[held // self.keys], -1)
        cells = places * self.keys + journal.group_cells % self.keys
        order = (places >= 0).nonzero()[0]
        order = order[np.lexsort((journal.group_users[order], cells[order]))]
        return {"group_cells": cells[order], "group_users": journal.group_users[order], "levels": self._levels[order]}

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:  # noqa: ARG002
        self._share = min(self._share, int(state["share"][0]))
        cells = self._placed(slots, state["cells"])
        if not cells.size:
            return
        self.add(cells, Visits(state["users"], state["times"], state["marks"]))
        self._settle()
        if self._rising:
            at = self._journal.places(self._pane_cells(self._placed(slots, state["group_cells"])), state["group_users"])
            self._count(self._journal.group_cells[at], self._levels[at], -1)
            self._levels[at] = np.maximum(self._levels[at], state["levels"])
            self._count(self._journal.group_cells[at], self._levels[at], 1)

    def note(self) -> Mapping[str, int]:
        return {"funnel_events_dropped": self._thinned, "funnel_users_left_out": self._left_out}


def _medians(keys: Ints, seconds: Floats, count: int) -> Floats:
    """Median of each column for each key, NaN where there is none."""
    medians = np.full((count, seconds.shape[1]), np.nan)
    for key in np.unique(keys).tolist():
        rows = seconds[keys == key]
        for step in range(1, seconds.shape[1]):
            known = rows[:, step][~np.isnan(rows[:, step])]
            if known.size:
                medians[key, step] = np.median(known)
    return medians
