"""The queue is bounded, ordered, and always knows its bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from client_sdk.python.batch import Queued
from client_sdk.python.eventqueue import EventQueue


def queued(ordinal: int, size: int, low: bool = False) -> Queued:
    return Queued(ordinal, 0, str(ordinal), low, b"x" * size)


def test_take_stops_at_either_bound() -> None:
    """A run from the front, as long as count and bytes allow, a comma with each."""
    queue = EventQueue(10, 1_000)
    for ordinal in range(4):
        queue.push(queued(ordinal, 9))
    assert [event.ordinal for event in queue.take(10, 29)] == [0, 1]
    assert [event.ordinal for event in queue.take(1, 1_000)] == [2]
    assert queue.take(10, 9) == []
    assert len(queue) == 1


def test_a_single_event_beyond_the_bytes_falls_off_at_once() -> None:
    """An event larger than the whole queue is not kept, and said to be gone."""
    queue = EventQueue(10, 5)
    assert [event.ordinal for event in queue.push(queued(1, 6))] == [1]
    assert (len(queue), queue.bytes, queue.first) == (0, 0, None)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("push"), st.integers(1, 9), st.booleans()),
            st.tuples(st.just("take"), st.integers(1, 4), st.just(False)),
            st.tuples(st.just("give_back"), st.integers(1, 4), st.just(False)),
            st.tuples(st.just("shed"), st.just(0), st.just(False)),
        )
    )
)
def test_nothing_leaves_unseen(steps: list[tuple[str, int, bool]]) -> None:
    """Whatever is done, what came in is queued or was returned; order and bytes hold."""
    queue = EventQueue(5, 25)
    came, left = 0, 0
    for step, size, low in steps:
        if step == "push":
            left += len(queue.push(queued(came, size, low)))
            came += 1
        elif step == "shed":
            left += len(queue.shed())
        else:
            events = queue.take(size, 100)
            if step == "give_back":
                queue.give_back(events)
            else:
                left += len(events)
        assert len(queue) == came - left
    rest = queue.take(100, 10_000)
    assert sum(len(event.payload) for event in rest) <= 25
    assert [event.ordinal for event in rest] == sorted(event.ordinal for event in rest)
    assert queue.bytes == 0
