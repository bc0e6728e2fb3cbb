"""How far users got in a funnel in which no event takes a level back: every user's search goes on from pane to pane.

Per user in a pane it is kept in which pane the latest chain began that had reached each step by then, see `starts.py`.
A user's level in a window is how many of these panes lie in it, of the user's last pane in the window. So nobody has to
be judged again when a window slides on: as the user's newest panes are counted by where these chains began, the value
of a window that goes on until now is a sum of counters, and only users with events behind it are looked at.

An event that is earlier than others of its user has all events of the user judged again. Panes follow each other in
time; a user of whom that is not true is odd, and judged from the events of each window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from analytics.aggregation import FunnelSetting
from analytics.arrays import Bools, Ints
from analytics.chains import Entries, entries, reach
from analytics.columns import ordered
from analytics.journal import Journal, Rows
from analytics.measures.moved import Moved
from analytics.measures.persons import NONE, Persons
from analytics.measures.tally import Tally
from analytics.starts import NEVER, latest_starts

__all__ = ["PIECE", "Rising"]

PIECE: Final = 1 << 15
"""Events, and those of one person, that are judged again at once."""


class _Part(NamedTuple):
    """Entries of some people and what is asked of them."""

    people: Ints
    """Ascending; the groups of `found` are their positions here."""
    found: Entries
    panes: Ints
    """Of each entry."""
    groups: Ints
    """Those of each person one after the other, by pane."""
    of: Ints
    """Whose each group is, by position."""
    ends: Ints
    """How many entries come before the end of each."""
    last: Ints
    """The last group of each person, by position among `groups`."""


class Rising(Persons):
    """Levels of the groups of `journal`, in which a group is a user in a pane and key, and a person a user of a key."""

    def __init__(self, journal: Journal, keys: int, setting: FunnelSetting, slots_of: Callable[[Ints], Ints]) -> None:
        super().__init__(journal, keys, setting.steps)
        self._setting = setting
        self._slots_of = slots_of
        # Whether windows of several panes can be read from that: no pane was taken from between others.
        self._whole = True
        # The newest groups by where their chains began. None: nobody asked yet.
        self._tally: Tally | None = None

    # -- events

    def take(self, rows: Rows) -> Moved:
        """Events came, which the journal has: whose levels are others now."""
        found = entries(self._person[rows.groups], rows.times, rows.marks, self._setting)
        if not len(found.groups):
            return Moved.none()
        groups = rows.groups[found.events]
        panes = self._pane[groups]
        same = found.groups[1:] == found.groups[:-1]
        heads = np.append(0, (~same).nonzero()[0] + 1)
        sizes = np.diff(np.append(heads, len(panes)))
        people = found.groups[heads]
        newest = self._newest[people]
        # Who never began, and does not now, is nowhere, in whatever order the events are.
        begun = (self._began[people, 0] != NEVER) | np.logical_or.reduceat(found.steps == 0, heads)
        late = (found.times[heads] <= self._latest[people]) & begun
        late |= (newest != NONE) & (panes[heads] < self._pane[newest])
        self._latest[people] = np.maximum(self._latest[people], found.times[heads + sizes - 1])
        rank = np.repeat(np.arange(len(heads)), sizes)
        back = same & (panes[1:] < panes[:-1])
        if back.any():
            late[rank[1:][back]] = True
        moved = []
        if late.any():
            again = np.zeros(self._known, np.bool_)
            again[people[late]] = True
            moved.append(self.again(again))
            on_time = ~late[rank]
            if not on_time.any():
                return moved[0]
            found, groups, panes = Entries(*(column[on_time] for column in found)), groups[on_time], panes[on_time]
            people = people[~late]
            rank = (np.cumsum(~late) - 1)[rank[on_time]]
        found = found._replace(groups=rank)
        ends = np.append((groups[1:] != groups[:-1]) | (rank[1:] != rank[:-1]), True).nonzero()[0]
        of = rank[ends]
        last = np.append(of[1:] != of[:-1], True).nonzero()[0]
        moved.append(self._go_on(_Part(people, found, panes, groups[ends], of, ends + 1, last)))
        return Moved.joined(moved)

    def _go_on(self, part: _Part) -> Moved:
        """Everything is later than what these people did before."""
        newest = self._newest[part.people]
        known = np.where((newest != NONE)[:, None], self._since[newest], NEVER)
        before = np.append(NONE, part.groups[:-1])
        starts = np.append(0, part.last[:-1] + 1)
        before[starts] = newest
        other = before != part.groups
        self._before[part.groups[other]] = before[other]
        return self._put(part, self._began[part.people], self._at[part.people], known[part.of])

    def again(self, people: Bools) -> Moved:
        """Judge all events of these people from the first one on. A level that was reached stays."""
        chosen = people[self._person[: self._n]] & self._journal.alive()
        if not chosen.any():
            return Moved.none()
        rows = self._journal.rows.groups
        if len(rows) <= PIECE:
            return self._again(chosen)
        # Some at a time: all at once take several times the memory of their events.
        sizes = np.bincount(self._person[rows[chosen[rows]]], minlength=self._known)
        piece = np.cumsum(sizes) // PIECE
        moved = [Moved.none()]
        for number in np.unique(piece[people]).tolist():
            part = chosen & (piece == number)[self._person[: self._n]]
            if part.any():
                moved.append(self._again(part))
        return Moved.joined(moved)

    def _again(self, chosen: Bools) -> Moved:
        groups = chosen.nonzero()[0]
        groups = groups[ordered(self._person[groups], self._pane[groups])]
        who = self._person[groups]
        first = np.append(True, who[1:] != who[:-1])
        of = np.cumsum(first) - 1
        number = np.zeros(self._n, np.int64)
        number[groups] = np.arange(len(groups))
        rows = self._journal.of_groups(chosen)
        found = entries(number[rows.groups], rows.times, rows.marks, self._setting)
        panes = self._pane[groups]
        ends = np.searchsorted(found.groups, np.arange(len(groups)), side="right")
        self._before[groups] = np.where(first, NONE, np.append(NONE, groups[:-1]))
        last = np.append(first[1:], True).nonzero()[0]
        part = _Part(who[first], found._replace(groups=of[found.groups]), panes[found.groups], groups, of, ends, last)
        never = np.full((len(last), self._steps), NEVER)
        counted = self._counted(part.people)
        self._odd[part.people] = False
        self._odd[part.people[part.found.groups[1:][_back(part)]]] = True
        self._recount(counted, self._counted(part.people))
        return self._put(part, never, never, self._reached_before(groups, panes, first, of))

    def _reached_before(self, groups: Ints, panes: Ints, first: Bools, of: Ints) -> Ints:
        """By group and step the last pane so far in which the step is known to have been reached, whatever is left of
        its events."""
        heads = first.nonzero()[0][of]
        at = np.arange(len(groups))
        found = np.full((len(groups), self._steps), NEVER)
        levels = self._level[groups]
        for step in range(int(levels.max(initial=0))):
            last = np.maximum.accumulate(np.where(levels > step, at, NONE))
            found[:, step] = np.where(last >= heads, panes[last], NEVER)
        return found

    def _put(self, part: _Part, began: Ints, at: Ints, least: Ints) -> Moved:
        """Take down what became of these people, whose chains began and began there before."""
        counted = self._counted(part.people)
        starts = latest_starts(part.found, began, self._setting.within, part.of, part.ends)
        ats = starts.of(part.panes, at[part.of])
        self._since[part.groups] = since = np.maximum(ats, least)
        self._began[part.people] = starts.of(part.found.times, began[part.of])[part.last]
        self._at[part.people] = ats[part.last]
        self._newest[part.people] = part.groups[part.last]
        self._recount(counted, self._counted(part.people))
        levels = (since >= self._pane[part.groups][:, None]).sum(axis=1)
        changed = (levels != self._level[part.groups]).nonzero()[0]
        groups = part.groups[changed]
        moved = Moved(groups, self._level[groups], levels[changed])
        self._level[groups] = moved.now
        return moved

    def raise_to(self, groups: Ints, levels: Ints) -> Moved:
        """These groups are known to have reached these higher levels, whatever is left of their events."""
        raised = Moved(groups, self._level[groups], levels)
        self._level[groups] = levels
        people = np.zeros(self._known, np.bool_)
        people[self._person[groups]] = True
        return Moved.joined([raised, self.again(people)])

    def note_latest(self, groups: Ints) -> None:
        """There were events of these groups as late as the journal says, whatever is left of them."""
        np.maximum.at(self._latest, self._person[groups], self._journal.latest[groups])

    # -- windows of several panes

    def drop(self) -> None:
        """A pane was taken from between others, or events were dropped: all that outlasts a pane is made anew."""
        self._whole = False
        self._tally = None

    def close(self, slot: int, *, oldest: bool) -> None:
        """The pane in this slot is about to be closed."""
        if not oldest:
            self.drop()
        elif self._tally is not None:
            self._tally.leave(slot)

    def counts(self, first: int, last: int, pane_of: Ints) -> Ints:
        """Keys x steps: users that reached each step in the panes `first` .. `last`; `pane_of` are those of the slots.

        Cost: a row of counters for each pane that the window left behind, and the users with events behind it.
        """
        if not self._whole:
            self._whole = True
            self.again(np.ones(self._known, np.bool_))
        if self._tally is None:
            self._tally = Tally(self._keys, self._steps, pane_of, self._slots_of)
            self._recount(None, self._counted(np.arange(self._known)))
        counts = self._tally.since(first)
        behind = (self._pane[: self._n] > last).nonzero()[0]
        groups = behind[(self._newest[self._person[behind]] == behind) & ~self._odd[self._person[behind]]]
        if groups.size:
            self._add(counts, groups, first, -1)
            while groups.size:
                groups = self._before[groups]
                groups = groups[groups != NONE]
                there = self._pane[groups] <= last
                self._add(counts, groups[there], first, 1)
                groups = groups[~there]
        if self._odd[: self._known].any():
            self._judge_odd(counts, first, last)
        return counts

    def _judge_odd(self, counts: Ints, first: int, last: int) -> None:
        """Count the odd ones in a window: from its events, whatever panes they are in."""
        inside = self._odd[self._person[: self._n]] & self._journal.alive()
        inside &= (self._pane[: self._n] >= first) & (self._pane[: self._n] <= last)
        rows, people = self._journal.of_groups(inside), np.unique(self._person[: self._n][inside])
        found = entries(people.searchsorted(self._person[rows.groups]), rows.times, rows.marks, self._setting)
        levels = reach(found, len(people), self._setting._replace(times=False)).levels
        groups = inside.nonzero()[0]
        np.maximum.at(levels, people.searchsorted(self._person[groups]), self._level[groups])
        keys = self._journal.cells[self._newest[people]] % self._keys
        at, step = (levels[:, None] > np.arange(self._steps)).nonzero()
        np.add.at(counts, (keys[at], step), 1)

    def _add(self, counts: Ints, groups: Ints, first: int, sign: int) -> None:
        at, step = (self._since[groups] >= first).nonzero()
        np.add.at(counts, (self._journal.cells[groups[at]] % self._keys, step), sign)

    def _counted(self, people: Ints) -> tuple[Ints, Ints] | None:
        """How these people are counted by where their latest chains began: keys, and panes by step. None: not yet."""
        if self._tally is None:
            return None
        groups = self._newest[people]
        groups = groups[(groups != NONE) & ~self._odd[people]]
        return self._journal.cells[groups] % self._keys, self._since[groups]

    def _recount(self, before: tuple[Ints, Ints] | None, now: tuple[Ints, Ints] | None) -> None:
        """Take people out as they were counted before, and count them as they are now."""
        if self._tally is not None and now is not None:
            parts, signs = [now], [np.ones(len(now[0]), np.int64)]
            if before is not None:
                parts.append(before)
                signs.append(np.full(len(before[0]), -1))
            keys, panes = map(np.concatenate, zip(*parts, strict=True))
            self._tally.count(keys, panes, np.concatenate(signs))


def _back(part: _Part) -> Bools:
    """Where an entry does not come behind that before it, of the same person: earlier, or as early in another pane."""
    found, panes = part.found, part.panes
    level = (found.times[1:] == found.times[:-1]) & (panes[1:] != panes[:-1])
    back: Bools = (found.groups[1:] == found.groups[:-1]) & ((found.times[1:] < found.times[:-1]) | level)
    return back
