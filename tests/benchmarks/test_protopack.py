"""What a client writes as Protocol Buffers is read as the JSON that it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.protopack import packed
from gateway.wire.protobuf import Protobuf

VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.lists(st.integers(0, 9), max_size=2)
    | st.dictionaries(st.text(max_size=2), st.booleans(), max_size=2)
)
PROPERTIES = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)
EVENTS = st.fixed_dictionaries(
    {"properties": PROPERTIES},
    optional={
        "event": st.text(max_size=5),
        "uuid": st.text(max_size=5),
        "window_id": st.just("w"),
        "timestamp": st.integers(-(2**53), 2**53) | st.just("2026-11-22T09:20:00Z"),
    },
)


def told(message: dict[str, Any]) -> Any:
    return json.loads(Protobuf().text(packed(message)))


def same(a: Any, b: Any) -> bool:
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


@given(st.lists(EVENTS, max_size=4))
def test_rows_come_through(events: list[dict[str, Any]]) -> None:
    """Value for value, 1 apart from 1.0 and true."""
    message = {"type": "batch", "seq": 7, "backlog": 2, "sent_at": 5, "events": events}
    assert same(told(message), message)


@given(
    st.integers(1, 4).flatmap(lambda n: st.dictionaries(st.text(max_size=3), st.lists(VALUES, min_size=n, max_size=n)))
)
def test_columns_come_through(properties: dict[str, list[Any]]) -> None:
    """Whatever list suits them."""
    n = max([len(column) for column in properties.values()], default=1)
    steps = [None if place % 2 else -place for place in range(n)]
    event = {"d": ["a"], "i": [0] * n}
    message = {"type": "columns", "seq": 7, "backlog": 0, "n": n, "t0": 100, "dt": steps, "event": event}
    assert same(told(message | {"properties": properties}), message | {"properties": properties})


def test_what_viewers_say_has_no_form() -> None:
    """Binary encodings are for producers."""
    with pytest.raises(AttributeError):
        packed({"type": "subscribe", "id": 1})
