"""The measures of one plan at work: events in, readings of its aggregates out. What a cell is, its owner knows."""

from __future__ import annotations

from typing import Final

import numpy as np

from analytics.arrays import Ints, Reading
from analytics.frame import Frame
from analytics.measures import MEASURES, Measure
from analytics.measures.count import Count
from analytics.measures.measure import Cellwise
from analytics.plan import GridPlan, is_presence
from analytics.selection import select

__all__ = ["PRESENCE", "Aggregates"]

PRESENCE: Final = "#presence"


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
        self._selected = [(plan.states[state], state, measure) for state, measure in self.own.items()]
        numbered = list(enumerate(plan.aggregates))
        # Per state the views that are read, and where their readings belong among those of the aggregates.
        self._views = [
            (self.own.get(state, self.presence), [(i, a.view) for i, a in numbered if a.state == state])
            for state in plan.states
        ]

    def state(self) -> dict[str, Measure]:
        """All measures by name."""
        return {**self.own, PRESENCE: self.presence}

    def add(self, frame: Frame, events: Ints | None, cells: Ints) -> list[Measure]:
        """Count events, None for all, in their cells; returns the measures that took some, presence apart."""
        self.presence.add(cells, None)
        if not self._selected:
            return []
        inside = full = None
        if events is not None:
            inside = np.zeros(frame.n, np.bool_)
            inside[events] = True
            full = np.zeros(frame.n, np.int64)
            full[events] = cells
        took = []
        for aggregate, state, measure in self._selected:
            chosen = select(frame, aggregate, state)
            if inside is not None and full is not None:
                chosen = chosen.within(inside)
                target = full[chosen.events]
            else:
                target = cells if chosen.events is None else cells[chosen.events]
            if len(target):
                measure.add(target, chosen.values)
                took.append(measure)
        return took

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

    def notes(self) -> dict[str, int]:
        """What the bounds of the measures cost, summed up."""
        result: dict[str, int] = {}
        for measure in self.state().values():
            for name, count in measure.note().items():
                result[name] = result.get(name, 0) + count
        return result
