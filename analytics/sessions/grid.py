"""Session windows at work: which session an event belongs to, when sessions are final, what changed.

The watermark is judged per event in order of arrival. An event that is not behind it can only touch sessions that are
not final, and then the order inside a batch changes nothing: all such events are placed at once. The events of a key
that has one behind the watermark are placed one by one, and what they find final is written down first.

    final       watermark > end, since an event exactly at the end still joins
    closed      watermark >= end + grace: takes nothing more
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.frame import Frame
from analytics.plan import SessionPlan
from analytics.row import Row
from analytics.sessions.cells import SessionCells
from analytics.sessions.keys import UNKNOWN, SessionKeys
from analytics.sessions.speaker import Speaker
from analytics.sessions.table import NONE, Segments, SessionTable, by_key_and_time, segments
from analytics.time import BEGINNING, Rise
from analytics.told import Told
from analytics.windowing import Taken

__all__ = ["SessionGrid"]

NEVER = 1 << 62


class SessionGrid:
    """State and clockwork of the session windows of one gap."""

    def __init__(self, plan: SessionPlan) -> None:
        self.plan = plan
        self.gap = plan.window.size
        self.keys = SessionKeys(plan.by, plan.sessions)
        self.table = SessionTable(plan.sessions, self.gap)
        self.cells = SessionCells(plan, plan.sessions)
        self.speaker = Speaker(plan, self.keys, self.table, self.cells)
        # The watermark.
        self.final_to = BEGINNING
        # No session becomes final or closes before the watermark reaches this.
        self.due = NEVER
        self.late = 0
        self.closed_early = 0
        # Number of the event in hand, where the engine is exact.
        self.reached = 0
        # Events that have a session and are not counted yet: positions and cells.
        self._placed: list[tuple[Ints | None, Ints]] = []
        self._alone: list[tuple[int, int]] = []

    # -- events

    def ingest(self, frame: Frame, live: Bools | None, rise: Rise, span: tuple[int, int]) -> Taken:
        """Count a batch; `span` is its smallest and largest event time. Returns what was late."""
        where = self.plan.where
        asked = live if where is None else where.true(frame) if live is None else where.true(frame) & live
        if asked is not None and not asked.any():
            self.advance_to(rise.after)
            return Taken(asked, None)
        index = None if asked is None or asked.all() else asked.nonzero()[0]
        codes = self.keys.codes(frame, index)
        times = frame.timestamp if index is None else frame.timestamp[index]
        late = None
        slow = self._slow(codes, times, index, frame.n, rise, span)
        if slow is None:
            self._place(frame, index, codes, times)
        else:
            marks, one_by_one = slow
            events = np.arange(frame.n) if index is None else index
            fast = ~one_by_one
            if fast.any():
                self._place(frame, events[fast], codes[fast], times[fast])
            missed = self._place_singly(frame, [column[one_by_one] for column in (events, codes, times, marks)])
            if missed.size:
                late = np.zeros(frame.n, np.bool_)
                late[missed] = True
                self.late += len(missed)
        self._flush(frame)
        self.advance_to(rise.after)
        return Taken(asked, late)

    def _slow(
        self, codes: Ints, times: Ints, index: Ints | None, n: int, rise: Rise, span: tuple[int, int]
    ) -> tuple[Ints, Bools] | None:
        """The watermark at each event, and which events have to be placed one by one; None: none of them."""
        grace, reached = self.plan.grace, max(self.final_to, rise.after - self.plan.delay)
        if span[0] > reached or (span[0] == reached and grace):
            return None
        base = rise.at(n) if index is None else rise.at(n)[index]
        marks = np.maximum(base - self.plan.delay, self.final_to)
        behind = times < marks
        if not grace:  # a session that ends exactly at the watermark is closed
            level = (times == marks).nonzero()[0]
            if level.size and int(times.max()) - int(times.min()) < self.gap:
                level = level[self.table.may_end(self.keys.find(codes[level]), times[level])]
            behind[level] = True
        if not behind.any():
            return None
        # Whatever order the others of its key came in, they come one by one as well.
        return marks, behind if behind.all() else np.isin(codes, codes[behind])

    def _place(self, frame: Frame, events: Ints | None, codes: Ints, times: Ints) -> None:
        """Give sessions to events, None for all, whose order in the batch does not matter."""
        parts = segments(codes, times, self.gap)
        code = parts.key
        while True:
            parts = parts._replace(key=self.keys.find(code))
            head, joins, after, odd = self.table.touches_head(parts)
            new = int(after.sum()) + int(odd.sum())
            if new <= self.table.free:
                break
            if len(codes) > 1 and new > self.plan.sessions // 2:
                every = np.arange(frame.n) if events is None else events
                for half in np.array_split(np.arange(len(codes)), 2):
                    self._place(frame, every[half], codes[half], times[half])
                return
            self._evict(frame, new - self.table.free)
        unknown = parts.key == UNKNOWN
        if unknown.any():
            came = code[unknown][parts.arrived[unknown].argsort()]
            self.keys.make(came[np.sort(np.unique(came, return_index=True)[1])])
            parts = parts._replace(key=self.keys.find(code))
        apart = np.isin(parts.key, parts.key[odd]) if odd.any() else odd
        joins, after = joins & ~apart, after & ~apart
        cells = np.where(joins, head, NONE)
        self._join_heads(parts, head, joins)
        if after.any():
            self.table.append(parts, head, after, cells)
        for i in by_key_and_time(parts, apart.nonzero()[0]):
            cells[i] = self._touch(frame, int(code[i]), int(parts.first[i]), int(parts.last[i]), BEGINNING)
        self.due = min(self.due, int(parts.last.min()) + self.gap + 1)
        self._placed.append((events, cells[parts.of]))

    def _join_heads(self, parts: Segments, head: Ints, joins: Bools) -> None:
        """Segments that belong to the newest session of their key."""
        at = joins.nonzero()[0]
        if not at.size:
            return
        heads, first = head[at], parts.first[at]
        moved = heads[first < self.table.first[heads]]
        if moved.size:
            moved = np.unique(moved)
            self.speaker.retract(moved, self.reached)
            self.table.final[moved] = False
        self.table.extend(heads, first, parts.last[at])

    def _place_singly(self, frame: Frame, columns: list[Ints]) -> Ints:
        """Place events (positions, codes, times, watermarks) in order of arrival. Returns those that are late."""
        events, codes, times, marks = columns
        late = events[:0]
        hopeless = (times + self.gap + self.plan.grace <= marks) & (self.keys.find(codes) == UNKNOWN)
        if hopeless.any():  # their keys have no session, and get none here either
            hopeless &= ~np.isin(codes, codes[~hopeless])
            late, columns = events[hopeless], [column[~hopeless] for column in columns]
        missed = []
        for event, code, time, mark in zip(*(column.tolist() for column in columns), strict=True):
            self._before(event)
            cell = self._touch(frame, code, time, time, mark)
            if cell == NONE:
                missed.append(event)
            else:
                self._alone.append((event, cell))
                self._after(frame, cell, mark)
        return np.append(late, np.array(missed, np.int64))

    def _before(self, event: int) -> None:
        """The event at this position is about to be placed by itself."""

    def _after(self, frame: Frame, cell: int, mark: int) -> None:
        """It was placed."""

    def _causes(self, cells: Ints) -> Ints | int:  # noqa: ARG002
        """Numbers of the events that bring what is about to be said of these sessions as final; 0: nobody asks."""
        return 0

    def _touch(self, frame: Frame, code: int, first: int, last: int, mark: int) -> int:
        """The session of events from `first` to `last` that are no more than the gap apart; NONE when they are late.

        Sessions that they connect become one; what was final at `mark` is written down before it changes.
        """
        table, gap, grace = self.table, self.gap, self.plan.grace
        key = self.keys.key_of(code)
        found, older, newer = (
            ([], NONE, NONE)
            if key == UNKNOWN
            else table.around(key, first, last, lambda cell: int(table.last[cell]) + gap + grace > mark)
        )
        behind = first + gap + grace <= mark
        if not found:
            if behind:
                return NONE
            if not table.free:
                self._evict(frame, 1)
                return self._touch(frame, code, first, last, mark)
            if key == UNKNOWN:
                self.keys.make(np.array([code], np.int64))
                key = self.keys.key_of(code)
            self.due = min(self.due, last + gap + 1)
            return table.insert(key, first, last, older, newer)
        target = found.pop()
        moves = first < table.first[target]
        if moves and behind and self.speaker.closed(key, first):
            return NONE
        finished = sorted(cell for cell in (target, *found) if not table.final[cell] and table.last[cell] + gap < mark)
        if finished:
            self._flush(frame)
            self._finish(np.array(finished))
        if found or moves:
            self.speaker.retract(np.array([target, *found] if moves else found), self.reached)
        if found:
            self._flush(frame)
            self.cells.join(np.array(found), np.full(len(found), target))
            table.swallow(target, found)
        if moves:
            table.first[target] = first
            table.final[target] = False
        table.last[target] = max(int(table.last[target]), last)
        self.due = min(self.due, int(table.last[target]) + gap + 1)
        return target

    def _flush(self, frame: Frame) -> None:
        """Count the events that have their sessions."""
        placed, self._placed = self._placed, []
        if self._alone:
            alone, self._alone = np.array(self._alone, np.int64), []
            placed.append((alone[:, 0], alone[:, 1]))
        if len(placed) == 1:
            self.cells.count(frame, *placed[0])
        elif placed:
            events = [np.arange(frame.n) if events is None else events for events, _ in placed]
            self.cells.count(frame, np.concatenate(events), np.concatenate([cells for _, cells in placed]))

    def _evict(self, frame: Frame, n: int) -> None:
        """There is no room: the sessions that would end first are closed before their time."""
        self._flush(frame)
        cells = self.table.open_cells()
        cells = np.sort(cells[self.table.last[cells].argsort(kind="stable")[:n]])
        self.closed_early += len(cells)
        self._finish(cells[~self.table.final[cells]])
        self._close(cells)

    # -- time

    @property
    def watermark(self) -> int | None:
        """Up to where event time is complete; None before the first event."""
        return None if self.final_to == BEGINNING else self.final_to

    def advance_to(self, base: int) -> None:
        """The base has risen: finish and close sessions."""
        if base == BEGINNING:
            return
        mark = self.final_to = max(base - self.plan.delay, self.final_to)
        if mark < self.due:
            return
        table = self.table
        cells = table.open_cells()
        ends = table.last[cells] + self.gap
        past = ends < mark
        finished = cells[past & ~table.final[cells]]
        if finished.size:
            self._finish(finished)
        closed = past & (ends + self.plan.grace <= mark)
        if closed.any():
            self._close(cells[closed])
            cells, ends = cells[~closed], ends[~closed]
        later = np.where(table.final[cells], max(self.plan.grace, 1), 1)
        self.due = int((ends + later).min(initial=NEVER))

    def _finish(self, cells: Ints) -> None:
        """These sessions, ascending, are final."""
        if cells.size:
            self.table.final[cells] = True
            self.speaker.say(cells, self._causes(cells))
            self.cells.dirty[cells] = False

    def _close(self, cells: Ints) -> None:
        """These sessions take nothing more."""
        changed = cells[self.cells.dirty[cells]]
        if changed.size:
            self.speaker.say(changed)
        self.speaker.file(cells)
        self.keys.free(self.table.remove(cells))
        self.cells.vacate(cells)

    # -- rows

    def publish(self, seen: int) -> None:  # noqa: ARG002  an open session is shown from its first event on
        """Write down what changed in open and final sessions."""
        changed = self.cells.dirty[: self.table.top].nonzero()[0]
        if changed.size:
            self.speaker.say(changed, self.reached)
            self.cells.dirty[changed] = False

    def take(self) -> list[Told]:
        """Changed rows since the last call, see `Windowing.take`."""
        return self.speaker.take()

    def rows(self, kpi: int, start: int, end: int) -> Iterator[Row]:
        """Latest rows of the sessions that overlap [start, end), by start and dims."""
        return self.speaker.rows(kpi, start, end)

    def sizes(self) -> dict[str, int]:
        """See `Windowing.sizes`."""
        return {"keys": len(self.keys), "overflow": 0, "panes": 0, "sessions": len(self.table)}

    def notes(self) -> dict[str, int]:
        """What the bounds of the measures cost."""
        return self.cells.notes()
