"""Rows in columns: their order, and what becomes of their values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics.history import CORRECTION, FINAL
from analytics.row import Row
from analytics.sessions.lines import Lines, as_column, as_objects, in_order, joined, plain_values


def lines(*rows: tuple[Any, int, int, Any]) -> Lines:
    """Final rows of users: who, start, end and value."""
    users, starts, ends, values = zip(*rows, strict=True)
    n = len(rows)
    return Lines(
        np.fromiter(({"user": user} for user in users), object, n),
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        as_column(values),
        np.full(n, FINAL, np.int8),
        np.zeros(n, np.int32),
        np.zeros(n),
        np.zeros(n, np.int64),
    )


def test_rows_say_what_the_columns_say() -> None:
    """Nulls, JSON texts, kinds and errors as every row has them, in plain Python types."""
    told = lines(("a", 0, 5, None), ("b", 1, 6, b'{"items":[]}'), ("c", 2, 7, 3))
    told = told._replace(errors=np.array([0, 0.5, 0]), kinds=np.array([FINAL, FINAL, CORRECTION], np.int8))
    rows = told.rows("k")
    assert rows == [
        Row("k", {"user": "a"}, 0, 5, None, "final", 0),
        Row("k", {"user": "b"}, 1, 6, {"items": []}, "final", 0, 0.5),
        Row("k", {"user": "c"}, 2, 7, 3, "correction", 0),
    ]
    assert [type(row) for row in rows] == [Row] * 3
    assert [[type(field) for field in row[2:4]] for row in rows] == [[int, int]] * 3
    assert lines(("a", 0, 5, 0.5), ("b", 0, 5, float("nan"))).rows("k")[1].value is None


def test_integers_stay_integers_beside_other_values() -> None:
    """Joining rows of several kinds of values changes none of them."""
    parts = [lines(("a", 0, 1, 3)), lines(("a", 0, 1, 0.5), ("a", 0, 1, float("nan"))), lines(("a", 0, 1, b"1"))]
    assert list(map(repr, joined(parts).values.tolist())) == ["3", "0.5", "None", "b'1'"]
    assert joined(parts[:1]) is parts[0]
    assert joined([parts[0], parts[0]]).values.dtype == np.int64


def test_rows_are_ordered_by_columns_then_dims_then_as_they_came() -> None:
    """Null first, then booleans, numbers and texts, as rows of all windows are; only among equals."""
    users: list[Any] = ["b", 2, None, "a", True, "b", "a"]
    dims = np.fromiter(({"user": user} for user in users), object, len(users))
    same, ends = np.zeros(7, np.int64), np.array([5, 5, 5, 5, 5, 5, 1])
    assert in_order(dims, same, ends).tolist() == [6, 2, 4, 1, 3, 0, 5]
    assert in_order(dims, same).tolist() == [2, 4, 1, 3, 6, 0, 5]
    assert in_order(dims, np.arange(7), same).tolist() == list(range(7))
    assert in_order(dims[:1], same[:1]).tolist() == [0]


def test_runs_of_equals_are_ordered_each_by_itself() -> None:
    """As a sort of all rows by everything would have it, one dimension or two."""
    rng = np.random.default_rng(5)
    ends, at = rng.integers(0, 9, 300), rng.integers(0, 4, 300)
    names = rng.integers(0, 30, (300, 2)).tolist()
    for width in (1, 2):
        said = [{f"d{i}": f"{name[i]:02}" for i in range(width)} for name in names]
        expected = sorted(range(300), key=lambda i: (at[i], ends[i], list(said[i].values())))
        assert in_order(np.array(said, object), at, ends).tolist() == expected


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], np.int64),
        ([0.5, None], np.float64),
        ([1, 2.0], object),
        ([True, False], object),
        ([1 << 70, 1], object),
        ([1, None], object),
        ([b"[]", None], object),
        ([None], object),
        ([], object),
    ],
)
def test_a_list_comes_back_as_it_was(values: list[Any], dtype: type) -> None:
    """Whatever it holds, also by way of objects; numbers of one kind are kept as numbers."""
    column = as_column(values)
    assert column.dtype == dtype
    assert list(map(repr, plain_values(column))) == list(map(repr, values))
    assert list(map(repr, as_objects(column).tolist())) == list(map(repr, values))
