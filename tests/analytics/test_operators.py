"""Comparison, arithmetic and CASE over a batch."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import pytest

from analytics.batch import Batch
from analytics.definition import DefinitionError, condition
from analytics.dictionary import Dictionary
from analytics.expression import Column, Constant, Node
from analytics.frame import Frame
from analytics.operators import COMPARISONS, Arithmetic, Case, compare

X, Y = Column("x"), Column("y")


def frame(x: list[Any], y: list[Any] | None = None) -> Frame:
    """A frame of events with the properties x and y."""
    pairs = zip(x, [None] * len(x) if y is None else y, strict=True)
    events = [{"timestamp": 0, "properties": {"x": a, "y": b}} for a, b in pairs]
    return Frame(Batch.from_events(events), defaultdict(Dictionary))


def truth(node: Node, at: Frame) -> list[bool | None]:
    """What a condition says of each event."""
    pairs = zip(node.true(at).tolist(), node.false(at).tolist(), strict=True)
    assert not (node.true(at) & node.false(at)).any()
    return [True if true else False if false else None for true, false in pairs]


@pytest.mark.parametrize("sign", sorted(COMPARISONS))
def test_numbers_compare_as_numbers_on_either_side(sign: str) -> None:
    """A column against a constant, turned around or against a column: the sign holds, and null stays null."""
    values = [1, 2.5, 3, None, "2"]
    expected = [COMPARISONS[sign](v, 2.5) if isinstance(v, int | float) else None for v in values]
    mirrored = [COMPARISONS[sign](2.5, v) if isinstance(v, int | float) else None for v in values]
    assert truth(compare(sign, X, Constant(2.5)), frame(values)) == expected
    assert truth(compare(sign, Constant(2.5), X), frame(values)) == mirrored


@pytest.mark.parametrize("sign", sorted(COMPARISONS))
def test_texts_compare_as_texts(sign: str) -> None:
    """A column against a text compares by characters; an absent value is null."""
    expected = [COMPARISONS[sign](v, "b") for v in ("a", "b", "c")]
    assert truth(compare(sign, X, Constant("b")), frame(["a", "b", "c", None])) == [*expected, None]


def test_two_columns_are_equal_in_kind_and_ordered_within_one() -> None:
    """1 is not "1"; values of two kinds are unequal and have no order."""
    at = frame([1, 1, "a", None], [1, "1", "b", 1])
    assert truth(compare("=", X, Y), at) == [True, False, False, None]
    assert truth(compare("<", X, Y), at) == [False, None, True, None]


def test_integers_beyond_floats_are_told_apart() -> None:
    """Columns of integers that one float stands for compare as integers."""
    big = 2**53
    numbers = Arithmetic("+", Column("y"), Constant(0))
    assert truth(compare(">", X, numbers), frame([big + 1, big], [big, big])) == [True, False]


def test_a_flag_compares_with_truth() -> None:
    """`flag = FALSE` is true for false, false for true and null for what is no boolean; `<>` is its opposite."""
    at = frame([True, False, 1, None])
    assert truth(compare("=", X, Constant(False)), at) == [False, True, None, None]
    assert truth(compare("<>", X, Constant(False)), at) == [True, False, None, None]


@pytest.mark.parametrize(
    ("sign", "left", "right"),
    [("=", Constant("a"), Constant(1)), ("=", Constant(True), Constant(1)), ("<", X, Constant(True))],
)
def test_what_can_never_be_compared_is_refused(sign: str, left: Node, right: Node) -> None:
    """Constants of two kinds, and an order of booleans, raise ValueError."""
    with pytest.raises(ValueError, match=r"compared with|no order"):
        compare(sign, left, right)


@pytest.mark.parametrize(
    ("sign", "expected"),
    [
        ("+", [-5, 1, None]),
        ("-", [-9, 1, None]),
        ("*", [-14, 0, None]),
        ("/", [-3.5, None, None]),
        ("%", [-1, None, None]),
    ],
)
def test_arithmetic_has_nulls_for_what_is_no_finite_number(sign: str, expected: list[float | None]) -> None:
    """Null in, null out; division by zero is null, and the remainder has the sign of the dividend."""
    assert list(Arithmetic(sign, X, Y).raw(frame([-7, 1, None], [2, 0, 3]))) == expected


def test_an_overflow_is_null() -> None:
    """A product beyond the largest float is null and not infinite."""
    numbers = Arithmetic("*", X, X).number(frame([1e200, 2.0]))
    assert numbers.valid is not None
    assert numbers.valid.tolist() == [False, True]
    assert math.isinf(numbers.values[0])


def test_the_first_true_branch_of_a_case_decides() -> None:
    """Branches are tried in order, a null condition is passed over, and the default takes the rest."""
    small, positive = compare("<", X, Constant(5)), compare(">", X, Constant(0))
    at = frame([3, 9, -1, None])
    texts = Case("t", [(small, Constant("small")), (positive, Constant("positive"))], Constant("none"))
    assert (texts.kind, list(texts.raw(at))) == ("text", ["small", "positive", "small", "none"])
    numbers = Case("n", [(positive, Arithmetic("*", X, Constant(2)))], Constant(None))
    assert (numbers.kind, list(numbers.raw(at))) == ("number", [6, 18, None, None])


@pytest.mark.parametrize("sign", ["=", "<>", "<", "<=", ">", ">="])
def test_large_integers_are_compared_as_integers(sign: str) -> None:
    """Neighbours beyond 2**53 are the same float; a literal tells them apart, on either side."""
    edge = (1 << 53) + 1
    values = [edge - 1, edge, edge + 1]
    apply = COMPARISONS[sign]
    assert condition(f"x {sign} {edge}").true(frame(values)).tolist() == [apply(v, edge) for v in values]
    assert condition(f"{edge} {sign} x").true(frame(values)).tolist() == [apply(edge, v) for v in values]


def test_a_literal_beyond_every_float_is_refused() -> None:
    """Five hundred digits are no number that can be compared with."""
    with pytest.raises(DefinitionError, match="beyond every number"):
        condition("x > " + "9" * 500)
    with pytest.raises(DefinitionError, match="beyond every number"):
        condition("x > 1e999")
