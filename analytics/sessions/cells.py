"""The aggregates of open sessions: each session is one cell of every measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints, Reading
from analytics.frame import Frame
from analytics.measures import MEASURES, Measure
from analytics.measures.count import Count
from analytics.plan import GridPlan, is_presence
from analytics.selection import select

__all__ = ["SessionCells"]

SLOT = np.zeros(1, np.int64)
"""Sessions are the keys of the only slot."""


class SessionCells:
    """State of `most` sessions at once."""

    def __init__(self, plan: GridPlan, most: int) -> None:
        self.presence = Count(1, most)
        # Sessions with events since they were last published.
        self.dirty: Bools = np.zeros(most, np.bool_)
        self.measures: dict[str, Measure] = {
            state: self.presence if is_presence(a) else MEASURES[a.measure](1, most, a.parameter)
            for state, a in plan.states.items()
        }
        self._own = {state: m for state, m in self.measures.items() if m is not self.presence}
        self._selected = [(plan.states[state], state, measure) for state, measure in self._own.items()]
        self._views = [
            (measure, [(i, a.view) for i, a in enumerate(plan.aggregates) if a.state == state])
            for state, measure in self.measures.items()
        ]
        for measure in self._own.values():
            measure.open(0, 0)

    def count(self, frame: Frame, events: Ints | None, cells: Ints) -> None:
        """Count events, None for all, in their cells."""
        self.presence.add(cells, None)
        self.dirty[cells] = True
        if not self._selected:
            return
        inside = full = None
        if events is not None:
            inside = np.zeros(frame.n, np.bool_)
            inside[events] = True
            full = np.zeros(frame.n, np.int64)
            full[events] = cells
        for aggregate, state, measure in self._selected:
            chosen = select(frame, aggregate, state)
            if inside is not None and full is not None:
                chosen = chosen.within(inside)
                target = full[chosen.events]
            else:
                target = cells if chosen.events is None else cells[chosen.events]
            if len(target):
                measure.add(target, chosen.values)

    def read(self, cells: Ints) -> list[Reading]:
        """What every aggregate says of each of these sessions, ascending."""
        readings: dict[int, Reading] = {}
        for measure, views in self._views:
            read = measure.read_views([view for _, view in views], SLOT, cells)
            readings |= {i: reading for (i, _), reading in zip(views, read, strict=True)}
        return [readings[i] for i in range(len(readings))]

    def join(self, sources: Ints, targets: Ints) -> None:
        """Sessions become part of others; their cells are empty then."""
        for measure in (self.presence, *self._own.values()):
            measure.join(sources, targets)
        self.dirty[targets] = True
        self.vacate(sources)

    def vacate(self, cells: Ints) -> None:
        """Empty these cells."""
        for measure in (self.presence, *self._own.values()):
            measure.vacate(cells)
        self.dirty[cells] = False

    def dump(self, cells: Ints) -> dict[str, NDArray[Any]]:
        """State of these cells, which are all that hold anything, as named buffers."""
        buffers: dict[str, NDArray[Any]] = {"#dirty": self.dirty[cells]}
        for state, measure in {**self._own, "#presence": self.presence}.items():
            buffers |= {f"{state}/{name}": array for name, array in measure.dump(SLOT, cells).items()}
        return buffers

    def load(self, cells: Ints, buffers: Mapping[str, NDArray[Any]]) -> None:
        """Put a dump into the same cells, which are empty; measures that it does not know stay so."""
        for state, measure in {**self._own, "#presence": self.presence}.items():
            part = {k[len(state) + 1 :]: v for k, v in buffers.items() if k.startswith(state + "/")}
            if part:
                measure.load(SLOT, cells, part)
        self.dirty[cells] = buffers["#dirty"]

    def notes(self) -> dict[str, int]:
        """What the bounds of the measures cost, summed up."""
        result: dict[str, int] = {}
        for measure in self.measures.values():
            for name, count in measure.note().items():
                result[name] = result.get(name, 0) + count
        return result
