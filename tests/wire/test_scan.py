"""The scanner finds borders and depth in text that need not be JSON."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.scan import open_array, open_envelope

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(st.lists(JSON, max_size=6), JSON)
def test_an_envelope_gives_back_its_events(events: list[object], other: object) -> None:
    """Whatever the events are, and whatever stands around them, each comes out as its own text."""
    text = orjson.dumps({"other": other, "events": events, "last": [1, {"events": [2]}]})
    envelope = open_envelope(text, 10)
    assert envelope is not None
    assert [orjson.loads(event) for event in envelope.events.texts] == events
    assert envelope.events.depths == [depth_of(event) for event in events]
    assert orjson.loads(envelope.array) == events
    assert orjson.loads(envelope.shell) == {"other": other, "events": [], "last": [1, {"events": [2]}]}


def test_an_event_that_is_not_json_has_borders_too() -> None:
    """A number or an escape that no parser takes does not move the borders."""
    envelope = open_envelope(b'{"events":[{"a":NaN},{"b":"\\ud800,]"}, 1e999 ,[[,]}]}', 9)
    assert envelope is not None
    assert envelope.events.texts == [b'{"a":NaN}', b'{"b":"\\ud800,]"}', b"1e999", b"[[,]}"]
    assert envelope.events.depths == [1, 1, 0, 2]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[1]",
        b'{"events":5}',
        b'{"x":{"events":[1]}}',
        b'{"events":[1',
        b'{"events":[',
        b'{"x":"\\"events\\":[1]"}',
        b'{"x\\"events":[1]}',
        b'{"x":"{,"events":[1]"}',
        b'"events":[1]',
    ],
)
def test_no_top_level_array_no_envelope(text: bytes) -> None:
    """Only a closed array under the top-level key counts."""
    assert open_envelope(text, 9) is None


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (b'{"events" : [ ] }', []),
        (b'{"events":[,]}', [b"", b""]),
        (b'{"events":5,"events":[1],"events":[2]}', [b"1"]),
        (b'{"a":"\\\\","events":["\\\\",2]}', [b'"\\\\"', b"2"]),
        (b'{"a":"\\\\\\"[{","events":["\\",\\\\\\",\\"",2]}', [b'"\\",\\\\\\",\\""', b"2"]),
        (b'{"a":["events",{"events":[1]}],\n"events"\t:\r\n[{"events":[3]}]}', [b'{"events":[3]}']),
    ],
)
def test_the_first_array_under_the_key_is_the_one(text: bytes, events: list[bytes]) -> None:
    """Whatever is escaped around it, and wherever else the word stands."""
    envelope = open_envelope(text, 9)
    assert envelope is not None
    assert envelope.events.texts == events


@given(st.lists(JSON, max_size=6), st.integers(1, 4))
def test_an_array_gives_its_first_elements(values: list[object], most: int) -> None:
    """No more are split off than are asked for."""
    text = orjson.dumps(values)
    texts = open_array(text, most)
    assert texts is not None
    assert [orjson.loads(part) for part in texts] == values[:most]
    envelope = open_envelope(b'{"events":%b}' % text, most)
    assert envelope is not None
    assert envelope.events.texts == texts
    assert envelope.events.depths == [depth_of(value) for value in values[:most]]


@pytest.mark.parametrize("text", [b"", b"[", b"]", b"{}", b"[1", b"[1]]", b"[[1]", b"[1],[2]", b'["]', b"[1}"])
def test_what_is_not_one_closed_array_is_none(text: bytes) -> None:
    """It begins with the bracket that the last byte closes."""
    assert open_array(text, 9) is None


def test_an_unclosed_string_hides_the_end() -> None:
    """Half a megabyte of escapes without an end holds no closed array."""
    assert open_envelope(b'{"type":"batch","events":["' + b'\\"' * 250_000, 9) is None
