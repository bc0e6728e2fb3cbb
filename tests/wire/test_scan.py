"""The scanner finds borders and depth in text that need not be JSON."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.scan import depth, open_envelope

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
    envelope = open_envelope(text)
    assert envelope is not None
    assert [orjson.loads(event) for event in envelope.events] == events
    assert orjson.loads(envelope.shell) == {"other": other, "events": [], "last": [1, {"events": [2]}]}


def test_an_event_that_is_not_json_has_borders_too() -> None:
    """A number or an escape that no parser takes does not move the borders."""
    envelope = open_envelope(b'{"events":[{"a":NaN},{"b":"\\ud800,]"},1e999]}')
    assert envelope is not None
    assert envelope.events == [b'{"a":NaN}', b'{"b":"\\ud800,]"}', b"1e999"]


@pytest.mark.parametrize("text", [b"{}", b"[1]", b'{"events":5}', b'{"x":{"events":[1]}}', b'{"events":[1'])
def test_no_top_level_array_no_envelope(text: bytes) -> None:
    """Only a closed array under the top-level key counts."""
    assert open_envelope(text) is None


@given(JSON)
def test_depth_is_that_of_the_value(value: object) -> None:
    """Brackets in strings do not count."""
    assert depth(orjson.dumps(value)) == depth_of(value)


def test_an_unclosed_string_costs_no_more_than_its_length() -> None:
    """Half a megabyte of escapes without an end is read once, and holds no closed array."""
    assert open_envelope(b'{"type":"batch","events":["' + b'\\"' * 250_000) is None
