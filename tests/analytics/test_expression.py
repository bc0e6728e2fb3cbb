"""Expressions over a batch with three-valued logic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics.batch import Batch
from analytics.dictionary import Dictionary
from analytics.expression import And, Column, Constant, IsNull, IsTruth, Node, Not, Or, TextEquals, ValueTable
from analytics.frame import Coded, Frame

TRUTHS = (True, False, None)


def _frame(**columns: list[Any]) -> Frame:
    n = len(next(iter(columns.values())))
    batch = Batch(n, np.zeros(n, np.int64), columns, [("s", n)])
    return Frame(batch, {name: Dictionary() for name in columns})


def _truth(node: Node, frame: Frame) -> list[bool | None]:
    true, false = node.true(frame), node.false(frame)
    assert not (true & false).any()
    return [True if t else False if f else None for t, f in zip(true.tolist(), false.tolist(), strict=True)]


def _pairs() -> Frame:
    return _frame(a=[a for a in TRUTHS for _ in TRUTHS], b=[b for _ in TRUTHS for b in TRUTHS])


def test_and_or_not_follow_sql() -> None:
    """Null is unknown: it gives way to a false in AND and to a true in OR, and NOT keeps it."""
    frame, a, b = _pairs(), Column("a"), Column("b")
    assert _truth(And("and", a, b), frame) == [True, False, None, False, False, False, None, False, None]
    assert _truth(Or("or", a, b), frame) == [True, True, True, True, False, None, True, None, None]
    assert _truth(Not("not", a), frame) == [False] * 3 + [True] * 3 + [None] * 3


def test_is_tests_are_never_null() -> None:
    """IS NULL, IS TRUE and IS FALSE answer true or false whatever the operand is."""
    frame, a = _frame(a=list(TRUTHS)), Column("a")
    assert _truth(IsNull("null", a), frame) == [False, False, True]
    assert _truth(IsTruth(a, True), frame) == [True, False, False]
    assert _truth(IsTruth(a, False), frame) == [False, True, False]


def test_only_booleans_are_conditions() -> None:
    """1 and 'true' are neither true nor false as a condition."""
    assert _truth(Column("a"), _frame(a=[1, "true", True, 0, False])) == [None, None, True, None, False]


@pytest.mark.parametrize("mixed", [[], [5]])
def test_text_equality_leaves_null_out(mixed: list[Any]) -> None:
    """`x = 'a'` is null where x is, also by the slower way of a column that holds numbers too."""
    equal = TextEquals("x = 'a'", Column("x"), "a", lambda value: bool(value == "a"))
    assert _truth(equal, _frame(x=["a", "b", None, *mixed])) == [True, False, None, *[False for _ in mixed]]


def test_a_text_nobody_sent_is_false_everywhere() -> None:
    """A text that the dictionary does not know equals nothing."""
    equal = TextEquals("x = 'z'", Column("x"), "z", lambda value: bool(value == "z"))
    assert _truth(equal, _frame(x=["a", None])) == [False, None]


def test_constants_know_their_kind() -> None:
    """A literal is a number, a text, a boolean or null, and only a number has numbers."""
    assert [Constant(v).kind for v in (1.5, "x", True, None)] == ["number", "text", "bool", "null"]
    frame = _frame(x=[None, None])
    assert Constant(3).number(frame).values.tolist() == [3.0, 3.0]
    valid = Constant("3").number(frame).valid
    assert valid is not None
    assert not valid.any()


def test_a_value_is_tested_once_until_the_dictionary_is_emptied() -> None:
    """The test runs once per distinct value, never for null, and anew when codes change their meaning."""
    seen: list[Any] = []

    def test(value: Any) -> bool:
        seen.append(value)
        return bool(value == "a")

    table, dictionary = ValueTable(test), Dictionary(max_entries=2)
    for column in (["a", "b", None, "a"], ["b", "a"]):
        found = table.where(1, Coded(dictionary.encode(column), dictionary))
        assert found.tolist() == [value == "a" for value in column]
    assert seen == ["a", "b"]
    dictionary.trim()
    assert table.where(1, Coded(dictionary.encode(["b", "a"]), dictionary)).tolist() == [False, True]


def test_walk_visits_the_whole_tree() -> None:
    """A node comes before its operands, and these from left to right."""
    a, b = Column("a"), Column("b")
    assert [node.key for node in And("and", Not("not", a), b).walk()] == ["and", "not", '"a"', '"b"']
