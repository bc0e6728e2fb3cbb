"""Whose batch goes next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.turns import QUANTUM, Turns
from gateway.wire.columns import Columns

MB = 1 << 20


def arrival(lane: str, seq: int, size: int = 1_000, events: int = 1) -> Arrival:
    columns = Columns(events, 0, (), None, ())
    return Arrival(Producer(lane, 1, 0), 1, seq, columns, None, b"x" * size, seq, 0, None, b"", None)


def names(arrivals: list[Arrival]) -> list[tuple[str, int]]:
    return [(one.producer.id, one.seq) for one in arrivals]


def fill(turns: Turns, lane: str, count: int, size: int = 10_000, events: int = 1) -> None:
    for seq in range(1, count + 1):
        turns.add(lane, arrival(lane, seq, size, events))


def test_who_sends_now_and_then_waits_for_no_backlog() -> None:
    """One batch behind 64 MB of others is in the next group."""
    turns = Turns()
    fill(turns, "greedy", 6_400)
    turns.take(MB, 4_096)
    turns.add("honest", arrival("honest", 1))
    assert ("honest", 1) in names(turns.take(MB, 4_096))


def test_those_with_a_backlog_share_alike() -> None:
    """By bytes, whether in few large batches or in many small ones."""
    turns = Turns()
    fill(turns, "large", 100, 100_000)
    fill(turns, "small", 5_000, 2_000)
    sizes = {"large": 0, "small": 0}
    for _ in range(6):
        for one in turns.take(MB, 10**6):
            sizes[one.producer.id] += len(one.text)
    assert sizes["small"] == pytest.approx(sizes["large"], rel=0.1)


def test_short_events_count_for_what_they_cost() -> None:
    """A batch of many tiny events takes as much of a turn as one of ordinary ones."""
    turns = Turns()
    fill(turns, "tiny", 100, 7_000, events=500)
    fill(turns, "ordinary", 100, 64_000, events=500)
    taken = names(turns.take(MB, 10_000))
    assert abs(sum(name == "tiny" for name, _ in taken) - sum(name == "ordinary" for name, _ in taken)) <= 1


def test_new_lanes_take_half_a_group_at_most_while_others_wait() -> None:
    """Made-up senders of one batch each do not lock out those that have more."""
    turns = Turns()
    fill(turns, "steady", 100)
    turns.take(QUANTUM, 4_096)
    for number in range(1_000):
        turns.add(f"fake-{number}", arrival(f"fake-{number}", 1, 10_000))
    taken = [one.producer.id for one in turns.take(MB, 4_096)]
    assert taken.count("steady") >= 40


def test_a_group_is_bounded_and_in_order_of_arrival() -> None:
    """One batch goes whatever its size; the last of a group came last of it."""
    turns = Turns()
    turns.add("a", arrival("a", 1, 3 * MB))
    turns.add("b", arrival("b", 2))
    turns.add("a", arrival("a", 3))
    assert [names(turns.take(MB, 4_096)) for _ in range(2)] == [[("b", 2), ("a", 1)][::-1], [("a", 3)]]
    assert not turns


def test_the_oldest_is_told() -> None:
    """Whatever lane it is in."""
    turns = Turns()
    assert not turns.arrivals
    for seq, lane in enumerate("aab", 1):
        turns.add(lane, arrival(lane, seq))
    oldest = turns.oldest
    assert oldest is not None
    assert (oldest.seq, len(turns)) == (1, 3)


def test_others_take_the_places_of_those_that_wait() -> None:
    """In the same order, so that each goes when the one it stands for would have gone."""
    turns = Turns()
    fill(turns, "a", 3)
    turns.replace([replace(one, offset_ms=7) for one in turns.arrivals])
    assert [(one.seq, one.offset_ms) for one in turns.take(MB, 4_096)] == [(1, 7), (2, 7), (3, 7)]


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 90_000), st.booleans()), max_size=60)


@given(STEPS)
def test_each_goes_once_and_after_those_before_it_in_its_lane(steps: list[tuple[str, int, bool]]) -> None:
    """Whatever comes and is taken in between."""
    turns, added, taken = Turns(), list[tuple[str, int]](), list[tuple[str, int]]()
    for seq, (lane, size, take) in enumerate(steps, 1):
        turns.add(lane, arrival(lane, seq, size))
        added.append((lane, seq))
        if take:
            taken += names(turns.take(100_000, 50))
    while turns:
        group = names(turns.take(100_000, 50))
        assert group
        taken += group
    assert sorted(taken) == sorted(added)
    for lane in "abc":
        assert [one for one in taken if one[0] == lane] == [one for one in added if one[0] == lane]
