"""Time to delete by."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.server.steady import Steady

DAY_MS = 86_400_000


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(-DAY_MS, DAY_MS)), max_size=20))
def test_it_never_runs_ahead_of_the_time_that_passed_and_never_back(steps: list[tuple[int, int]]) -> None:
    """However the clock jumps; and it does not lag behind one that stays as far off as it began, or less."""
    passed, start = [0], 1_795_334_400_000
    steady = Steady(lambda: passed[0] / 1_000)
    last = steady(start)
    for step, jump in steps:
        passed[0] += step
        now = steady(start + passed[0] + jump)
        assert last <= now <= start + passed[0]
        last = now
    passed[0] += DAY_MS
    assert steady(start + passed[0]) == start + passed[0]


def test_a_clock_that_was_ahead_at_the_start_is_waited_for() -> None:
    """Nothing is younger than it was."""
    steady = Steady(lambda: 0.0)
    assert [steady(now) for now in (5_000, 4_000, 6_000)] == [5_000, 5_000, 5_000]
