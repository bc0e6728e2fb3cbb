"""Times and panes: numbering without gaps, both ways, for one time and for many."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.axis import Axis, Even, Uneven

# Periods of 23, 25, 24 and 30, in an order of their own.
STARTS = array("q", [5, 28, 53, 77, 107])
AXES: list[Axis] = [
    Even(7, per=3),
    Uneven("whole", STARTS, 24),
    Uneven("steps", STARTS, 24, 6),
    Uneven("ones", STARTS, 24, 1),
]


@pytest.mark.parametrize("axis", AXES)
def test_panes_follow_each_other_without_gaps(axis: Axis) -> None:
    """Each pane ends where the next begins, holds its times, and lies in one period."""
    first = axis.number(-200)
    assert axis.number(300) > first
    for pane in range(first, axis.number(300)):
        start, end = axis.ms(pane), axis.ms(pane + 1)
        assert start < end
        assert (axis.number(start), axis.number(end - 1)) == (pane, pane)
        low, high = axis.period(pane)
        assert low <= pane < high
        assert axis.period(low) == axis.period(high - 1) == (low, high)


@given(st.sampled_from(AXES), st.lists(st.integers(-300, 400), max_size=20))
def test_many_times_are_numbered_like_single_ones(axis: Axis, times: list[int]) -> None:
    """Arrays give what each of their elements gives, whether it lies before, in or behind the table."""
    numbers = axis.numbers(np.array(times, np.int64))
    assert numbers.tolist() == [axis.number(time) for time in times]
    assert axis.ends(numbers).tolist() == [axis.period(number)[1] for number in numbers.tolist()]


def test_a_period_of_a_table_is_as_long_as_it_says() -> None:
    """23 have three panes of 6 and a short one, 25 four and one, 30 five; beyond the table there are four."""
    axis = Uneven("steps", STARTS, 24, 6)
    periods = [axis.period(axis.number(start)) for start in (*STARTS, 4)]
    assert [high - low for low, high in periods] == [4, 5, 4, 5, 4, 4]
    assert [axis.ms(high) - axis.ms(high - 1) for _, high in periods] == [5, 1, 6, 6, 6, 6]


def test_times_beyond_all_events_have_numbers() -> None:
    """The beginning and the end of time stay in order, alone and among others."""
    for axis in AXES:
        times = np.array([-(1 << 62), 0, 1 << 61])
        assert axis.numbers(times).tolist() == [axis.number(time) for time in times.tolist()]
        assert (np.diff(axis.numbers(times)) > 0).all()
