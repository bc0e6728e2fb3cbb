"""Array types that cross module borders."""

from __future__ import annotations

from functools import partial

import numpy as np

from analytics.arrays import Numbers, Reading, selected


def test_no_index_stands_for_every_event() -> None:
    """Without an index the array itself is given, not a copy."""
    array = np.arange(3)
    assert selected(array, None) is array


def test_an_index_picks_in_its_order() -> None:
    """An index may repeat and reorder; an empty one picks nothing."""
    array = np.array([10.0, 20.0, 30.0])
    assert selected(array, np.array([2, 0, 2], np.int64)).tolist() == [30.0, 10.0, 30.0]
    assert selected(array, np.zeros(0, np.int64)).tolist() == []


def test_operands_and_readings_are_complete_and_exact_unless_said() -> None:
    """Numbers and readings made of values alone are valid everywhere and have lost nothing."""
    values = np.ones(2)
    assert Numbers(values, None).low is None
    assert Reading(values)[1:] == (None, None)


def test_a_column_remembers_what_was_worked_out_of_it() -> None:
    """Once under each key; another column knows nothing of it."""
    numbers, made = Numbers(np.ones(2), None), list[str]()

    def make(name: str) -> str:
        made.append(name)
        return name

    assert [numbers.keep(key, partial(make, key)) for key in ("a", "b", "a")] == ["a", "b", "a"]
    assert made == ["a", "b"]
    assert Numbers(np.ones(2), None).keep("a", lambda: "other") == "other"
