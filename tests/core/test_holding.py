"""What is not whole yet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.holding import Holding


def test_the_oldest_goes_first() -> None:
    """By when it began, not by when it grew."""
    holding = Holding[str](100)
    for name, size in (("a", 10), ("b", 40), ("a", 40)):
        assert holding.hold(name, size) == []
    assert holding.hold("c", 30) == ["a"]
    assert (holding.bytes, len(holding), holding.cuts) == (70, 2, 1)


def test_what_is_whole_is_forgotten() -> None:
    """And begins behind all others when it begins again."""
    holding = Holding[str](100)
    holding.hold("a", 50)
    holding.hold("b", 50)
    assert holding.hold("a", 0) == []
    assert holding.hold("a", 50) == []
    assert holding.hold("c", 1) == ["b"]


def test_one_that_is_too_much_by_itself_goes() -> None:
    """After all that were older."""
    holding = Holding[str](100)
    holding.hold("a", 1)
    assert holding.hold("b", 101) == ["a", "b"]
    assert (holding.bytes, len(holding)) == (0, 0)
    assert holding.hold("b", 0) == []


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 60)), max_size=80))
def test_the_sum_is_right_and_bounded(steps: list[tuple[int, int]]) -> None:
    """Whoever holds what: never more than the bound, and exactly what those that were not cut hold."""
    holding, held = Holding[int](100), dict[int, int]()
    for who, size in steps:
        held[who] = size
        for gone in holding.hold(who, size):
            del held[gone]
        assert holding.bytes == sum(held.values()) <= 100
