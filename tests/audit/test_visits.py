"""Sessions as they are cut live."""

from __future__ import annotations

from gateway.audit.visits import NOWHERE, cut


def sessions(*events: tuple[int, int], gap: int = 10, grace: int = 0) -> list[int]:
    """The session of each event (time, watermark) of one key."""
    return [seen.session for seen in cut([(n, t, mark, "a") for n, (t, mark) in enumerate(events)], gap, grace)]


def test_a_gap_of_just_that_length_joins() -> None:
    """And one that is longer does not."""
    assert sessions((0, 0), (10, 0), (21, 0)) == [0, 0, 2]


def test_a_late_event_connects_two_sessions() -> None:
    """All of them have one number then."""
    assert len(set(sessions((0, 0), (20, 0), (10, 5)))) == 1


def test_a_closed_session_takes_nothing_more() -> None:
    """An event in time starts a new one, one that is late has none; within grace it is still taken."""
    assert sessions((0, 0), (5, 10)) == [0, 1]
    assert sessions((0, 0), (0, 10)) == [0, NOWHERE]
    assert sessions((0, 0), (0, 10), grace=1) == [0, 0]
    assert [seen.late for seen in cut([(0, 0, 0, "a"), (1, 5, 10, "a"), (2, 99, 10, "a")], 10, 0)] == [
        False,
        True,
        False,
    ]


def test_keys_are_apart() -> None:
    """Events of another key do not join."""
    assert [seen.session for seen in cut([(0, 0, 0, "a"), (1, 0, 0, "b"), (2, 1, 0, "a")], 10, 0)] == [0, 1, 0]
