"""The crowd is the same for the same seed, in order of time, and as busy as the hour."""

from __future__ import annotations

from collections import defaultdict

import pytest

from gateway.demo.model import DAY_MS, Act, Crowd, wave

T0 = 1_795_334_400_000 // DAY_MS * DAY_MS


def day(seconds: int, *, size: int = 200, seed: int = 1, start: int = T0, step: int = 250) -> list[Act]:
    """Everything a crowd does in so many seconds, asked for in steps."""
    crowd = Crowd(size, start, seed=seed)
    return [act for later in range(0, seconds * 1_000 + 1, step) for act in crowd.until(start + later)]


def test_the_same_seed_is_the_same_crowd() -> None:
    """However often it is asked; another seed is another crowd."""
    assert day(60, step=250) == day(60, step=7_500)
    assert day(20, seed=1) != day(20, seed=2)


def test_events_come_in_order() -> None:
    """Over all, and within each session; none before its time or after the time asked for."""
    acts = day(60)
    assert [act.at for act in acts] == sorted(act.at for act in acts)
    assert acts[0].at >= T0
    assert acts[-1].at <= T0 + 60_000


@pytest.mark.parametrize("hour", [3, 9, 15, 21])
def test_two_hundred_visitors_make_50_to_150_events_a_second(hour: int) -> None:
    """At any hour of the day, once everybody has come."""
    acts = day(240, start=T0 + hour * 3_600_000)
    rate = sum(act.at > T0 + hour * 3_600_000 + 30_000 for act in acts) / 210
    assert 50 < rate < 150


def test_the_afternoon_is_busier_than_the_night() -> None:
    """The wave shows in the number of events."""
    assert wave(T0 + 3 * 3_600_000) < wave(T0 + 15 * 3_600_000)
    assert len(day(240, start=T0 + 15 * 3_600_000)) > 1.15 * len(day(240, start=T0 + 3 * 3_600_000))


def test_some_visitors_return() -> None:
    """Two fifths of later visits are by who was there before, in a session of its own."""
    sessions: dict[str, set[str]] = defaultdict(set)
    places: dict[int, list[str]] = defaultdict(list)
    for act in day(600):
        sessions[act.distinct_id].add(act.session_id)
        if act.session_id not in places[act.place]:
            places[act.place].append(act.session_id)
    later = sum(len(found) - 1 for found in places.values())
    returned = sum(len(found) - 1 for found in sessions.values())
    assert 0.33 < returned / later < 0.47


def test_a_session_is_one_person_s() -> None:
    """No session id is shared, and each session begins with a page."""
    first: dict[str, Act] = {}
    for act in day(120):
        begun = first.setdefault(act.session_id, act)
        assert (begun.distinct_id, begun.place) == (act.distinct_id, act.place)
    assert {act.event for act in first.values()} == {"$pageview"}


def test_an_empty_crowd_does_nothing() -> None:
    """No visitors, no events."""
    assert day(10, size=0) == []
