"""One grid at work: which events it still takes, when its windows are final, what changed.

The watermark is judged per event in order of arrival. Most batches contain no event that falls into a window which is
already final when it arrives; such a batch is counted as one. Otherwise it is split just before the first event whose
effect depends on the order: the windows that became final so far are written down, and counting goes on behind it.
Either way the rows are the same, however the events were batched.

    final_to    windows with end <= final_to are final
    closed_to   windows with end <= closed_to take nothing more (<= final_to)
    floor       both of them, when a pane had to be closed early for lack of room
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.cells import Cells
from analytics.frame import Frame
from analytics.panes import distinct
from analytics.plan import GridPlan
from analytics.publisher import Publisher
from analytics.time import BEGINNING, Rise

__all__ = ["Grid", "Taken"]

END_OF_TIME: Final = 1 << 61


class Taken(NamedTuple):
    """What a grid did with a batch."""

    asked: Bools | None
    """Events that its `where` lets through; None: all of them."""
    late: Bools | None
    """Of those, the ones it no longer took; None: none."""


class Grid:
    """State and clockwork of one grid."""

    def __init__(self, plan: GridPlan) -> None:
        self.plan = plan
        self.cells = Cells(plan)
        self.publisher = Publisher(plan, self.cells)
        self.final_to = BEGINNING
        self.closed_to = BEGINNING
        self.floor = BEGINNING
        self.late = 0
        self.closed_early = 0

    # -- events

    def ingest(self, frame: Frame, live: Bools | None, rise: Rise, span: tuple[int, int]) -> Taken:
        """Count a batch; `span` is its smallest and largest event time. Returns what was late."""
        where = self.plan.where
        asked = live if where is None else where.true(frame) if live is None else where.true(frame) & live
        if asked is not None and not asked.any():
            self.advance_to(rise.after)
            return Taken(asked, None)
        window = self.plan.window
        final_after = max(self.final_to, rise.after - self.plan.delay)
        if window.first_end(span[0]) > final_after and self._fits(span):
            self.cells.apply(frame, None if asked is None else np.flatnonzero(asked))
            self.advance_to(rise.after)
            return Taken(asked, None)
        late = self._ingest_in_order(frame, asked, rise)
        self.advance_to(rise.after)
        return Taken(asked, late)

    def _fits(self, span: tuple[int, int]) -> bool:
        pane = self.plan.window.pane
        return span[1] // pane - span[0] // pane < self.cells.pool.free

    def _ingest_in_order(self, frame: Frame, asked: Bools | None, rise: Rise) -> Bools | None:
        """The careful way: judge each event, split where the order matters or the room ends."""
        base, times, window = rise.at(frame.n), frame.timestamp, self.plan.window
        late = np.zeros(frame.n, np.bool_)
        taken = np.ones(frame.n, np.bool_) if asked is None else asked
        first_end, last_end = window.first_end(times), window.last_end(times)
        start = 0
        while start < frame.n:
            self.advance_to(int(base[start]))
            final = np.maximum(base[start:] - self.plan.delay, self.final_to)
            closed = np.maximum(
                np.maximum(base[start:] - self.plan.delay - self.plan.grace, self.closed_to), self.floor
            )
            shut = last_end[start:] <= closed
            split = self._first_split(first_end[start:], last_end[start:], final, closed, taken[start:] & ~shut)
            stop = start + split
            index = start + np.flatnonzero(taken[start:stop] & ~shut[:split])
            fitting = self._fitting(frame, index)
            if fitting is not None:
                stop = int(index[fitting])
                index = index[:fitting]
            late[start:stop] = (taken[start:stop]) & shut[: stop - start]
            if index.size:
                self.cells.apply(frame, index)
            if stop == start:
                self._make_room()
            start = stop
        self.late += int(late.sum())
        return late if late.any() else None

    def _first_split(self, first_end: Ints, last_end: Ints, final: Ints, closed: Ints, taken: Bools) -> int:
        """How many events can be counted together: none of them touches a window that changed its state meanwhile."""
        window = self.plan.window
        touched = np.minimum(last_end, window.end_at_most(final))
        crossed = (touched >= first_end) & (touched > self.final_to)
        if not window.tumbling:
            touched = np.minimum(last_end, window.end_at_most(closed))
            crossed |= (touched >= first_end) & (touched > self.closed_to)
        crossed &= taken
        return int(crossed.argmax()) if crossed.any() else len(final)

    def _fitting(self, frame: Frame, index: Ints) -> int | None:
        """How many of these events find room in the pool; None: all."""
        if not index.size:
            return None
        panes = frame.timestamp[index] // self.plan.window.pane
        present = distinct(panes)
        new = [pane for pane in present if pane not in self.cells.pool]
        free = self.cells.pool.free
        if len(new) <= free:
            return None
        firsts = sorted(int(np.flatnonzero(panes == pane)[0]) for pane in new)
        return firsts[free]

    def _make_room(self) -> None:
        """No slot is free: the oldest pane is closed before its time."""
        oldest = self.cells.pool.ids[0]
        self.closed_early += 1
        self.floor = max(self.floor, self.plan.window.last_end(oldest * self.plan.window.pane))
        self._move(max(self.final_to, self.floor), max(self.closed_to, self.floor))

    # -- time

    @property
    def watermark(self) -> int | None:
        """Up to where event time is complete; None before the first event."""
        return None if self.final_to == BEGINNING else self.final_to

    def advance_to(self, base: int) -> None:
        """The base has risen: finish and close windows."""
        if base == BEGINNING:
            return
        watermark = base - self.plan.delay
        final_to = max(watermark, self.final_to, self.floor)
        closed_to = max(watermark - self.plan.grace, self.closed_to, self.floor)
        if final_to > self.final_to or closed_to > self.closed_to:
            self._move(final_to, closed_to)

    def _move(self, final_to: int, closed_to: int) -> None:
        window, pool = self.plan.window, self.cells.pool
        was_final, was_closed = self.final_to, self.closed_to
        self.final_to, self.closed_to = final_to, closed_to
        if not pool.ids:
            self.publisher.close_tiers(closed_to)
            return
        if window.end_at_most(final_to) > was_final:
            for end in self._ends(pool.ids, was_final, final_to):
                self.publisher.finish(end)
        if window.end_at_most(closed_to) > was_closed:
            for end in self._ends(sorted(self.cells.touched), was_closed, min(closed_to, was_final)):
                self.publisher.correct(end)
            done = []
            for pane in pool.ids:
                if window.last_end(pane * window.pane) > closed_to:
                    break
                done.append(pane)
            if done:
                self.publisher.retire(done)
            self.publisher.close_tiers(closed_to)

    def _ends(self, panes: list[int], above: int, upto: int) -> list[int]:
        """Ends in (above, upto] of the windows that hold one of these panes, ascending."""
        window = self.plan.window
        ends: list[int] = []
        reached = above
        for pane in panes:
            time = pane * window.pane
            first = window.first_end(time)
            if first > upto:
                break
            if first <= reached:
                first = window.end_at_most(reached) + window.hop
            last = min(window.last_end(time), upto)
            ends.extend(range(first, last + 1, window.hop))
            reached = max(reached, last)
        return ends

    # -- rows

    def publish(self, seen: int) -> None:
        """Write down what changed in open and final windows; `seen` is the largest event time."""
        window, publisher = self.plan.window, self.publisher
        limit = window.first_end(seen) if seen > BEGINNING else BEGINNING
        before = publisher.published_to
        touched = sorted(self.cells.touched)
        if touched:
            for end in self._ends(touched, self.closed_to, self.final_to):
                publisher.correct(end)
            for end in self._ends(touched, self.final_to, END_OF_TIME if window.tumbling else min(before, limit)):
                publisher.show(end, everything=False)
        if not window.tumbling and limit > max(before, self.final_to):
            for end in self._ends(self.cells.pool.ids, max(before, self.final_to), limit):
                publisher.show(end, everything=True)
        publisher.published_to = max(before, limit)
        if touched:
            self.cells.clean()
