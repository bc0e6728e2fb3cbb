"""Changed rows of all KPIs in one order."""

from __future__ import annotations

import random

import numpy as np

from analytics.row import Row
from analytics.told import Told, rows_in_order


def row(kpi: str, end: int, n: int = 0) -> Row:
    """A row that can be told from others by `n`."""
    return Row(kpi, {}, 0, end, n, "final", 0)


def test_blocks_of_windows_are_ordered_by_event_end_and_kpi() -> None:
    """Blocks of the same place stay as they came."""
    told = [
        Told("b", [row("b", 5, 1), row("b", 5, 2)], 0, 5),
        Told("b", [row("b", 5, 3)], 0, 5),
        Told("b", [row("b", 4, 4)], 1, 4),
        Told("a", [row("a", 5, 5)], 0, 5),
    ]
    assert [each.value for each in rows_in_order(told)] == [5, 1, 2, 3, 4]
    assert rows_in_order([]) == []


def test_sessions_and_windows_are_merged_row_by_row() -> None:
    """As a stable sort of all rows by (event, end, KPI)."""
    chance = random.Random(3)
    told, places = [], []
    for i in range(40):
        kpi = f"k{i % 7}"
        n = chance.randint(1, 9)
        if i % 7 < 3:
            ends = sorted((chance.randint(0, 3), chance.randint(0, 20)) for _ in range(n))
            rows = [row(kpi, end, 100 * i + k) for k, (_, end) in enumerate(ends)]
            told.append(Told(kpi, rows, np.array([at for at, _ in ends]), np.array([end for _, end in ends])))
            places += [(at, end, kpi, each) for (at, end), each in zip(ends, rows, strict=True)]
        else:
            at, end = chance.randint(0, 3), chance.randint(0, 20)
            rows = [row(kpi, end, 100 * i + k) for k in range(n)]
            told.append(Told(kpi, rows, at, end))
            places += [(at, end, kpi, each) for each in rows]
    expected = [each for *_, each in sorted(places, key=lambda place: place[:3])]
    assert rows_in_order(told) == expected
