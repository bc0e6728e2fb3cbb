"""The scanner finds borders, depth and long numbers in text that need not be JSON."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.scan import depth, has_long_number, open_envelope

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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"a":18446744073709551616}', True),
        (b'{"a":1e400}', True),
        (b'{"a":1E+400}', True),
        (b'{"a":-1.5e999}', True),
        (b"[ 3e100]", True),
        (b'{"a":9223372036854775}', False),
        (b'{"a":1.5e10}', False),
        (b'{"t":1795334400400,"u":1795334400401}', False),
        (b'{"uuid":"01934d0e-7b00-7e00-8e00-00e0000000aa"}', False),
        (b'{"uuid":"1e400000-0000-0000-0000-000000000000"}', False),
    ],
)
def test_long_numbers_are_seen(text: bytes, expected: bool) -> None:
    """Numbers that may not fit 64 bits are seen; ids that look like them are not taken for one."""
    assert has_long_number(text) is expected


@given(st.floats(min_value=1e100, allow_infinity=False) | st.integers(min_value=2**63))
def test_no_number_beyond_the_range_is_missed(number: float) -> None:
    """Every number that a 64-bit integer cannot hold and that is written with many digits or a big exponent is seen."""
    assert has_long_number(b'{"a":%a}' % number)


def test_an_unclosed_string_costs_no_more_than_its_length() -> None:
    """Half a megabyte of escapes without an end is read once, and holds no closed array."""
    assert open_envelope(b'{"type":"batch","events":["' + b'\\"' * 250_000) is None
