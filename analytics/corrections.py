"""Many events that change one final window, each by what its user did before: a row for each that shows.

Between two of them nothing else happens to the window. So its counts after each are running sums of steps, and what the
KPIs say then is worked out for all of them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analytics.aggregates import Trace
from analytics.arrays import Ints
from analytics.history import Record
from analytics.measures import Measure
from analytics.measures.steps import Steps
from analytics.outcome import outcome
from analytics.publisher import Block, Publisher

__all__ = ["Moments", "correct_each"]


class Moments(NamedTuple):
    """Keys of a window when events have changed them: by key, and of one key by event."""

    keys: Ints
    """Those that change, ascending, each once."""
    of: Ints
    """Which of them it is."""
    events: Ints
    steps: Ints
    """Which moment each of the steps belongs to."""

    @classmethod
    def of_steps(cls, keys: Ints, events: Ints) -> Moments:
        """The moments of steps."""
        first = int(events.min())
        span = int(events.max()) - first + 1
        pairs, steps = np.unique(keys * span + (events - first), return_inverse=True)
        which = pairs // span
        distinct, of = np.unique(which, return_inverse=True)
        return cls(distinct, of, pairs - which * span + first, steps)

    def running(self, places: Ints, steps: Steps, counts: int) -> Ints:
        """What steps, which belong to the moments at `places`, have added to each count by then: counts x moments."""
        added = np.zeros((counts, len(self.of)), np.int64)
        np.add.at(added, (steps.counts, places), steps.amounts)
        sums: Ints = added.cumsum(axis=1)
        starts = np.append(True, self.of[1:] != self.of[:-1]).nonzero()[0]
        return sums - (sums[:, starts] - added[:, starts])[:, self.of]


class _Window(NamedTuple):
    """A final window that changes."""

    end: int
    panes: list[int]
    traces: list[Trace]
    """Only the steps in its panes."""
    moments: Moments
    records: list[Record]
    """What was said of it, KPI by KPI."""


def correct_each(publisher: Publisher, ends: Sequence[int], traces: Sequence[Trace], first: int) -> bool:
    """Write down what steps that are not counted yet change in the final windows with these ends.

    `first` is the number of the batch's first event. False, and nothing was done: of some window it is not known what
    was said of all keys that change.
    """
    windows = []
    for end in ends:
        panes = publisher.cells.pool.between(publisher.plan.geometry.start(end), end)
        inside = [trace._replace(steps=trace.steps.part(np.isin(trace.steps.panes, panes))) for trace in traces]
        keys = np.concatenate([trace.steps.keys for trace in inside])
        if len(keys):
            moments = Moments.of_steps(keys, np.concatenate([trace.steps.events for trace in inside]))
            records = publisher.said(end, moments.keys)
            if records is None:
                return False
            windows.append(_Window(end, panes, inside, moments, records))
    for window in windows:
        _correct(publisher, window, first)
    return True


def _correct(publisher: Publisher, window: _Window, first: int) -> None:
    plan, cells, moments, start = publisher.plan, publisher.cells, window.moments, 0
    added: dict[Measure, Ints] = {}
    for trace in window.traces:
        stop = start + len(trace.steps.events)
        added[trace.measure] = moments.running(moments.steps[start:stop], trace.steps, len(trace.seen))
        start = stop
    readings = cells.read_after(cells.pool.slots(window.panes), moments.keys, moments.of, added)
    for i, (kpi, record) in enumerate(zip(plan.kpis, window.records, strict=True)):
        chosen = [readings[a] for a in kpi.aggregates]
        values, errors = outcome(kpi.value, chosen, len(moments.of), record.end - record.start)
        changed, at = record.revise(moments.keys, moments.of, values, errors)
        if at.size:
            publisher.books[i][0].put(record)
            order = moments.events[at].argsort()
            publisher.pending.append(Block(i, changed.part(order), moments.events[at][order] + first))
