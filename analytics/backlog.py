"""Batches that were judged when they came and are not counted yet: many small ones are counted as one.

What an array operation costs a batch of 1,000 events is mostly its call. So batches wait for each other, as long as
nothing depends on when they are counted: none of their events is late, and no window becomes final or closed but with
the first of them, in which none of them has an event; or, as with sessions, none of their events can be in a window
that has become final. Whoever reads the state has them counted first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np

from analytics.arrays import Bools
from analytics.frame import Frame
from analytics.plan import GridPlan
from analytics.time import NEVER, Rise
from analytics.windowing import Taken

__all__ = ["LARGEST", "MOST", "Backlog", "Patience", "Waiting"]

LARGEST: Final = 10_000
"""Events that wait, at which they are counted: more would save nothing, and hold up whoever comes next."""

MOST: Final = 64
"""Batches that wait: each holds some KiB of arrays, however few its events are."""


class Waiting(NamedTuple):
    """A batch with all that counting it takes, see `Windowing.ingest`."""

    frame: Frame
    live: Bools | None
    rise: Rise
    span: tuple[int, int]


class Patience(NamedTuple):
    """Which events can be counted later: those that are not late, fit in, and come before another window is due."""

    earliest: int
    """The smallest event time, epoch ms."""
    until: int
    """What the base has to stay below."""
    room: int
    """The longest span of their times, in ms."""
    behind: int = NEVER
    """How far, in ms, an event must not be behind the base when it comes."""
    most: int = NEVER
    """Events for which there is room."""

    @classmethod
    def of(cls, plan: GridPlan, final_to: int, closed_to: int, free: int) -> Patience:
        """Of windows that are final and closed up to these times, with room for so many more panes."""
        geometry, axis = plan.geometry, plan.geometry.axis
        final, closed = (geometry.end_at_most(axis.number(to)) for to in (final_to, closed_to))
        due = [axis.ms(end + geometry.hop) for end in (final, closed)]
        if plan.hold is not None:
            due = [plan.hold.due(end) for end in due]
        # Days of a zone may be an hour short.
        room = (free - 2) * plan.window.pane * 9 // 10
        return cls(axis.ms(final), plan.delay + min(due[0], due[1] + plan.grace), room)

    @classmethod
    def of_all(cls, patiences: Iterable[Patience]) -> Patience:
        """What suits all of them, of which there is at least one."""
        earliest, *others = zip(*patiences, strict=True)
        return cls(max(earliest), *map(min, others))

    def suits(self, waiting: Waiting, span: tuple[int, int], events: int) -> bool:
        """Whether a batch can be counted later; with those that wait already it has so many events, of such times."""
        low, high = span
        base = waiting.rise.after
        fits = high - low <= self.room and events <= self.most
        return fits and low >= self.earliest and base < self.until and base - waiting.span[0] < self.behind


class Patient(Protocol):
    """Windows at work whose batches can wait."""

    def ingest(self, frame: Frame, live: Bools | None, rise: Rise, span: tuple[int, int]) -> Taken:
        """See `Windowing.ingest`."""

    def patience(self, base: int) -> Patience:
        """What holds once the base has risen so far, as long as nothing is counted and no time passes here."""


class Backlog:
    """Batches that wait to be counted by all of `grids`, in the order they came."""

    def __init__(self, grids: Sequence[Patient]) -> None:
        self._grids = grids
        self._batches: list[Waiting] = []
        self._n = 0
        # The smallest and the largest event time; means nothing while there are no batches.
        self._span = 0, 0
        # What may wait; None: that has to be asked for.
        self._patience: Patience | None = None
        # The rest of a count that has begun; None: there is none.
        self._steps: Iterator[None] | None = None
        # What counting met with since that was last asked for, see `count`.
        self._clashes = 0

    def takes(self, waiting: Waiting) -> bool:
        """Let a batch wait, if nothing depends on it; then the caller does not change its arrays any more. Those that
        wait already are counted first where it does not go with them.
        """
        if not self._grids:
            return False
        if self._batches:
            assert self._patience is not None, "it is forgotten only when all are counted"
            low, high = waiting.span
            span = min(low, self._span[0]), max(high, self._span[1])
            if self._patience.suits(waiting, span, self._n + waiting.frame.n):
                return self._let_wait(waiting, span)
            self._count_all()
        if self._patience is None:
            self._patience = Patience.of_all(grid.patience(waiting.rise.after) for grid in self._grids)
        alone = self._patience.suits(waiting, waiting.span, waiting.frame.n)
        return alone and self._let_wait(waiting, waiting.span)

    def _let_wait(self, waiting: Waiting, span: tuple[int, int]) -> bool:
        self._span = span
        self._batches.append(waiting)
        self._n += waiting.frame.n
        return True

    @property
    def full(self) -> bool:
        """Whether it is time to count them; then none may be added before that is done."""
        return self._n >= LARGEST or len(self._batches) >= MOST or self._steps is not None

    def moved(self) -> None:
        """Time has passed for the windows, or they took a batch that did not wait: none may wait then."""
        self._patience = None

    def count(self) -> int:
        """Count all of them; returns how many values met in that, since the last call, should be numbers and are none.

        Cost: that of one batch, and a copy of its columns.
        """
        self._count_all()
        clashes, self._clashes = self._clashes, 0
        return clashes

    def _count_all(self) -> None:
        for _ in self.counting():
            pass

    def counting(self, *, much: bool = False) -> Iterator[None]:
        """`count` in steps, one for each of the grids; it takes those that are left, and says what all have met.

        `much`: only if it is `full`.
        """
        if much and not self.full:
            return
        if self._steps is None and self._batches:
            self._steps = self._counting()
        # Not `yield from`: it would end what others are to go on with.
        for _ in self._steps or ():
            yield

    def _counting(self) -> Iterator[None]:
        frame, live, rise, span = self._joined()
        known = frame.clashes
        self._batches, self._n = [], 0
        for grid in self._grids:
            grid.ingest(frame, live, rise, span)
            yield
        self._steps = None
        self.moved()
        self._clashes += frame.clashes - known

    def _joined(self) -> Waiting:
        batches = self._batches
        if len(batches) == 1:
            return batches[0]
        live = None
        if any(waiting.live is not None for waiting in batches):
            live = np.concatenate([np.ones(w.frame.n, np.bool_) if w.live is None else w.live for w in batches])
        rise = Rise(batches[0].rise.before, batches[-1].rise.after)
        return Waiting(Frame.joined([waiting.frame for waiting in batches]), live, rise, self._span)
