"""One grid at work: which events it still takes, when its windows are final, what changed.

The watermark is judged per event in order of arrival. Most batches contain no event that falls into a window which is
already final when it arrives; such a batch is counted as one. Otherwise it is split just before the first event whose
effect depends on the order: the windows that became final so far are written down, and counting goes on behind it.
Either way the rows are the same, however the events were batched.

What is final and closed, and when: see `clockwork.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.arrival import Arrival
from analytics.backlog import Patience
from analytics.clockwork import FEW, Clockwork
from analytics.frame import Frame
from analytics.outlet import Load
from analytics.panes import distinct
from analytics.row import Row
from analytics.time import BEGINNING, Rise
from analytics.told import Told
from analytics.windowing import Taken

__all__ = ["Grid"]

END_OF_TIME: Final = 1 << 61


class Grid(Clockwork):
    """State and clockwork of one grid."""

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

    def patience(self, base: int) -> Patience:
        """See `Patient.patience`."""
        ends = (self.final_to, self.closed_to) if self._tracked else self._ends_at(base)
        return Patience.of(self.plan, *ends, self.cells.pool.free)

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
        if self._tracked and not self.plan.window.cumulative:
            return self._ingest_as_arrived(frame, asked, rise)
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

    def _ingest_as_arrived(self, frame: Frame, asked: Bools | None, rise: Rise) -> Bools | None:
        """The same without splits: see `Arrival`. Not for cumulative windows, whose panes become others."""
        base, geometry, number = rise.at(frame.n), self.geometry, self.axis.number
        panes = self.cells.panes_of(frame)
        taken = np.ones(frame.n, np.bool_) if asked is None else asked
        first_end, last_end = geometry.first_end(panes), geometry.last_end(panes)
        finals, closes = self._numbers_due(base)
        late = np.zeros(frame.n, np.bool_)
        start = 0
        while start < frame.n:
            self._come_to(base, start)
            final = np.maximum(finals, number(self.final_to))
            closed = np.maximum(closes, number(max(self.closed_to, self.floor)))
            shut = last_end <= closed
            late[start:] = (taken & shut)[start:]
            index = start + np.flatnonzero((taken & ~shut)[start:])
            fitting = self._fitting(panes[index])
            stop = frame.n if fitting is None else int(index[fitting])
            index = index[:fitting]
            if stop > start:
                slow = first_end[index] <= final[index]
                arrival = Arrival(self.cells, frame, index, panes[index], slow)
                passing = np.zeros(stop - start, np.bool_)
                if self._tracked:
                    for bound in (final, closed):
                        ends = geometry.end_at_most(bound[start:stop])
                        passing[1:] |= ends[1:] > ends[:-1]
                self._pass(arrival, base, start + passing.nonzero()[0], arrival.changing(geometry, final, closed))
                arrival.count_before(stop)
            else:
                self._make_room()
            start = stop
        self.late += int(late.sum())
        return late if late.any() else None

    def _come_to(self, base: Ints, event: int) -> None:
        """Time has come to this event of the batch."""
        self.advance_to(int(base[event]))

    def _pass(self, arrival: Arrival, base: Ints, ends: Ints, changing: Ints) -> None:  # noqa: ARG002
        """Go through the events before which the watermark passes ends, and those that change final windows."""
        for event in ends.tolist():
            arrival.count_before(event)
            self._come_to(base, event)

    def _first_split(self, first_end: Ints, last_end: Ints, final: Ints, closed: Ints, taken: Bools) -> int:
        """How many events can be counted together: none of them touches a window that changed its state meanwhile."""
        geometry = self.geometry
        if self._tracked:  # cumulative ones
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

    def settling(self, *, much: bool = False) -> Iterator[None]:
        """See `Windowing.settling`."""
        for measure in self.cells.aggregates.own.values():
            yield from measure.settling(much=much)

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
            self._show(self._ends(touched, final, END_OF_TIME if tumbling else min(before, limit)), everything=False)
        if not tumbling and limit > max(before, final):
            self._show(self._ends(self.cells.pool.ids, max(before, final), limit), everything=True)
        if limit > before:
            publisher.published_to = self.axis.ms(limit)
        if touched:
            self.cells.clean()
        publisher.shown()
        publisher.relieve(self.closed_to)

    def _show(self, ends: list[int], *, everything: bool) -> None:
        """Write down open windows. While a source holds them open nothing is closed, and the past has to make room."""
        for nth, end in enumerate(ends, 1):
            self.publisher.show(end, everything=everything)
            if not nth % FEW:
                self.publisher.relieve(self.closed_to)

    def _horizon(self, newest: int) -> int:
        """The end of the latest window that is shown while it is open."""
        return self.geometry.first_end(newest)

    @property
    def load(self) -> Load:
        """See `Windowing.load`."""
        return self.publisher.load

    def take(self, *, due: bool = True) -> list[Told]:  # noqa: ARG002  that is always written down at once
        """Changed rows since the last call, see `Windowing.take`."""
        return list(map(self.publisher.told, self.publisher.take()))

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
