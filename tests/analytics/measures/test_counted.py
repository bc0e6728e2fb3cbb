"""Counts by hash: what several panes say together."""

from __future__ import annotations

import numpy as np

from analytics.arrays import Numbers
from analytics.measures.counted import Counted, summed
from analytics.measures.quantile import Quantile
from analytics.measures.topk import Top
from tests.analytics.measures.values import add, cells, opened, read


def test_equal_pairs_of_several_panes_are_added_up() -> None:
    """A pair is its key and its hash: other keys and other hashes stay apart."""
    hashes = np.array([7, 7, 7, 9], np.uint64)
    keys, found, counts = summed(cells(1, 1, 2, 1), hashes, cells(3, 4, 5, 6))
    pairs = zip(keys.tolist(), found.tolist(), strict=True)
    assert dict(zip(pairs, counts.tolist(), strict=True)) == {(1, 7): 7, (2, 7): 5, (1, 9): 6}


def test_pairs_seen_lately_are_counted_where_they_moved_to() -> None:
    """Growing tables move their pairs; what is counted before, during and after adds up."""
    measure = opened(Top, 3, 2, 3)
    assert isinstance(measure, Counted)
    for batch in range(6):
        others = [f"{batch}-{i}" for i in range(400)]
        add(measure, [0] * 403, ["often", "often", *others, "often"])
    assert b'["often",18]' in read(measure, 0)[0]


def test_a_budget_has_room_for_all_pairs() -> None:
    """More pairs, more bytes; the part per cell is there as well."""
    assert Counted.counted_budget(3, 2, 10_000) > Counted.counted_budget(3, 2, 100) > 0
    assert Counted.counted_budget(300, 2, 100) - Counted.counted_budget(3, 2, 100) == 8 * 297 * 2


def test_hash_zero_in_pane_zero_is_a_pair_like_others() -> None:
    """The numbers 0 of the very first pane, or of the first session, count as themselves and not as another number."""
    counted = Quantile(slots=1, keys=1)
    counted.open(0, 0)
    numbers = np.array([5.0, 0.0, 0.0, 0.0])
    counted.add(np.zeros(4, np.int64), Numbers(numbers, None))
    assert counted.read(np.array([0]), np.array([0])).values.tolist() == [0.0]
