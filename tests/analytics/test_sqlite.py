"""SQL expressions against SQLite: any expression, any rows, the same true, false and null."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics import Batch
from analytics.definition import condition
from analytics.dictionary import Dictionary
from analytics.frame import Frame
from tests.analytics.simple import values_of

NUMBERS = st.sampled_from(["a", "b", "1.0", "0.0", "-2.5", "3.0"])
TEXTS = st.sampled_from(["t", "u"])
LITERALS = st.sampled_from(["'x'", "'xy'", "''", "'y'"])


def arithmetic(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Numbers made of numbers; a CASE takes a condition as well."""
    binary = st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
    case = st.tuples(CONDITIONS, inner, inner).map(lambda p: f"CASE WHEN {p[0]} THEN {p[1]} ELSE {p[2]} END")
    return st.one_of(binary, inner.map(lambda n: f"(- {n})"), case)


def logic(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Conditions made of conditions."""
    binary = st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
    truth = st.tuples(inner, st.sampled_from(["IS NULL", "IS NOT NULL", "IS TRUE", "IS NOT FALSE"]))
    return st.one_of(binary, inner.map(lambda c: f"(NOT {c})"), truth.map(lambda p: f"({p[0]} {p[1]})"))


SIGNS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
SIMPLE = st.one_of(
    st.tuples(NUMBERS, SIGNS, NUMBERS).map(" ".join),
    st.tuples(TEXTS, SIGNS, LITERALS).map(" ".join),
    st.tuples(LITERALS, SIGNS, TEXTS).map(" ".join),
    st.tuples(TEXTS, SIGNS, TEXTS).map(" ".join),
    st.tuples(TEXTS, st.sampled_from(["IN", "NOT IN"]), st.lists(LITERALS, min_size=1, max_size=4)).map(
        lambda p: f"{p[0]} {p[1]} ({', '.join(p[2])})"
    ),
    st.tuples(NUMBERS, st.sampled_from(["", "NOT "]), NUMBERS, NUMBERS).map(
        lambda p: f"{p[0]} {p[1]}BETWEEN {p[2]} AND {p[3]}"
    ),
    st.tuples(
        TEXTS, st.sampled_from(["LIKE", "NOT LIKE"]), st.sampled_from(["'x%'", "'%y'", "'_'", "'%'", "'x_%'"])
    ).map(" ".join),
    st.sampled_from(["a IS NULL", "t IS NOT NULL", "a IN (1.0, NULL)", "t = NULL", "TRUE", "a NOT IN (1.0, 3.0)"]),
)
CONDITIONS: st.SearchStrategy[str] = st.recursive(SIMPLE.map("({})".format), logic, max_leaves=6)
VALUES = st.recursive(NUMBERS, arithmetic, max_leaves=5)
ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, 0.0, 1.0, -2.5, 3.0]),
        st.sampled_from([None, 0.0, 1.0, 2.0]),
        st.sampled_from([None, "x", "xy", "", "y"]),
        st.sampled_from([None, "x", "y"]),
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = ON")
    connection.execute("CREATE TABLE e (a REAL, b REAL, t TEXT, u TEXT)")
    yield connection
    connection.close()


def ask(database: sqlite3.Connection, rows: Sequence[Any], expression: str) -> list[Any]:
    """The expression over the rows, by SQLite."""
    database.execute("DELETE FROM e")
    database.executemany("INSERT INTO e VALUES (?, ?, ?, ?)", rows)
    return [value for (value,) in database.execute(f"SELECT {expression} FROM e")]


@given(CONDITIONS, ROWS)
@example("(t NOT IN ('x', 'y', 'z'))", [(None, None, None, None)])
def test_conditions_are_those_of_sqlite(database: sqlite3.Connection, text: str, rows: list[Any]) -> None:
    """True, false and null where SQLite says so."""
    columns = {name: [row[i] for row in rows] for i, name in enumerate("abtu")}
    node, times = condition(text), Batch.from_events([{"timestamp": 0} for _ in rows]).timestamp
    frame = Frame(Batch(len(rows), times, columns, [("s", len(rows))]), {name: Dictionary() for name in "abtu"})
    found = zip(node.true(frame).tolist(), node.false(frame).tolist(), strict=True)
    expected = [None if value is None else bool(value) for value in ask(database, rows, text)]
    assert [True if true else False if false else None for true, false in found] == expected


@given(VALUES, CONDITIONS, ROWS)
def test_aggregates_are_those_of_sqlite(database: sqlite3.Connection, value: str, where: str, rows: list[Any]) -> None:
    """sum, count, min, max and avg of any expression under any filter, from the file to the row."""
    events = [dict(zip("abtu", row, strict=True)) for row in rows]
    for name in ("sum", "count", "min", "max", "avg"):
        call = f"{name}({value}) FILTER (WHERE {where})"
        (expected,) = ask(database, rows, call)
        (found,) = values_of(call, events)
        assert found == (None if expected is None else pytest.approx(expected, rel=1e-12, abs=1e-12)), call
