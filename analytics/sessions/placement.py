"""Which session an event belongs to, and what happens to sessions that it finds final or has no room beside.

Events that are not behind the watermark are placed all at once, others one by one: see `grid.py`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.frame import Frame
from analytics.plan import SessionPlan
from analytics.sessions.cells import SessionCells
from analytics.sessions.keys import UNKNOWN, SessionKeys
from analytics.sessions.speaker import Speaker
from analytics.sessions.table import NONE, Segments, SessionTable, by_key_and_time, segments
from analytics.time import BEGINNING

__all__ = ["NEVER", "Placement"]

NEVER: Final = 1 << 62
"""A time that no watermark reaches."""


class Placement:
    """The sessions of one gap, and how events come into them."""

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

    def _place(self, frame: Frame, events: Ints | None, codes: Ints, times: Ints) -> None:
        """Give sessions to events, None for all, whose order in the batch does not matter."""
        parts = segments(codes, times, self.gap)
        code = parts.key
        while True:
            parts = parts._replace(key=self.keys.find(code))
            head, joins, after, odd = self.table.touches_head(parts)
            opened, strange = int(np.count_nonzero(after)), int(np.count_nonzero(odd))
            new = opened + strange
            if new <= self.table.free:
                break
            if self.due <= self.final_to:
                self.settle()
                continue
            if len(codes) > 1 and new > self.plan.sessions // 2:
                every = np.arange(frame.n) if events is None else events
                for half in np.array_split(np.arange(len(codes)), 2):
                    self._place(frame, every[half], codes[half], times[half])
                return
            self._evict(frame, new - self.table.free)
        unknown = parts.key == UNKNOWN
        if opened and unknown.any():
            came = code[unknown][parts.arrived[unknown].argsort()]
            self.keys.make(came[np.sort(np.unique(came, return_index=True)[1])])
            parts = parts._replace(key=self.keys.find(code))
        apart = odd
        if strange:
            apart = np.isin(parts.key, parts.key[odd])
            joins, after = joins & ~apart, after & ~apart
        cells = np.where(joins, head, NONE)
        self._join_heads(parts, head, joins)
        if opened:
            self.table.append(parts, head, after, cells)
        for i in by_key_and_time(parts, apart.nonzero()[0]) if strange else ():
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

    def settle(self) -> None:
        """Finish and close the sessions that are due."""
        raise NotImplementedError

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
        if moves and behind and (self._starts_at(older, first) or self.speaker.closed(key, first)):
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

    def _starts_at(self, older: int, first: int) -> bool:
        """Whether the session before one that is touched, which is closed at the event in hand, has this start.

        It is filed when the batch is through; no other one that is closed and not filed can have it.
        """
        return older != NONE and int(self.table.first[older]) == first

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
