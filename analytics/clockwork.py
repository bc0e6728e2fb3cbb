"""When windows of a grid become final and closed, as the watermark rises or room runs out.

    final_to    windows with end <= final_to are final
    closed_to   windows with end <= closed_to take nothing more (<= final_to)
    floor       both of them, when a pane had to be closed early for lack of room

Those are times. What happens to events and windows is decided in numbers of panes, see `axis.py` and `geometry.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

import numpy as np

from analytics.arrays import Floats, Ints
from analytics.cells import Cells
from analytics.history import RECORD_BYTES
from analytics.plan import GridPlan
from analytics.publisher import Publisher
from analytics.time import BEGINNING

__all__ = ["FEW", "Clockwork"]

FEW: Final = 8
"""Windows that are shown or become final at once, after which what is too much of the past is dropped: there may be
thousands."""


class Clockwork:
    """The windows of one grid in time: which are open, and what happens at their ends."""

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
        self.reached = max(self.reached, base - self.plan.delay)
        final_to, closed_to = self._ends_at(base)
        if final_to > self.final_to or closed_to > self.closed_to:
            self._move(final_to, closed_to)
            self.settle()

    def weight(self, rises: Floats) -> Floats:
        """See `Windowing.weight`: of all windows that can have events, with all keys that there are."""
        window, hold = self.plan.window, self.plan.hold
        open_ms = window.size + self.plan.delay + (0 if hold is None else hold.setting.periods * hold.setting.ms)
        row = sum(self.publisher.row_bytes)
        each = len(self.plan.kpis) * RECORD_BYTES + row * (len(self.cells.keys.dims) + 1)
        return np.minimum(rises, open_ms) * (each / window.hop)

    def ending(self, base: int) -> int | None:
        """See `Windowing.ending`: the end of the next window with an event."""
        panes, above, geometry = self.cells.pool.ids, self.axis.number(self.final_to), self.geometry
        place = bisect_right(panes, above, key=geometry.last_end)
        if place == len(panes):
            return None
        end = max(geometry.first_end(panes[place]), geometry.end_at_most(above) + geometry.hop)
        return self.axis.ms(end) if end <= self.axis.number(self._ends_at(base)[0]) else None

    def finish_to(self, end: int, base: int, event: int) -> None:  # noqa: ARG002
        """See `Windowing.finish_to`. Panes stay open until all windows are final, so that none of them is read beside
        what others were added up to."""
        self.final_to = end
        self._finish(self.axis.number(end))

    def trim(self, base: int) -> None:
        """See `Windowing.trim`."""
        self.publisher.trim(min(self.final_to, self._ends_at(base)[1]))

    def _ends_at(self, base: int) -> tuple[int, int]:
        """Up to where windows are final and closed when the base has risen so far."""
        watermark = base - self.plan.delay
        final_to = max(self._due(watermark), self.final_to, self.floor)
        return final_to, max(self._due(watermark - self.plan.grace), self.closed_to, self.floor)

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
        closes = geometry.end_at_most(closed) > was_closed
        if closes:
            for end in self._corrected(was_closed, min(closed, was_final)):
                self._correct(end)
        if geometry.end_at_most(final) > was_final:
            for nth, end in enumerate(self._ends(pool.ids, was_final, final), 1):
                self._finish(end)
                if not nth % FEW:
                    self.publisher.trim(self.axis.ms(min(end, closed)))
        if closes:
            self._retire(closed)
            self.publisher.close_tiers(closed_to)

    def _retire(self, closed: int) -> None:
        """Give back the panes of which no window is open."""
        done = []
        for pane in self.cells.pool.ids:
            if self.geometry.last_end(pane) > closed:
                break
            done.append(pane)
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

    def _make_room(self) -> None:
        """No slot is free: the oldest pane is closed before its time."""
        self.closed_early += 1
        self.floor = max(self.floor, self.axis.ms(self._oldest_end()))
        self._move(max(self.final_to, self.floor), max(self.closed_to, self.floor))
        self.settle()

    def _oldest_end(self) -> int:
        """The end up to which all must be closed to get a slot back."""
        return self.geometry.last_end(self.cells.pool.ids[0])
