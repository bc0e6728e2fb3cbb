"""An engine of which can be seen what its windows count at a time."""

from __future__ import annotations

from typing import Any

from analytics import Batch, Engine, KpiSpec
from analytics.arrays import Bools
from analytics.frame import Frame
from analytics.time import Rise
from analytics.windowing import Taken


class Counted:
    """An engine, and the sizes of what each of its windows counts, by KPI."""

    def __init__(self, *specs: KpiSpec) -> None:
        self.engine = Engine(specs)
        self.sizes: dict[str, list[int]] = {spec.name: [] for spec in specs}
        for grid in self.engine._grids:
            self._note(grid, self.sizes[grid.plan.kpis[0].spec.name])

    def _note(self, grid: Any, sizes: list[int]) -> None:
        ingest = grid.ingest

        def noted(frame: Frame, live: Bools | None, rise: Rise, span: tuple[int, int]) -> Taken:
            sizes.append(frame.n)
            taken: Taken = ingest(frame, live, rise, span)
            return taken

        grid.ingest = noted

    def take(self, *events: dict[str, Any]) -> list[tuple[int, str]]:
        """A batch; the verdicts on it."""
        return [(each.index, each.outcome) for each in self.engine.ingest(Batch.from_events(events), 0)]
