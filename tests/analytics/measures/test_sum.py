"""`sum` and `avg`: exact, whatever the order."""

from __future__ import annotations

import math
import random
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.arrays import Numbers
from analytics.measures import sum as sum_module
from analytics.measures.sum import MAX_ODD, Sum
from tests.analytics.measures.values import add, cells, opened, read
from tests.analytics.simple import values_of

LARGEST = sys.float_info.max
FLOATS = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=30)


@given(FLOATS)
def test_a_sum_is_the_exact_sum_rounded_once(values: list[float]) -> None:
    """For any floats, from the smallest to the largest, the result is that of exact arithmetic."""
    total = opened(Sum)
    add(total, [0] * len(values), values)
    exact = sum(map(Fraction, values), Fraction(0))
    if exact.denominator == 1 and 2**53 <= abs(exact) < 2**63:
        expected: float = int(exact)
    else:
        expected = float(max(min(exact, Fraction(LARGEST)), -Fraction(LARGEST)))
    assert read(total, 0)[0] == (expected if values else None)


@given(FLOATS, st.integers(0, 99))
def test_order_and_splits_do_not_change_a_bit(values: list[float], seed: int) -> None:
    """The digits of the state are the same for any order and any batches."""
    one, other = opened(Sum), opened(Sum)
    add(one, [0] * len(values), values)
    for value in random.Random(seed).sample(values, len(values)):
        add(other, [0], [value])
    dumps = [total.dump(cells(0), cells(0, 1)) for total in (one, other)]
    assert {k: v.tobytes() for k, v in dumps[0].items()} == {k: v.tobytes() for k, v in dumps[1].items()}


def test_totals_next_to_the_middle_between_two_floats_are_rounded_to_the_nearest() -> None:
    """Read all at once, they are what exact arithmetic gives each: at the middle, a trace above it and one below."""
    rng, totals = random.Random(5), list[list[float]]()
    for _ in range(4_000):
        bits = rng.randrange(54)
        whole = rng.choice([-1, 1]) * float((1 << bits) + rng.randrange(-2, 3))
        half = math.ulp(whole) / 2
        totals.append([whole, rng.choice([-1, 1]) * half, rng.choice([-1, 0, 0, 1]) * rng.choice([2.0**-90, half / 8])])
    total = opened(Sum, 1, len(totals))
    for numbers in zip(*totals, strict=True):
        total.add(np.arange(len(totals)), Numbers(np.array(numbers), None))
    values = total.read(cells(0), np.arange(len(totals))).values.tolist()
    exact = [sum(map(Fraction, numbers), Fraction(0)) for numbers in totals]
    assert values == [int(x) if x.denominator == 1 and abs(x) >= 2**53 else float(x) for x in exact]


def test_ten_million_steps_leave_no_drift() -> None:
    """0.1 added and taken out again ten million times in all is gone without a trace."""
    total = opened(Sum, 4)
    for _ in range(100):
        total.add(np.zeros(100_000, np.int64), Numbers(np.full(100_000, 0.1), None))
        total.merge(cells(0), 3)
        total.subtract(0, 3)
    assert read(total, 3)[0] is None
    assert read(total, 0)[0] == float(Fraction(0.1) * 10_000_000)


def test_integers_beyond_floats_are_exact() -> None:
    """Integers that no float holds are added as they are, and come out as integers."""
    events: list[dict[str, Any]] = [{"n": 2**53 + 1}, {"n": 2**53 + 1}, {"n": 2**62 + 1}]
    assert values_of("sum(n)", events) == [2 * (2**53 + 1) + 2**62 + 1]


def test_sum_and_average_take_numbers_only() -> None:
    """Texts, booleans and nulls are left out of both the sum and the divisor; of nothing both are null."""
    events: list[dict[str, Any]] = [{"x": 1}, {"x": "2"}, {"x": True}, {"x": None}, {"x": 4.5}]
    assert values_of("sum(x)", events) == [5.5]
    assert values_of("avg(x)", events) == [2.75]
    assert values_of("avg(x)", [{"x": "a"}]) == [None]


def test_too_many_odd_cells_are_rounded_and_counted() -> None:
    """Numbers outside of the digits' range keep being added, but beyond a cap of cells rounded and counted."""
    total = opened(Sum, 1, MAX_ODD + 10)
    add(total, list(range(MAX_ODD + 10)), [1e-200] * (MAX_ODD + 10))
    assert total.note() == {"sums_rounded": 10}
    assert read(total, 0, keys=(0, MAX_ODD + 9)) == [1e-200, 0.0]


@pytest.mark.parametrize("how", ["clear", "vacate", "join", "subtract"])
def test_cells_that_are_emptied_make_room_for_others(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Whichever way they are: cleared, vacated, joined with others, or taken out to nothing."""
    monkeypatch.setattr(sum_module, "MAX_ODD", 2)
    total = opened(Sum, 3, 2)
    add(total, [0, 1], [1e-200, 1e-200])
    if how == "clear":
        total.clear(0)
    elif how == "vacate":
        total.vacate(cells(0, 1))
    elif how == "join":
        total.join(cells(1), cells(0))
        total.vacate(cells(0))
    else:
        total.merge(cells(0), 1)
        total.subtract(0, 1)
        total.clear(0)
    add(total, [4, 5, 3], [1e-200, 1e-200, 1e-200])
    assert total.note() == {"sums_rounded": 1}
    assert [read(total, 2), read(total, 0, 1)] == [[1e-200, 1e-200], [None, 0.0]]


class _Unread(dict[int, int]):
    """What nobody may look at."""

    def _refuse(self, *_: object) -> Any:
        raise AssertionError("it is not part of what is read")

    __iter__ = __getitem__ = __contains__ = get = items = _refuse


def test_reading_costs_what_is_read() -> None:
    """Of panes beside those that are read, what the digits do not hold is not looked at."""
    total = opened(Sum, 4, 2)
    assert isinstance(total, Sum)
    add(total, [0, 1, 4, 5], [1e300, 1e-200, 2e300, 2e-200])
    total._odd[1], total._odd[3] = _Unread({0: 1, 1: 1}), _Unread({0: 1})
    assert read(total, 0) == [1e300, 1e-200]
    assert read(total, 0, 2) == [3e300, 3e-200]


def test_a_sum_beyond_every_float_is_the_largest_one() -> None:
    """Twice the largest float is not infinity, which JSON does not have."""
    total = opened(Sum)
    add(total, [0, 0, 1, 1], [LARGEST, LARGEST, -LARGEST, -LARGEST])
    assert read(total, 0) == [LARGEST, -LARGEST]


@pytest.mark.parametrize("low", [None, np.array([1.0, -1.0])])
def test_what_a_float_lost_of_an_integer_is_added_too(low: Any) -> None:
    """`low` is part of the number."""
    total = opened(Sum)
    total.add(cells(0, 0), Numbers(np.array([2.0**60, 2.0**60]), None, low))
    assert read(total, 0)[0] == 2**61
