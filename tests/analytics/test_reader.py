"""SQL to trees: what means the same, what is evaluated to what, what is refused and where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics.batch import Batch
from analytics.definition import condition
from analytics.dictionary import Dictionary
from analytics.frame import Frame
from analytics.reader import MAX_TEXT, DefinitionError, Reader
from analytics.schema import Columns

EVENTS: list[dict[str, Any]] = [
    {"city": "Bonn", "price": 5, "paid": True},
    {"city": "Berlin", "price": -1, "paid": False},
    {"city": None, "price": None, "paid": None},
    {"city": "köln", "price": 10, "paid": True},
]


def true_at(text: str) -> list[int]:
    """Positions of the events above where a condition is true."""
    node = condition(text)
    columns = Columns()
    columns.condition(node)
    batch = Batch(4, np.arange(4), {name: [e[name] for e in EVENTS] for name in EVENTS[0]}, [("s", 4)])
    positions: list[int] = node.true(Frame(batch, {key: Dictionary() for key in columns.coded})).nonzero()[0].tolist()
    return positions


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("city = 'Bonn'", [0]),
        ("city <> 'Bonn'", [1, 3]),
        ("NOT city = 'Bonn'", [1, 3]),
        ("city IS NULL", [2]),
        ("city IS NOT NULL AND paid", [0, 3]),
        ("paid IS NOT TRUE", [1, 2]),
        ("city IN ('Bonn', 'Berlin')", [0, 1]),
        ("city IN ('Bonn', 'Berlin', 'Ulm')", [0, 1]),
        ("city NOT IN ('Bonn', 'Ulm', 'Trier')", [1, 3]),
        ("city LIKE 'B%n'", [0, 1]),
        ("city ILIKE 'K%'", [3]),
        ("city NOT LIKE 'B%'", [3]),
        ("price BETWEEN 5 AND 10", [0, 3]),
        ("price > -(2 - 1) AND (price < 10 OR paid)", [0, 3]),
        ("price % 3 + 1 = 3", [0]),
        ("CASE WHEN paid IS TRUE THEN price ELSE 0 END > 5", [3]),
        ("CASE city WHEN 'Bonn' THEN 1 WHEN 'Berlin' THEN 2 END = 2", [1]),
        ("timestamp >= 2", [2, 3]),
        ("price = NULL", []),
    ],
)
def test_conditions_are_true_where_sql_says(text: str, events: list[int]) -> None:
    """Every construct selects the events it selects in SQL; null is never true."""
    assert true_at(text) == events


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("city = 'Bonn'", "((city)='Bonn')"),
        ("price between 1 and 2", "price >= 1 AND price <= 2"),
        ("city in ('a', 'b', 'c')", "city IN ('c','a','b')"),
        ("a and b", "a AND b"),
    ],
)
def test_equal_meaning_has_equal_keys(one: str, other: str) -> None:
    """Blanks, brackets, case of words and order of a list do not matter to the key."""
    assert Reader(one).read().key == Reader(other).read().key


def test_different_meaning_has_different_keys() -> None:
    """Numbers and texts, columns and texts, and the kinds of LIKE are told apart."""
    texts = ["x = 1", "x = '1'", "x = y", "x = 'y'", "x <> 1", "x LIKE 'y'", "x ILIKE 'y'", "x NOT LIKE 'y'", "NOT x"]
    assert len({Reader(text).read().key for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("text", "reason", "part"),
    [
        ("a = 1 AND city || 'x' = 'y'", "is not supported", "city"),
        ("a AND price + 1", "is no condition", "price"),
        ("a AND 'x' + 1 > 2", "is no number", None),
        ("a AND 1e999 > b", "beyond every number", None),
        ("a AND city LIKE b", "LIKE takes a text pattern", "city"),
        ("a AND b IN (SELECT 1)", "IN takes a list", "b IN"),
        ("a AND count(b) > 1", "is not allowed here", None),
        ("t.a = 1", "is not supported", "t.a"),
        ("a AND b < CURRENT_DATE", "'CURRENT_DATE' is not supported", "CURRENT_DATE"),
        ("a AND if(b, c, d)", "no function if(..): CASE WHEN", "b"),
        ("a AND event", "is no condition", "event"),
        ("a AND event > 5", "a number is compared with a text", "event"),
        ("a AND distinct_id IN ('u', 7)", "a number is compared with a text", None),
        ("a AND session_id = TRUE", "a bool is compared with a text", "session_id"),
        ("a AND event IS TRUE", "IS takes NULL, TRUE or FALSE", "event"),
        ('a AND "q""t" = 1', "no column 'q\"t' can be read: its name holds", '"q'),
        ('a AND "q\\t" = 1', "its name holds a quote, a backslash or a control character", '"q'),
        ('a AND "q\nt" = 1', "its name holds", '"q'),
    ],
)
def test_what_cannot_run_is_refused_with_its_place(text: str, reason: str, part: str | None) -> None:
    """A refusal says why and, where the parser knows, at which character."""
    with pytest.raises(DefinitionError) as caught:
        Reader(text).read()
    assert reason in caught.value.reason
    if part is not None:
        assert caught.value.offset == text.index(part)


def test_syntax_errors_point_into_later_lines() -> None:
    """The offset of a syntax error counts all lines before it and lies inside the text."""
    text = "a = 1\nAND (b = 2"
    with pytest.raises(DefinitionError) as caught:
        Reader(text).read()
    assert caught.value.offset is not None
    assert text.index("\n") < caught.value.offset <= len(text)


@pytest.mark.parametrize(
    ("text", "reason", "part"),
    [
        ("a =\n  'x", "the quote that is opened here is never closed", "'x"),
        ("a = 'it''s' AND \"b = 1", "the quote that is opened here is never closed", '"b'),
        ("a = 1 AND where = 2", "the expression is incomplete", "where"),
        ("a = 1 AND (b where)", "expecting ) at 'where'", "where"),
        ("a =\n  b IN (1, 2) c d", "invalid expression / Unexpected token at 'd'", "d"),
        ("a = (from)", "expected table name at ')'", ")"),
        ("a /* b", "the expression cannot be read", None),
    ],
)
def test_syntax_errors_say_what_they_met_and_where_it_begins(text: str, reason: str, part: str | None) -> None:
    """Not where it ends, and without the parser's own words for it."""
    with pytest.raises(DefinitionError) as caught:
        Reader(text).read()
    assert caught.value.reason == reason
    assert caught.value.offset == (None if part is None else text.index(part))


def test_the_parser_writes_nothing_beside_the_refusal(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks for rows says what `where` is; it does not get into our log."""
    with pytest.raises(DefinitionError, match="is not supported"):
        Reader("a -> '30m'").read()
    assert caplog.records == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "one expression is needed"),
        ("a; b", "one expression is needed"),
        ("a = ", "incomplete"),
        ("a" * (MAX_TEXT + 1), f"longer than {MAX_TEXT}"),
        ("(" * 4_000 + "a" + ")" * 4_000, "nested too deeply"),
    ],
)
def test_texts_that_are_no_expression_are_refused(text: str, reason: str) -> None:
    """Nothing, too many, half, too long and too deep are refused, each for its reason."""
    with pytest.raises(DefinitionError, match=reason):
        Reader(text).read()
