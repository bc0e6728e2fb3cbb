"""Columns in order, and with room."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.columns import ordered, roomy


@pytest.mark.parametrize("widest", [10, 1 << 40, 1 << 62])
def test_they_are_ordered_as_by_several_sorts(widest: int) -> None:
    """Whether all combinations fit into one number or not; stable, where that is asked for."""
    rng = np.random.default_rng(widest % 97)
    columns = [rng.integers(-widest, widest, 200), rng.integers(-3, 3, 200), rng.integers(5, 8, 200)]
    expected = np.lexsort(columns[::-1])
    assert ordered(*columns, stable=True).tolist() == expected.tolist()
    found = ordered(*columns)
    assert sorted(found.tolist()) == list(range(200))
    for column in columns:
        assert column[found].tolist() == column[expected].tolist()


def test_nothing_is_in_order() -> None:
    """Of no rows there is one order."""
    assert ordered(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []


def test_room_is_made_now_and_then() -> None:
    """What was there stays; the array is another one only where the rows did not fit."""
    column = roomy(np.zeros((0, 2), np.int64), 0, 3, 100)
    assert len(column) > 3
    column[:3] = [[1, 2], [3, 4], [5, 6]]
    assert roomy(column, 3, len(column) - 3, 100) is column
    grown = roomy(column, 3, len(column) - 2, 5_000)
    assert grown[:3].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert len(roomy(np.zeros(9_000), 9_000, 1, 20_000)) == 13_500
    assert len(roomy(np.zeros(9_000), 9_000, 1, 10_000)) == 10_000
    assert len(roomy(np.zeros(9_000), 9_000, 1_001, 10_000)) == 10_001
