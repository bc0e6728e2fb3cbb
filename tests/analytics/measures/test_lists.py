"""Lists of rows by pane."""

from __future__ import annotations

import numpy as np

from analytics.measures.lists import PARTS, Lists
from tests.analytics.measures.values import cells


def held(lists: Lists) -> dict[int, list[int]]:
    return {pane: sorted(lists.of(pane).tolist()) for pane in lists}


def test_rows_are_in_the_lists_of_their_panes() -> None:
    """Of one pane or of several, in any order, and none of a pane that got nothing."""
    lists = Lists()
    lists.add(cells(3, 3), cells(10, 11))
    lists.add(cells(5, 3, -2, 5), cells(7, 12, 9, 8))
    lists.add(cells(), cells())
    assert held(lists) == {3: [10, 11, 12], 5: [7, 8], -2: [9]}
    assert (5 in lists, 4 in lists, lists.of(4).tolist()) == (True, False, [])


def test_many_parts_become_one() -> None:
    """However often rows are added, the list is in a few parts, which take no more than was said."""
    lists = Lists()
    for row in range(1_000):
        lists.add(cells(1), cells(row))
        parts = lists._parts[1]
        assert len(parts) <= PARTS
        assert sum(part.base is None for part in parts) == len(parts)
    assert lists.of(1).tolist() == list(range(1_000))


def test_lists_are_replaced_and_taken_away() -> None:
    """What is put is what is there then; what was popped is not."""
    lists = Lists()
    lists.add(cells(1, 2), cells(4, 5))
    lists.put(1, np.array([8, 9], np.int32))
    assert lists.pop(2).tolist() == [5]
    assert lists.pop(2).tolist() == []
    assert held(lists) == {1: [8, 9]}


def test_rows_get_other_numbers() -> None:
    """Those without one go."""
    lists = Lists()
    lists.add(cells(1, 1, 2), cells(0, 2, 1))
    lists.rename(np.array([1, -1, 0], np.int32))
    assert held(lists) == {1: [0, 1], 2: []}
