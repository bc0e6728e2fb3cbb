"""Events by field, whether their texts were known or not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.dictionary import Dictionary
from gateway.wire.shape import Shape
from gateway.wire.vocabulary import known_texts
from tests.wire.unpacking import numbers

FIXED, NAMES = ("event", "session_id"), ("country", "price")


def coders() -> dict[str, Dictionary]:
    made = {name: Dictionary() for name in ("event", "session_id", "country")}
    made["event"].encode(["a", "b"])
    made["session_id"].encode(["s1", "s2"])
    made["country"].encode(["DE", "FR", "Österreich"])
    return made


EVENTS = st.lists(
    st.fixed_dictionaries(
        {"event": st.sampled_from(["a", "b"])},
        optional={
            "timestamp": st.none() | st.integers(0, 2**41) | st.just("2026-11-22T09:20:00Z"),
            "uuid": st.none() | st.sampled_from(["u1", "u2"]),
            "session_id": st.sampled_from(["s1", "s2", None]),
            "window_id": st.just("w"),
            "properties": st.none()
            | st.fixed_dictionaries(
                {},
                optional={
                    "country": st.sampled_from(["DE", "FR", "Österreich", None]),
                    "price": st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                    "other": st.lists(st.integers()),
                },
            ),
        },
    ),
    max_size=70,
)


@given(EVENTS, st.sets(st.sampled_from(["event", "session_id", "country"])))
def test_known_texts_change_nothing(events: list[dict[str, Any]], known: set[str]) -> None:
    """Whichever columns are decoded to codes, all columns are those that looking up gives."""
    dictionaries = coders()
    kinds = {name: known_texts(dictionaries[name]) for name in known}
    text = msgspec.json.encode(events)
    found = []
    for shape in (Shape(FIXED, NAMES, dictionaries), Shape(FIXED, NAMES, dictionaries, kinds)):
        decoded = msgspec.json.decode(text, type=list[shape.event_type])  # type: ignore[name-defined]
        found.append(shape.columns_of(decoded, 5))
    assert found[0] == found[1]
    assert [list(map(type, one.values)) for one in found] == 2 * [list(map(type, found[0].values))]
    said = [(one.get("properties") or {}).get("country") for one in events]
    assert numbers(found[0].values[2]) == dictionaries["country"].encode(said).tolist()


@pytest.mark.parametrize(
    "event",
    [
        {"event": "c"},
        {"event": None},
        {"event": "a", "session_id": "s3"},
        {"event": "a", "properties": {"country": "IT"}},
        {"event": "a", "properties": {"country": 1}},
        {"event": "a", "properties": {"country": ["DE"]}},
        {"event": "a", "uuid": ""},
        {"event": "a", "window_id": 5},
    ],
)
def test_what_is_not_known_is_refused(event: dict[str, Any]) -> None:
    """As are fields of a wrong type, also those that no KPI reads."""
    dictionaries = coders()
    shape = Shape(FIXED, NAMES, dictionaries, {name: known_texts(coder) for name, coder in dictionaries.items()})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(event), type=shape.event_type)
