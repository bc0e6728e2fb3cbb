"""Frames become messages; the fast way and the careful way say the same."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ProtocolError
from gateway.wire import Batch, Codec, EventReader, Limits
from tests.wire.test_events import CASES

LIMITS = Limits(262_144, 500, 16)
CODEC = Codec(EventReader(["country", "price", "$pathname"], LIMITS, 65_536), LIMITS)


def batch_of(*events: bytes) -> bytes:
    return b'{"type":"batch","seq":7,"sent_at":1795334400456,"backlog":2,"events":[' + b",".join(events) + b"]}"


def decode_batch(frame: bytes) -> Batch:
    (message,) = CODEC.decode(frame)
    assert isinstance(message, Batch)
    return message


def refusal(frame: bytes) -> tuple[str, int | None]:
    with pytest.raises(ProtocolError) as caught:
        CODEC.decode(frame)
    return caught.value.slug, caught.value.close


@pytest.mark.parametrize(("text", "outcome", "reason"), CASES)
def test_a_bad_event_never_spoils_its_batch(text: bytes, outcome: str, reason: str) -> None:
    """The batch arrives with all its events, the bad one with its verdict."""
    batch = decode_batch(batch_of(b'{"event":"a"}', text, b'{"event":"b"}'))
    assert (batch.seq, batch.backlog, len(batch.events)) == (7, 2, 3)
    assert [tuple(verdict) for verdict in batch.verdicts] == ([(1, outcome, reason)] if outcome else [])


EVENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"event": st.sampled_from(["$pageview", "purchase", "naïve", "x" * 200, ""])},
    optional={
        "timestamp": st.integers(0, 2**41) | st.floats(0, 1e13) | st.sampled_from(["2026-11-22T09:20:00Z", [], None]),
        "distinct_id": st.sampled_from(["u1", "u2", 5, None]),
        "uuid": st.uuids().map(str),
        "properties": st.dictionaries(
            st.sampled_from(["country", "price", "$pathname", "other"]),
            st.none()
            | st.booleans()
            | st.integers(-(2**65), 2**65)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=8)
            | st.lists(st.integers(0, 9), max_size=3)
            | st.just({"deep": {"er": [1]}}),
        ),
    },
)


@given(st.lists(EVENTS, max_size=8), st.sampled_from(["", "\ud83d\ude00", "\\"]))
def test_fast_and_careful_agree(events: list[dict[str, Any]], other: str) -> None:
    """Whichever way a frame takes, its events and verdicts are those of the careful way."""
    texts = [_dumps(event | {"note": other}) for event in events]
    batch = decode_batch(batch_of(*texts))
    careful_events, careful_verdicts = CODEC.reader.read(texts)
    assert batch.verdicts == careful_verdicts
    assert _comparable(batch) == _comparable(batch._replace(events=careful_events))


def _dumps(value: object) -> bytes:
    import json

    return json.dumps(value).encode()


def _comparable(batch: Batch) -> list[Any]:
    dropped = {verdict.nth for verdict in batch.verdicts if verdict.outcome == "drop"}
    empty = CODEC.reader.no_properties
    return [
        (event.event, event.timestamp, event.uuid, event.distinct_id, event.properties or empty)
        for nth, event in enumerate(batch.events)
        if nth not in dropped
    ]


@pytest.mark.parametrize(
    ("frame", "slug", "close"),
    [
        (b"\xff\xfe", "bad_utf8", 1007),
        (b'{"type":"batch","seq":1,"events":[{"event":"\xff"}]}', "bad_utf8", 1007),
        (b"hello", "bad_json", 4000),
        (b"", "bad_json", 4000),
        (b"{", "bad_json", 4000),
        (b"5", "bad_message", 4000),
        (b'"text"', "bad_message", 4000),
        (b"null", "bad_message", 4000),
        (b"{}", "bad_message", 4000),
        (b'{"type":5}', "bad_message", 4000),
        (b'{"type":"nonsense"}', "unknown_type", None),
        (b'{"type":"batch"}', "bad_message", 4000),
        (b'{"type":"batch","seq":"1","events":[]}', "bad_message", 4000),
        (b'{"type":"batch","seq":-1,"events":[]}', "bad_message", 4000),
        (b'{"type":"batch","seq":1.5,"events":[]}', "bad_message", 4000),
        (b'{"type":"batch","seq":18446744073709551616,"events":[]}', "bad_message", 4000),
        (b'{"type":"batch","seq":1,"events":{}}', "bad_message", 4000),
        (b'{"type":"hello","v":1}', "bad_message", 4000),
        (b'{"type":"subscribe","id":1,"kpi":7}', "bad_message", 4000),
        (b"[" * 2000, "bad_json", 4000),
        (b'{"a":' * 2000, "bad_json", 4000),
        (b"\xef\xbb\xbf{}", "bad_json", 4000),
        (b'{"type":"batch","seq":1,"events":[' + b",".join([b'{"event":"x"}'] * 501) + b"]}", "too_many_events", 4000),
    ],
)
def test_a_bad_message_has_a_slug_and_a_close_code(frame: bytes, slug: str, close: int | None) -> None:
    """What is wrong with the message itself ends the connection, except a type we do not know."""
    assert refusal(frame) == (slug, close)


def test_five_hundred_events_are_the_limit() -> None:
    """500 events are taken, also on the careful way, where 501 are refused too."""
    assert len(decode_batch(batch_of(*[b'{"event":"x"}'] * 500)).events) == 500
    assert refusal(batch_of(b'{"event":NaN}', *[b'{"event":"x"}'] * 500)) == ("too_many_events", 4000)


def test_an_array_holds_several_messages() -> None:
    """A frame may hold an array of messages, with white space around it."""
    messages = CODEC.decode(b' [{"type":"pong","now":1}, {"type":"resync","id":2}] ')
    assert [type(message).__name__ for message in messages] == ["Pong", "Resync"]


def test_an_array_of_too_many_messages_is_refused() -> None:
    """64 messages a frame."""
    part = b'{"type":"pong","now":1}'
    assert len(CODEC.decode(b"[" + b",".join([part] * 64) + b"]")) == 64
    assert refusal(b"[" + b",".join([part] * 65) + b"]") == ("bad_message", 4000)


def test_unknown_fields_are_ignored() -> None:
    """A newer client may say more."""
    (message,) = CODEC.decode(b'{"type":"pong","now":5,"sent":6.5,"later":{"x":[1]}}')
    assert orjson.dumps([getattr(message, name) for name in ("now", "sent")]) == b"[5,6.5]"
