"""A grid that writes down each correction at the event that caused it, in the order of the events.

Live, the corrections of a window are gathered until the next `advance`. A replay shows each of them. So an event that
falls into a final window is counted by itself and what it changed is written down. Those that change one only by what
their users did before are worked out together (see `corrections.py`), and all others are counted together as ever. Rows
carry the number of their event, so that the rows of several grids can be put in one order.
"""

from __future__ import annotations

from itertools import groupby
from typing import Final

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.arrival import Arrival
from analytics.corrections import correct_each
from analytics.cumulative import CumulativeGrid
from analytics.frame import Frame
from analytics.grid import Grid
from analytics.panes import distinct
from analytics.plan import GridPlan, SessionPlan
from analytics.sessions.exact import ExactSessionGrid
from analytics.sessions.grid import SessionGrid
from analytics.time import Rise
from analytics.windowing import Taken, Windowing

__all__ = ["ExactGrid", "grid_of"]

FEW: Final = 3
"""Events that change final windows, from which on they are worked out together."""


class ExactGrid(Grid):
    """A grid for replays. A late event costs about 60 us a window that it corrects; others cost what they cost live."""

    def __init__(self, plan: GridPlan) -> None:
        super().__init__(plan)
        # The batch in hand: how the base rose during it, and how many events it has. None between batches.
        self._rise: Rise | None = None
        self._n = 0
        # Number of the event that is being counted, between batches of the next one.
        self._reached = 0

    def ingest(self, frame: Frame, live: Bools | None, rise: Rise, span: tuple[int, int]) -> Taken:
        """As every grid does."""
        self._rise, self._n, self._reached = rise, frame.n, rise.first + frame.n - 1
        taken = super().ingest(frame, live, rise, span)
        self._rise, self._reached = None, rise.first + frame.n
        return taken

    def _reaches_back(self) -> bool:
        panes = self.cells.pool.ids
        return bool(panes) and self.geometry.first_end(panes[0]) <= self.axis.number(self.final_to)

    def _ingest_in_order(self, frame: Frame, asked: Bools | None, rise: Rise) -> Bools | None:
        late = self._ingest_as_arrived(frame, asked, rise)
        self._reached = rise.first + frame.n - 1
        return late

    def _come_to(self, base: Ints, event: int) -> None:
        if self._rise is not None:
            self._reached = self._rise.first + event
        super()._come_to(base, event)

    def _pass(self, arrival: Arrival, base: Ints, ends: Ints, changing: Ints) -> None:
        alone = set(changing.tolist())
        moments = sorted(alone.union(ends.tolist()))
        # Those between which more happens than steps.
        by_itself = set(ends.tolist()).union(arrival.slow.tolist())
        for apart, run in groupby(moments, by_itself.__contains__):
            events = list(run)
            if apart or len(events) < FEW or not self._correct_each(arrival, events[-1]):
                for event in events:
                    self._pass_one(arrival, base, event, changes=event in alone)

    def _pass_one(self, arrival: Arrival, base: Ints, event: int, *, changes: bool) -> None:
        arrival.count_before(event)
        self._come_to(base, event)
        if changes:
            changed = arrival.count_before(event + 1)
            self._correct_for(sorted(changed), arrival.key(event))

    def _correct_each(self, arrival: Arrival, last: int) -> bool:
        """Write down what each event up to this one changes in final windows, which none of them falls into."""
        assert self._rise is not None
        traces = arrival.waiting(last + 1)
        panes = np.concatenate([trace.steps.panes for trace in traces])
        open_ones = [pane for pane in distinct(panes) if pane in self.cells.pool]
        ends = self._ends(open_ones, self.axis.number(self.closed_to), self.axis.number(self.final_to))
        done = correct_each(self.publisher, ends, traces, self._rise.first)
        if done:
            arrival.count_before(last + 1)
        return done

    def _correct_for(self, panes: list[int], keys: Ints) -> None:
        """Write down what one event changed in final windows."""
        self.publisher.at = self._reached
        for end in self._ends(panes, self.axis.number(self.closed_to), self.axis.number(self.final_to)):
            self.publisher.correct(end, keys)

    def _finish(self, end: int, *, unchanged: bool = False) -> None:
        at = self._reached
        if self._rise is not None:
            due = self.axis.ms(end) if self.plan.hold is None else self.plan.hold.due(self.axis.ms(end))
            at = min(at, self._rise.cause(self._n, due + self.plan.delay))
        self.publisher.at = at
        super()._finish(end, unchanged=unchanged)

    def _correct(self, end: int) -> None:
        """Nothing is left to be corrected: every event was, when it came."""

    def finish_to(self, end: int, base: int, event: int) -> None:
        self._reached = event
        super().finish_to(end, base, event)

    def publish(self, seen: int) -> None:
        """Write down what changed in open windows; `seen` is the largest event time."""
        self.publisher.at = self._reached
        super().publish(seen)


