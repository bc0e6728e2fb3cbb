"""One group followed by itself gets where it gets beside others."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics import chains
from analytics.aggregation import FunnelSetting
from analytics.chains import EXCLUDED, NO_STEP, Entries, Search
from analytics.stepwise import Stepwise

MODES = ("strict_order", "allow_reentry", "strict_deduplication", "strict_increase")
SETTINGS = st.builds(
    lambda within, modes, times: FunnelSetting(3, within, tuple(sorted(modes)), exclude=True, times=times),
    st.integers(0, 12),
    st.sets(st.sampled_from(MODES)),
    st.booleans(),
)
ENTRIES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 20), st.sampled_from([EXCLUDED, NO_STEP, 0, 0, 1, 1, 2])), max_size=50
)


def searched(setting: FunnelSetting, rows: list[tuple[int, int, int]], few: int) -> Search:
    """The search of four groups, of which those with more entries than the others are followed when they are `few`."""
    groups, times, steps = (np.array([row[i] for row in sorted(rows)], np.int64) for i in range(3))
    search = Search(4, setting)
    with patch.object(chains, "FEW", few):
        search.run(Entries(groups, times, steps, np.arange(len(rows))))
    return search


@given(SETTINGS, ENTRIES)
def test_side_by_side_and_one_by_one_end_in_the_same_state(
    setting: FunnelSetting, rows: list[tuple[int, int, int]]
) -> None:
    """Whatever the modes: when each chain began, where it got, what was best, and the times of its steps."""
    beside, alone = searched(setting, rows, 0), searched(setting, rows, 9)
    for name in ("began", "got", "done", "best", "_paths", "_best_path"):
        assert np.array_equal(getattr(beside, name), getattr(alone, name)), name
    assert beside.levels().tolist() == alone.levels().tolist()


def test_all_events_of_one_user_cost_no_more_than_those_of_many() -> None:
    """Array operations are made for what many users have, not for each entry of the one that has them all."""
    setting = FunnelSetting(3, 10**9)
    n = 4_000
    turns: list[int] = []
    take = Search.take

    def counted(search: Search, members: np.ndarray, *rest: np.ndarray) -> None:
        turns.append(len(members))
        take(search, members, *rest)

    groups = np.concatenate([np.zeros(n, np.int64), np.arange(1, 101).repeat(2)])
    steps = np.tile(np.array([0, 1], np.int64), len(groups) // 2)
    with patch.object(Search, "take", counted):
        search = Search(101, setting)
        search.run(Entries(groups, np.arange(len(groups)), steps, np.arange(len(groups))))
    assert turns == [101, 101]
    assert search.levels().tolist() == [2] * 101


def test_first_steps_in_a_row_are_one_entry() -> None:
    """The last of them: a user who only ever looks at pages is judged in one turn."""
    seen: list[int] = []
    run = Stepwise.run

    def counted(one: Stepwise, times: list[int], steps: list[int]) -> None:
        seen.append(len(times))
        run(one, times, steps)

    steps = np.array([0] * 1_000 + [1] + [0] * 1_000, np.int64)
    search = Search(1, FunnelSetting(2, 500))
    with patch.object(Stepwise, "run", counted):
        search.run(Entries(np.zeros(2_001, np.int64), np.arange(2_001), steps, np.arange(2_001)))
    assert (seen, search.levels().tolist()) == ([3], [2])


def test_it_stops_when_nothing_can_change() -> None:
    """The last step ends it, whatever still comes."""
    one = Stepwise(FunnelSetting(2, 10), -1, [-1, -1], [-1, -1], 0, None, None)
    one.run([1, 2, 3], [0, 1, EXCLUDED])
    assert (one.done, one.best, one.began) == (True, 2, [1, 1])
