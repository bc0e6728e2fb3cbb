"""The events of a funnel as they come: which users in which panes they belong to, and what is kept of them.

They wait to be taken up together. An event of a user who went all the way in its pane changes nothing any more, where
no event can take that back, and is not kept.

Bounds: when all events together exceed the room, the first 16 and the last 48 to arrive of each user in a pane are
kept, and fewer if that is still too much. Users in panes are bounded as well; events of those that came last are
refused, and the values of their panes and keys say that they are too low. What that cost is counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

import numpy as np

from analytics.aggregation import FunnelSetting
from analytics.arrays import Bools, Floats, Ints, Visits, Words
from analytics.journal import Journal, Rows
from analytics.measures.judged import Judged
from analytics.measures.measure import Takes, over
from analytics.measures.moved import Moved
from analytics.measures.needless import Needless
from analytics.measures.paned import VACANT, Paned
from analytics.measures.rising import PIECE, Rising
from analytics.measures.room import MAX_EVENTS, Room
from analytics.measures.searching import Searching, renumbered

__all__ = ["Visited"]

PENDING: Final = 1 << 15
"""New events that may wait to be put in order."""
MUCH: Final = PENDING * 2 // 3
"""From so many on a batch may be too much: those that were joined have 10,000."""
PART: Final = 1 << 13
"""Events that are taken up together, about, in some milliseconds."""
KEPT: Final = 1 << 16
"""Events that are kept already, for which there is one part more: a late event has all of its user judged again."""
EVENT_BYTES: Final = 60
ENTRY_BYTES: Final = 30
"""Of an event, and of each step that it meets, while it is taken up."""
WAITING_BYTES: Final = 32
"""Of an event that waits to be taken up."""
LOOKING: Final = 48
"""Of a user in a pane for a moment, while all are looked at: to see which panes are closed, say."""
TIMED_BYTES: Final = 56
TIME_BYTES: Final = 24
"""Of a user whose times are asked for, and of each step, while medians are looked for."""
GROUP_MEMORY: Final = 16 << 20
"""Bytes that decide how many users, each in each pane and key, are kept apart."""


class Visited(Paned):
    """Events of users, and how far each got in each pane."""

    takes: ClassVar[Takes] = "visits"
    estimates = True
    placed: ClassVar[Mapping[str, tuple[str, ...]]] = {"cells": ("users", "levels", "latest"), "short": ()}

    def __init__(self, slots: int, keys: int, parameter: FunnelSetting) -> None:
        super().__init__(slots, keys, parameter)
        self._setting = parameter
        most = _max_groups(parameter)
        self._journal = Journal(self._alive, most, MAX_EVENTS + PENDING)
        # Whether a user's level can only rise with more events, so that a dropped event takes nothing back.
        self._levels: Rising | Searching
        self._judged_lately: Judged | None = None
        if _rises(parameter):
            self._levels = Rising(self._journal, keys, parameter, self._slots_of)
        else:
            self._levels = Searching(self._journal, parameter)
            self._judged_lately = Judged(self._journal, keys, parameter)
        # Events of users who got through in a pane change nothing any more, unless times are asked for.
        self._through = parameter.steps if _rises(parameter) and not parameter.times else None
        # What came since the last look.
        self._new: list[tuple[Ints, Visits]] = []
        self._pending = 0
        # Of those, parts that are sorted out and not taken up.
        self._parts: deque[Rows] = deque()
        # Cells x levels: users who got so far in a single pane, from level 1 on. None: windows are of several panes.
        self._users: Ints | None = np.zeros((slots * keys, parameter.steps + 1), np.int64)
        self._room = Room(self._journal, parameter, self._levels, self._through, self._dropped)
        # Cells: whether users were refused there. None: nowhere.
        self._short: Bools | None = None

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: FunnelSetting) -> int:
        groups, steps = Journal.capacity_of(_max_groups(parameter)), parameter.steps
        state = Journal.budget(MAX_EVENTS + PENDING, _max_groups(parameter)) + WAITING_BYTES * PENDING
        if _rises(parameter):
            state += Rising.budget(groups, steps) + Needless.budget(groups, steps)
        else:
            state += Searching.budget(groups, steps)
        return (8 * (steps + 1) + 1) * slots * keys + state

    @classmethod
    def window_budget(cls, slots: int, keys: int, parameter: FunnelSetting) -> int:  # noqa: ARG003
        # Whoever reads such a window may have all users judged again.
        size = _judging(parameter)
        if not _rises(parameter):
            size += Judged.budget(keys, Journal.capacity_of(_max_groups(parameter)), parameter.steps)
        return size

    @classmethod
    def passing(cls, slots: int, keys: int, parameter: FunnelSetting) -> int:  # noqa: ARG003
        groups = Journal.capacity_of(_max_groups(parameter))
        growth = 0 if _rises(parameter) else Searching.budget(groups, parameter.steps)
        timing = (TIMED_BYTES + TIME_BYTES * parameter.steps) * groups * parameter.times
        return max(_judging(parameter) + timing, LOOKING * groups, growth)

    @classmethod
    def takes_unmarked(cls, parameter: FunnelSetting) -> bool:
        return "strict_order" in parameter.modes

    def bound(self, longest: int) -> None:
        self._room.bound(longest)

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
        """Take up new events."""
        for _ in self.settling():
            pass

    def settling(self, *, much: bool = False) -> Iterator[None]:
        if not (self._parts or self._pending) or (much and self._pending < MUCH):
            return
        while self._parts or self._pending:
            if self._parts:
                rows = self._parts.popleft()
                self._journal.append(rows)
                self._recount(self._levels.take(rows))
                yield
            else:
                # Somebody else may have begun to make room, and not be done.
                yield from self._room.making()
                if self._pending and not self._parts:
                    self._sort_out()
        yield from self._room.making()
        yield

    def _sort_out(self) -> None:
        """Find the groups of new events, and put those events into parts that are taken up one by one.

        A user's are all in one, so that it does not matter what comes before what.
        """
        cells, visits = zip(*self._new, strict=True)
        self._new, self._pending = [], 0
        users, times, marks = map(np.concatenate, zip(*visits, strict=True))
        where = np.concatenate(cells)
        groups = self._groups(where, users)
        kept = groups >= 0
        if not kept.all():
            self._journal.refused += int((~kept).sum())
            self._fall_short(where[~kept])
        if self._through is not None:
            kept &= self._levels.levels[groups] < self._through
        rows = self._room.needed(Rows(groups, times, marks).part(kept))
        count = max(-(-len(rows.groups) // PART), len(self._journal) // KEPT) if len(rows.groups) else 0
        if count > 1:
            part = (self._journal.users[rows.groups] >> np.uint64(32)) % np.uint64(count)
            self._parts.extend(rows.part(part == each) for each in range(count))
        elif count:
            self._parts.append(rows)

    def _groups(self, cells: Ints, users: Words) -> Ints:
        """The group of each, known from now on; -1 where there is no room for it."""
        groups = self._journal.place(cells, users)
        if groups is None:
            self._forget()
            groups = self._journal.place(cells, users)
        assert groups is not None, "there is room after what is dead was forgotten"
        self._levels.meet()
        return groups

    def _fall_short(self, cells: Ints) -> None:
        """Users were refused in these cells, by pane."""
        slots = self._slot_cells(cells)
        self._mark_short(slots[slots >= 0])

    def _mark_short(self, cells: Ints) -> None:
        if len(cells):
            if self._short is None:
                self._short = np.zeros(self.slots * self.keys, np.bool_)
            self._short[cells] = True

    def _shortfall(self, slots: Ints, keys: Ints) -> Floats | None:
        """The error of what is said of a window: 1 where users were refused, so that it is at least so much."""
        if self._short is None:
            return None
        short: Bools = np.logical_or.reduce(over(self._short.reshape(self.slots, self.keys), slots, keys))
        return np.where(short, 1.0, 0.0) if short.any() else None

    def _recount(self, moved: Moved) -> None:
        """Levels of single panes became others."""
        if self._users is not None and len(moved.groups):
            cells = self._slot_cells(self._journal.cells[moved.groups])
            np.add.at(self._users, (cells, moved.before), -1)
            np.add.at(self._users, (cells, moved.now), 1)

    def _dropped(self, mattered: bool) -> None:
        """Events were dropped. What outlasts a pane is made anew of those that are left, or stays if none mattered."""
        if mattered and isinstance(self._levels, Rising):
            self._levels.drop()
        if self._judged_lately is not None:
            self._judged_lately.drop()

    def _forget(self) -> None:
        self._levels.forget(self._journal.forget())
        self._room.look_again()
        if self._judged_lately is not None:
            self._judged_lately.drop()

    def _in_slots(self, slots: Ints) -> Bools:
        """Which groups lie in one of these slots."""
        chosen = np.zeros(self.slots + 1, np.bool_)  # one more, for groups whose pane is closed: slot -1
        chosen[slots] = True
        inside: Bools = chosen[self._slot_cells(self._journal.cells) // self.keys]
        return inside

    def merge(self, sources: Ints, target: int) -> None:
        self._settle()
        if self._short is not None:
            table = self._short.reshape(self.slots, self.keys)
            table[target] |= table[sources].any(axis=0)
        inside = self._in_slots(sources)
        self._move(inside, target * self.keys + self._journal.cells % self.keys)

    def join(self, sources: Ints, targets: Ints) -> None:
        self._settle()
        if self._short is not None:
            self._mark_short(targets[self._short[sources]])
        into = np.full(self.slots * self.keys + 1, -1, np.int64)  # one more, for cells that nobody holds: -1
        into[sources] = targets
        cells = into[self._slot_cells(self._journal.cells)]
        self._move(cells >= 0, cells)

    def _move(self, chosen: Bools, cells: Ints) -> None:
        """Add what these groups have to the cells, in step with all groups."""
        journal, groups = self._journal, chosen.nonzero()[0]
        if groups.size:
            rows = journal.of_groups(chosen)
            number = renumbered(rows.groups, groups, len(chosen))
            self._take_over(
                self._pane_cells(cells[groups]), journal.users[groups], self._levels.levels[groups],
                journal.latest[groups], rows._replace(groups=number),
            )  # fmt: skip
            self._dropped(True)

    def _take_over(self, cells: Ints, users: Words, levels: Ints, latest: Ints, rows: Rows) -> None:
        """Take in users with their levels, and their events, whose groups are positions among these users."""
        groups = self._groups(cells, users)
        there = groups >= 0
        self._fall_short(cells[~there])
        owners = groups[rows.groups]
        self._journal.refused += int((owners < 0).sum())
        taken = rows._replace(groups=owners).part(owners >= 0)
        if self._through is not None:
            taken = taken.part(self._levels.levels[taken.groups] < self._through)
        taken = self._room.needed(taken)
        self._journal.append(taken)
        if len(taken.groups):
            self._recount(self._levels.take(taken))
        np.maximum.at(self._journal.latest, groups[there], latest[there])
        self._levels.note_latest(groups[there])
        if isinstance(self._levels, Rising):
            raised = there & (levels > self._levels.levels[groups])
            self._recount(self._levels.raise_to(groups[raised], levels[raised]))
        for _ in self._room.making():
            pass

    def vacate(self, cells: Ints) -> None:
        self._settle()
        if self._users is not None:
            self._users[cells] = 0
        if self._short is not None:
            self._short[cells] = False
        super().vacate(cells)

    def clear(self, slot: int) -> None:
        self._settle()
        pane = int(self._pane_of[slot])
        if self._users is not None:
            self._users[slot * self.keys : (slot + 1) * self.keys] = 0
        if self._short is not None:
            self._short[slot * self.keys : (slot + 1) * self.keys] = False
        if self._judged_lately is not None:
            self._judged_lately.close(pane)
        elif isinstance(self._levels, Rising):
            held = self._pane_of[self._pane_of != VACANT]
            self._levels.close(slot, oldest=pane == int(held.min(initial=pane)))
        super().clear(slot)

    def note(self) -> Mapping[str, int]:
        return {"funnel_events_dropped": self._room.thinned, "funnel_events_refused": self._journal.refused}


def _rises(setting: FunnelSetting) -> bool:
    """Whether a user's level can only rise with more events."""
    return not (setting.exclude or setting.modes)


def _max_groups(setting: FunnelSetting) -> int:
    return GROUP_MEMORY // (16 * setting.steps + 80)


def _judging(setting: FunnelSetting) -> int:
    """Bytes for a moment of so many events, or those that came last; each is an entry at each of its steps."""
    return (EVENT_BYTES + ENTRY_BYTES * setting.steps) * (PENDING + PIECE)
