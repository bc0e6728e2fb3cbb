"""Events of a funnel: who is through, and the bounds."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.aggregation import FunnelSetting
from analytics.arrays import Visits
from analytics.measures import visited
from analytics.measures.funnel import Funnel
from tests.analytics.measures.test_funnel import TWO, add, opened, read
from tests.analytics.measures.test_measure import size_of
from tests.analytics.measures.values import cells


def test_events_of_who_is_through_are_not_kept() -> None:
    """Nor do they count as dropped: they change nothing. Another pane of the same user is another matter."""
    made = opened(FunnelSetting(2, 1_000))
    add(made, [(0, 1, 10, 1), (0, 1, 20, 2)])
    assert read(made, 0) == {"steps": [1, 1]}
    add(made, [(0, 1, time, 1 + time % 2) for time in range(30, 60)] + [(2, 1, 70, 1)])
    assert read(made, 0) == {"steps": [1, 1]}
    assert read(made, 1) == {"steps": [1, 0]}
    assert made.dump(cells(0, 1, 2), cells(0, 1))["times"].tolist() == [70]
    assert made.note() == {"funnel_events_dropped": 0, "funnel_events_refused": 0}


@pytest.mark.parametrize("setting", [FunnelSetting(2, 1_000, times=True), FunnelSetting(2, 1_000, ("strict_order",))])
def test_where_they_could_matter_they_are_kept(setting: FunnelSetting) -> None:
    """Where times are asked for, and in the modes in which an event takes a level back."""
    made = opened(setting)
    add(made, [(0, 1, 10, 1), (0, 1, 20, 2)])
    assert read(made, 0)["steps"] == [1, 1]
    add(made, [(0, 1, 30, 1)])
    assert made.dump(cells(0, 1, 2), cells(0, 1))["times"].tolist() == [10, 20, 30]


def test_busy_users_keep_their_level_and_few_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of events of one user are thinned, counted, and take no level back."""
    monkeypatch.setattr(visited, "MAX_EVENTS", 1_000)
    made = opened(FunnelSetting(3, 1_000_000))
    add(made, [(0, 1, 5_000, 1), (0, 1, 5_001, 2)])
    assert read(made, 0) == {"steps": [1, 1, 0]}
    for batch in range(20):
        add(made, [(0, 1, time, 2) for time in range(batch * 100, batch * 100 + 100)])
        add(made, [(0, 1, time + 9_000, 1) for time in range(batch * 100, batch * 100 + 100)])
        assert read(made, 0) == {"steps": [1, 1, 0]}
    assert made.note()["funnel_events_dropped"] > 2_000
    dump = made.dump(cells(0), cells(0, 1))
    assert len(dump["times"]) <= 1_000
    restored = opened(FunnelSetting(3, 1_000_000))
    restored.load(cells(0), cells(0, 1), dump)
    assert read(restored, 0) == {"steps": [1, 1, 0]}


def test_the_events_of_all_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the room, users keep fewer events; and nobody is forgotten for it."""
    monkeypatch.setattr(visited, "MAX_EVENTS", 1_000)
    monkeypatch.setattr(visited, "PENDING", 100)
    made = opened(FunnelSetting(2, 1_000_000))
    add(made, [(0, user, time, 1) for user in range(100) for time in range(64)])
    assert read(made, 0) == {"steps": [100, 0]}
    assert len(made.dump(cells(0), cells(0, 1))["times"]) <= 1_000
    assert made.note() == {
        "funnel_events_dropped": 6_400 - len(made.dump(cells(0), cells(0))["times"]),
        "funnel_events_refused": 0,
    }


def test_users_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that came last are refused, and it is counted; a pane that closes makes room."""
    monkeypatch.setattr(visited, "GROUP_MEMORY", 100 * (32 + 80))
    made = opened()
    add(made, [(0, user, 5, 1) for user in range(150)])
    assert read(made, 0) == {"steps": [100, 0]}
    assert made.note()["funnel_events_refused"] == 50
    made.clear(0)
    made.open(0, 200)
    add(made, [(0, user, 5, 1) for user in range(70)])
    assert read(made, 0) == {"steps": [70, 0]}


def test_a_flood_of_users_stays_within_the_budget() -> None:
    """Distinct users without end: the arrays take no more than was computed."""
    made = opened(TWO, 2, 1)
    rng = np.random.default_rng(1)
    for _ in range(12):
        count = 1 << 15
        users = rng.integers(0, 1 << 63, count).astype(np.uint64)
        made.add(rng.integers(0, 2, count), Visits(users, rng.integers(0, 9, count), np.ones(count, np.int64)))
    assert size_of(made) < Funnel.budget(2, 1, TWO)
    assert made.note()["funnel_events_refused"] > 0
