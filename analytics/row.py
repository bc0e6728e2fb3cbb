"""What the engine hands out: rows, changes and verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

__all__ = ["Changes", "Dims", "Row", "Verdict"]

Dims: TypeAlias = dict[str, Any]
"""Column name as written in `by` -> string, number, boolean or None. Shared between rows: do not change one."""


class Row(NamedTuple):
    """The value of one KPI for one window and one combination of dimensions.

    Identity: (kpi, dims, start); for cumulative windows, which share their start, (kpi, dims, start, end).
    """

    kpi: str
    dims: Dims
    start: int
    end: int
    value: Any
    kind: str
    """`partial`, `final`, `correction`, or `retract`: what was said under this identity is not true any more."""
    rev: int
    """0 until the final row, then one more for each correction, and one more for the retraction."""
    error: float | None = None
    """Relative standard error once the value is approximate."""
    keys: int | None = None
    """How many keys the `__other__` row stands for."""


class Verdict(NamedTuple):
    """What became of an event that was not plainly accepted."""

    index: int  # type: ignore[assignment]  # the name of the contract, over tuple's method
    """Position in the batch."""
    outcome: str
    """`drop`: no KPI counted it. `warn`: some did not."""
    reason: str


@dataclass(slots=True)
class Changes:
    """What changed since the last `advance`."""

    rows: list[Row] = field(default_factory=list)
    """In order of (end, kpi, dims); a correction follows its final."""
    watermark: dict[str, int | None] = field(default_factory=dict)
    """KPI name -> epoch ms; None before the first event."""
    coarse: list[Row] = field(default_factory=list)
    """Windows of 10 s and 60 s that tumbling ones add up to, once each, when nothing can change them any more."""
