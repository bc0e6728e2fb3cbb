"""Session windows at work: which events they still take, when sessions are final, what changed.

The watermark is judged per event in order of arrival. An event that is not behind it can only touch sessions that are
not final, and then the order inside a batch changes nothing: all such events are placed at once. The events of a key
that has one behind the watermark are placed one by one, and what they find final is written down first.

That some sessions are final by now is written down when somebody asks, when one is touched, or when there is no room:
events that are not behind the watermark are beyond those sessions, so it makes no difference when.

    final       watermark > end, since an event exactly at the end still joins
    closed      watermark >= end + grace: takes nothing more
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from analytics.arrays import Bools, Floats, Ints
from analytics.backlog import Patience
from analytics.frame import Frame
from analytics.outlet import Load
from analytics.passing import PIECE
from analytics.row import Row
from analytics.sessions.placement import NEVER, Placement
from analytics.time import BEGINNING, Rise
from analytics.told import Told
from analytics.windowing import Taken

__all__ = ["SessionGrid"]

SPREAD: Final = -7_046_029_254_386_353_131
"""2**64 over the golden ratio, as int64: its multiples lie far apart."""


class SessionGrid(Placement):
    """State and clockwork of the session windows of one gap."""

    # -- events

    def ingest(self, frame: Frame, live: Bools | None, rise: Rise, span: tuple[int, int]) -> Taken:
        """Count a batch; `span` is its smallest and largest event time. Returns what was late."""
        asked = self.plan.asked(frame, live)
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

    def patience(self, base: int) -> Patience:  # noqa: ARG002  sessions become final when somebody asks
        """See `Patient.patience`. Events that are not behind the watermark when they come change no session that is
        final then, so they make the same ones whenever they are counted; each may need a session of its own.
        """
        return Patience(self.final_to + 1, NEVER, NEVER, self.plan.delay, self.table.free)

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
        level = ((times == marks) & (not grace)).nonzero()[0]  # a session that ends exactly there is closed then
        if not (level.size or behind.any()):
            return None
        self.settle()
        if level.size:
            behind[level] = self._at_an_end(codes, times, level)
            if not behind.any():
                return None
        # Whatever order the others of its key came in, they come one by one as well.
        return marks, behind if behind.all() else np.isin(codes, codes[behind])

    def _at_an_end(self, codes: Ints, times: Ints, level: Ints) -> Bools:
        """Which of the events in `level` may be exactly at the end of a session of their key, open or of this batch."""
        found = self.table.may_end(self.keys.find(codes[level]), times[level])
        if int(times.max()) - int(times.min()) >= self.gap:
            # Equal pairs of code and time give equal sums; should others do so too, it costs time and changes nothing.
            pairs = codes * SPREAD + times
            found |= np.isin(pairs[level] - self.gap, pairs)
        return found

    # -- time

    @property
    def watermark(self) -> int | None:
        """Up to where event time is complete; None before the first event."""
        return None if self.final_to == BEGINNING else self.final_to

    def advance_to(self, base: int) -> None:
        """The base has risen. Cost: nothing, until `settle`."""
        if base != BEGINNING:
            self.final_to = max(base - self.plan.delay, self.final_to)

    def weight(self, rises: Floats) -> Floats:
        """See `Windowing.weight`: sessions end evenly."""
        every = len(self.table) * sum(self.speaker.row_bytes)
        return np.minimum(rises, self.gap + self.plan.delay) * (every / (self.gap + self.plan.delay))

    def ending(self, base: int) -> int | None:
        """See `Windowing.ending`: so that hardly more than `PIECE` sessions become final."""
        self.settle()
        table = self.table
        cells = table.open_cells()
        ends = np.sort(table.last[cells[~table.final[cells]]]) + self.gap
        ends = ends[: ends.searchsorted(base - self.plan.delay)]
        return int(ends[min(PIECE, len(ends)) - 1]) if len(ends) else None

    def finish_to(self, end: int, base: int, event: int) -> None:
        """See `Windowing.finish_to`."""
        self.reached = event
        self.final_to = max(self.final_to, min(end + 1, base - self.plan.delay))
        self.settle()

    def trim(self, base: int) -> None:
        """That is done whenever sessions are closed."""

    def settle(self) -> None:
        """Finish and close the sessions that are due."""
        mark = self.final_to
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

    # -- rows

    def settling(self, *, much: bool = False) -> Iterator[None]:  # noqa: ARG002
        """Its sessions are read one by one: there is nothing large to take up."""
        return iter(())

    def publish(self, seen: int) -> None:  # noqa: ARG002  an open session is shown from its first event on
        """Write down what changed in open and final sessions."""
        self.settle()
        changed = self.cells.dirty[: self.table.top].nonzero()[0]
        if changed.size:
            self.speaker.say(changed, self.reached)
            self.cells.dirty[changed] = False

    @property
    def load(self) -> Load:
        """See `Windowing.load`."""
        return self.speaker.load

    def take(self, *, due: bool = True) -> list[Told]:
        """Changed rows since the last call, see `Windowing.take`."""
        if due:
            self.settle()
        return self.speaker.take()

    def coarse(self) -> list[Row]:
        """None: each session is a window of its own."""
        return []

    def rows(self, kpi: int, start: int, end: int) -> Iterator[Row]:
        """Latest rows of the sessions that overlap [start, end), by start and dims."""
        self.settle()
        return self.speaker.rows(kpi, start, end)

    def sizes(self) -> dict[str, int]:
        """See `Windowing.sizes`."""
        self.settle()
        return {"keys": len(self.keys), "overflow": 0, "panes": 0, "sessions": len(self.table)}

    def notes(self) -> dict[str, int]:
        """What the bounds of the measures cost."""
        return self.cells.notes()
