"""The steps of events, worked out for many at once: each is what the event would have changed by itself."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.aggregation import RetentionSetting, SessionSetting
from analytics.arrays import Visits
from analytics.measures import tracker
from analytics.measures.retention import Retention
from analytics.measures.sessions import Sessions
from analytics.measures.steps import Cohorts, Stays, Steps, bit, joined, no_steps
from analytics.measures.tracker import Tracker

SLOTS, KEYS, DAY = 8, 2, 86_400_000
EVENTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, KEYS - 1), st.integers(0, 39), st.integers(0, 3)),
    min_size=1,
    max_size=40,
)
"""User, key, time in eighths of a pane and more, conditions that are met."""
CUTS = st.lists(st.integers(0, 40), max_size=4).map(sorted)


def sessions() -> Sessions:
    """Panes of eight units, sessions that end after five."""
    return Sessions(SLOTS, KEYS, SessionSetting(gap=5 * DAY // 8))


def retention() -> Retention:
    """Panes of a day, users watched for three."""
    return Retention(SLOTS, KEYS, RetentionSetting(ms=86_400_000, periods=3))


def opened(make: Callable[[], Tracker]) -> Tracker:
    """Slots hold the panes 0, 1, .. of a day."""
    made = make()
    for slot in range(SLOTS):
        made.open(slot, slot)
    return made


def columns(events: Any) -> tuple[Any, Any, Visits]:
    """Keys, panes and visits."""
    users, keys, times, marks = (np.array(column, np.int64) for column in zip(*events, strict=True))
    times = times * (DAY // 8)
    return keys, times // DAY, Visits(users.astype(np.uint64), times, marks)


@pytest.mark.parametrize("make", [sessions, retention])
@given(EVENTS, CUTS, st.integers(1, 8))
def test_each_event_has_its_own_steps(
    make: Callable[[], Tracker], events: list[tuple[int, int, int, int]], cuts: list[int], piece: int
) -> None:
    """In any order of arrival and in any batches, counts after each event are those of one event at a time."""
    alone, together = opened(make), opened(make)
    before = tracker.PIECE
    tracker.PIECE = piece  # type: ignore[misc]
    try:
        bounds = [0, *(min(cut, len(events)) for cut in cuts), len(events)]
        for start, stop in pairwise(bounds):
            part = events[start:stop]
            if not part:
                continue
            steps = together.trace(*columns(part))
            assert steps.events.tolist() == sorted(steps.events.tolist())
            for i, event in enumerate(part):
                keys, panes, visits = columns([event])
                alone.add(panes * KEYS + keys, visits)
                together.take_steps(steps.part(steps.events == i))
                for name, counts in alone.arrays().items():
                    assert together.arrays()[name].tolist() == counts.tolist(), (name, i)
    finally:
        tracker.PIECE = before  # type: ignore[misc]
    slots, keys = np.arange(SLOTS), np.arange(KEYS)
    expected, found = alone.dump(slots, keys), together.dump(slots, keys)
    assert {name: array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in expected.items()
    }


def test_times_too_far_apart_go_one_by_one() -> None:
    """Also where no number holds user and time."""
    made, alone = opened(sessions), opened(sessions)
    times = np.array([0, 1 << 61, 5, -(1 << 60)])
    visits = Visits(np.array([1, 2, 1, 2], np.uint64), times, np.zeros(4, np.int64))
    keys, panes = np.zeros(4, np.int64), np.array([0, 1, 0, 1])
    made.take_steps(made.trace(keys, panes, visits))
    for i in range(4):
        one = slice(i, i + 1)
        alone.add(panes[one] * KEYS, Visits(visits.users[one], times[one], visits.marks[one]))
    for name, counts in alone.arrays().items():
        assert made.arrays()[name].tolist() == counts.tolist()


def test_steps_of_closed_panes_are_dropped() -> None:
    """Only what is open is counted, and told."""
    made = opened(sessions)
    steps = Steps(*(np.array(column) for column in ([0, 1], [3, 99], [1, 1], [0, 0], [2, 5])))
    assert made.take_steps(steps).tolist() == [3 * KEYS + 1]
    assert made.arrays()["n"].sum() == 2
    assert made.panes_of(np.array([7, 7, 0])) == [0, 3]


def test_counts_that_a_view_is_made_of() -> None:
    """The number of sessions is in all of them; retention is made of all it counts."""
    made = sessions()
    assert [made.counted([view]).tolist() for view in ("count", "seconds", "bounce_rate")] == [
        [True, False, False],
        [True, True, False],
        [True, False, True],
    ]
    assert retention().counted([None]).all()


def test_changes_as_steps() -> None:
    """Only counts that change have an entry."""
    panes, keys = np.array([4, 5]), np.array([0, 1])
    stays = Stays(panes, keys, None, np.array([7, 0]), np.array([-1, 0]))
    assert [column.tolist() for column in stays.steps(3)] == [[3, 3], [4, 4], [0, 0], [1, 2], [7, -1]]
    cohorts = Cohorts(panes, keys, np.array([0b100, 0], np.uint64), -1)
    assert [column.tolist() for column in cohorts.steps(2, 3)] == [
        [2, 2, 2], [4, 5, 4], [0, 1, 0], [0, 0, 2], [-1, -1, -1],
    ]  # fmt: skip
    assert bit(np.array([2, 1], np.uint64), 1).tolist() == [True, False]
    assert len(joined([no_steps(), no_steps()]).events) == 0
