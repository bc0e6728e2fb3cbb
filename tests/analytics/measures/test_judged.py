"""Users judged again only where something changed, against users judged from all of their events."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.aggregation import FunnelSetting
from analytics.arrays import Visits
from analytics.measures import room
from analytics.measures.funnel import Funnel
from analytics.measures.judged import WINDOWS, Judged
from tests.analytics.measures.values import cells

KEYS = 2
SLOTS = 10
# (panes behind the newest, key, user, marks)
EVENTS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, KEYS - 1), st.integers(0, 4), st.integers(0, 7)), max_size=8
)
STEPS = st.lists(st.tuples(EVENTS, st.sampled_from([0, 1, 1, 2, 9]), st.integers(0, 3)), max_size=10)
MODES = st.sampled_from([(), ("strict_order",), ("strict_once",)])


def values(made: Funnel, panes: list[int]) -> list[Any]:
    """The values of a window over open panes."""
    return [json.loads(v) for v in made.read(cells(*(p % SLOTS for p in panes)), cells(*range(KEYS))).values]


def add(made: Funnel, events: list[tuple[int, int, int, int]]) -> None:
    """Take (pane, key, user, marks); the time is the middle of the pane, and later for higher marks."""
    for pane, key, user, marks in events:
        visit = Visits(np.array([user], np.uint64), cells(pane * 10 + marks), cells(marks))
        made.add(cells(pane % SLOTS * KEYS + key), visit)


@given(steps=STEPS, modes=MODES)
def test_any_windows_are_as_judged_from_all_events(steps: Any, modes: tuple[str, ...]) -> None:
    """Sliding on, ending early, with late events, closed panes and a jump: a funnel that never read says the same."""
    setting = FunnelSetting(2, 40, modes)
    made, newest = Funnel(SLOTS, KEYS, setting), 0
    kept: dict[int, list[tuple[int, int, int, int]]] = {}
    for events, by, back in steps:
        newest += by
        for pane in [pane for pane in kept if pane <= newest - SLOTS]:
            made.clear(pane % SLOTS)
            del kept[pane]
        for behind, key, user, marks in events:
            pane = max(newest - behind, newest - SLOTS + 1)
            if pane not in kept:
                kept[pane] = []
                made.open(pane % SLOTS, pane)
            kept[pane].append((pane, key, user, marks))
            add(made, [(pane, key, user, marks)])
        fresh = Funnel(SLOTS, KEYS, setting)
        for pane, taken in kept.items():
            fresh.open(pane % SLOTS, pane)
            add(fresh, taken)
        for end in (newest - back, newest):
            inside = sorted(pane for pane in kept if end - 5 <= pane <= end)
            if inside:
                assert values(made, inside) == values(fresh, inside)


def test_events_that_are_dropped_make_everyone_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After events were thinned a window says what those that are left say."""
    monkeypatch.setattr(room, "MAX_EVENTS", 200)
    for modes in ((), ("strict_increase",)):
        made = Funnel(SLOTS, KEYS, FunnelSetting(3, 1_000, modes))
        for pane in range(4):
            made.open(pane, pane)
            add(made, [(pane, i % KEYS, i % 3, 1 + (i > 40)) for i in range(90)])
            assert values(made, list(range(pane + 1))) == [{"steps": [3, 3, 0]}] * 2
        assert made.note()["funnel_events_dropped"] > 0


def test_few_windows_are_remembered() -> None:
    """However many windows are read, the newest are kept."""
    made = Funnel(SLOTS, KEYS, FunnelSetting(2, 1_000, ("strict_increase",)))
    for pane in range(SLOTS):
        made.open(pane, pane)
        add(made, [(pane, 0, 1, 1)])
        values(made, list(range(max(pane - 3, 0), pane + 1)))
    assert made._judged_lately is not None
    assert len(made._judged_lately._windows) == WINDOWS
    assert Judged.budget(KEYS, 1_000, 2) > WINDOWS * 2_000
