"""One subscription to single events: what came, and whether something is missing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from client_sdk.python.messages import Events, Match, Origin
from client_sdk.python.tail import KEPT, Tail
from client_sdk.python.view import Outcome


def message(offset: int, *numbers: int, prev: int | None = None, epoch: str = "e1") -> Events:
    events: list[dict[str, Any]] = [{"n": number} for number in numbers]
    return Events(1, prev, offset, epoch, prev is not None, 10, 5, len(numbers), events)


def tail() -> Tail:
    return Tail(1, Match(event="a"), max_rate=20, max_hz=None)


def numbers(of: Tail) -> tuple[list[int], bool]:
    sighting = of.take()
    assert sighting is not None
    return [event["n"] for event in sighting.events], sighting.hole


def test_messages_that_continue_add_up() -> None:
    """A slow reader gets several as one, with their counts; then nothing until more comes."""
    one = tail()
    assert one.take() is None
    assert one.take_events(message(5)) is Outcome.CHANGED
    one.take_events(message(6, 1, 2, prev=5))
    one.take_events(message(9, 3, prev=6))
    sighting = one.take()
    assert sighting is not None
    assert ([event["n"] for event in sighting.events], sighting[1:]) == ([1, 2, 3], (30, 15, 3, False))
    assert one.take() is None


def test_a_loss_on_the_way_asks_anew() -> None:
    """A message that continues another place is not taken."""
    one = tail()
    one.take_events(message(5))
    one.take()
    assert one.take_events(message(9, 1, prev=7)) is Outcome.RESYNC
    assert one.take() is None
    assert tail().take_events(message(9, 1, prev=7)) is Outcome.RESYNC


def test_what_the_server_has_lost_is_a_hole() -> None:
    """Not at the beginning, when nothing was there to be lost."""
    one = tail()
    one.take_events(message(5, 1))
    assert numbers(one) == ([1], False)
    one.take_events(message(3, 2, epoch="e2"))
    assert numbers(one) == ([2], True)
    one.take_events(message(4, 3, prev=3, epoch="e2"))
    assert numbers(one) == ([3], False)
    assert one.origin == Origin("e2", 4)


def test_a_reader_that_never_asks_costs_a_bounded_room() -> None:
    """The oldest are given up, and it is told."""
    one = tail()
    one.take_events(message(0, 0))
    for offset in range(KEPT // 100 + 1):
        one.take_events(message(offset + 1, *range(100), prev=offset))
    found, hole = numbers(one)
    assert (len(found), hole) == (KEPT, True)


@pytest.mark.parametrize("known", [False, True])
def test_it_asks_from_where_it_is(known: bool) -> None:
    """At first without a place, later with it."""
    one = tail()
    if known:
        one.take_events(message(5))
    wish = msgspec.to_builtins(one.subscribe())
    assert wish == {
        "type": "subscribe",
        "id": 1,
        "topic": "events",
        "match": {"event": "a"},
        "max_rate": 20,
        **({"from": {"epoch": "e1", "offset": 5}} if known else {}),
    }


def test_a_refusal_is_kept() -> None:
    """Its slug, for who waits."""
    one = tail()
    one.refuse("disabled")
    assert (one.error, one.name) == ("disabled", "events")
