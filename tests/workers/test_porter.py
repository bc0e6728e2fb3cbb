"""Questions to the gate and their answers."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from gateway.core.foreign import MOST_CHARS
from gateway.core.gate import Refusal
from gateway.wire.parcel import Kind, Parcel, ParcelError
from gateway.workers.porter import MOST_ASKING, Porter
from gateway.workers.setup import Refused


class Link:
    """Writes down what is put."""

    def __init__(self) -> None:
        self.put_: list[tuple[Kind, int, bytes]] = []

    def put(self, kind: Kind, number: int = 0, body: bytes = b"") -> None:
        self.put_.append((kind, number, body))


class Asker:
    def __init__(self, porter: Porter) -> None:
        self.porter = porter
        self.heard: list[Refusal | None] = []
        self.is_over = False

    def decided(self, refusal: Refusal | None) -> None:
        self.heard.append(refusal)
        # What the door asks while it hears is answered likewise.
        assert self.porter.admit("whoever", 0) == refusal


def made() -> tuple[Porter, Link, Asker]:
    link = Link()
    porter = Porter(cast(Any, link))
    return porter, link, Asker(porter)


def answer(number: int, refusal: Refused | None = None) -> Parcel:
    body = b"" if refusal is None else msgspec.msgpack.encode(refusal)
    return Parcel(Kind.ADMITTED, number, memoryview(body))


def test_each_hears_its_own_answer() -> None:
    """Whatever the order."""
    porter, link, asker = made()
    other = Asker(porter)
    first, second = porter.ask(asker, "1.2.3.4", False), porter.ask(other, "5.6.7.8", True)
    assert link.put_ == [(Kind.ADMIT, first, b"\x001.2.3.4"), (Kind.ADMIT, second, b"\x015.6.7.8")]
    porter.answered(answer(second))
    porter.answered(answer(first, Refused(429, 5, "ip")))
    assert (asker.heard, other.heard) == ([Refusal(429, 5, "ip")], [None])


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("refusal", [None, Refused(503, 5, "total")])
def test_the_slot_of_who_is_gone_is_given_back(refusal: Refused | None, told: bool) -> None:
    """Of an admitted socket its own; of one that moved, the new one, or if it may not, the old one.

    Whether its end was seen already or is about to be.
    """
    porter, link, asker = made()
    stay, move = porter.ask(asker, "a", False), porter.ask_to_move(asker, "proxy", "client")
    asker.is_over = True
    for number in (stay, move) if told else ():
        porter.forget(number)
    link.put_.clear()
    for number in (stay, move):
        porter.answered(answer(number, refusal))
    released = [b"a", b"client"] if refusal is None else [b"proxy"]
    assert link.put_ == [(Kind.RELEASE, 0, ip) for ip in released]
    assert asker.heard == []
    porter.forget(stay)


def test_an_answer_to_nothing_is_nonsense() -> None:
    """And so is one that is none."""
    porter, _, asker = made()
    with pytest.raises(ParcelError):
        porter.answered(answer(7))
    number = porter.ask(asker, "a", False)
    with pytest.raises(ParcelError):
        porter.answered(Parcel(Kind.ADMITTED, number, memoryview(b"\xc1")))


def test_questions_are_bounded() -> None:
    """Those of askers that are gone count as well, until they are answered."""
    porter, _, asker = made()
    numbers = [porter.ask(asker, "a", False) for _ in range(MOST_ASKING)]
    assert porter.crowded
    porter.forget(numbers[0])
    assert porter.crowded
    porter.answered(answer(numbers[0]))
    assert not porter.crowded


def test_the_rest_is_passed_on() -> None:
    """Faults and refusals are counted where the gate is."""
    porter, link, _ = made()
    porter.fault("a", 0)
    assert porter.refuse_draining(4) == Refusal(503, 4, "draining")
    assert porter.refuse_overload().cause == "overload"
    assert link.put_ == [(Kind.FAULT, 0, b"a"), (Kind.REFUSED, 0, b"draining"), (Kind.REFUSED, 0, b"overload")]
    assert porter.move("a", "a", 0) is None


def test_pages_that_are_turned_away_are_told() -> None:
    """Where operators ask; what is too long is cut, whatever characters it has."""
    porter, link, _ = made()
    porter.turn_away("https://shop.example")
    porter.turn_away("\ud800" * 1_000)
    assert link.put_ == [(Kind.FOREIGN, 0, b"https://shop.example"), (Kind.FOREIGN, 0, b"?" * MOST_CHARS)]
