"""`count` and `rate`."""

from __future__ import annotations

from typing import Any

from analytics.measures.count import Count
from tests.analytics.measures.values import add, opened, read
from tests.analytics.simple import values_of


def test_count_counts_each_event_in_its_cell() -> None:
    """Cells of one batch are counted apart, repeated cells as often as they occur."""
    count = opened(Count)
    add(count, [0, 0, 1, 5], [None] * 4)
    assert [read(count, slot) for slot in (0, 1, 2)] == [[2, 1], [0, 0], [0, 1]]


def test_count_of_a_column_leaves_nulls_out() -> None:
    """count(x) counts what is not null, whatever its type; count(*) counts all."""
    events: list[dict[str, Any]] = [{"x": 1}, {"x": "a"}, {"x": False}, {"x": None}, {}]
    assert values_of("count(x)", events) == [3]
    assert values_of("count(*)", events) == [5]


def test_rate_is_events_per_second_of_the_whole_window() -> None:
    """Three events in a window of ten seconds are 0.3 a second, filtered ones fewer."""
    events: list[dict[str, Any]] = [{"x": 1}, {"x": 2}, {"x": 3}]
    assert values_of("rate()", events, window="tumbling 10s") == [0.3]
    assert values_of("rate() FILTER (WHERE x > 1)", events, window="tumbling 10s") == [0.2]
