"""Rows of a grid, one window at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from analytics.batch import Batch
from analytics.cells import Cells
from analytics.dictionary import Dictionary
from analytics.frame import Frame
from analytics.history import PARTIAL, Record, Values
from analytics.measures.topk import Top
from analytics.plan import make_plan
from analytics.publisher import Publisher, plain_values, tier_number
from analytics.spec import KpiSpec

# As in an engine, the dictionary of a column lives on from batch to batch.
DICTIONARIES: defaultdict[str, Dictionary] = defaultdict(Dictionary)


def publisher(value: str = "count(*)", window: str = "tumbling 1s", **more: Any) -> Publisher:
    """A publisher of one KPI, with no events yet."""
    (plan,) = make_plan([KpiSpec(name="k", value=value, window=window, **more)], {}, 1 << 34).grids
    return Publisher(plan, Cells(plan))


def count(publisher: Publisher, *events: tuple[int, str]) -> None:
    """Count events of (time, country)."""
    rows = [{"timestamp": time, "properties": {"country": country}} for time, country in events]
    publisher.cells.apply(Frame(Batch.from_events(rows), DICTIONARIES), None)


def taken(publisher: Publisher) -> list[tuple[Any, ...]]:
    """Of the rows since the last call: (country, start, value, kind, rev)."""
    rows = [row for block in publisher.take() for row in publisher.rows(block.kpi, block.record)]
    publisher.cells.clean()
    return [(row.dims.get("country"), row.start, row.value, row.kind, row.rev) for row in rows]


def test_a_window_goes_from_partial_to_final_to_correction() -> None:
    """Each stage hands out only rows that changed, and a correction counts up from the final row."""
    grid = publisher(by=("country",))
    count(grid, (0, "b"), (1, "a"))
    grid.show(1, everything=False)
    assert taken(grid) == [("a", 0, 1, "partial", 0), ("b", 0, 1, "partial", 0)]
    count(grid, (2, "b"))
    grid.show(1, everything=False)
    assert taken(grid) == [("b", 0, 2, "partial", 0)]
    grid.finish(1)
    assert taken(grid) == [("a", 0, 1, "final", 0), ("b", 0, 2, "final", 0)]
    count(grid, (3, "b"), (4, "c"))
    grid.correct(1)
    assert taken(grid) == [("b", 0, 3, "correction", 1), ("c", 0, 1, "final", 0)]


def test_what_did_not_change_is_not_handed_out() -> None:
    """Nothing is pending for a window without new events, nor for events that leave the value as it is."""
    grid = publisher("uniq(country)")
    count(grid, (0, "a"))
    grid.finish(1)
    assert taken(grid) == [(None, 0, 1, "final", 0)]
    grid.correct(1)
    count(grid, (1, "a"))
    grid.correct(1)
    assert taken(grid) == []


@pytest.mark.parametrize(
    ("since", "reads"),
    [("nothing", 0), ("an event elsewhere", 0), ("an event", 1), ("a cost", 1), ("a key that was not shown", 1)],
)
def test_what_was_shown_last_is_final_without_a_reading(
    monkeypatch: pytest.MonkeyPatch, since: str, reads: int
) -> None:
    """Unless events came since, or were never shown, or a bound has cost something anywhere meanwhile."""
    grid = publisher("top(country, 1)", by=("country",))
    count(grid, (0, "a"), (1, "b"), (1_000, "a"))
    grid.show(1, everything=False)
    taken(grid)
    grid.shown()
    expected = [["a", 1], ["b", 1]]
    match since:
        case "an event elsewhere":
            count(grid, (1_001, "b"))
        case "an event":
            count(grid, (2, "b"))
            expected[1] = ["b", 2]
        case "a cost":
            (top,) = grid.cells.aggregates.own.values()
            assert isinstance(top, Top)
            top._forgotten += 1
        case "a key that was not shown":
            count(grid, (2, "c"))
            grid.cells.clean()
            expected.append(["c", 1])
    with patch.object(grid.cells, "read", wraps=grid.cells.read) as read:
        grid.finish(1)
    assert taken(grid) == [(item[0], 0, {"items": [item]}, "final", 0) for item in expected]
    assert read.call_count == reads


def test_a_block_is_not_touched_by_later_changes() -> None:
    """A final row that waits to be handed out says what it said, though a correction came after it."""
    grid = publisher()
    count(grid, (0, "a"))
    grid.finish(1)
    grid.cells.clean()
    count(grid, (1, "a"))
    grid.correct(1)
    assert taken(grid) == [(None, 0, 1, "final", 0), (None, 0, 2, "correction", 1)]
    assert grid.take() == []


def test_the_overflow_row_is_last_and_says_for_how_many_keys_it_stands() -> None:
    """With `max_keys` met, the other combinations are one row behind all, with their number."""
    grid = publisher(by=("country",), max_keys=1)
    count(grid, (0, "z"), (1, "a"), (2, "b"), (3, "a"))
    grid.finish(1)
    (block,) = grid.take()
    rows = grid.rows(0, block.record)
    assert [(row.dims["country"], row.value, row.keys) for row in rows] == [("z", 1, None), ("__other__", 3, 2)]


def test_retired_panes_live_on_in_coarser_windows() -> None:
    """Closed panes give their slots back, and their events are counted in the ten-second window."""
    grid = publisher()
    for second in range(10):
        count(grid, (second * 1_000, "a"), (second * 1_000 + 1, "a"))
        grid.finish(second + 1)
    grid.retire(list(range(10)))
    grid.close_tiers(10_000)
    assert len(grid.cells.pool) == 0
    (coarse,) = grid.books[0][1].records.values()
    assert (coarse.start, coarse.end, coarse.values.tolist()) == (0, 10_000, [20])


def test_steps_without_change_are_not_read_again() -> None:
    """Windows with the same panes share their values, and `rate()` still has the length of each."""
    grid = publisher("rate()", "cumulative 1d every 1m")
    count(grid, (0, "a"))
    for minute in range(1, 4):
        grid.finish(minute, unchanged=minute > 1)
    assert taken(grid) == [(None, 0, 1 / 60 / minute, "final", 0) for minute in range(1, 4)]
    first, second, _ = (record.keys for record in grid.books[0][0].records.values())
    assert first is second


def test_kept_records_overlap_the_asked_stretch() -> None:
    """`kept` gives the windows that overlap [start, end), ascending, and none twice."""
    grid = publisher()
    for second in range(5):
        count(grid, (second * 1_000, "a"))
        grid.finish(second + 1)
    assert [record.start for record in grid.kept(0, 1_500, 4_000)] == [1_000, 2_000, 3_000]
    assert list(grid.kept(0, 9_000, 10_000)) == []


def test_values_of_a_record_are_json() -> None:
    """NaN is null, and a list kept as bytes is a list."""
    keys = np.arange(2)
    numbers = Record(0, 1, Values(keys, np.array([1.5, np.nan]), None, None), PARTIAL)
    lists = Record(0, 1, Values(keys, np.array([b'["a",1]', None], object), None, None), PARTIAL)
    assert plain_values(numbers) == [1.5, None]
    assert plain_values(lists) == [["a", 1], None]


def test_tier_numbers_are_distinct_and_below_every_pane() -> None:
    """No two coarse windows of any tiers share a number, and none is a pane's."""
    numbers = {tier_number(tier, window) for tier in range(3) for window in range(-10, 10)}
    assert len(numbers) == 60
    assert max(numbers) < -(1 << 49)
