"""Event time: the base follows the slowest active source and never falls."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import time
from analytics.time import BEGINNING, IDLE, MAX_SOURCES, STALE, Clock, Rise


def observe(clock: Clock, source: str, *times: int, now: int = 0) -> Rise:
    """One batch of one source."""
    return clock.observe([(source, len(times))], np.array(times, np.int64), None, None, now)


def test_base_is_the_minimum_of_the_sources() -> None:
    """The slowest source holds the base back, the fastest makes the maximum."""
    clock = Clock()
    observe(clock, "a", 100)
    assert clock.base == 100
    observe(clock, "b", 150, 300)
    assert (clock.base, clock.maximum) == (100, 300)
    observe(clock, "a", 200)
    assert clock.base == 200


def test_base_never_falls() -> None:
    """A newcomer that is behind, and an event out of order, leave the base where it is."""
    clock = Clock()
    observe(clock, "a", 100, 40)
    observe(clock, "b", 10)
    assert clock.base == 100


def test_idle_source_stops_counting() -> None:
    """A source that is silent for IDLE ms is forgotten and the base rises to the others."""
    clock = Clock()
    observe(clock, "slow", 100)
    observe(clock, "fast", 500, now=1)
    clock.expire(IDLE - 1)
    assert (clock.base, len(clock)) == (100, 2)
    clock.expire(IDLE)
    assert (clock.base, len(clock)) == (500, 1)


def test_throttled_source_keeps_its_rest() -> None:
    """While a source is throttled its idle clock stands still; afterwards only the rest runs."""
    clock = Clock()
    observe(clock, "a", 100)
    clock.throttle("a", True, 4_000)
    clock.expire(10 * IDLE)
    assert len(clock) == 1
    clock.throttle("a", False, 10 * IDLE)
    clock.expire(10 * IDLE + 5_999)
    assert len(clock) == 1
    clock.expire(10 * IDLE + 6_000)
    assert len(clock) == 0


def test_release_restarts_every_idle_clock() -> None:
    """After a release nobody is throttled, so everybody can become idle."""
    clock = Clock()
    for name in ("a", "b"):
        observe(clock, name, 100)
        clock.throttle(name, True, 0)
    clock.release(50_000)
    clock.expire(50_000 + IDLE)
    assert len(clock) == 0


def test_held_and_skipped_events_do_not_count() -> None:
    """Events that are held or skipped raise neither the base nor the maximum."""
    clock = Clock()
    holds, skip = np.array([False, True, False]), np.array([False, False, True])
    clock.observe([("a", 3)], np.array([10, 900, 800]), holds, skip, 0)
    assert (clock.base, clock.maximum) == (10, 10)


def test_rise_tells_the_base_before_each_event() -> None:
    """Inside a batch of several sources each event sees the base its predecessors made."""
    clock, single = Clock(), Clock()
    segments, times = [("a", 2), ("b", 2), ("a", 2), ("b", 1)], [10, 30, 20, 25, 40, 50, 60]
    expected = []
    names = [name for name, count in segments for _ in range(count)]
    for warm, start in ((clock, 5), (single, 5)):
        observe(warm, "a", start)
        observe(warm, "b", start + 1)
    for name, at in zip(names, times, strict=True):
        expected.append(single.base)
        observe(single, name, at)
    rise = clock.observe(segments, np.array(times), None, None, 0)
    assert rise.at(len(times)).tolist() == expected
    assert (rise.before, rise.after) == (5, single.base)


def test_most_silent_source_is_evicted_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the source that would be idle first makes room, and is counted."""
    monkeypatch.setattr(time, "MAX_SOURCES", 2)
    clock = Clock()
    observe(clock, "old", 100, now=0)
    observe(clock, "b", 200, now=1)
    observe(clock, "c", 300, now=2)
    assert (len(clock), clock.evicted, clock.base) == (2, 1, 200)


def test_state_goes_through_json_and_continues() -> None:
    """A clock loaded from its dump dumps the same and goes on like the original."""
    clock, copy = Clock(), Clock()
    assert clock.base == BEGINNING
    observe(clock, "a", 100)
    observe(clock, "b", 300)
    clock.throttle("a", True, 1_000)
    copy.load(json.loads(json.dumps(clock.dump())))
    assert copy.dump() == clock.dump()
    for each in (clock, copy):
        observe(each, "a", 250, now=2_000)
    assert copy.base == clock.base == 250


EVENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.booleans(), st.booleans()), min_size=1, max_size=25
)


@given(batches=st.lists(EVENTS, max_size=4), steps=st.lists(st.integers(0, 12_000), min_size=4, max_size=4))
def test_the_base_before_each_event_is_that_of_single_events(batches: Any, steps: list[int]) -> None:
    """For any sources, held or skipped events and idle times, a batch gives the bases of its events one by one."""
    whole, single, now = Clock(), Clock(), 0
    for batch, step in zip(batches, steps, strict=False):
        now += step
        times = np.array([time for _, time, _, _ in batch], np.int64)
        holds = np.array([held for _, _, held, _ in batch], np.bool_)
        skip = np.array([skipped for _, _, _, skipped in batch], np.bool_)
        segments = [(name, len(list(group))) for name, group in groupby(name for name, _, _, _ in batch)]
        rise = whole.observe(segments, times, holds, skip, now)
        single.expire(now)
        before = []
        for i, (name, _, _, _) in enumerate(batch):
            before.append(single.base)
            single.observe([(name, 1)], times[i : i + 1], holds[i : i + 1], skip[i : i + 1], now)
        assert rise.at(len(batch)).tolist() == before
        assert (rise.after, whole.base) == (single.base, single.base)
        assert whole.dump() == single.dump()


@given(batches=st.lists(EVENTS, max_size=4), steps=st.lists(st.integers(0, 12_000), min_size=4, max_size=4))
def test_batches_that_are_taken_as_one_keep_their_times(batches: Any, steps: list[int]) -> None:
    """Sources that become idle between them do so at the event before which they did."""
    apart, joined, now = Clock(), Clock(), 0
    segments, moments, bases, parts = [], [], [], []
    for batch, step in zip(batches, steps, strict=False):
        now += step
        times = np.array([time for _, time, _, _ in batch], np.int64)
        holds = np.array([held for _, _, held, _ in batch], np.bool_)
        own = [(name, len(list(group))) for name, group in groupby(name for name, _, _, _ in batch)]
        bases += apart.observe(own, times, holds, None, now).at(len(batch)).tolist()
        segments += own
        moments += [now] * len(own)
        parts.append((times, holds))
    if segments:
        times, holds = (np.concatenate(column) for column in zip(*parts, strict=True))
        rise = joined.observe(segments, times, holds, None, now, moments)
        assert (rise.at(len(times)).tolist(), rise.after) == (bases, apart.base)
    assert joined.dump() == apart.dump()


def test_a_hundred_thousand_sources_take_bounded_state() -> None:
    """Sources that come once are forgotten when idle, or when there are too many; the heaps do not grow with them."""
    clock = Clock()
    for start in range(0, 100_000, 1_000):
        names = [(f"s{i}", 1) for i in range(start, start + 1_000)]
        clock.observe(names, np.arange(start, start + 1_000), None, None, start // 100)
    assert len(clock) == MAX_SOURCES
    assert clock.evicted == 100_000 - MAX_SOURCES
    assert len(clock._lowest) + len(clock._deadlines) < 5 * MAX_SOURCES
    clock.expire(20_000)
    assert len(clock) == 0
    assert clock.base == 99_999


def test_sources_that_come_and_go_beside_a_slow_clock_take_bounded_state() -> None:
    """A page with a slow clock stays open while others come and go: what is kept follows those that are there."""
    clock = Clock()
    for step in range(2_000):
        now = step * 1_000
        observe(clock, "slow", step, now=now)
        observe(clock, f"page {step}", 1_000_000 + now, now=now)
    assert clock.base == 1_999
    assert len(clock) <= IDLE // 1_000 + 1
    assert max(len(clock._lowest), len(clock._deadlines)) <= len(clock) + len(clock) // STALE + 64


def test_a_source_that_is_held_back_again_and_again_takes_bounded_state() -> None:
    """Each hold that ends puts the source under watch again, and leaves nothing behind for good."""
    clock = Clock()
    observe(clock, "a", 100)
    for step in range(2_000):
        now = step * IDLE
        observe(clock, "a", 100 + step, now=now)
        clock.throttle("a", True, now)
        clock.expire(now + IDLE)
        clock.throttle("a", False, now + IDLE)
    assert len(clock) == 1
    assert max(len(clock._lowest), len(clock._deadlines)) <= len(clock) + len(clock) // STALE + 64
    clock.expire(2_001 * IDLE)
    assert len(clock) == 0
