"""What cannot arrive as it was meant is refused, with its place; everything else is encoded faithfully."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_sdk.python.errors import EventError
from client_sdk.python.event import MAX_DEPTH, MAX_EVENT, encode_event

ID = "01934d0e-7b00-7000-8000-0000000000aa"


class Plan(Enum):
    FREE = "free"


def encoded(name: str = "e", properties: Any = None, **more: Any) -> dict[str, Any]:
    event = encode_event(name, properties, **{"uuid": ID, "timestamp": 5, **more})
    found: dict[str, Any] = json.loads(event.payload)
    return found


def nested(depth: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    assert isinstance(value, dict)
    return value


def test_the_event_of_the_protocol() -> None:
    """Names and ids are where the protocol has them; absent ids are not sent."""
    assert encoded("purchase", {"price": 9.5}, distinct_id="u1", session_id="s1", window_id="w1") == {
        "event": "purchase",
        "uuid": ID,
        "timestamp": 5,
        "distinct_id": "u1",
        "session_id": "s1",
        "window_id": "w1",
        "properties": {"price": 9.5},
    }
    assert encoded() == {"event": "e", "uuid": ID, "timestamp": 5, "properties": {}}


@pytest.mark.parametrize(
    "when",
    [
        1_795_334_400_400,
        1_795_334_400_400.2,
        "2026-11-22T08:00:00.400+00:00",
        "2026-11-22T10:00:00.400+02:00",
        datetime(2026, 11, 22, 8, 0, 0, 400_000, tzinfo=UTC),
    ],
)
def test_times_become_milliseconds(when: Any) -> None:
    """Every way to give a time ends in the same integer."""
    assert encoded(timestamp=when)["timestamp"] == 1_795_334_400_400


def test_rich_values_are_written_as_texts() -> None:
    """Dates, ids and enum members have one obvious JSON form."""
    properties = {"day": date(2026, 1, 2), "id": UUID(ID), "plan": Plan.FREE, "pair": (1, 2)}
    assert encoded("e", properties)["properties"] == {"day": "2026-01-02", "id": ID, "plan": "free", "pair": [1, 2]}


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"name": ""}, "event"),
        ({"name": "x" * 201}, "event"),
        ({"name": "a\0b"}, "event"),
        ({"name": 5}, "event"),
        ({"uuid": "no"}, "uuid"),
        ({"uuid": 7}, "uuid"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "2026-11-22T08:00:00"}, "timestamp"),
        ({"timestamp": True}, "timestamp"),
        ({"timestamp": float("nan")}, "timestamp"),
        ({"distinct_id": 7}, "distinct_id"),
        ({"properties": [1]}, "properties"),
        ({"properties": {"a": {1, 2}}}, "properties"),
        ({"properties": {"a": 2**70}}, "properties"),
        ({"properties": {"a": "\ud800"}}, "properties"),
        ({"properties": {7: 1}}, "properties"),
        ({"properties": {"a": [0, {"b": float("inf")}]}}, "properties.a[1].b"),
        ({"properties": {"a\0": 1}}, "properties"),
        ({"properties": {"a": "x" * MAX_EVENT}}, "event"),
    ],
)
def test_what_cannot_be_sent_names_its_place(arguments: dict[str, Any], path: str) -> None:
    """Each fault is an `EventError` whose path leads to it."""
    with pytest.raises(EventError) as caught:
        encoded(**arguments)
    assert caught.value.path == path


def test_depth_is_the_protocol_s() -> None:
    """The event is level 1 and its properties level 2; level 16 is the last."""
    assert encoded("e", nested(MAX_DEPTH - 1))
    with pytest.raises(EventError, match="deeper than 16"):
        encoded("e", nested(MAX_DEPTH))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_json_comes_back_as_it_went(properties: dict[str, Any]) -> None:
    """Whatever is accepted reads back equal."""
    try:
        event = encode_event("e", properties, uuid=ID, timestamp=0)
    except EventError:
        return
    assert json.loads(event.payload)["properties"] == properties
