"""When the latest chains began, against users looked at one event after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.aggregation import FunnelSetting
from analytics.chains import Entries, entries
from analytics.starts import NEVER, latest_starts

STEPS = 3
WITHIN = 7
# (user, time, marks)
EVENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(1, 7)), max_size=30)
USERS = 4


def as_entries(events: list[tuple[int, int, int]]) -> Entries:
    """Events by user, time and step."""
    users, times, marks = (np.array([event[i] for event in events], np.int64) for i in range(3))
    return entries(users, times, marks, FunnelSetting(STEPS, WITHIN))


def slowly(found: Entries, began: list[list[int]]) -> list[list[int]]:
    """One entry after the other."""
    began = [list(row) for row in began]
    for user, time, step in zip(found.groups.tolist(), found.times.tolist(), found.steps.tolist(), strict=True):
        if step == 0:
            began[user][0] = time
        elif began[user][step - 1] != NEVER and time <= began[user][step - 1] + WITHIN:
            began[user][step] = began[user][step - 1]
    return began


def at_once(found: Entries, carried: Any) -> list[list[int]]:
    """All users at their ends."""
    before = np.array(carried, np.int64)
    ends = np.searchsorted(found.groups, np.arange(USERS), side="right")
    starts = latest_starts(found, before, WITHIN, np.arange(USERS), ends)
    return [list(row) for row in starts.of(found.times, before)]


@given(events=EVENTS, cut=st.integers(0, 30))
def test_chains_begin_as_looked_at_one_by_one(events: list[tuple[int, int, int]], cut: int) -> None:
    """In one go, and in two with what was carried from one to the other."""
    none = [[NEVER] * STEPS] * USERS
    every = as_entries(events)
    assert at_once(every, none) == slowly(every, none)
    early, late = (as_entries([e for e in events if (e[1] < cut) == first]) for first in (True, False))
    assert at_once(late, at_once(early, none)) == slowly(every, none)


@given(events=EVENTS)
def test_they_are_known_after_every_entry(events: list[tuple[int, int, int]]) -> None:
    """Also in the middle of a user's events; before the first one nothing has begun."""
    found = as_entries(events)
    n = len(found.groups)
    carried = np.full((USERS, STEPS), NEVER)
    starts = latest_starts(found, carried, WITHIN, found.groups, np.arange(1, n + 1))
    said = starts.of(found.times, carried[found.groups]).tolist()
    for i in range(n):
        part = Entries(*(column[: i + 1] for column in found))
        assert said[i] == slowly(part, carried.tolist())[int(found.groups[i])]
