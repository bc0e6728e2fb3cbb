"""`min` and `max`."""

from __future__ import annotations

from analytics.measures.extremes import Max, Min
from tests.analytics.measures.values import add, opened, read
from tests.analytics.simple import values_of


def test_extremes_are_kept_per_cell() -> None:
    """Each cell has its own smallest and largest number, over one pane or several."""
    low, high = opened(Min), opened(Max)
    for measure in (low, high):
        add(measure, [0, 0, 2, 1], [3.0, -1.0, 7.0, 0.0])
    assert (read(low, 0), read(low, 0, 1)) == ([-1.0, 0.0], [-1.0, 0.0])
    assert (read(high, 0), read(high, 0, 1)) == ([3.0, 0.0], [7.0, 0.0])


def test_extremes_of_nothing_numeric_are_null() -> None:
    """Texts and booleans have no order among numbers."""
    assert values_of("min(x)", [{"x": "a"}, {"x": True}]) == [None]
    assert values_of("max(x) - min(x)", [{"x": 2}, {"x": 5}, {"x": "9"}]) == [3]
