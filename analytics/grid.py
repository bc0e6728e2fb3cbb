"""One grid at work: which events it still takes, when its windows are final, what changed.

The watermark is judged per event in order of arrival. Most batches contain no event that falls into a window which is
already final when it arrives; such a batch is counted as one. Otherwise it is split just before the first event whose
effect depends on the order: the windows that became final so far are written down, and counting goes on behind it.
Either way the rows are the same, however the events were batched.

    final_to    windows with end <= final_to are final
    closed_to   windows with end <= closed_to take nothing more (<= final_to)
    floor       both of them, when a pane had to be closed early for lack of room

Those are times. What happens to events and windows is decided in numbers of panes, see `axis.py` and `geometry.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import takewhile
from typing import Final

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.backlog import Patience
from analytics.cells import Cells
from analytics.frame import Frame
from analytics.panes import distinct
from analytics.plan import GridPlan
from analytics.publisher import Publisher
from analytics.row import Row
from analytics.time import BEGINNING, Rise
from analytics.told import Told
from analytics.windowing import Taken

__all__ = ["Grid"]

END_OF_TIME: Final = 1 << 61


class Grid:
    """State and clockwork of one grid."""

    def __init__(self, plan: GridPlan) -> None:
        self.plan = plan
        self.geometry = plan.geometry
        self.axis = plan.geometry.axis
        self.cells = Cells(plan)
        self.publisher = Publisher(plan, self.cells)
        self.final_to = BEGINNING
        self.closed_to = BEGINNING
        self.floor = BEGINNING
        # The watermark, where windows stay open beyond it.
        self.reached = BEGINNING
        self.late = 0
        self.closed_early = 0
        # Whether an event can change windows that end before it: then no two events with a final one between them are
        # counted together.
        self._tracked = plan.tracked

    # -- events

    def ingest(self, frame: Frame, live: Bools | None, rise: Rise, span: tuple[int, int]) -> Taken:
        """Count a batch; `span` is its smallest and largest event time. Returns what was late."""
        asked = self.plan.asked(frame, live)
        if asked is not None and not asked.any():
            self.advance_to(rise.after)
            return Taken(asked, None)
        low, high = self.axis.number(span[0]), self.axis.number(span[1])
        final_after = self.axis.number(max(self.final_to, self._due(rise.after - self.plan.delay)))
        simple = self.geometry.first_end(low) > final_after and high - low < self.cells.pool.free
        if simple and not (self._tracked and (self._passed(rise.after) or self._reaches_back())):
            self.cells.apply(frame, None if asked is None else np.flatnonzero(asked))
            self._moved(self.cells.moved)
            late = None
        else:
            late = self._ingest_in_order(frame, asked, rise)
        self.advance_to(rise.after)
        return Taken(asked, late)

    def patience(self) -> Patience:
        """See `Patient.patience`."""
        return Patience.of(self.plan, self.final_to, self.closed_to, self.cells.pool.free)

    def _passed(self, base: int) -> bool:
        """Whether some window is final or closed at `base` that was not yet."""
        geometry, number, watermark = self.geometry, self.axis.number, base - self.plan.delay
        final, closed = number(self._due(watermark)), number(self._due(watermark - self.plan.grace))
        return (
            max(
                geometry.end_at_most(final) - number(self.final_to),
                geometry.end_at_most(closed) - number(self.closed_to),
            )
            > 0
        )

    def _reaches_back(self) -> bool:
        """Whether events can change final windows that have to be told of at once."""
        return False

    def _ingest_in_order(self, frame: Frame, asked: Bools | None, rise: Rise) -> Bools | None:
        """The careful way: judge each event, split where the order matters or the room ends."""
        base, geometry, axis = rise.at(frame.n), self.geometry, self.axis
        panes = self.cells.panes_of(frame)
        late = np.zeros(frame.n, np.bool_)
        taken = np.ones(frame.n, np.bool_) if asked is None else asked
        first_end, last_end = geometry.first_end(panes), geometry.last_end(panes)
        finals, closes = self._numbers_due(base)
        start = 0
        while start < frame.n:
            self.advance_to(int(base[start]))
            final = np.maximum(finals[start:], axis.number(self.final_to))
            closed = np.maximum(closes[start:], axis.number(max(self.closed_to, self.floor)))
            shut = last_end[start:] <= closed
            split = self._first_split(first_end[start:], last_end[start:], final, closed, taken[start:] & ~shut)
            stop = start + split
            index = start + np.flatnonzero(taken[start:stop] & ~shut[:split])
            places = self._places(panes[index])
            fitting = self._fitting(places)
            if fitting is not None:
                stop = int(index[fitting])
                index, places = index[:fitting], places[:fitting]
            late[start:stop] = (taken[start:stop]) & shut[: stop - start]
            if index.size:
                self.cells.apply(frame, index, places)
                self._moved(self.cells.moved)
            if stop == start:
                self._make_room()
            start = stop
        self.late += int(late.sum())
        return late if late.any() else None

    def _first_split(self, first_end: Ints, last_end: Ints, final: Ints, closed: Ints, taken: Bools) -> int:
        """How many events can be counted together: none of them touches a window that changed its state meanwhile."""
        geometry = self.geometry
        if self._tracked:
            passed = geometry.end_at_most(final) > self.axis.number(self.final_to)
            passed |= geometry.end_at_most(closed) > self.axis.number(self.closed_to)
            return int(passed.argmax()) if passed.any() else len(final)
        touched = np.minimum(last_end, geometry.end_at_most(final))
        crossed = (touched >= first_end) & (touched > self.axis.number(self.final_to))
        if not self.plan.window.tumbling:
            touched = np.minimum(last_end, geometry.end_at_most(closed))
            crossed |= (touched >= first_end) & (touched > self.axis.number(self.closed_to))
        crossed &= taken
        return int(crossed.argmax()) if crossed.any() else len(final)

    def _places(self, panes: Ints) -> Ints:
        """The panes in which events that are taken now are counted, for those of their times."""
        return panes

    def _moved(self, panes: list[int]) -> None:
        """Events changed these panes, which are earlier than their own."""

    def _fitting(self, panes: Ints) -> int | None:
        """How many events in these panes find room in the pool; None: all."""
        if not panes.size:
            return None
        present = distinct(panes)
        new = [pane for pane in present if pane not in self.cells.pool]
        free = self.cells.pool.free
        if len(new) <= free:
            return None
        firsts = sorted(int(np.flatnonzero(panes == pane)[0]) for pane in new)
        return firsts[free]

    def _make_room(self) -> None:
        """No slot is free: the oldest pane is closed before its time."""
        self.closed_early += 1
        self.floor = max(self.floor, self.axis.ms(self._oldest_end()))
        self._move(max(self.final_to, self.floor), max(self.closed_to, self.floor))
        self.settle()

    def _oldest_end(self) -> int:
        """The end up to which all must be closed to get a slot back."""
        return self.geometry.last_end(self.cells.pool.ids[0])

    # -- time

    @property
    def watermark(self) -> int | None:
        """Up to where event time is complete; None before the first event."""
        reached = self.final_to if self.plan.hold is None else self.reached
        return None if reached == BEGINNING else reached

    def _due(self, watermark: int) -> int:
        """Up to which end windows are final at a watermark, and closed when the grace has been taken off it."""
        return watermark if self.plan.hold is None else self.plan.hold.back(watermark)

    def _numbers_due(self, base: Ints) -> tuple[Ints, Ints]:
        """The panes up to which windows are final and closed when the base is that high."""
        finals = base - self.plan.delay
        closes = finals - self.plan.grace
        if self.plan.hold is not None:
            finals, closes = self.plan.hold.backs(finals), self.plan.hold.backs(closes)
        return self.axis.numbers(finals), self.axis.numbers(closes)

    def advance_to(self, base: int) -> None:
        """The base has risen: finish and close windows."""
        if base == BEGINNING:
            return
        watermark = base - self.plan.delay
        self.reached = max(self.reached, watermark)
        final_to = max(self._due(watermark), self.final_to, self.floor)
        closed_to = max(self._due(watermark - self.plan.grace), self.closed_to, self.floor)
        if final_to > self.final_to or closed_to > self.closed_to:
            self._move(final_to, closed_to)
            self.settle()

    def settle(self) -> None:
        """Tell the measures from which time on events can still come."""
        if self._tracked:
            geometry = self.geometry
            closed = geometry.end_at_most(self.axis.number(self.closed_to))
            self.cells.settle(self.axis.ms(geometry.start(closed)))

    def _move(self, final_to: int, closed_to: int) -> None:
        geometry, pool, number = self.geometry, self.cells.pool, self.axis.number
        was_final, was_closed = number(self.final_to), number(self.closed_to)
        self.final_to, self.closed_to = final_to, closed_to
        if not pool.ids:
            self.publisher.close_tiers(closed_to)
            return
        final, closed = number(final_to), number(closed_to)
        if geometry.end_at_most(final) > was_final:
            for end in self._ends(pool.ids, was_final, final):
                self._finish(end)
        if geometry.end_at_most(closed) > was_closed:
            for end in self._corrected(was_closed, min(closed, was_final)):
                self._correct(end)
            self._retire(closed)
            self.publisher.close_tiers(closed_to)

    def _retire(self, closed: int) -> None:
        """Give back the panes of which no window is open."""
        done = list(takewhile(lambda pane: self.geometry.last_end(pane) <= closed, self.cells.pool.ids))
        if done:
            self.publisher.retire(done)

    def _corrected(self, above: int, upto: int) -> list[int]:
        """Ends in (above, upto] of final windows that may have changed since they were last written down."""
        return self._ends(sorted(self.cells.touched), above, upto)

    def _finish(self, end: int, *, unchanged: bool = False) -> None:
        """A window is final."""
        self.publisher.finish(end, unchanged=unchanged)

    def _correct(self, end: int) -> None:
        """A final window may have changed since it was last written down."""
        self.publisher.correct(end)

    def _ends(self, panes: list[int], above: int, upto: int) -> list[int]:
        """Ends in (above, upto] of the windows that hold one of these panes, ascending."""
        geometry = self.geometry
        ends, reached = list[int](), above
        for pane in panes[bisect_right(panes, above, key=geometry.last_end) :]:
            first = geometry.first_end(pane)
            if first > upto or reached == upto:
                break
            if first <= reached:
                first = geometry.end_at_most(reached) + geometry.hop
            last = min(geometry.last_end(pane), upto)
            ends.extend(range(first, last + 1, geometry.hop))
            reached = max(reached, last)
        return ends

    # -- rows

    def publish(self, seen: int) -> None:
        """Write down what changed in open and final windows; `seen` is the largest event time."""
        publisher, number, tumbling = self.publisher, self.axis.number, self.plan.window.tumbling
        final, before = number(self.final_to), number(publisher.published_to)
        limit = self._horizon(number(seen)) if seen > BEGINNING else before
        touched = sorted(self.cells.touched)
        if touched:
            for end in self._corrected(number(self.closed_to), final):
                self._correct(end)
            for end in self._ends(touched, final, END_OF_TIME if tumbling else min(before, limit)):
                publisher.show(end, everything=False)
        if not tumbling and limit > max(before, final):
            for end in self._ends(self.cells.pool.ids, max(before, final), limit):
                publisher.show(end, everything=True)
        if limit > before:
            publisher.published_to = self.axis.ms(limit)
        if touched:
            self.cells.clean()

    def _horizon(self, newest: int) -> int:
        """The end of the latest window that is shown while it is open."""
        return self.geometry.first_end(newest)

    def take(self) -> list[Told]:
        """Changed rows since the last call, see `Windowing.take`."""
        names, said = [kpi.spec.name for kpi in self.plan.kpis], self.publisher
        return [Told(names[b.kpi], list(said.rows(b.kpi, b.record)), b.at, b.record.end) for b in said.take()]

    def rows(self, kpi: int, start: int, end: int) -> Iterator[Row]:
        """Latest rows of the windows that overlap [start, end), by start and dims."""
        for record in self.publisher.kept(kpi, start, end):
            yield from self.publisher.rows(kpi, record)

    def finest(self, kpi: int, start: int, end: int) -> Iterator[Row]:
        """As `rows`, of the KPI's own windows only."""
        for record in self.publisher.kept(kpi, start, end, resolutions=1):
            yield from self.publisher.rows(kpi, record)

    def coarse(self) -> list[Row]:
        """Rows of coarser windows that are complete since the last call, by end, the finer window first."""
        blocks, self.publisher.coarse = self.publisher.coarse, []
        blocks.sort(key=lambda block: (block.record.end, -block.record.start))
        return [row for block in blocks for row in self.publisher.rows(block.kpi, block.record)]

    def sizes(self) -> dict[str, int]:
        """See `Windowing.sizes`."""
        keys, full = len(self.cells.keys.dims), self.cells.keys.full
        return {"keys": keys, "overflow": int(full), "panes": len(self.cells.pool), "sessions": 0}

    def notes(self) -> dict[str, int]:
        """What the bounds of the measures cost."""
        return self.cells.notes()