class ExactCumulativeGrid(ExactGrid, CumulativeGrid):
    """The same for cumulative windows, where each event of a measure that remembers users is counted by itself."""

    def _ingest_in_order(self, frame: Frame, asked: Bools | None, rise: Rise) -> Bools | None:
        base, geometry, number = rise.at(frame.n), self.geometry, self.axis.number
        taken = np.ones(frame.n, np.bool_) if asked is None else asked
        panes = self.cells.panes_of(frame)
        first_end, last_end = geometry.first_end(panes), geometry.last_end(panes)
        finals, closes = self._numbers_due(base)
        late = np.zeros(frame.n, np.bool_)
        start = 0
        while start < frame.n:
            # What is final and closed at each event follows from the base, until room has to be made.
            self._reached = rise.first + start
            self.advance_to(int(base[start]))
            shut = last_end <= np.maximum(closes, number(max(self.closed_to, self.floor)))
            late[start:] = (taken & shut)[start:]
            kept = taken & ~shut
            final = first_end <= np.maximum(finals, number(self.final_to))
            alone = kept if self._tracked else kept & final
            start = self._count(frame, rise, kept, start, start + np.flatnonzero(alone[start:]))
            if start < frame.n:
                self._make_room()
        self._reached = rise.first + frame.n - 1
        self.late += int(late.sum())
        return late if late.any() else None

    def _count(self, frame: Frame, rise: Rise, kept: Bools, start: int, alone: Ints) -> int:
        """Count the events from `start` on, those in `alone` one by one; returns where there was no room for one."""
        places: list[int] = alone.tolist()
        for place in places:
            start = self._count_together(frame, rise, kept, start, place)
            if start < place:
                return start
            start = self._count_together(frame, rise, kept, place, place + 1)
            if start == place:
                return place
        return self._count_together(frame, rise, kept, start, frame.n)

    def _count_together(self, frame: Frame, rise: Rise, kept: Bools, start: int, stop: int) -> int:
        """Count [start, stop), which is one event or touches no final window; returns how far there was room."""
        base, panes = rise.at(frame.n), self.cells.panes_of(frame)
        while start < stop:
            self._reached = rise.first + start
            self.advance_to(int(base[start]))
            index = start + np.flatnonzero(kept[start:stop])
            places = self._places(panes[index])
            fitting = self._fitting(places)
            end = stop if fitting is None else int(index[fitting])
            if end == start:
                return start
            index, places = index[:fitting], places[:fitting]
            if index.size:
                cells = self.cells.apply(frame, index, places)
                self._moved(self.cells.moved)
                if stop - start == 1:
                    self._correct_for(sorted({int(panes[start]), *self.cells.moved}), cells % self.cells.width)
            start = end
        return stop


def grid_of(plan: GridPlan, exact: bool) -> Windowing:
    """Windows of the plan's kind, empty; exact or not."""
    if isinstance(plan, SessionPlan):
        return ExactSessionGrid(plan) if exact else SessionGrid(plan)
    if plan.window.cumulative:
        return ExactCumulativeGrid(plan) if exact else CumulativeGrid(plan)
    return ExactGrid(plan) if exact else Grid(plan)
