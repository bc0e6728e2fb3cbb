"""Levels that go on from pane to pane, against users judged from all of their events in each window."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.aggregation import FunnelSetting
from analytics.arrays import Visits
from analytics.chains import entries, reach
from analytics.measures.funnel import Funnel
from analytics.measures.rising import Rising
from analytics.panes import COARSE
from tests.analytics.measures.values import cells

KEYS, SLOTS, WIDTH = 2, 8, 10
SETTING = FunnelSetting(3, 25)
# (panes behind the newest, time in the pane, key, user, marks)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 0, 1, 2, 5]),
        st.integers(0, WIDTH - 1),
        st.integers(0, KEYS - 1),
        st.integers(0, 3),
        st.integers(0, 7),
    ),
    max_size=12,
)
ACTIONS = st.sampled_from(["", "", "", "restore", "gather", "tidy"])
STEPS = st.lists(st.tuples(EVENTS, st.sampled_from([0, 1, 1, 1, 2, 9]), ACTIONS), max_size=12)


def value(events: list[Any], key: int) -> dict[str, list[int]]:
    """Users of a key by step, judged from (pane, time, key, user, marks)."""
    mine = [(user, time, marks) for _, time, k, user, marks in events if k == key]
    users, times, marks = (np.array([event[i] for event in mine], np.int64) for i in range(3))
    levels = reach(entries(users, times, marks, SETTING), 4, SETTING).levels
    return {"steps": [int((levels > step).sum()) for step in range(3)]}


class Stream:
    """A funnel, and all events of its open panes."""

    def __init__(self) -> None:
        self.funnel = Funnel(SLOTS, KEYS, SETTING)
        self.slots: dict[int, int] = {}
        self.kept: list[Any] = []
        # Panes that became part of others: their numbers never come back.
        self.into: dict[int, int] = {}

    def take(self, events: list[Any], newest: int) -> None:
        """Close what is too old, take events."""
        for pane in [pane for pane in self.slots if pane <= newest - SLOTS + 1]:
            self.close(pane)
        for behind, time, key, user, marks in events:
            pane = max(newest - behind, newest - SLOTS + 2)
            at = pane * WIDTH + time
            pane = self.into.get(pane, pane)
            if pane not in self.slots:
                if pane in self.into.values():
                    continue  # what it became part of is closed
                self.open(pane)
            self.kept.append((pane, at, key, user, marks))
            visit = Visits(np.array([user], np.uint64), cells(at), cells(marks))
            self.funnel.add(cells(self.slots[pane] * KEYS + key), visit)

    def open(self, pane: int) -> None:
        """Give it a slot."""
        self.slots[pane] = next(slot for slot in range(SLOTS) if slot not in self.slots.values())
        self.funnel.open(self.slots[pane], pane)

    def close(self, pane: int) -> None:
        """Forget a pane."""
        self.funnel.clear(self.slots.pop(pane))
        self.kept = [event for event in self.kept if event[0] != pane]

    def gather(self) -> None:
        """The second pane becomes part of the first, as in cumulative windows."""
        if len(self.slots) > 1:
            first, second = sorted(self.slots)[:2]
            self.funnel.merge(cells(self.slots[second]), self.slots[first])
            moved = [(first, *event[1:]) for event in self.kept if event[0] == second]
            self.close(second)
            self.kept += moved
            self.into = {pane: first if target == second else target for pane, target in self.into.items()}
            self.into[second] = first

    def restore(self) -> None:
        """Go on from a snapshot, whose bytes are those of what was restored."""
        slots = cells(*self.slots.values())
        state = self.funnel.dump(slots, cells(*range(KEYS)))
        self.funnel = Funnel(SLOTS, KEYS, SETTING)
        for pane, slot in self.slots.items():
            self.funnel.open(slot, pane)
        self.funnel.load(slots, cells(*range(KEYS)), state)
        again = self.funnel.dump(slots, cells(*range(KEYS)))
        assert {name: array.tobytes() for name, array in again.items()} == {n: a.tobytes() for n, a in state.items()}

    def tidy(self) -> None:
        """Drop the events that change nothing any more."""
        self.funnel._settle()
        for _ in self.funnel._room._dropping_useless():
            pass

    def check(self, first: int, last: int) -> None:
        """A window says what its events say."""
        slots = [self.slots[pane] for pane in sorted(self.slots) if first <= pane <= last]
        if slots:
            inside = [event for event in self.kept if first <= event[0] <= last]
            read = [json.loads(said) for said in self.funnel.read(cells(*slots), cells(*range(KEYS))).values]
            assert read == [value(inside, key) for key in range(KEYS)]


@given(steps=STEPS)
def test_any_window_says_what_its_events_say(steps: Any) -> None:
    """Of one pane and of several, until now and earlier, with late events, jumps, restarts, panes that go, tidying."""
    stream, newest = Stream(), 20
    for events, by, action in steps:
        newest += by
        stream.take(events, newest)
        if action:
            getattr(stream, action)()
        for size in (1, 4):
            for end in (newest - 2, newest):
                stream.check(end - size + 1, end)
    stream.check(newest - SLOTS, newest)


def test_a_long_stream() -> None:
    """Many users, many windows; as many chains that end as go on."""
    rng, stream = np.random.default_rng(11), Stream()
    for newest in range(60):
        count = 80
        columns = (
            rng.choice([0, 0, 0, 0, 0, 1, 3], count),
            rng.integers(0, WIDTH, count),
            rng.integers(0, KEYS, count),
            rng.integers(0, 4, count) * rng.integers(0, 2, count) % 4,
            1 << rng.integers(0, 3, count),
        )
        stream.take(list(zip(*(column.tolist() for column in columns), strict=True)), newest)
        for end in (newest - 1, newest):
            stream.check(end - 4, end)
        stream.check(newest, newest)


@pytest.mark.parametrize("number", [7, COARSE - 4 * 180_000])
def test_panes_that_close_leave_nothing(number: int) -> None:
    """Groups and people are dropped, and their numbers taken again, also those of coarser windows."""
    made = Funnel(2, 1, FunnelSetting(2, 100))
    for turn in range(6):
        made.open(turn % 2, number + turn)
        users = np.arange(30_000, dtype=np.uint64) + np.uint64(turn * 10_000)
        times, marks = np.full(len(users), turn * 10), np.full(len(users), 1 + turn % 2)
        made.add(np.full(len(users), turn % 2), Visits(users, times, marks))
        # Of the pane before, 20,000 users are here as well; what they began there counts in a window of both.
        assert read(made, turn % 2) == [0, 30_000][turn % 2 == 0]
        made.clear((turn + 1) % 2)
    assert isinstance(made._levels, Rising)
    assert len(made._levels.levels) <= made._journal.capacity
    assert made.note()["funnel_events_refused"] == 0


def read(made: Funnel, slot: int) -> int:
    """Users who took the first step in this pane."""
    first: int = json.loads(made.read(cells(slot), cells(0)).values[0])["steps"][0]
    return first
