"""Rows as bytes: what is said of them, which of them a viewer wants, how one is taken back."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from analytics import Row
from gateway.core.encoding import encode_row, matches, name_gone


def row(value: Any = 5, kind: str = "partial") -> Row:
    return Row("k", {"country": "DE"}, 0, 1_000, value, kind, 0)


def test_a_row_says_only_what_it_has() -> None:
    """`error` and `keys` are there when the row has them."""
    plain = {"dims": {"country": "DE"}, "start": 0, "end": 1000, "value": 5, "kind": "partial", "rev": 0}
    assert orjson.loads(encode_row(row()).json) == plain
    full = row()._replace(error=0.01, keys=7)
    assert orjson.loads(encode_row(full).json) == plain | {"error": 0.01, "keys": 7}


def test_an_identity_is_dims_and_start() -> None:
    """Another value is the same row, another window is not."""
    assert encode_row(row(1)).identity == encode_row(row(2)).identity
    assert encode_row(row(1)).identity != encode_row(row(1)._replace(start=1)).identity


def test_dimensions_are_told_apart_as_json_tells_them() -> None:
    """1, true and "1" are three rows; to `where` as well, where 1.0 is 1."""
    values: list[Any] = [1, True, "1", None, 0, False]
    rows = [row()._replace(dims={"x": value}) for value in values]
    assert len({encode_row(each).identity for each in rows}) == len(values)
    for where in (*values, 1.0):
        matching = [each.dims["x"] for each in rows if matches(each, {"x": where})]
        assert list(map(repr, matching)) == [repr(1 if type(where) is float else where)]


def test_a_retraction_is_named_by_dims_and_start() -> None:
    """As `del` has it."""
    gone = encode_row(row(None, "retract"))
    assert (gone.gone, orjson.loads(name_gone(gone))) == (True, [{"country": "DE"}, 0])


@pytest.mark.parametrize(
    ("where", "expected"), [(None, True), ({"country": "DE"}, True), ({"country": "FR"}, False), ({"x": None}, True)]
)
def test_where_compares_dimensions(where: Any, expected: bool) -> None:
    """A dimension that the row does not have is NULL."""
    assert matches(row(), where) is expected
