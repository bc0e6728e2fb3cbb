"""sessions(), session_seconds(), bounce_rate(): late events, closed panes, and what is forgotten."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics import KpiError, KpiSpec
from analytics.aggregation import SessionSetting
from analytics.arrays import Visits
from analytics.measures import sessions
from analytics.measures.sessions import Sessions
from tests.analytics.measures.values import cells, plain
from tests.analytics.simple import values_of

GAP = 1_000


def opened(slots: int = 4, keys: int = 1, gap: int = GAP) -> Sessions:
    """A measure whose slots hold the panes 0, 1, .. of ten seconds."""
    made = Sessions(slots, keys, SessionSetting(gap))
    for slot in range(slots):
        made.open(slot, slot)
    return made


def add(made: Sessions, *times: int, user: int = 1, key: int = 0) -> None:
    """Events of one user, each in the pane of its time."""
    at = np.array(times, np.int64)
    visits = Visits(np.full(len(at), user, np.uint64), at, np.zeros(len(at), np.int64))
    made.add(at // 10_000 * made.keys + key, visits)


def read(made: Sessions, *slots: int, key: int = 0) -> list[Any]:
    """Count, mean seconds and bounce rate."""
    views = ["count", "seconds", "bounce_rate"]
    return [plain(reading)[0] for reading in made.read_views(views, cells(*slots), cells(key))]


def test_a_gap_of_exactly_the_gap_joins() -> None:
    """Events 1,000 ms apart are one session, 1,001 ms apart are two."""
    made = opened()
    add(made, 0, 1_000, 2_001)
    assert read(made, 0) == [2, 0.5, 0.5]


def test_nothing_has_a_count_only() -> None:
    """Without a session the count is 0 and the means are null."""
    assert read(opened(), 0, 1) == [0, None, None]


def test_a_session_counts_where_it_starts_with_all_of_its_time() -> None:
    """Events beyond the window's end lengthen the session of the window before."""
    made = opened()
    add(made, 9_500)
    add(made, 10_200, 11_000)
    assert read(made, 0) == [1, 1.5, 0.0]
    assert read(made, 1) == [0, None, None]
    assert made.moved.tolist() == [0, 0]


def test_a_late_event_moves_the_start_to_an_earlier_pane() -> None:
    """The session leaves the pane that it seemed to start in."""
    made = opened()
    add(made, 10_100)
    add(made, 9_900)
    assert read(made, 0) == [1, 0.2, 0.0]
    assert read(made, 1) == [0, None, None]


def test_a_late_event_joins_two_sessions() -> None:
    """The later one is gone, also when a third is under way."""
    made = opened()
    add(made, 0, 1_800, 5_000)
    assert read(made, 0) == [3, 0.0, 1.0]
    add(made, 900)
    assert read(made, 0) == [2, 0.9, 0.5]


def test_a_late_session_takes_its_place_among_the_others() -> None:
    """An event between two sessions, and too far from both, is one of its own; later ones find it."""
    made = opened()
    add(made, 0, 8_000)
    add(made, 4_000)
    add(made, 3_500)
    add(made, 7_500)
    assert read(made, 0) == [3, 1 / 3, 1 / 3]


def test_a_closed_pane_takes_nothing_but_its_session_goes_on() -> None:
    """The next event of a session that started in a closed pane starts no new one."""
    made = opened()
    add(made, 9_500)
    made.clear(0)
    add(made, 10_300)
    add(made, 11_200)
    assert read(made, 1) == [0, None, None]
    add(made, 12_201)
    assert read(made, 1) == [1, 0.0, 1.0]


def test_keys_and_users_are_told_apart() -> None:
    """The same user in two keys has two sessions, and two users have one each."""
    made = opened(keys=2)
    add(made, 0, key=0)
    add(made, 10, key=1)
    add(made, 20, key=1, user=2)
    assert (read(made, 0)[0], read(made, 0, key=1)[0]) == (1, 2)


def test_who_is_done_is_forgotten_without_a_trace() -> None:
    """Users whose last event lies further back than the gap need no room, and are not in the state."""
    made = opened()
    users = np.arange(40_000, dtype=np.uint64)
    for pane in range(4):
        made.settle(10_000 * pane)
        times = np.full(40_000, pane * 10_000)
        made.add(np.full(40_000, pane), Visits(users + np.uint64(pane * 40_000), times, times))
    assert len(made.dump(cells(0, 1, 2, 3), cells(0))["users"]) == 40_000
    assert made.note() == {"sessions_forgotten": 0}


def test_beyond_the_cap_those_of_longest_ago_are_forgotten(monkeypatch: Any) -> None:
    """They are counted; what they did stays counted; an event of theirs starts a new session."""
    monkeypatch.setattr(sessions, "MOST", 1_000)
    made = opened(gap=100_000)
    users = np.arange(1_500, dtype=np.uint64)
    times = np.arange(1_500)
    made.add(np.zeros(1_500, np.int64), Visits(users, times, times))
    add(made, 2_000, user=1_499)
    assert made.note() == {"sessions_forgotten": 1_500 - 1_000 * 15 // 16}
    assert read(made, 0)[0] == 1_500
    add(made, 2_000, user=0)
    assert read(made, 0)[0] == 1_501


def test_sessions_of_the_past_are_capped(monkeypatch: Any) -> None:
    """Someone with very many sessions loses the oldest of them for late events, and it is counted."""
    monkeypatch.setattr(sessions, "MOST_BYGONE", 2_000)
    made = opened(gap=1)
    for start in range(0, 30_000, 300):
        add(made, *range(start, start + 300, 3))
    assert read(made, 0, 1, 2)[0] == 10_000
    assert made.note()["sessions_forgotten"] > 0


def test_far_apart_times_do_not_overflow() -> None:
    """Events of the years 1 and 9999 in one batch are two sessions."""
    made = Sessions(2, 1, SessionSetting(GAP))
    made.open(0, -6_213_559_680)
    made.open(1, 25_340_230_080)
    visits = Visits(np.ones(2, np.uint64), np.array([-62_135_596_800_000, 253_402_300_799_999]), np.zeros(2, np.int64))
    made.add(cells(0, 1), visits)
    assert read(made, 0, 1) == [2, 0.0, 1.0]


def test_the_three_share_one_state() -> None:
    """A ratio of session measures is worked out from the same sessions."""
    events = [{"distinct_id": user, "timestamp": t} for user, t in [("a", 0), ("a", 4_000), ("b", 0), (None, 9)]]
    assert values_of("sessions(gap => '5s')", events) == [2]
    assert values_of("session_seconds(gap => '5s') * sessions(gap => '5s')", events) == [4.0]
    assert values_of("bounce_rate()", events) == [0.5]
    assert values_of("sessions() FILTER (WHERE distinct_id = 'b')", events) == [1]


def test_a_gap_is_a_duration() -> None:
    """What is no duration is refused with the place."""
    with pytest.raises(KpiError, match="gap"):
        KpiSpec.parse('[[kpi]]\nname = "x"\nvalue = "sessions(gap => 5)"\nwindow = "tumbling 1m"\n')
