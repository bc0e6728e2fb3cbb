"""`funnel(step1, step2, ..)`: how many users got how far within a window, as ClickHouse's `windowFunnel` judges it.

The events that meet a step are kept, so that one which arrives late takes its place among them: any order, split and
merge gives the same value. The search of each user in a single pane is kept as well and goes on with events later than
all before; with an earlier one it begins again. In a window of several panes those are judged who have new events.

Bounds: when all events together exceed the room, the first 16 and the last 48 to arrive of each user in a pane are
kept, and fewer if that is still too much; in the default mode no level that was reached is lost by that. Users in panes
are bounded as well; events of those that came last are refused. What that cost is counted.

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
from analytics.chains import Search, entries, medians, reach
from analytics.journal import Journal, Rows, group_of
from analytics.measures.judged import Judged
from analytics.measures.measure import Arrays, Takes
from analytics.measures.sparse import Paned

__all__ = ["Funnel"]

MAX_EVENTS: Final = 1 << 18
PENDING: Final = 1 << 15
"""New events that may wait to be put in order."""
FIRST: Final = 16
LAST: Final = 48
STEP_BYTES: Final = 24
GROUP_MEMORY: Final = 16 << 20
"""Bytes that decide how many users, each in each pane and key, are kept apart."""
NOT_COUNTED: Final = -1


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
    placed: ClassVar[Mapping[str, tuple[str, ...]]] = {"cells": ("users", "levels", "latest")}

    def __init__(self, slots: int, keys: int, parameter: FunnelSetting) -> None:
        super().__init__(slots, keys, parameter)
        self._setting = parameter
        # Whether a user's level can only rise with more events, so that a dropped event takes nothing back.
        self._rising = not (parameter.exclude or parameter.modes)
        self._again = "strict_once" in parameter.modes
        self._journal = Journal(self._alive, _max_groups(parameter))
        # What windows of several panes are read from, unless the times of all are asked for.
        self._judged_lately = Judged(self._journal, keys, _max_groups(parameter), parameter)
        # What came since the last look.
        self._new: list[tuple[Ints, Visits]] = []
        self._pending = 0
        # Cells x levels: users at each level of a single pane.
        self._users: Ints = np.zeros((slots * keys, parameter.steps + 1), np.int64)
        # Per group its search so far, and the level that is counted.
        self._search = Search(0, parameter._replace(times=False))
        self._levels: Ints = np.zeros(0, np.int64)
        self._share = FIRST + LAST
        self._thinned = 0

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: FunnelSetting) -> int:
        groups = _max_groups(parameter)
        state = 2 * (16 * parameter.steps + 17) * groups
        return 8 * slots * keys * (parameter.steps + 1) + state + Journal.budget(MAX_EVENTS + PENDING, groups)

    @classmethod
    def window_budget(cls, slots: int, keys: int, parameter: FunnelSetting) -> int:  # noqa: ARG003
        return Judged.budget(keys, _max_groups(parameter), parameter.steps)

    @classmethod
    def value_bytes(cls, parameter: FunnelSetting) -> int:
        return 60 + STEP_BYTES * parameter.steps

    @classmethod
    def takes_unmarked(cls, parameter: FunnelSetting) -> bool:
        return "strict_order" in parameter.modes

    def add(self, cells: Ints, values: Visits) -> None:
        if len(cells):
            self._new.append((self._pane_cells(cells), values))
            self._pending += len(cells)
            if self._pending > PENDING:
                self._settle()

    def _alive(self, cells: Ints) -> Bools:
        alive: Bools = self._slot_cells(cells) >= 0
        return alive

    def _settle(self) -> None:
        """Take up new events: users whose events are later than all before go on, others are judged again."""
        if not self._pending:
            return
        cells, visits = zip(*self._new, strict=True)
        self._new, self._pending = [], 0
        journal = self._journal
        rows = journal.take(np.concatenate(cells), Visits(*map(np.concatenate, zip(*visits, strict=True))))
        self._grow(len(journal.cells))
        touched = np.zeros(len(journal.cells), np.bool_)
        touched[rows.groups] = True
        earliest = np.full(len(touched), np.iinfo(np.int64).max)
        np.minimum.at(earliest, rows.groups, rows.times)
        late = touched & ((earliest <= journal.latest) | self._again)
        np.maximum.at(journal.latest, rows.groups, rows.times)
        self._go_on(rows.part(~late[rows.groups]), touched & ~late)
        if late.any():
            self._judge_again(late)
        self._make_room()

    def _grow(self, groups: int) -> None:
        more = groups - len(self._levels)
        self._search.grow(more)
        self._levels = np.append(self._levels, np.full(more, NOT_COUNTED))

    def _go_on(self, rows: Rows, chosen: Bools) -> None:
        groups = chosen.nonzero()[0]
        part = self._search.part(groups)
        part.run(entries(_renumbered(rows.groups, groups, len(chosen)), rows.times, rows.marks, self._setting))
        self._put(groups, part)

    def _put(self, groups: Ints, part: Search) -> None:
        self._recount(groups, part.levels())
        self._search.put(groups, part)

    def _judge_again(self, chosen: Bools) -> None:
        rows, groups = self._journal.of_groups(chosen), chosen.nonzero()[0]
        found = entries(_renumbered(rows.groups, groups, len(chosen)), rows.times, rows.marks, self._setting)
        if self._again:
            self._recount(groups, reach(found, len(groups), self._setting._replace(times=False)).levels)
            return
        part = Search(len(groups), self._setting._replace(times=False))
        part.run(found)
        if self._rising:
            part.best = np.maximum(part.best, self._search.best[groups])
        self._put(groups, part)

    def _recount(self, groups: Ints, levels: Ints) -> None:
        """These users have these levels now."""
        cells = self._slot_cells(self._journal.cells[groups])
        known = self._levels[groups] != NOT_COUNTED
        np.add.at(self._users, (cells[known], self._levels[groups[known]]), -1)
        np.add.at(self._users, (cells, levels), 1)
        self._levels[groups] = levels

    def _make_room(self) -> None:
        """Drop what belongs to closed panes, and keep the cap on all events."""
        journal = self._journal
        while len(journal) > MAX_EVENTS:
            before = len(journal)
            self._forget()
            self._thinned += journal.thin(*self._keep())
            self._judged_lately.drop()
            if len(journal) > before * 3 // 4:
                if self._share <= 2:
                    return
                self._share //= 2

    def _forget(self) -> None:
        stay = self._journal.forget()
        self._judged_lately.drop()
        self._search = self._search.part(stay)
        self._levels = self._levels[stay]

    def _keep(self) -> tuple[int, int]:
        return (first := max(self._share * FIRST // (FIRST + LAST), 1)), max(self._share - first, 1)

    def read(self, slots: Ints, keys: Ints) -> Reading:
        self._settle()
        steps, seconds = self._setting.steps, None
        if len(slots) == 1 and not self._setting.times:
            users = self._users.reshape(self.slots, self.keys, steps + 1)[slots[0], keys]
        elif not self._setting.times:
            panes = self._pane_of[slots]
            users = self._judged_lately.counts(int(panes.min()), int(panes.max()), self._in_slots(slots))[keys]
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
        journal = self._journal
        at = np.where(self._in_slots(slots), place[journal.cells % self.keys], -1)
        rows = journal.of_groups(at >= 0)
        at = at[rows.groups]
        groups, firsts = group_of(at, journal.users[rows.groups])
        reached = reach(entries(groups, rows.times, rows.marks, self._setting), len(firsts), self._setting)
        counts = np.zeros((len(keys), self._setting.steps + 1), np.int64)
        np.add.at(counts, (at[firsts], reached.levels), 1)
        if reached.seconds is None:
            return counts, None
        return counts, medians(at[firsts], reached.seconds, len(keys))

    def _in_slots(self, slots: Ints) -> Bools:
        """Which groups lie in one of these slots."""
        chosen = np.zeros(self.slots + 1, np.bool_)  # one more, for groups whose pane is closed: slot -1
        chosen[slots] = True
        inside: Bools = chosen[self._slot_cells(self._journal.cells) // self.keys]
        return inside

    def merge(self, sources: Ints, target: int) -> None:
        self._settle()
        journal = self._journal
        rows = journal.of_groups(self._in_slots(sources))
        cells = target * self.keys + journal.cells[rows.groups] % self.keys
        self.add(cells, Visits(journal.users[rows.groups], rows.times, rows.marks))

    def join(self, sources: Ints, targets: Ints) -> None:
        self._settle()
        journal = self._journal
        into = np.full(self.slots * self.keys + 1, -1, np.int64)  # one more, for cells that nobody holds: -1
        into[sources] = targets
        cells = into[self._slot_cells(journal.cells)]
        rows = journal.of_groups(cells >= 0)
        self.add(cells[rows.groups], Visits(journal.users[rows.groups], rows.times, rows.marks))

    def vacate(self, cells: Ints) -> None:
        self._settle()
        self._users[cells] = 0
        super().vacate(cells)
        self._tidy()

    def clear(self, slot: int) -> None:
        self._settle()
        self._users[slot * self.keys : (slot + 1) * self.keys] = 0
        self._judged_lately.close(int(self._pane_of[slot]))
        super().clear(slot)
        self._tidy()

    def _tidy(self) -> None:
        """Forget what is closed when it takes much of the room."""
        if len(self._journal.cells) > _max_groups(self._setting) // 2:
            self._forget()

    def dump(self, slots: Ints, keys: Ints) -> Arrays:  # noqa: ARG002  only events that exist are kept
        self._settle()
        journal = self._journal
        place = np.full(self.slots + 1, -1, np.int64)
        place[slots] = np.arange(len(slots))
        places = place[self._slot_cells(journal.cells) // self.keys]
        cells = places * self.keys + journal.cells % self.keys
        groups = (places >= 0).nonzero()[0]
        groups = groups[np.lexsort((journal.users[groups], cells[groups]))]
        number = np.full(len(cells), -1, np.int64)
        number[groups] = np.arange(len(groups))
        rows = journal.of_groups(places >= 0)
        owners = number[rows.groups]
        order = np.lexsort((rows.marks, rows.times, owners))
        return {
            "cells": cells[groups],
            "users": journal.users[groups],
            "levels": self._levels[groups],
            "latest": journal.latest[groups],
            "owners": owners[order],
            "times": rows.times[order],
            "marks": rows.marks[order],
            "share": np.array([self._share]),
        }

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:  # noqa: ARG002
        self._share = min(self._share, int(state["share"][0]))
        owners, cells = state["owners"], self._pane_cells(self._placed(slots, state["cells"]))
        if not len(owners):
            return
        self._new.append((cells[owners], Visits(state["users"][owners], state["times"], state["marks"])))
        self._pending += len(owners)
        self._settle()
        groups = self._journal.find(cells, state["users"])
        self._journal.latest[groups] = np.maximum(self._journal.latest[groups], state["latest"])
        if self._rising:
            self._search.best[groups] = np.maximum(self._search.best[groups], state["levels"])
            self._recount(groups, np.maximum(self._levels[groups], state["levels"]))

    @classmethod
    def renumbered(cls, state: Arrays, order: Ints, numbers: Ints) -> Arrays:
        groups = numbers[state["cells"]].argsort(kind="stable")
        owners = _renumbered(state["owners"], groups, len(groups))
        rows = owners.argsort(kind="stable")
        made = super().renumbered(state, order, numbers) | {"owners": owners[rows]}
        return made | {name: state[name][rows] for name in ("times", "marks")}

    def note(self) -> Mapping[str, int]:
        return {"funnel_events_dropped": self._thinned, "funnel_events_refused": self._journal.refused}


def _renumbered(groups: Ints, chosen: Ints, count: int) -> Ints:
    """Group numbers by their place among the chosen ones."""
    number = np.full(count, -1, np.int64)
    number[chosen] = np.arange(len(chosen))
    return number[groups]


def _max_groups(setting: FunnelSetting) -> int:
    return GROUP_MEMORY // (16 * setting.steps + 80)
