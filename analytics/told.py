"""Changed rows on their way out of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analytics.arrays import Ints
from analytics.row import Row

__all__ = ["Told", "rows_in_order"]


class Told(NamedTuple):
    """Changed rows of one KPI in order of (event, end, dims), where equal in order of change."""

    kpi: str
    rows: list[Row]
    at: Ints | int
    """Number of the event that caused each row, or all of them, where the engine is exact; else 0."""
    end: Ints | int
    """End of each row's window, or of all."""


def rows_in_order(told: Sequence[Told]) -> list[Row]:
    """All rows by (event, end, KPI, dims). Blocks of one window are moved as a whole, others row by row."""
    if len(told) == 1:
        return told[0].rows
    blocks = [(each.at, each.end, each.kpi) for each in told if not isinstance(each.end, np.ndarray)]
    if len(blocks) == len(told):
        return [row for i in sorted(range(len(told)), key=blocks.__getitem__) for row in told[i].rows]
    rank = {name: i for i, name in enumerate(sorted({each.kpi for each in told}))}
    # One unit is one row, or one block of a single window.
    at, end, kpi, units = [], [], [], list[list[Row]]()
    for each in told:
        parts = [[row] for row in each.rows] if isinstance(each.end, np.ndarray) else [each.rows]
        units += parts
        at.append(np.broadcast_to(each.at, len(parts)))
        end.append(np.broadcast_to(each.end, len(parts)))
        kpi.append(np.full(len(parts), rank[each.kpi]))
    order = np.lexsort([np.concatenate(column) for column in (kpi, end, at)])
    return [row for i in order.tolist() for row in units[i]]
