"""The bytes of many frames tell which of them hold an event that needs a look."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.inspection import suspects

MAX_DEPTH = 16
MAX_TEXT = 300_000


def suspicious(event: bytes, opens: int = 3) -> bool:
    """Whether a message with this event is named, between two plain ones that are not."""
    plain = b'{"type":"batch","seq":1,"events":[{"timestamp":1795334400400}]}'
    texts = [plain, b'{"type":"batch","seq":1,"events":[' + event + b"]}", plain]
    found = suspects(texts, MAX_TEXT, [3, opens, 3], MAX_DEPTH)
    assert found in ([], [1])
    return bool(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"a":18446744073709551616}', True),
        (b'{"a":-9223372036854775809}', True),
        (b'{"a":1234567890123456789}', True),
        (b'{"a":[0,1234567890123456789]}', True),
        (b'{"a":[ 1234567890123456789.5 ]}', True),
        (b'{"a":1e400}', True),
        (b'{"a":1E+400}', True),
        (b'{"a":-1.5e999}', True),
        (b'{"a": 3e100}', True),
        (b'{"a":9.3e18}', True),
        (b'{"a":1e0000000000000000000000000000000400}', True),
        (b'{"a":123456789012345678}', False),
        (b'{"a":0.12345678901234567890123}', False),
        (b'{"a":1.5e-300}', False),
        (b'{"a":1.5e9}', False),
        (b'{"a":1.23456789012345678E7}', False),
        (b'{"a":123456789.1E9}', False),
        (b'{"a":1234567890e9}', True),
        (b'{"a":[-1234567890.5E9]}', True),
        (b'{"a":100000000000e+8}', True),
        (b'{"a":123456789012345678.000000000000000000000000000000000001e1}', True),
        (b'{"a":1234567890e-9}', False),
        (b'{"id":"1234567890e9"}', False),
        (b'{"uuid":"12345678-1234-4000-8000-1234567890e4"}', False),
        (b'{"t":1795334400400,"u":1795334400401}', False),
        (b'{"id":"1234567890123456789"}', False),
        (b'{"id":"x1234567890123456789012345678901234567890"}', False),
        (b'{"uuid":"01934d0e-7b00-7e00-8e00-00e0000000aa"}', False),
        (b'{"uuid":"1e400000-0000-0000-0000-000000000000"}', False),
        (b'{"uuid":"00000000-0000-0000-0000-0000000001e4"}', False),
        (b'{"a":"b\\u0000c"}', True),
        (b'{"a":"b\\\\nc"}', False),
        (b'{"a":"' + b"x" * MAX_TEXT + b'"}', True),
        (b'{"a":"' + b"[" * 13 + b'"}', False),
        (b'{"a":' + b"[" * 14 + b"]" * 14 + b"}", True),
    ],
)
def test_what_needs_a_look_is_named(text: bytes, expected: bool) -> None:
    """Numbers that may not fit 64 bits, NUL, long texts, depth; not the ids and texts that look like them."""
    assert suspicious(text) is expected


@given(
    st.floats(min_value=2.0**63, allow_infinity=False) | st.integers(min_value=2**63),
    st.sampled_from(["%s", "[%s]", "[1,%s]", '{"b": %s}', '{"b":%s ,"c":0}']),
    st.booleans(),
    st.integers(0, 9),
)
def test_no_number_beyond_the_range_is_missed(number: float, around: str, negative: bool, shift: int) -> None:
    """However it is written and wherever it lies among the words that are looked at."""
    text = f"{'-' if negative else ''}{number!r}"
    assert suspicious(b'{"a":"' + b"x" * shift + b'","z":' + (around % text).encode() + b"}")


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.from_regex(re.compile(r"[0-9ae,]{1,30}", re.ASCII), fullmatch=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def beyond(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(beyond, value.values()))
    if isinstance(value, list):
        return any(map(beyond, value))
    return isinstance(value, (int, float)) and not -(2**63) <= value <= 2**63 - 1


@given(st.lists(VALUES, min_size=1, max_size=200))
def test_of_many_texts_each_is_judged_by_itself(values: list[Any]) -> None:
    """All of those with a large number are named, and nothing is named twice or out of order."""
    texts = [b'{"a":' + _dumps(value) + b"}" for value in values]
    found = suspects(texts, MAX_TEXT)
    assert found == sorted(set(found))
    assert {place for place, value in enumerate(values) if beyond(value)} <= set(found)


def _dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_chunks_have_no_seams() -> None:
    """Among megabytes of frames the right ones are found, first, last and between."""
    plain = orjson.dumps({"type": "batch", "events": [{"timestamp": 1795334400400 + n} for n in range(90)]})
    texts = [plain] * 700
    bad = [0, 46, 47, 48, 350, 699]
    for place in bad:
        texts[place] = b'{"events":[{"z":12345678901234567890}]}'
    opens = [text.count(b"{") + 1 for text in texts]
    assert suspects(texts, MAX_TEXT, opens, MAX_DEPTH) == bad


@pytest.mark.parametrize("beside", [3, -1])
def test_a_text_whose_brackets_are_all_accounted_for_is_not_deep(beside: int) -> None:
    """Whatever comes beside it: one that is, is named, and one that says so itself is not."""
    deep = b'{"type":"batch","seq":1,"events":[{"x":' + b"[" * 40 + b"]" * 40 + b"}]}"
    plain = b'{"type":"batch","seq":1,"events":[{"timestamp":1795334400400}]}'
    texts = [plain, deep, deep, plain]
    assert suspects(texts, MAX_TEXT, [beside, -1, 3, 3], MAX_DEPTH) == [2]
    assert suspects(texts, MAX_TEXT, [-1, -1, -1, beside], MAX_DEPTH) == []


def test_nothing_is_nothing() -> None:
    """No texts, no places."""
    assert suspects([], MAX_TEXT) == []
