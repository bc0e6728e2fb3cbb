"""Columnar batches become the rows they stand for."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.errors import ProtocolError
from gateway.wire.transposition import elements, event_texts, read_columns, transpose


def tree(**columns: Any) -> dict[str, Any]:
    return {"type": "columns", "seq": 1, "n": 2, **columns}


def rows(message: dict[str, Any]) -> list[Any]:
    return [orjson.loads(text) for text in transpose(message, 500).texts]


def test_each_event_gets_what_columns_say_of_it() -> None:
    """Lists and dictionaries, times from their origin; what is null or -1 is not there."""
    assert rows(
        tree(
            t0=1_000,
            dt=[-5, None],
            event={"d": ["a", "b"], "i": [1, 0]},
            uuid=["u", None],
            properties={"x": {"d": ["p", 7], "i": [-1, 1]}, "y": [1.5, None]},
            later=[1],
        )
    ) == [
        {"timestamp": 995, "event": "b", "uuid": "u", "properties": {"y": 1.5}},
        {"event": "a", "properties": {"x": 7}},
    ]


def test_times_may_be_texts_or_fractions() -> None:
    """ISO 8601 as in rows; a fraction is one of a millisecond; what is no time stays what it is."""
    said = tree(t0=0.5, dt=["2026-11-22T09:20:00Z", 1], event=["a", "b"])
    assert [row["timestamp"] for row in rows(said)] == ["2026-11-22T09:20:00Z", 1.5]
    assert [row["timestamp"] for row in rows(tree(dt=[True, [1]]))] == [True, [1]]
    assert transpose(tree(t0=0.5, dt=[10**400, 0]), 2).texts[0] == b'{"timestamp":Infinity}'


@pytest.mark.parametrize("place", [2, -2, 1.0, "0", None, True, [0], 2**70])
def test_an_index_without_an_entry_is_its_events_trouble(place: Any) -> None:
    """Which value was meant cannot be known; the event beside it is as it was."""
    found = transpose(tree(event=["a", "b"], properties={"x": {"d": ["p", "q"], "i": [place, 1]}}), 2)
    assert found.miscoded == {0}
    assert [orjson.loads(text)["properties"] for text in found.texts] == [{}, {"x": "q"}]


@pytest.mark.parametrize(
    ("message", "slug"),
    [
        (tree(n="2"), "bad_message"),
        (tree(n=-1), "bad_message"),
        (tree(n=True), "bad_message"),
        ({"type": "columns"}, "bad_message"),
        (tree(n=501), "too_many_events"),
        (tree(event=["a"]), "ragged_columns"),
        (tree(event=["a", "b", "c"]), "ragged_columns"),
        (tree(event={"d": ["a"], "i": [0]}), "ragged_columns"),
        (tree(dt=[1]), "ragged_columns"),
        (tree(properties={"x": []}), "ragged_columns"),
        (tree(event="ab"), "bad_message"),
        (tree(event={"d": ["a"]}), "bad_message"),
        (tree(event={"d": "ab", "i": [0, 1]}), "bad_message"),
        (tree(t0="0", dt=[1, 2]), "bad_message"),
        (tree(dt={"d": [1], "i": [0, 0]}), "bad_message"),
        (tree(properties=[1, 2]), "bad_message"),
        (tree(properties={"x": 5}), "bad_message"),
    ],
)
def test_columns_that_are_none_are_refused_together(message: dict[str, Any], slug: str) -> None:
    """Nobody can tell which value is whose."""
    with pytest.raises(ProtocolError) as caught:
        transpose(message, 500)
    assert (caught.value.slug, caught.value.close) == (slug, 4000)


def test_a_text_that_many_point_at_has_a_bound() -> None:
    """A frame of one long text and many indices would be as many long texts."""
    long = tree(event={"d": ["x" * 1_000], "i": [0, 0]})
    assert len(transpose(long, 2, 3_000).texts) == 2
    with pytest.raises(ProtocolError, match="too_large"):
        transpose(long, 2, 1_500)


def test_what_no_parser_takes_is_read_all_the_same() -> None:
    """NaN, numbers beyond a double, lone surrogates: they are some event's, not the batch's."""
    said = read_columns(
        b'{"type":"columns","n":2,"event":["a","\\ud800"],"properties":{"x":[NaN,1%b]}}' % (b"0" * 5_000)
    )
    assert said is not None
    assert transpose(said, 2).texts == [
        b'{"event":"a","properties":{"x":NaN}}',
        b'{"event":"\\ud800","properties":{"x":Infinity}}',
    ]
    assert elements(transpose(said, 2)).depths == [2, 2]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"type":"\\u0063olumns","n":0}',
        b'{"type":"batch","events":[{"event":"columns"}]}',
        b'["columns"]',
        b'{"columns":' + b"[" * 5_000,
    ],
)
def test_what_is_no_columnar_batch_is_left_alone(text: bytes) -> None:
    """Also rows that have the word in them, and what nests too deep to be read."""
    assert read_columns(text) is None


def test_texts_are_those_of_either_form() -> None:
    """The rows of a batch as they stand in it; the rows that columns stand for; nothing where nothing can be told."""
    assert event_texts(b'{"type":"batch","events":[{"event": "a"},7]}', 2) == [b'{"event": "a"}', b"7"]
    assert event_texts(b'{"type":"columns","n":1,"event":["ae\xc3\xa4"]}', 1) == [b'{"event":"ae\xc3\xa4"}']
    assert event_texts(b"{", 2) == [b"", b""]
