"""The measures of one plan at work: events in, readings of its aggregates out. What a cell is, its owner knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np

from analytics.aggregation import Aggregation
from analytics.arrays import Bools, Ints, Reading, selected
from analytics.frame import Frame
from analytics.measures import MEASURES, Measure
from analytics.measures.count import Count
from analytics.measures.measure import Cellwise
from analytics.measures.steps import Steps
from analytics.measures.tracker import Tracker
from analytics.plan import GridPlan, is_presence
from analytics.selection import Selection, select

__all__ = ["PRESENCE", "Aggregates", "Trace"]

PRESENCE: Final = "#presence"
FEW: Final = 16
"""Of so many events one is looked up; of fewer, all are passed over."""

M = TypeVar("M", bound=Measure)


class Trace(NamedTuple):
    """What events do to the counts of one measure."""

    measure: Tracker
    steps: Steps
    """Their `events` are positions in the batch, ascending."""
    seen: Bools
    """Which of the measure's counts some aggregate is made of."""


class Aggregates:
    """Every state of a plan over `slots` x `keys` cells, and how many events each cell has."""

    def __init__(self, plan: GridPlan, slots: int, keys: int, more: int = 0) -> None:
        # Events of each cell, which are `count(*)` as well. Behind the slots are `more` to add up others in.
        self.presence = Count(slots + more, keys)
        # All others, by the state that aggregates name; those that differ only in their view share it.
        self.own: dict[str, Measure] = {
            state: MEASURES[a.measure](slots + (more if MEASURES[a.measure].folds else 0), keys, a.parameter)
            for state, a in plan.states.items()
            if not is_presence(a)
        }
        taking = [(plan.states[state], state, measure) for state, measure in self.own.items()]
        self._plain = [each for each in taking if not isinstance(each[2], Tracker)]
        self._tracking = [(a, state, measure) for a, state, measure in taking if isinstance(measure, Tracker)]
        numbered = list(enumerate(plan.aggregates))
        # Per state the views that are read, and where their readings belong among those of the aggregates.
        self._views = [
            (self.own.get(state, self.presence), [(i, a.view) for i, a in numbered if a.state == state])
            for state in plan.states
        ]
        self._numbers = {state: [i for i, a in numbered if a.state == state] for state in plan.states}
        self._read_views = {state: [a.view for a in plan.aggregates if a.state == state] for state in plan.states}

    def state(self) -> dict[str, Measure]:
        """All measures by name."""
        return {**self.own, PRESENCE: self.presence}

    def add(self, frame: Frame, events: Ints | None, cells: Ints) -> list[Measure]:
        """Count events, None for all, in their cells, but not in measures that remember users.

        Returns the measures that took some, presence apart.
        """
        self.presence.add(cells, None)
        return _added(frame, self._plain, events, cells)

    def track(self, frame: Frame, events: Ints | None, cells: Ints) -> list[Tracker]:
        """Count them in the measures that remember users; returns those that took some."""
        return _added(frame, self._tracking, events, cells)

    def traces(self, frame: Frame, events: Ints, panes: Ints, keys: Ints) -> list[Trace]:
        """Hand events, ascending, of these panes and keys to the same measures, which do not count them yet."""
        found = []
        for (_, state, measure), chosen, places in _chosen(frame, self._tracking, events):
            steps = measure.trace(selected(keys, places), selected(panes, places), chosen.values)
            assert chosen.events is not None, "events by position are selected by position"
            steps = steps._replace(events=chosen.events[steps.events])
            found.append(Trace(measure, steps, measure.counted(self._read_views[state])))
        return found

    @property
    def events(self) -> Ints:
        """Slots x keys: how many events."""
        events: Ints = self.presence.table(self.presence.arrays()["count"])
        return events

    def fold(self, sources: Ints, target: int) -> None:
        """Make one of the slots behind all others the sum of these, as far as measures can do with that."""
        for measure in self.state().values():
            if isinstance(measure, Cellwise) and measure.folds:
                measure.fold(sources, target)

    def read(self, slots: Ints, keys: Ints, rows: Ints | None = None) -> list[Reading]:
        """What every aggregate says of the union of these slots, for these keys; `rows`: fewer ones that hold as much,
        some of them by `fold`.
        """
        rows = slots if rows is None else rows
        readings: dict[int, Reading] = {}
        for measure, views in self._views:
            if isinstance(measure, Cellwise) and measure.folds:
                read = [measure.read_folded(rows, slots, keys)] * len(views)
            else:
                read = measure.read_views([view for _, view in views], slots, keys)
            readings |= {i: reading for (i, _), reading in zip(views, read, strict=True)}
        return [readings[i] for i in range(len(readings))]

    def read_after(self, slots: Ints, keys: Ints, of: Ints, added: Mapping[Measure, Ints], rows: Ints) -> list[Reading]:
        """The same, of key `keys[of[i]]` for each i, when this has been added to the counts of measures."""
        readings = [reading.part(of) for reading in self.read(slots, keys, rows)]
        for _, state, measure in self._tracking:
            if measure in added:
                counts = measure.totals(slots, keys)[:, of] + added[measure]
                read = measure.readings(self._read_views[state], counts)
                for i, reading in zip(self._numbers[state], read, strict=True):
                    readings[i] = reading
        return readings

    def notes(self) -> dict[str, int]:
        """What the bounds of the measures cost, summed up."""
        result: dict[str, int] = {}
        for measure in self.state().values():
            for name, count in measure.note().items():
                result[name] = result.get(name, 0) + count
        return result


def _chosen(
    frame: Frame, measures: Sequence[tuple[Aggregation, str, M]], events: Ints | None
) -> Iterator[tuple[tuple[Aggregation, str, M], Selection, Ints | None]]:
    """For each measure which of the events it takes, with values, and their places among `events`, None for all."""
    full: Ints | None = None
    for each in measures:
        chosen = select(frame, each[0], each[1])
        if events is None:
            yield each, chosen, chosen.events
        elif FEW * len(events) < frame.n:
            yield each, *chosen.among(events)
        else:
            if full is None:
                full = np.full(frame.n, -1, np.int64)
                full[events] = np.arange(len(events))
            chosen = chosen.within(full >= 0)
            yield each, chosen, full[chosen.events]


def _added(frame: Frame, measures: Sequence[tuple[Aggregation, str, M]], events: Ints | None, cells: Ints) -> list[M]:
    took = []
    for (_, _, measure), chosen, places in _chosen(frame, measures, events):
        target = selected(cells, places)
        if len(target):
            measure.add(target, chosen.values)
            took.append(measure)
    return took
