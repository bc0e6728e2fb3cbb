"""The pool of panes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.panes import PanePool, distinct


def test_panes_are_ascending_however_they_were_opened() -> None:
    """The pool lists its panes by number, and `between` takes the first bound and not the last."""
    pool = PanePool(4)
    for pane in (30, -5, 10):
        pool.open(pane)
    assert list(pool) == [-5, 10, 30]
    assert pool.between(-5, 30) == [-5, 10]
    assert (len(pool), pool.free) == (3, 1)


def test_spare_slots_are_there_but_not_free() -> None:
    """The last slot can be opened though none is free."""
    pool = PanePool(3, spare=1)
    pool.open(1)
    pool.open(2)
    assert pool.free == 0
    pool.open(3)
    assert pool.close(1) is not None
    assert (list(pool), pool.free) == ([2, 3], 0)


def test_each_open_pane_has_a_slot_of_its_own() -> None:
    """`slots` gives the slots of panes in the order they are asked for."""
    pool = PanePool(3)
    slots = {pane: pool.open(pane) for pane in (7, 5, 6)}
    assert sorted(slots.values()) == [0, 1, 2]
    assert pool.slots([6, 7, 5]).tolist() == [slots[6], slots[7], slots[5]]


def test_a_closed_pane_gives_its_slot_back() -> None:
    """A full pool takes a new pane once one was closed, in the slot of that one."""
    pool = PanePool(2)
    first = pool.open(1)
    pool.open(2)
    assert pool.free == 0
    with pytest.raises(IndexError):
        pool.open(3)
    assert 3 not in pool
    assert pool.close(1) == first
    assert 1 not in pool
    assert pool.open(1_000_000) == first
    assert list(pool) == [2, 1_000_000]


@given(st.lists(st.integers(-6_000, 6_000), min_size=1))
def test_distinct_is_the_sorted_set(panes: list[int]) -> None:
    """Close together or far apart, the distinct panes are those of a set, ascending."""
    assert distinct(np.array(panes, np.int64)) == sorted(set(panes))
