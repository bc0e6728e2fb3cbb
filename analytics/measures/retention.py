"""`retention(start, return)`: of the users whose first start lies in the window, how many are seen periods later.

Of each user three things are known: the first start, its period, and the periods around it in which there was a return.
A start that comes late and is earlier moves the user to the earlier cohort with all returns since then. Users without a
start are known by their returns as long as a late start can still come before those.

Users are remembered when their cohort is closed, so that they do not seem new later. 131,072 are; beyond that those
with the oldest start are forgotten, and it is counted how many.

Value, as JSON text: `{"size": n, "returned": [r1, .., rp]}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.aggregation import RetentionSetting
from analytics.arrays import Bools, Ints, Reading, Visits, Words
from analytics.bygone import NEVER
from analytics.measures.measure import Arrays
from analytics.measures.paned import VACANT
from analytics.measures.steps import Cohorts, Steps, bit, joined, no_steps
from analytics.measures.tracker import MOST, PIECE, Tracker
from analytics.roster import Roster

__all__ = ["Retention"]

NO_START: Final = 1 << 62
REACH: Final = 64
"""Periods before, and from, the one of reference in which returns are known: the bits of a word."""
COLUMNS: Final[dict[str, int | np.generic]] = {
    # First start, epoch ms; the pane it lies in.
    "first": NO_START,
    "pane": VACANT,
    # The period of reference: that of the first start, or of the last return while there is none.
    "period": NEVER,
    # Bit i: a return i periods after that one; bit 64 - i: one i periods before it.
    "after": np.uint64(0),
    "before": np.uint64(0),
}
COUNT_BYTES: Final = 12


class Retention(Tracker):
    """Users by the pane and key of their first start, and of those how many were seen how many periods later.

    >>> days = Retention(slots=1, keys=1, parameter=RetentionSetting(ms=86_400_000, periods=2))
    >>> days.open(0, 7)
    >>> ann, bob, start, back = 1, 2, 0b01, 0b10
    >>> users, times = np.array([ann, bob, ann], np.uint64), np.array([0, 0, 86_400_000])
    >>> days.add(np.zeros(3, np.int64), Visits(users, times, np.array([start, start, back])))
    >>> days.read(np.array([0]), np.array([0])).values[0]
    b'{"size":2,"returned":[1,0]}'
    """

    def __init__(self, slots: int, keys: int, parameter: RetentionSetting) -> None:
        super().__init__(slots, keys, parameter, 1 + parameter.periods)
        self._periods = parameter.axis()
        self._ms = parameter.ms
        self._watched = parameter.periods
        self._mask = np.uint64((2 << parameter.periods) - 2)
        # Users whose first start lies in each cell, and, per period after it, those of them that came back.
        self._size, self._returned = self._counts[0], self._counts[1:]
        self._users = Roster(MOST + PIECE, COLUMNS)
        self._forgotten = 0

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: RetentionSetting) -> int:
        scratch = 3 * PIECE * (8 + parameter.periods)
        return 8 * slots * keys * (1 + parameter.periods) + 8 * slots + Roster.budget(MOST + PIECE, COLUMNS) + scratch

    @classmethod
    def value_bytes(cls, parameter: RetentionSetting) -> int:
        return 60 + COUNT_BYTES * parameter.periods

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"size": self._size} | {f"returned{i}": counts for i, counts in enumerate(self._returned, 1)}

    def add(self, cells: Ints, values: Visits) -> None:
        marked = values.marks != 0
        if not marked.all():
            cells, values = cells[marked], Visits(*(column[marked] for column in values))
        slots = cells // self.keys
        keys, panes = cells - slots * self.keys, self._pane_of[slots]
        changed: list[Ints] = [np.zeros(0, np.int64)]
        for start in range(0, len(cells), PIECE):
            piece = slice(start, start + PIECE)
            self._make_room(len(cells[piece]))
            rows = self._users.rows(keys[piece], values.users[piece])
            changes = self._take(rows, values.times[piece], panes[piece], values.marks[piece])
            changed += [self._count(change) for change in changes]
        self._moved(changed)

    # -- users

    def _take(self, rows: Ints, times: Ints, panes: Ints, marks: Ints) -> tuple[Cohorts, Cohorts]:
        """Take starts and returns; what is to be taken out of the counts, and what is to be added."""
        columns = self._users.columns
        known, claims = self._users.claim(rows)
        place = np.empty(len(rows), np.int64)
        place[self._users.claimed(known)] = np.arange(len(known))
        at = place[claims]
        first, pane, period, after, before = (columns[name][known] for name in COLUMNS)
        done = (first == NO_START) & (period < self._periods.number(self.earliest))
        period[done], after[done], before[done] = NEVER, 0, 0

        starts, returns = (marks & 1).nonzero()[0], (marks & 2).nonzero()[0]
        new_first, new_pane, new_period = first.copy(), pane.copy(), period.copy()
        np.minimum.at(new_first, at[starts], times[starts])
        moved = new_first < first
        firsts = starts[(moved[at[starts]]) & (times[starts] == new_first[at[starts]])]
        new_pane[at[firsts]] = panes[firsts]
        new_period[moved] = self._periods.numbers(new_first[moved])
        seen = self._periods.numbers(times[returns])
        waiting = new_first[at[returns]] == NO_START
        np.maximum.at(new_period, at[returns][waiting], seen[waiting])
        new_after, new_before = _shifted(after, before, period - new_period)
        _mark(new_after, new_before, at[returns], seen - new_period[at[returns]])

        for name, values in zip(COLUMNS, (new_first, new_pane, new_period, new_after, new_before), strict=True):
            columns[name][known] = values
        counted, new_counted = after & self._mask, new_after & self._mask
        changed = (new_first < NO_START) & ((new_pane != pane) | (new_counted != counted))
        keys = self._users.keys[known]
        gone = changed & (first < NO_START)
        return (
            Cohorts(pane[gone], keys[gone], counted[gone], -1),
            Cohorts(new_pane[changed], keys[changed], new_counted[changed], 1),
        )

    def _count(self, changes: Cohorts) -> Ints:
        cells = self._cells(changes.panes, changes.keys)
        held = (cells >= 0).nonzero()[0]
        cells, returns = cells[held], changes.returns[held]
        np.add.at(self._size, cells, changes.sign)
        for i in range(1, self._watched + 1):
            back = cells[bit(returns, i)]
            if back.size:
                np.add.at(self._returned[i - 1], back, changes.sign)
        return cells

    # -- steps

    def counted(self, views: Sequence[Any]) -> Bools:  # noqa: ARG002  its only value is made of all
        return np.ones(1 + self._watched, np.bool_)

    def _trace(self, rows: Ints, times: Ints, panes: Ints, marks: Ints) -> Steps:
        matter = (marks != 0).nonzero()[0]
        if not matter.size:
            return no_steps()
        order = matter[rows[matter].argsort(kind="stable")]
        columns = [column[order] for column in (rows, times, panes, marks)]
        plain, steps = self._plainly(*columns)
        if plain.any():
            self._take(*(column[plain] for column in columns))
        found = [steps._replace(events=order[steps.events])]
        for i in np.sort(order[~plain]).tolist():
            one = slice(i, i + 1)
            changes = self._take(rows[one], times[one], panes[one], marks[one])
            found += [change.steps(i, self._watched) for change in changes if len(change.panes)]
        return joined(found)

    def _plainly(self, rows: Ints, times: Ints, panes: Ints, marks: Ints) -> tuple[Bools, Steps]:
        """The steps of events by user and arrival, and to which that applies.

        To those of users whose first start is known and stays, or does not come here, or comes here before all others
        and before all returns of later periods.
        """
        users, n = self._users, len(rows)
        new = np.ones(n, np.bool_)
        new[1:] = rows[1:] != rows[:-1]
        heads, group = new.nonzero()[0], new.cumsum() - 1
        first, pane, period, after, _ = (users.columns[name][rows[heads]] for name in COLUMNS)
        starts = marks & 1 != 0
        earliest = np.minimum.reduceat(np.where(starts, times, NO_START), heads)
        known, none = first < NO_START, earliest == NO_START
        # Where each user's first start to arrive is; means nothing where there is none.
        begin = np.minimum.reduceat(np.where(starts, np.arange(n), n - 1), heads)
        begun = self._periods.numbers(times[begin])
        at = (marks & 2 != 0).nonzero()[0]
        seen = self._periods.numbers(times[at])
        ahead = np.zeros(len(heads), np.bool_)
        ahead[group[at[(at < begin[group[at]]) & (seen > begun[group[at]])]]] = True
        fresh = ~known & ~none & (earliest == times[begin]) & (period <= begun) & ~ahead
        counted = fresh | (known & (earliest >= first))
        pane = np.where(known, pane, panes[begin])
        period = np.where(known, period, begun)

        later = seen - period[group[at]]
        inside = (later > 0) & (later <= self._watched) & counted[group[at]]
        at, later = at[inside], later[inside]
        bits = np.where(known, after, 0)[group[at]]
        again = (bits >> later.astype(np.uint64)) & np.uint64(1) != 0
        at, later = at[~again], later[~again]
        # Of several returns in a period the first to arrive.
        one = np.unique(group[at] * REACH + later, return_index=True)[1]
        begin = begin[fresh]
        events = np.concatenate([begin, at[one]])
        counts = np.concatenate([np.zeros(len(begin), np.int64), later[one]])
        steps = Steps(events, pane[group[events]], users.keys[rows[events]], counts, np.ones(len(events), np.int64))
        return (counted | (~known & none))[group], steps

    def _rehome(self, panes: Ints, target: int) -> None:
        column = self._users.columns["pane"]
        column[np.isin(column, panes)] = target

    # -- bounds

    def _make_room(self, count: int) -> None:
        """There will be so many more events."""
        users = self._users
        if len(users) + count <= MOST or (users.room >= count and len(users) <= MOST):
            return
        known = users.used()
        matters = self._matters(known)
        users.release(known[~matters])
        known = known[matters]
        if len(known) > MOST:
            columns = users.columns
            started = columns["first"][known] < NO_START
            since = np.where(started, columns["first"][known], columns["period"][known] * self._ms)
            order = np.lexsort((users.hashes[known], users.keys[known], since))
            gone = known[order[: len(known) - MOST * 15 // 16]]
            users.release(gone)
            self._forgotten += len(gone)

    def _matters(self, rows: Ints) -> Bools:
        """Whether these have started, or a start can still come before their last return."""
        columns = self._users.columns
        earliest = self._periods.number(self.earliest)
        matters: Bools = (columns["first"][rows] < NO_START) | (columns["period"][rows] >= earliest)
        return matters

    def note(self) -> Mapping[str, int]:
        return {"retention_forgotten": self._forgotten}

    # -- values

    def readings(self, views: Sequence[Any], counts: Ints) -> list[Reading]:
        values = np.empty(counts.shape[1], object)
        values[:] = [
            f'{{"size":{size},"returned":[{",".join(map(str, returned))}]}}'.encode()
            for size, *returned in counts.T.tolist()
        ]
        return [Reading(values) for _ in views]

    # -- snapshots

    def dump(self, slots: Ints, keys: Ints) -> Arrays:
        users = self._users
        known = users.used()
        known = known[self._matters(known)]
        known = known[np.lexsort((users.hashes[known], users.keys[known]))]
        columns = {name: column[known] for name, column in users.columns.items()}
        return super().dump(slots, keys) | {
            "keys": users.keys[known],
            "users": users.hashes[known],
            "places": self._places(slots, columns.pop("pane")),
            "forgotten": np.array([self._forgotten]),
            **columns,
        }

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:
        super().load(slots, keys, state)
        self._forgotten = int(state["forgotten"][0])
        if len(state["keys"]):
            rows = self._users.rows(state["keys"], state["users"])
            for name in COLUMNS:
                panes = name == "pane"
                values = self._placed_panes(slots, state["places"]) if panes else state[name]
                self._users.columns[name][rows] = values


def _shifted(after: Words, before: Words, by: Ints) -> tuple[Words, Words]:
    """Both words as one of 128 bits, moved up by `by`, or down; shifts by 64 and more of one word give 0 in numpy."""
    up = np.clip(by, 0, 2 * REACH).astype(np.uint64)
    down = np.clip(-by, 0, 2 * REACH).astype(np.uint64)
    width = np.uint64(REACH)
    # What is below zero wraps around to a shift that is far too wide, which gives 0 as it should.
    after, before = (after << up) | (before >> (width - up)) | (before << (up - width)), before << up
    before = (before >> down) | (after << (width - down)) | (after >> (down - width))
    return after >> down, before


def _mark(after: Words, before: Words, at: Ints, offsets: Ints) -> None:
    """Set the bits of returns that lie so many periods after the one of reference; those out of reach have none."""
    ahead = ((offsets >= 0) & (offsets < REACH)).nonzero()[0]
    np.bitwise_or.at(after, at[ahead], np.uint64(1) << offsets[ahead].astype(np.uint64))
    behind = ((offsets < 0) & (offsets >= -REACH)).nonzero()[0]
    np.bitwise_or.at(before, at[behind], np.uint64(1) << (offsets[behind] + REACH).astype(np.uint64))
