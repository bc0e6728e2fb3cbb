"""A grid of cumulative windows: every window since the start of the day holds all that the one before it holds.

So the panes of a day before the closed boundary are in every window that still takes something: they are merged into
one, the first of the day, and an event that comes late for them is counted there. The pool holds the panes of delay and
grace and not of a day.

When they are merged matters to values that are approximate. Each window is therefore read in the state that belongs to
its end alone: a final one as if the watermark had just been short of it, a closing one when all before it are closed.
And a final window is read again only when an event came late for it.
"""

from __future__ import annotations

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.frame import Frame
from analytics.grid import Grid
from analytics.panes import distinct
from analytics.plan import GridPlan
from analytics.time import Rise
from analytics.windowing import Taken

__all__ = ["CumulativeGrid"]


class CumulativeGrid(Grid):
    """State and clockwork of one grid of cumulative windows."""

    def __init__(self, plan: GridPlan) -> None:
        super().__init__(plan)
        # Pane -> largest end of a window that was final when an event came into that pane, since the last `publish`.
        self.late_for: dict[int, int] = {}
        # Whether no event came since a window was read.
        self._finishing = False

    def _places(self, panes: Ints) -> Ints:
        final, closed = self.axis.number(self.final_to), self.axis.number(self.closed_to)
        first, _ = self.axis.period(closed)
        # Of a day before that one nothing is taken any more.
        places = panes if first == closed else np.where(panes < closed, first, panes)
        late = places < final
        if late.any():
            self.late_for |= dict.fromkeys(distinct(places[late]), final)
        return places

    def _moved(self, panes: list[int]) -> None:
        final = self.axis.number(self.final_to)
        self.late_for |= dict.fromkeys([pane for pane in panes if pane < final], final)

    def _oldest_end(self) -> int:
        oldest, second = self.cells.pool.ids[:2]
        return min(second + 1, self.geometry.last_end(oldest))

    def _horizon(self, newest: int) -> int:
        # Where one source is a day ahead of another, not every step of that day is shown before its time.
        ids, final = self.cells.pool.ids, self.axis.number(self.final_to)
        first = max(final, ids[0]) if ids else final
        return min(super()._horizon(newest), first + self.plan.panes)

    def _move(self, final_to: int, closed_to: int) -> None:
        pool, axis = self.cells.pool, self.axis
        was_final, was_closed = axis.number(self.final_to), axis.number(self.closed_to)
        self.final_to, self.closed_to = final_to, closed_to
        if not pool.ids:
            return
        final, closed, reached = axis.number(final_to), axis.number(closed_to), was_closed
        for i, end in enumerate(self._ends(pool.ids, was_final, final)):
            due = min(axis.number(axis.ms(end) - 1 - self.plan.grace), closed)
            if due > reached:
                self._close(reached, due)
                reached = due
            self._finish(end, unchanged=i > 0)
        if closed > reached:
            self._close(reached, closed)

    def ingest(self, frame: Frame, live: Bools | None, rise: Rise, span: tuple[int, int]) -> Taken:
        self._finishing = False
        return super().ingest(frame, live, rise, span)

    def finish_to(self, end: int, base: int, event: int) -> None:  # noqa: ARG002
        """See `Windowing.finish_to`: what belongs to this end alone is closed before."""
        closed, due = self.axis.number(self.closed_to), self.axis.number(end - 1 - self.plan.grace)
        if due > closed:
            self._close(closed, due)
            self.closed_to = self.axis.ms(due)
        self.final_to = end
        self._finish(self.axis.number(end), unchanged=self._finishing)
        self._finishing = True

    def _close(self, above: int, upto: int) -> None:
        """Windows with an end in (above, upto] are closed: last corrections, and their panes become one."""
        for end in self._corrected(above, upto):
            self._merge(end - 1)
            self._correct(end)
        self._merge(upto)
        self.publisher.trim(self.axis.ms(upto))

    def _merge(self, closed: int) -> None:
        self._retire(closed)
        first, _ = self.axis.period(closed)
        pool, late_for = self.cells.pool, self.late_for
        parts = pool.between(first + 1, closed)
        if parts:
            self.cells.gather(parts, first)
        for pane in [pane for pane in late_for if pane not in pool]:
            upto = late_for.pop(pane)
            if first <= pane:
                late_for[first] = max(late_for.get(first, upto), upto)

    def _corrected(self, above: int, upto: int) -> list[int]:
        ends = set[int]()
        for pane, final in self.late_for.items():
            ends.update(range(max(pane, above) + 1, min(upto, final, self.geometry.last_end(pane)) + 1))
        return sorted(ends)

    def publish(self, seen: int) -> None:
        super().publish(seen)
        self.late_for.clear()
