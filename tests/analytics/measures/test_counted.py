"""Counts by hash, and their caps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.arrays import Numbers
from analytics.measures import topk
from analytics.measures.counted import PART, Caps, Counted
from analytics.measures.quantile import Quantile
from analytics.measures.topk import Top
from analytics.packed import plain_each
from tests.analytics.measures.values import add, opened, read


def test_pairs_seen_lately_are_counted_where_they_moved_to() -> None:
    """Growing tables move their pairs; what is counted before, during and after adds up."""
    measure = opened(Top, 3, 2, 3)
    assert isinstance(measure, Counted)
    for batch in range(6):
        others = [f"{batch}-{i}" for i in range(400)]
        add(measure, [0] * 403, ["often", "often", *others, "often"])
    assert plain_each(read(measure, 0))[0]["items"][0] == ["often", 18]


def test_a_budget_has_room_for_all_pairs() -> None:
    """More pairs, rows or panes, more bytes."""
    one = Counted.counted_budget(3, Caps(10_000, 5_000, 100))
    assert Counted.counted_budget(3, Caps(20_000, 5_000, 100)) - one == 8 * 10_000
    assert Counted.counted_budget(3, Caps(10_000, 9_000, 100)) > one
    assert Counted.counted_budget(300, Caps(10_000, 5_000, 100)) > one > 8 * 10_000


def test_too_many_rows_are_relieved_of_in_all_panes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that come once each in one pane after the other: what is kept stays within the caps, and says so."""
    monkeypatch.setattr(topk, "MAX_ROWS", 2_000)
    measure = opened(Top, 40, 2, 3)
    assert isinstance(measure, Top)
    for slot in range(40):
        add(measure, [2 * slot] * 500 + [2 * slot + 1] * 3, [f"{slot} {i}" for i in range(500)] + ["/"] * 3)
        found = plain_each(read(measure, *range(slot + 1)))[1]
        assert found["items"][0][0] == "/"
        assert measure._counts.rows.room <= measure._counts.rows.room_for(2_000 + PART)
    assert measure._counts.rows.mattered <= 2_000
    assert "bounds" in plain_each(read(measure, *range(40)))[0]


@given(
    sizes=st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=6),
    excess=st.integers(1, 40),
    fewer=st.booleans(),
)
def test_the_fullest_cells_are_halved_first(sizes: list[list[int]], excess: int, fewer: bool) -> None:
    """By size, then age, then key, until enough is freed; none that is at most half as full as the fullest."""
    measure = opened(Top, len(sizes), 3, 3)
    assert isinstance(measure, Top)
    each = [size for keys in sizes for size in keys]
    for cell, size in enumerate(each):
        add(measure, [cell] * size, [f"{cell} {i}" for i in range(size)])
    measure._settle()
    if fewer:  # what is known of how full they are is too much then
        measure._most += 2
    left, expected = excess, []
    for cell in sorted(range(len(each)), key=lambda cell: (-each[cell], cell)):
        if left > 0 and each[cell] > max(each) // 2:
            expected.append(cell)
            left -= each[cell] - each[cell] // 2
    assert measure._fullest(excess).tolist() == expected


def test_hash_zero_in_pane_zero_is_a_pair_like_others() -> None:
    """The numbers 0 of the very first pane, or of the first session, count as themselves and not as another number."""
    counted = Quantile(slots=1, keys=1)
    counted.open(0, 0)
    numbers = np.array([5.0, 0.0, 0.0, 0.0])
    counted.add(np.zeros(4, np.int64), Numbers(numbers, None))
    assert counted.read(np.array([0]), np.array([0])).values.tolist() == [0.0]
