"""A batch under evaluation: numbers, codes, and each computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from analytics.batch import Batch
from analytics.dictionary import NULL, Dictionary, Encoded
from analytics.expression import Column, Constant
from analytics.frame import Frame


def _frame(**columns: Sequence[Any]) -> Frame:
    n = len(next(iter(columns.values())))
    batch = Batch(n, np.arange(n, dtype=np.int64) * 10, columns, [("s", n)])
    return Frame(batch, {name: Dictionary() for name in (*columns, "absent", "timestamp")})


def test_what_is_no_number_is_null_and_a_clash() -> None:
    """Texts, booleans and lists clash; an absent value and a NaN are only null."""
    frame = _frame(x=[1, "2", True, [3], None, float("nan"), 2.5])
    values, valid, _ = frame.numbers("x")
    assert valid is not None
    assert valid.tolist() == [True, False, False, False, False, False, True]
    assert values[valid].tolist() == [1.0, 2.5]
    assert frame.clashes == 3


def test_clashes_are_counted_once() -> None:
    """A second KPI that reads the column gets the same numbers, and its clashes are not counted again."""
    frame = _frame(x=["a", 1])
    assert frame.numbers("x") is frame.numbers("x")
    assert frame.clashes == 1


def test_large_integers_lose_nothing() -> None:
    """Beyond 2**53 what the float lost stands in `low`; an integer beyond every float is null."""
    exact = (1 << 53) + 1
    values, valid, low = _frame(x=[exact, 7]).numbers("x")
    assert valid is None
    assert low is not None
    assert [int(v) + int(rest) for v, rest in zip(values.tolist(), low.tolist(), strict=True)] == [exact, 7]
    valid = _frame(x=[10**400, 7]).numbers("x").valid
    assert valid is not None
    assert valid.tolist() == [False, True]


def test_an_absent_column_is_null_everywhere() -> None:
    """A column that the batch does not carry has no numbers, no codes and no values, and is no clash."""
    frame = _frame(x=[1, 2])
    valid = frame.numbers("absent").valid
    assert valid is not None
    assert not valid.any()
    assert frame.coded("absent").codes.tolist() == [NULL, NULL]
    assert list(frame.raw("absent")) == [None, None]
    assert frame.clashes == 0


def test_the_timestamp_is_a_column() -> None:
    """`timestamp` reads as the event time, as numbers, as values and as codes."""
    frame = _frame(x=[1, 2, 3])
    assert frame.numbers("timestamp").values.tolist() == [0.0, 10.0, 20.0]
    assert list(frame.raw("timestamp")) == [0, 10, 20]
    codes, dictionary = frame.coded("timestamp")
    assert [dictionary.values_by_code[code] for code in codes] == [0, 10, 20]


def test_keep_makes_each_key_once() -> None:
    """The first result under a key stays, None included."""
    frame, made = _frame(x=[1]), []
    for key in ("a", "b", "a", "b"):
        frame.keep(key, lambda key=key: made.append(key))  # type: ignore[misc]
    assert made == ["a", "b"]


@pytest.mark.parametrize("value", [1, None, True])
def test_a_column_may_be_called_like_a_constant(value: Any) -> None:
    """Whichever is asked for first, each has its own values."""
    constant, column = Constant(value), Column(repr(value))
    for first, second in ((constant, column), (column, constant)):
        frame = _frame(**{column.name: ["a", "b"]})
        found = {node: node.coded(frame) for node in (first, second)}
        for node, values in ((constant, [value] * 2), (column, ["a", "b"])):
            codes, dictionary = found[node]
            assert [dictionary.values_by_code[code] for code in codes.tolist()] == values
            assert list(node.raw(frame)) == values


def test_an_encoded_column_is_taken_as_it_is() -> None:
    """Its codes are those of the engine's dictionary; its values and numbers are still to be had."""
    dictionary = Dictionary()
    column = Encoded(dictionary.encode(["a", None, 3]), dictionary)
    frame = Frame(Batch(3, np.arange(3), {"x": column}, [("s", 3)]), {"x": dictionary})
    assert frame.coded("x").codes is column.codes
    assert frame.raw("x") == ["a", None, 3]
    assert frame.numbers("x").values[2] == 3.0
    assert frame.clashes == 1


def test_a_column_encoded_for_another_engine_is_encoded_anew() -> None:
    """After a reload, what was on its way still means the same."""
    old, new = Dictionary(), Dictionary()
    new.encode(["z"])
    column = Encoded(old.encode(["a", None, "b"]), old)
    coded = Frame(Batch(3, np.arange(3), {"x": column}, [("s", 3)]), {"x": new}).coded("x")
    assert coded.dictionary is new
    assert [new.values_by_code[code] for code in coded.codes] == ["a", None, "b"]


def test_codes_of_a_trimmed_dictionary_are_refused() -> None:
    """They would name other values."""
    dictionary = Dictionary(max_entries=2)
    column = Encoded(dictionary.encode(["a", "b", "c"]), dictionary)
    dictionary.trim()
    frame = Frame(Batch(3, np.arange(3), {"x": column}, [("s", 3)]), {"x": dictionary})
    for read in (frame.coded, frame.raw, frame.numbers):
        with pytest.raises(ValueError, match="outlived"):
            read("x")


@pytest.mark.parametrize("read", [[], [0], [1, 2]])
def test_joined_frames_read_numbers_once(read: Sequence[int]) -> None:
    """The numbers are those of the batches in order, and a clash that a batch has met before is not met again."""
    columns: list[list[Any]] = [[1, "a", 2.5], [(1 << 53) + 1, None], [True, 3]]
    parts = [_frame(x=column) for column in columns]
    for i in read:
        parts[i].numbers("x")
    before = sum(part.clashes for part in parts)
    joined = Frame.joined(parts)
    values, valid, low = joined.numbers("x")
    expected = _frame(x=[value for column in columns for value in column])
    wanted = expected.numbers("x")
    assert before + joined.clashes == expected.clashes == 2
    assert valid is not None
    assert wanted.valid is not None
    assert valid.tolist() == wanted.valid.tolist()
    assert values[valid].tolist() == wanted.values[valid].tolist()
    assert low is not None
    assert wanted.low is not None
    assert low[valid].tolist() == wanted.low[valid].tolist()


def test_joined_frames_share_what_they_read() -> None:
    """The same batches, joined to others, have the same numbers, and no clash that was met already."""
    columns: list[list[Any]] = [[1, "a", 2.5], [(1 << 53) + 1, None], [True, 3]]
    parts = [_frame(x=column) for column in columns]
    whole, some = Frame.joined(parts), Frame.joined([*parts[1:], _frame(x=["b"])])
    numbers, others = whole.numbers("x"), some.numbers("x")
    assert [whole.clashes, some.clashes] == [2, 1]
    for column, other in zip(numbers, others, strict=True):
        assert column is not None
        assert other is not None
        np.testing.assert_array_equal(column[3:], other[:-1])
