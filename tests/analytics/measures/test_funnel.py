"""funnel(..): users by step, out of order, over panes, within bounds."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics import measures
from analytics.aggregation import FunnelSetting
from analytics.arrays import Visits
from analytics.measures import funnel
from analytics.measures.funnel import Funnel
from tests.analytics.measures.values import cells
from tests.analytics.simple import values_of

TWO = FunnelSetting(2, 1_000)
VISITS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 30), st.integers(0, 7)), max_size=40)


def opened(setting: FunnelSetting = TWO, slots: int = 3, keys: int = 2) -> Funnel:
    """A funnel whose slots hold the panes 100, 101, .."""
    made = Funnel(slots, keys, setting)
    for slot in range(slots):
        made.open(slot, 100 + slot)
    return made


def add(made: Funnel, events: Sequence[tuple[int, int, int, int]]) -> None:
    """Take (cell, user, time, marks)."""
    columns = [np.array(column, np.int64) for column in zip(*events, strict=True)] if events else [cells()] * 4
    made.add(columns[0], Visits(columns[1].astype(np.uint64), columns[2], columns[3]))


def read(made: Funnel, *slots: int, key: int = 0) -> Any:
    """The value of a window."""
    return json.loads(made.read(cells(*slots), cells(key)).values[0])


def test_users_count_once_at_each_step_they_reached() -> None:
    """A user who goes through twice is one user; steps never rise."""
    made = opened()
    add(made, [(0, 1, 10, 1), (0, 1, 20, 2), (0, 1, 30, 1), (0, 1, 40, 2), (0, 2, 10, 1), (0, 3, 10, 2)])
    assert read(made, 0) == {"steps": [2, 1]}


def test_a_late_event_lifts_a_level() -> None:
    """The first step arrives after the second one, at an earlier time."""
    made = opened()
    add(made, [(0, 1, 20, 2)])
    assert read(made, 0) == {"steps": [0, 0]}
    add(made, [(0, 1, 10, 1)])
    assert read(made, 0) == {"steps": [1, 1]}


def test_a_window_of_several_panes_sees_chains_across_them() -> None:
    """Step 1 in one pane, step 2 in the next: neither pane has the chain, the window has."""
    made = opened()
    add(made, [(0, 1, 10, 1), (2, 1, 20, 2), (3, 1, 20, 2)])
    assert read(made, 0) == {"steps": [1, 0]}
    assert read(made, 0, 1) == {"steps": [1, 1]}
    assert read(made, 0, 1, key=1) == {"steps": [0, 0]}


def test_the_median_time_of_each_step() -> None:
    """Of the users who took it; null where nobody did."""
    made = opened(FunnelSetting(3, 60_000, times=True))
    add(made, [(0, user, 0, 1) for user in range(4)])
    add(made, [(0, user, 1_000 * (user + 1), 2) for user in range(3)])
    assert read(made, 0) == {"steps": [4, 3, 0], "seconds": [None, 2.0, None]}
    assert read(made, 1) == {"steps": [0, 0, 0], "seconds": [None, None, None]}


@given(events=VISITS)
def test_times_do_not_depend_on_how_many_users_are_judged_together(events: list[Any]) -> None:
    """One by one or all at once: the same levels and medians, in one pane or several."""
    made = opened(FunnelSetting(3, 12, times=True))
    # Whoever is judged with whom depends on the upper half of what stands for a user.
    add(made, [(cell, (user + 1) << 32, time, marks) for cell, user, time, marks in events])
    asked = [((0,), 0), ((1,), 1), ((0, 1, 2), 0), ((0, 1, 2), 1)]
    together = [read(made, *slots, key=key) for slots, key in asked]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(funnel, "PIECE", 1)
        assert [read(made, *slots, key=key) for slots, key in asked] == together


def test_times_take_little_memory_however_many_users_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than half of what all at once take, most of it for the times themselves."""
    made = opened(FunnelSetting(4, 60_000, times=True))
    users = np.arange(60_000, dtype=np.uint64) // np.uint64(2) << np.uint64(32)
    marks = 1 + np.arange(60_000) % 2
    made.add(np.zeros(60_000, np.int64), Visits(users, np.arange(60_000), marks))
    read(made, 0)
    peaks = []
    for piece in (1 << 13, 1 << 40):
        monkeypatch.setattr(funnel, "PIECE", piece)
        tracemalloc.start()
        try:
            assert read(made, 0) == {"steps": [30_000, 30_000, 0, 0], "seconds": [None, 0.001, None, None]}
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[0] < peaks[1] / 2


# Steps of one moment in two panes: which comes first is a matter of the steps, not of the panes.
@example(events=[(0, 0, 2, 5), (2, 0, 2, 2)], seed=0, modes=())
@given(events=VISITS, seed=st.integers(0, 99), modes=st.sampled_from([(), ("strict_order",), ("strict_once",)]))
def test_order_splits_and_merges_do_not_matter(events: list[Any], seed: int, modes: tuple[str, ...]) -> None:
    """Read after every event or once at the end, in any order: the same values and the same bytes."""
    setting = FunnelSetting(3, 12, modes)
    one, other = opened(setting, 4), opened(setting, 4)
    add(one, events)
    for event in random.Random(seed).sample(events, len(events)):
        add(other, [event])
        read(other, event[0] // 2)
    windows = [(0,), (1,), (0, 1, 2)]
    assert [read(one, *w) for w in windows] == [read(other, *w) for w in windows]
    dumps = [{k: v.tobytes() for k, v in made.dump(cells(0, 1, 2), cells(0, 1)).items()} for made in (one, other)]
    assert dumps[0] == dumps[1]
    one.merge(cells(0, 1, 2), 3)
    assert read(one, 3) == read(other, 0, 1, 2)


def test_a_kpi_breaks_it_down() -> None:
    """By a column, with a filter, in the language of a KPI."""
    assert "funnel" in measures.MEASURES
    events: list[dict[str, Any]] = [
        {"event": "view", "distinct_id": "ann", "city": "Bonn"},
        {"event": "buy", "distinct_id": "ann", "city": "Bonn"},
        {"event": "view", "distinct_id": "bob", "city": "Ulm"},
        {"event": "view", "distinct_id": "eve", "city": "Ulm", "bot": True},
        {"event": "view", "city": "Ulm"},
    ]
    value = "funnel(event = 'view', event = 'buy', within => '5m') FILTER (WHERE bot IS NULL)"
    assert values_of(value, events, by=("city",)) == [{"steps": [1, 1]}, {"steps": [1, 0]}]
