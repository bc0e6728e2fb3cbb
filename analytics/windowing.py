"""What the engine expects of each kind of windows at work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from analytics.arrays import Bools, Floats
from analytics.frame import Frame
from analytics.outlet import Load
from analytics.plan import GridPlan
from analytics.row import Changes, Row, Verdict
from analytics.time import Rise
from analytics.told import Told, rows_in_order

__all__ = ["Taken", "Windowing", "changes_of", "verdicts_of"]


class Taken(NamedTuple):
    """What became of a batch."""

    asked: Bools | None
    """Events that `where` lets through; None: all of them."""
    late: Bools | None
    """Of those, the ones it no longer took; None: none."""


class Windowing(Protocol):
    """The windows of one plan: they take batches, move with the watermark and give rows."""

    late: int
    """Events that no window took any more."""
    closed_early: int
    """Panes or sessions that were closed before their time for lack of room."""

    @property
    def plan(self) -> GridPlan:
        """What it runs."""

    def ingest(self, frame: Frame, live: Bools | None, rise: Rise, span: tuple[int, int]) -> Taken:
        """Count a batch, of which `live` (None: all) counts; `span` is its smallest and largest event time."""

    def advance_to(self, base: int) -> None:
        """The base has risen: finish and close windows."""

    def weight(self, rises: Floats) -> Floats:
        """Bytes, about, of the rows that become final when the base rises by so many ms, for each of these."""

    def ending(self, base: int) -> int | None:
        """On the way to this base: an end up to which a few windows, or one, become final next; None: all are."""

    def finish_to(self, end: int, base: int, event: int) -> None:
        """On the way to this base: windows that end by then are final. It is what `ending` says; for sessions, any.

        `event`: the number of the one that lifts the base, which their rows are told with where the engine is exact."""

    def trim(self, base: int) -> None:
        """Drop what is too much of the past on the way to this base: windows that it closes are not corrected."""

    def settling(self, *, much: bool = False) -> Iterator[None]:
        """Take up what waits in the measures, in steps of some milliseconds; reading does the same at once.

        `much`: only where so much waits that the next batch may not wait with it.
        """

    def publish(self, seen: int) -> None:
        """Write down what changed in open and final windows; `seen` is the largest event time."""

    @property
    def load(self) -> Load:
        """How much waits for `take`."""

    def take(self, *, due: bool = True) -> list[Told]:
        """Changed rows since the last call, in order of change. `due`: what has become final since is looked for."""

    def coarse(self) -> list[Row]:
        """Rows of coarser windows that are complete since the last call, by end, the finer window first."""

    def rows(self, kpi: int, start: int, end: int) -> Iterator[Row]:
        """Latest rows of a KPI's windows that overlap [start, end), by start and dims, made as they are asked for."""

    @property
    def watermark(self) -> int | None:
        """Up to where event time is complete; None before the first event."""

    def sizes(self) -> dict[str, int]:
        """`keys` that are known, `overflow`: 1 when no more are; open `panes` and `sessions`."""

    def notes(self) -> Mapping[str, int]:
        """What the bounds of the measures cost."""


def changes_of(grids: Sequence[Windowing], *, due: bool = True) -> Changes:
    """What changed in these windows since the last call. Not `due`: without what has become final since, and so
    without watermarks.
    """
    rows = rows_in_order([told for grid in grids for told in grid.take(due=due)])
    marks = {kpi.spec.name: grid.watermark for grid in grids for kpi in grid.plan.kpis} if due else {}
    return Changes(rows, marks, [row for grid in grids for row in grid.coarse()])


def verdicts_of(taken: Sequence[Taken], n: int, live: Bools | None) -> list[Verdict]:
    """Verdicts on those of `n` events that some windows no longer took; `live` (None: all) counted."""
    late = [each.late for each in taken if each.late is not None]
    if not late:
        return []
    every = np.ones(n, np.bool_) if live is None else live
    accepted = np.zeros(n, np.bool_)
    for asked, refused in taken:
        asked = every if asked is None else asked
        accepted |= asked if refused is None else asked & ~refused
    some: list[int] = np.logical_or.reduce(late).nonzero()[0].tolist()
    return [Verdict(i, "warn" if accepted[i] else "drop", "late") for i in some]
