"""Segment's spelling becomes ours."""

from __future__ import annotations

import orjson
import pytest

from gateway.wire.segment import from_segment, is_segment


def convert(event: dict[str, object]) -> dict[str, object]:
    text = orjson.dumps(event)
    assert is_segment(text)
    result: dict[str, object] = orjson.loads(from_segment(text))
    return result


def test_a_track_call_is_an_event() -> None:
    """Name, id, user, time, properties and library arrive under our names."""
    assert convert(
        {
            "type": "track",
            "event": "Order Completed",
            "messageId": "m-1",
            "userId": "u-1",
            "anonymousId": "a-1",
            "originalTimestamp": "2026-11-22T09:20:00Z",
            "sentAt": "2026-11-22T09:20:01Z",
            "context": {"library": {"name": "analytics.js", "version": "2"}, "page": {"path": "/cart"}},
            "properties": {"price": 5},
            "traits": {"plan": "pro"},
        }
    ) == {
        "event": "Order Completed",
        "uuid": "m-1",
        "timestamp": "2026-11-22T09:20:00Z",
        "distinct_id": "u-1",
        "properties": {
            "$pathname": "/cart",
            "$lib": "analytics.js",
            "$lib_version": "2",
            "price": 5,
            "$set": {"plan": "pro"},
        },
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [("page", "$pageview"), ("identify", "$identify"), ("group", "$groupidentify"), ("alias", "$create_alias")],
)
def test_the_other_calls_have_reserved_names(kind: str, name: str) -> None:
    """page, identify, group and alias map to PostHog's reserved events."""
    assert convert({"type": kind, "anonymousId": "a"})["event"] == name


def test_a_page_call_has_its_path() -> None:
    """The page's own properties win over the context."""
    event = convert(
        {"type": "page", "anonymousId": "a", "properties": {"path": "/x"}, "context": {"page": {"path": "/y"}}}
    )
    assert event["properties"] == {"path": "/x", "$pathname": "/x"}


def test_what_is_not_json_stays_as_it_is() -> None:
    """The reader says what is wrong with it, not we."""
    assert from_segment(b'{"messageId":NaN}') == b'{"messageId":NaN}'
    assert from_segment(b'["messageId"]') == b'["messageId"]'


def test_our_spelling_is_left_alone() -> None:
    """No mark, no parsing."""
    assert not is_segment(b'{"event":"x","distinct_id":"u"}')
