"""Session windows that write down each correction at the event that caused it, for replays."""

from __future__ import annotations

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.frame import Frame
from analytics.history import PARTIAL
from analytics.sessions.grid import SessionGrid
from analytics.sessions.keys import UNKNOWN
from analytics.time import Rise
from analytics.windowing import Taken

__all__ = ["ExactSessionGrid"]


class ExactSessionGrid(SessionGrid):
    """Rows carry the number of the event that brought them. An event that reaches a final session is counted alone."""

    # The batch in hand and how many events it has; None between batches.
    _rise: Rise | None = None
    _n = 0

    def ingest(self, frame: Frame, live: Bools | None, rise: Rise, span: tuple[int, int]) -> Taken:
        """As every grid does."""
        self._rise, self._n, self.reached = rise, frame.n, rise.first + frame.n - 1
        taken = super().ingest(frame, live, rise, span)
        self._rise, self.reached = None, rise.first + frame.n
        return taken

    def _slow(
        self, codes: Ints, times: Ints, index: Ints | None, n: int, rise: Rise, span: tuple[int, int]
    ) -> tuple[Ints, Bools] | None:
        """Keys go one by one whose final sessions are open again, for each event corrects them, and whose open ones
        were shown and begin anew, for that takes a row back.
        """
        slow = super()._slow(codes, times, index, n, rise, span)
        table = self.table
        again = table.used & table.final & (table.last + self.gap >= self.final_to)
        shown = self._shown()
        if not again.any() and not shown.any():
            return slow
        keys = self.keys.find(codes)
        known = keys != UNKNOWN
        one_by_one = known & np.isin(keys, table.key[again])
        if shown.any():
            sooner = known & (times < table.first[table.head[keys]]) & np.isin(keys, table.key[shown])
            one_by_one |= known & np.isin(keys, keys[sooner])
        if not one_by_one.any():
            return slow
        if slow is not None:
            return slow[0], slow[1] | one_by_one
        base = rise.at(n) if index is None else rise.at(n)[index]
        return np.maximum(base - self.plan.delay, self.final_to), one_by_one

    def _shown(self) -> Bools:
        """Which sessions have a partial row."""
        shown = np.zeros_like(self.table.used)
        for said in self.speaker.said:
            shown |= said.kinds == PARTIAL
        return shown & self.table.used

    def advance_to(self, base: int) -> None:
        """As every grid does, but at once: in a batch, that is behind its last event."""
        if self._rise is not None:
            self.reached = self._rise.first + self._n - 1
        super().advance_to(base)
        self.settle()

    def _before(self, event: int) -> None:
        if self._rise is not None:
            self.reached = self._rise.first + event

    def _after(self, frame: Frame, cell: int, mark: int) -> None:
        self._flush(frame)
        self.table.final[cell] |= self.table.last[cell] + self.gap < mark
        if self.table.final[cell]:
            self.speaker.say(np.array([cell]), self.reached)
            self.cells.dirty[cell] = False

    def _causes(self, cells: Ints) -> Ints | int:
        """The event that lifted the watermark beyond the end."""
        if self._rise is None:
            return self.reached
        ends = self.table.last[cells] + self.gap
        lifted = self._rise.at(self._n).searchsorted(ends + 1 + self.plan.delay) - 1 + self._rise.first
        return np.minimum(lifted, self.reached)
