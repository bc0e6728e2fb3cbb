"""`sessions()`, `session_seconds()` and `bounce_rate()`: sessions of users that start in the window.

Events of one user whose gap is at most `gap` belong together. Per user the newest session is at hand, and those before
it as long as an event that is not late can still reach them. A batch is sorted together with the sessions that it may
touch; what hangs together becomes one session, and the counts change by the difference. So an event that comes out of
order moves a start or bridges two sessions by the same few array operations.

A session counts where it starts, with all of its events that came before that pane was closed. A user is known until
`gap` after the last event, or, when more than 131,072 are known, is forgotten earlier: those first whose last event
lies back furthest. How many were is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.aggregation import SessionSetting
from analytics.arrays import Bools, Ints, Reading, Visits
from analytics.bygone import NEVER, Bygone, Spans
from analytics.measures.measure import Arrays
from analytics.measures.paned import VACANT
from analytics.measures.steps import Stays, Steps, joined, no_steps
from analytics.measures.tracker import MOST, PIECE, Tracker
from analytics.measures.walk import Walk
from analytics.pairs import REBUILDING
from analytics.roster import Roster

__all__ = ["Sessions"]

MOST_BYGONE: Final = 1 << 17
"""Sessions kept besides the newest of each user."""
COLUMNS: Final = {"start": NEVER, "last": NEVER, "pane": VACANT, "several": 0, "past": -1}
SHIFT: Final = 49
COUNTS: Final = ("n", "ms", "bounces")
LONGEST: Final = (1 << 47) - 1
"""Milliseconds between the first and the last event of a batch that are told apart, about 4,460 years."""


class Sessions(Tracker):
    """Sessions by the pane and key that they start in.

    >>> visits = Sessions(slots=1, keys=1, parameter=SessionSetting(gap=1_000))
    >>> visits.open(0, 7)
    >>> ann = np.full(3, 1, np.uint64)
    >>> visits.add(np.zeros(3, np.int64), Visits(ann, np.array([0, 1_000, 9_000]), np.zeros(3, np.int64)))
    >>> count, seconds, bounces = visits.read_views(["count", "seconds", "bounce_rate"], np.array([0]), np.array([0]))
    >>> count.values, seconds.values, bounces.values
    (array([2]), array([0.5]), array([0.5]))
    """

    def __init__(self, slots: int, keys: int, parameter: SessionSetting) -> None:
        super().__init__(slots, keys, parameter, len(COUNTS))
        self._gap = parameter.gap
        # Sessions that start in each cell, their milliseconds in all, and those of one event.
        self._n, self._ms, self._bounces = self._counts
        # The newest session of each user; `past` leads to those before it.
        self._users = Roster(MOST + PIECE, COLUMNS)
        self._bygone = Bygone(MOST_BYGONE)
        self._forgotten = 0

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: SessionSetting) -> int:  # noqa: ARG003  any gap costs the same
        users = Roster.budget(MOST + PIECE, COLUMNS) + Bygone.budget(MOST_BYGONE + 3 * PIECE)
        return 24 * slots * keys + 8 * slots + users

    @classmethod
    def passing(cls, slots: int, keys: int, parameter: SessionSetting) -> int:  # noqa: ARG003
        return max(REBUILDING, Bygone.passing(MOST_BYGONE + 3 * PIECE))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return dict(zip(COUNTS, self._counts, strict=True))

    def counted(self, views: Sequence[Any]) -> Bools:
        of = {"count": "n", "seconds": "ms", "bounce_rate": "bounces"}
        return np.isin(COUNTS, ["n", *(of[view] for view in views)])

    def add(self, cells: Ints, values: Visits) -> None:
        slots = cells // self.keys
        keys, panes = cells - slots * self.keys, self._pane_of[slots]
        changed: list[Ints] = [np.zeros(0, np.int64)]
        for start in range(0, len(cells), PIECE):
            piece = slice(start, start + PIECE)
            self._make_room(len(cells[piece]))
            rows = self._users.rows(keys[piece], values.users[piece])
            times = values.times[piece]
            changed += [self._count(change) for change in self._changes(rows, times, panes[piece])]
        self._moved(changed)

    def _changes(self, rows: Ints, times: Ints, panes: Ints) -> Iterator[Stays]:
        """Put events in their sessions; what becomes of the counts by that."""
        rest, changes = self._go_on(rows, times)
        yield changes
        if rest.size:
            yield self._take(rows[rest], times[rest], panes[rest])

    # -- sessions

    def _go_on(self, rows: Ints, times: Ints) -> tuple[Ints, Stays]:
        """Lengthen the newest sessions of the users all of whose events fall into those, as most do.

        Returns the events of the other users, too.
        """
        columns = self._users.columns
        known, claims = self._users.claim(rows)
        outside = (times < columns["start"][rows]) | (times > columns["last"][rows] + self._gap)
        other = np.zeros(len(rows), np.bool_)
        other[claims[outside]] = True
        rest = other[claims]
        inside = (~rest).nonzero()[0]
        known = known[~other[self._users.claimed(known)]]
        before, single = columns["last"][known], columns["several"][known] == 0
        np.maximum.at(columns["last"], rows[inside], times[inside])
        columns["several"][known] = 1
        longer = columns["last"][known] - before
        moved = (single | (longer > 0)).nonzero()[0]
        known = known[moved]
        changes = Stays(
            columns["pane"][known], self._users.keys[known], None, longer[moved], -single[moved].astype(np.int64)
        )
        return rest.nonzero()[0], changes

    def _take(self, rows: Ints, times: Ints, panes: Ints) -> Stays:
        """Put events in their sessions, whatever it does to those."""
        zeros = np.zeros(len(rows), np.int64)
        known, claims = self._users.claim(rows)
        before = self._reached(rows, times, known)
        count = len(before.rows)
        spans = _joined(before, Spans(rows, times, times, panes, zeros))
        claims = np.concatenate([self._users.claimed(before.rows), claims])
        old = np.zeros(len(claims), np.bool_)
        old[:count] = True
        # By user and then by start, a known session before an event at the same time.
        base = spans.starts.min()
        marks = (claims << SHIFT) + (np.minimum(spans.starts - base, LONGEST) << 1) + ~old
        order = marks.argsort()
        marks, old, spans = marks[order], old[order], spans.part(order)
        reach = (claims[order] << SHIFT) + (np.minimum(spans.lasts - base, LONGEST) << 1)
        first = np.ones(len(marks), np.bool_)
        first[1:] = marks[1:] - np.maximum.accumulate(reach)[:-1] > 2 * self._gap + 1
        at = first.nonzero()[0]
        several = np.add.reduceat(spans.several + 1, at) > 1
        whole = Spans(
            spans.rows[at],
            spans.starts[at],
            np.maximum.reduceat(spans.lasts, at),
            spans.panes[at],
            several.astype(np.int64),
        )
        same = old[at] & (spans.lasts[at] == whole.lasts) & (spans.several[at] == whole.several)
        same &= np.add.reduceat(old.astype(np.int64), at) == 1
        self._store(whole)
        gone = (old & ~np.repeat(same, np.diff(at, append=len(first)))).nonzero()[0]
        signs = np.ones(len(gone) + int((~same).sum()), np.int64)
        signs[: len(gone)] = -1
        spans = _joined(spans.part(gone), whole.part(~same))
        keys, lengths = self._users.keys[spans.rows], spans.lasts - spans.starts
        return Stays(spans.panes, keys, signs, signs * lengths, signs * (1 - spans.several))

    def _reached(self, rows: Ints, times: Ints, known: Ints) -> Spans:
        """The sessions that these events may belong to: the newest of each user, and earlier ones for earlier events.

        The earlier ones are taken out of their chains.
        """
        columns = self._users.columns
        known = known[columns["last"][known] > NEVER]
        newest = Spans(known, *(columns[name][known] for name in ("start", "last", "pane", "several")))
        past = columns["past"]
        early = ((times < columns["start"][rows]) & (past[rows] >= 0)).nonzero()[0]
        if not early.size:
            return newest
        order = np.lexsort((times[early], rows[early]))
        at = early[order]
        at = at[np.append(True, rows[at][1:] != rows[at][:-1])]
        entries, past[rows[at]] = self._bygone.reach(past[rows[at]], times[at] - self._gap)
        found = self._bygone.spans(entries)
        self._bygone.drop(entries)
        return _joined(newest, found)

    def _store(self, whole: Spans) -> None:
        """Remember sessions, by user and start, as the newest of their users; what is in the chains is older."""
        columns, rows = self._users.columns, whole.rows
        newest = np.append(rows[1:] != rows[:-1], True)
        late = whole.part(newest)
        for name, values in zip(("start", "last", "pane", "several"), late[1:], strict=True):
            columns[name][late.rows] = values
        earlier = (~newest & (whole.lasts >= self.earliest - self._gap)).nonzero()[0]
        if earlier.size:
            if self._bygone.full(earlier.size):
                self._tidy(earlier.size)
            spans, past = whole.part(earlier), columns["past"]
            follows = np.append(False, spans.rows[1:] == spans.rows[:-1])
            entries = self._bygone.add(spans, past[spans.rows])
            self._bygone.link(entries[follows])
            last = np.append(spans.rows[1:] != spans.rows[:-1], True)
            past[spans.rows[last]] = entries[last]

    def _count(self, changes: Stays) -> Ints:
        """Count changes as far as their panes are open; returns the cells of those."""
        cells = self._cells(changes.panes, changes.keys)
        if int(cells.min(initial=0)) < 0:
            held = (cells >= 0).nonzero()[0]
            cells, changes = cells[held], changes.part(held)
        if changes.n is not None:
            np.add.at(self._n, cells, changes.n)
        np.add.at(self._ms, cells, changes.ms)
        np.add.at(self._bounces, cells, changes.bounces)
        return cells

    def _trace(self, rows: Ints, times: Ints, panes: Ints, marks: Ints) -> Steps:  # noqa: ARG002
        order = rows.argsort(kind="stable")
        seen = Walk.along(rows[order], times[order], self._users.columns, self._gap)
        if seen is None:
            return self._one_by_one(rows, times, panes, np.arange(len(rows)))
        by_user = seen.steps(panes[order], self._users)
        steps = by_user._replace(events=order[by_user.events])
        spans = seen.spans(panes[order], self._users.columns)
        if len(spans.rows):
            self._store(spans)
        if seen.odd.any():
            odd = np.sort(order[seen.odd])
            steps = joined([steps, self._one_by_one(rows, times, panes, odd)])
        return steps

    def _one_by_one(self, rows: Ints, times: Ints, panes: Ints, events: Ints) -> Steps:
        found = [no_steps()]
        for i in events.tolist():
            one = slice(i, i + 1)
            found += [stays.steps(i) for stays in self._changes(rows[one], times[one], panes[one])]
        return joined(found)

    def _rehome(self, panes: Ints, target: int) -> None:
        column = self._users.columns["pane"]
        column[np.isin(column, panes)] = target
        self._bygone.rehome(panes, target)

    # -- bounds

    def _make_room(self, count: int) -> None:
        """There will be so many more events."""
        users = self._users
        if users.room < count or len(users) > MOST:
            known = users.used()
            done = known[users.columns["last"][known] < self.earliest - self._gap]
            if len(done) > len(known) // 4 or len(known) > MOST:
                self._release(done)
        if len(users) > MOST:
            known = users.used()
            order = np.lexsort((users.hashes[known], users.keys[known], users.columns["last"][known]))
            gone = known[order[: len(known) - MOST * 15 // 16]]
            forgotten = np.zeros(int(known[-1]) + 1, np.bool_)
            forgotten[gone] = True
            self._bygone.drop_of(forgotten)
            self._release(gone)
            self._forgotten += len(gone)

    def _release(self, rows: Ints) -> None:
        self._users.columns["past"][rows] = -1
        self._users.release(rows)

    def _tidy(self, count: int) -> None:
        numbers, lost = self._bygone.tidy(self.earliest - self._gap, count)
        past = self._users.columns["past"]
        led = (past >= 0).nonzero()[0]
        past[led] = numbers[past[led]]
        self._forgotten += lost

    def note(self) -> Mapping[str, int]:
        return {"sessions_forgotten": self._forgotten}

    # -- values

    def readings(self, views: Sequence[Any], counts: Ints) -> list[Reading]:
        n, ms, bounces = counts
        some, divisor = n > 0, np.maximum(n, 1)
        readings = []
        for view in views:
            if view == "seconds":
                readings.append(Reading(ms / (1_000 * divisor), some))
            elif view == "bounce_rate":
                readings.append(Reading(bounces / divisor, some))
            else:
                readings.append(Reading(n))
        return readings

    # -- snapshots

    def dump(self, slots: Ints, keys: Ints) -> Arrays:
        users, limit = self._users, self.earliest - self._gap
        known = users.used()
        known = known[users.columns["last"][known] >= limit]
        newest = Spans(known, *(users.columns[name][known] for name in ("start", "last", "pane", "several")))
        earlier = self._bygone.spans(self._bygone.mattering(limit))
        spans = _joined(newest, earlier)
        order = np.lexsort((spans.starts, users.hashes[spans.rows], users.keys[spans.rows]))
        spans = spans.part(order)
        return super().dump(slots, keys) | {
            "keys": users.keys[spans.rows],
            "users": users.hashes[spans.rows],
            "starts": spans.starts,
            "lasts": spans.lasts,
            "places": self._places(slots, spans.panes),
            "several": spans.several,
            "forgotten": np.array([self._forgotten]),
        }

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:
        super().load(slots, keys, state)
        self._forgotten = int(state["forgotten"][0])
        if len(state["keys"]):
            rows = self._users.rows(state["keys"], state["users"])
            panes = self._placed_panes(slots, state["places"])
            self._store(Spans(rows, state["starts"], state["lasts"], panes, state["several"]))


def _joined(one: Spans, other: Spans) -> Spans:
    return Spans(*map(np.concatenate, zip(one, other, strict=True)))
