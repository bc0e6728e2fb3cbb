"""Packed values say what was packed, in no more bytes than was computed, and go through JSON text unchanged."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.jsontext import as_json
from analytics.packed import VALUE_BYTES, as_text, from_text, item_bytes, packed_each, plain_each

WORDS = (
    st.text(max_size=8) | st.text(st.characters(categories=["Cs"]), max_size=2) | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
)  # fmt: skip
COUNTS = st.integers(1, 2**63 - 1)
ITEMS = st.lists(st.tuples(WORDS, COUNTS), max_size=4)
VALUES = st.lists(
    ITEMS.map(lambda items: {"items": items})
    | st.builds(lambda items, slack: {"items": items, "slack": slack}, ITEMS, st.integers(1, 2**40)),
    max_size=4,
)


def said(value: dict[str, Any]) -> dict[str, Any]:
    """What a value means."""
    items = [[word, n] for word, n in value["items"]]
    slack = value.get("slack")
    return {"items": items} | ({} if slack is None else {"bounds": [[n, n + slack] for _, n in items]})


@given(values=VALUES)
def test_what_was_packed_is_unpacked(values: list[dict[str, Any]]) -> None:
    """To the type, halves of surrogate pairs included, whatever it is packed together with."""
    packed = packed_each(values)
    assert list(map(repr, plain_each(packed))) == [repr(said(value)) for value in values]
    assert packed == [packed_each([value])[0] for value in values]


@given(values=VALUES)
def test_texts_of_packed_values_are_json(values: list[dict[str, Any]]) -> None:
    """As snapshots have always had them; packed again they are the same bytes, so nothing seems to have changed."""
    for value, packed in zip(values, packed_each(values), strict=True):
        text = as_text(packed)
        assert text == as_json(said(value)).decode("utf-8", "surrogatepass")
        assert repr(json.loads(text)) == repr(said(value))
        if value["items"]:
            assert from_text(text) == packed
        assert as_text(from_text(text)) == text


@pytest.mark.parametrize("text", ['{"steps":[2,1]}', '{"size":1,"returned":[0]}', '"\ud800"'])
def test_json_text_stays_as_it_is(text: str) -> None:
    """Of the measures that keep their values so."""
    kept = from_text(text)
    assert kept == text.encode("utf-8", "surrogatepass")
    assert as_text(kept) == text
    assert plain_each([kept, None, 5]) == [json.loads(text), None, 5]


def test_equal_values_are_unpacked_once() -> None:
    """And are the same object; what is not packed stays as it is."""
    values = packed_each([{"items": [("/", 2)]}, {"items": []}, {"items": [("/", 2)]}])
    first, empty, again = plain_each(values)
    assert (first, empty) == ({"items": [["/", 2]]}, {"items": []})
    assert again is first
    assert plain_each([None, values[0]]) == [None, first]
    assert plain_each([]) == []


LONGEST = 128
HOSTILE = [LONGEST * "x", LONGEST * "\x01", LONGEST // 2 * '\\"', LONGEST // 4 * "\U0001f600", LONGEST // 3 * "\ud800"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("size", [1, 10, 100])
def test_no_value_takes_more_than_was_computed(text: str, size: int) -> None:
    """Of the largest counts and slack, whatever the text is made of; of plain text hardly less."""
    value = packed_each([{"items": size * [(text, 2**64 - 1)], "slack": 2**64 - 1}])[0]
    computed = VALUE_BYTES + size * item_bytes(LONGEST)
    assert 0.9 * computed <= sys.getsizeof(value) <= computed
