"""The result of one benchmark: a JSON file with all samples, and the same as a printed table."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import commit, describe
from benchmarks.samples import Series

__all__ = ["Goal", "Report", "UnequalError"]

RESULTS = Path(__file__).parent / "results"


class UnequalError(Exception):
    """A side gives other results than it should, or refused events: its speed means nothing."""


@dataclass(frozen=True)
class Goal:
    """A bound of the design on one series: `at_least` or `at_most`, judged by the median."""

    name: str
    series: str
    at_least: float | None = None
    at_most: float | None = None

    def judge(self, series: Series) -> str:
        """`met`, or by how much it is missed."""
        if self.at_least is not None and series.median < self.at_least:
            return f"missed: {series.median:.3g} is below {self.at_least:g}"
        if self.at_most is not None and series.median > self.at_most:
            return f"missed: {series.median:.3g} is above {self.at_most:g}"
        return "met"

    def bound(self) -> str:
        """The bound as text."""
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"


@dataclass
class Report:
    """Collects series, goals and notes of one run. `method` says in words what was measured and how."""

    name: str
    method: str
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]
    # Taken when the report is made, before the load of the run itself shows in it.
    machine: Mapping[str, Any] = field(default_factory=describe)
    series: list[Series] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    # What was checked for equality before timing, and what was left out and why.
    notes: dict[str, str] = field(default_factory=dict)

    def add(self, *series: Series) -> None:
        """Add measured or derived series; their names are unique within the report."""
        self.series.extend(series)

    def to_json(self) -> dict[str, Any]:
        """The content of the result file."""
        by_name = {series.name: series for series in self.series}
        return {
            "benchmark": self.name,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "machine": dict(self.machine),
            "versions": dict(self.versions),
            "method": " ".join(self.method.split()),
            "parameters": dict(self.parameters),
            "series": {series.name: series.to_json() for series in self.series},
            "goals": {
                goal.name: {"series": goal.series, "bound": goal.bound(), "verdict": goal.judge(by_name[goal.series])}
                for goal in self.goals
                if goal.series in by_name
            },
            "notes": dict(self.notes),
        }

    def write(self, folder: Path = RESULTS) -> Path:
        """Write `NAME.json` into the folder and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(self.to_json(), indent=1) + "\n", "utf-8")
        return path

    def table(self) -> str:
        """Series, goals and notes as text for a terminal."""
        rows = [
            (one.name, _short(one.median), _short(min(one.values)), _short(max(one.values)), one.unit)
            for one in self.series
        ]
        lines = list(_columns([("", "median", "min", "max", "unit"), *rows]))
        by_name = {series.name: series for series in self.series}
        lines += [""] + [
            f"{goal.name}: {goal.series} {goal.bound()}: {goal.judge(by_name[goal.series])}"
            for goal in self.goals
            if goal.series in by_name
        ]
        lines += [f"{name}: {text}" for name, text in self.notes.items()]
        return "\n".join(lines)


def _short(value: float) -> str:
    if value >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def _columns(rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    kept = list(rows)
    widths = [max(len(row[i]) for row in kept) for i in range(len(kept[0]))]
    for row in kept:
        cells = [row[0].ljust(widths[0])] + [
            cell.rjust(width) for cell, width in zip(row[1:4], widths[1:4], strict=True)
        ]
        yield "  ".join([*cells, row[4]]).rstrip()
