"""The aggregates of open sessions: each session is one cell of every measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.aggregates import Aggregates
from analytics.arrays import Bools, Ints, Reading
from analytics.frame import Frame
from analytics.plan import GridPlan
from analytics.snapshot import under

__all__ = ["SessionCells"]

SLOT = np.zeros(1, np.int64)
"""Sessions are the keys of the only slot."""


class SessionCells:
    """State of `most` sessions at once."""

    def __init__(self, plan: GridPlan, most: int) -> None:
        self.aggregates = Aggregates(plan, 1, most)
        # Sessions with events since they were last published.
        self.dirty: Bools = np.zeros(most, np.bool_)
        for measure in self.aggregates.own.values():
            measure.open(0, 0)

    def count(self, frame: Frame, events: Ints | None, cells: Ints) -> None:
        """Count events, None for all, in their cells."""
        self.dirty[cells] = True
        self.aggregates.add(frame, events, cells)

    def read(self, cells: Ints) -> list[Reading]:
        """What every aggregate says of each of these sessions, ascending."""
        return self.aggregates.read(SLOT, cells)

    def join(self, sources: Ints, targets: Ints) -> None:
        """Sessions become part of others; their cells are empty then."""
        for measure in self.aggregates.state().values():
            measure.join(sources, targets)
        self.dirty[targets] = True
        self.vacate(sources)

    def vacate(self, cells: Ints) -> None:
        """Empty these cells."""
        for measure in self.aggregates.state().values():
            measure.vacate(cells)
        self.dirty[cells] = False

    def dump(self, cells: Ints) -> dict[str, NDArray[Any]]:
        """State of these cells, which are all that hold anything, as named buffers."""
        buffers: dict[str, NDArray[Any]] = {"#dirty": self.dirty[cells]}
        for state, measure in self.aggregates.state().items():
            buffers |= {f"{state}/{name}": array for name, array in measure.dump(SLOT, cells).items()}
        return buffers

    def renumbered(self, buffers: Mapping[str, NDArray[Any]], order: Ints, numbers: Ints) -> dict[str, NDArray[Any]]:
        """A dump with its cells in this order, and under these numbers."""
        made: dict[str, NDArray[Any]] = {"#dirty": buffers["#dirty"][order]}
        for state, measure in self.aggregates.state().items():
            part = measure.renumbered(under(buffers, f"{state}/"), order, numbers)
            made |= {f"{state}/{name}": array for name, array in part.items()}
        return made

    def load(self, cells: Ints, buffers: Mapping[str, NDArray[Any]]) -> None:
        """Put a dump into the same cells, which are empty; measures that it does not know stay so."""
        for state, measure in self.aggregates.state().items():
            part = under(buffers, f"{state}/")
            if part:
                measure.load(SLOT, cells, part)
        self.dirty[cells] = buffers["#dirty"]

    def notes(self) -> dict[str, int]:
        """What the bounds of the measures cost, summed up."""
        return self.aggregates.notes()
