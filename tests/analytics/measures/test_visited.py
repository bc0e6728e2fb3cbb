"""Events of a funnel: who is through, and the bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.aggregation import FunnelSetting
from analytics.arrays import Visits
from analytics.measures import room, visited
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
    monkeypatch.setattr(room, "MAX_EVENTS", 1_000)
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


def errors(made: Funnel, *slots: int) -> list[float] | None:
    found = made.read(cells(*slots), cells(0, 1)).error
    return None if found is None else found.tolist()


def test_rows_of_refused_users_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where some were refused the value is at least so much, in each window that has the pane, and nowhere else."""
    monkeypatch.setattr(visited, "GROUP_MEMORY", 100 * (32 + 80))
    made = opened()
    add(made, [(0, user, 5, 1) for user in range(60)])
    assert errors(made, 0) is None
    add(made, [(2, user, 15, 1) for user in range(60)])
    assert read(made, 1) == {"steps": [40, 0]}
    assert [errors(made, *slots) for slots in ((0,), (1,), (0, 1), (0, 1, 2))] == [None, [1.0, 0.0]] + 2 * [[1.0, 0.0]]
    dump = made.dump(cells(1, 0), cells(0, 1))
    restored = opened()
    restored.load(cells(2, 0), cells(0, 1), dump)
    assert [errors(restored, slot) for slot in (0, 1, 2)] == [None, None, [1.0, 0.0]]
    again = restored.dump(cells(2, 0), cells(0, 1))
    assert {name: array.tolist() for name, array in again.items()} == {n: a.tolist() for n, a in dump.items()}
    older = opened()
    older.load(cells(2, 0), cells(0, 1), {name: array for name, array in dump.items() if name != "short"})
    assert errors(older, 2) is None
    made.merge(cells(1), 2)
    assert errors(made, 2) == [1.0, 0.0]
    made.clear(1)
    made.open(1, 200)
    assert errors(made, 1) is None
    assert errors(made, 2) == [1.0, 0.0]


def test_what_was_refused_goes_with_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """When sessions become one, and when a cell is given to another."""
    monkeypatch.setattr(visited, "GROUP_MEMORY", 10 * (32 + 80))
    made = opened(TWO, 1, 2)
    add(made, [(0, user, 5, 1) for user in range(20)])
    assert errors(made, 0) == [1.0, 0.0]
    made.join(cells(0), cells(1))
    made.vacate(cells(0))
    assert errors(made, 0) == [0.0, 1.0]


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


SETTINGS = st.sampled_from(
    [FunnelSetting(2, 1_000), FunnelSetting(3, 12, times=True), FunnelSetting(2, 9, ("strict_order",))]
)
VISITS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 30), st.integers(0, 7)), max_size=12)


@given(SETTINGS, st.lists(st.tuples(VISITS, st.integers(0, 6)), max_size=6))
def test_events_are_taken_up_in_parts(setting: FunnelSetting, groups: list[tuple[list[Any], int]]) -> None:
    """However many of them come between two parts, and whoever reads before all are: as if each came to rest at once.

    So few in a part that there are always several.
    """
    split, whole = opened(setting), opened(setting)
    steps: Iterator[None] = iter(())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visited, "PART", 2)
        for events, taken in groups:
            spread = [
                (cell, (user + 1) * 0x1234567_89ABCDEF % 2**63, time, marks) for cell, user, time, marks in events
            ]
            add(split, spread)
            add(whole, spread)
            whole._settle()
            if taken > 4:
                read(split, 0)
            steps = split.settling() if taken % 2 else steps
            for _ in range(taken):
                next(steps, None)
        for slots in ([0], [1], [0, 1], [0, 1, 2]):
            assert [read(split, *slots, key=key) for key in (0, 1)] == [read(whole, *slots, key=key) for key in (0, 1)]
        dumps = [made.dump(cells(0, 1, 2), cells(0, 1)) for made in (split, whole)]
    assert {name: array.tolist() for name, array in dumps[0].items()} == {
        name: array.tolist() for name, array in dumps[1].items()
    }


def test_much_is_taken_up_before_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little waits on for the next reading."""
    monkeypatch.setattr(visited, "MUCH", 3)
    made = opened()
    add(made, [(0, 1, 10, 1), (0, 2, 10, 1)])
    before = [list(made.settling(much=True)), made._pending]
    add(made, [(0, 3, 10, 1)])
    assert [*before, len(list(made.settling(much=True))) > 0, made._pending] == [[], 2, True, 0]
    assert read(made, 0) == {"steps": [3, 0]}
