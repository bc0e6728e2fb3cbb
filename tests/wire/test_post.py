"""The body of a post becomes a batch whose frame holds no token."""

from __future__ import annotations

import pytest

from gateway.errors import ProtocolError
from gateway.wire import Codec
from gateway.wire.post import decode_post

BODY = (
    b'{"token":"wk_secret","producer":{"id":"p1","epoch":2},"seq":9,"sent_at":5,"defaults":{"distinct_id":"u"},'
    b'"events":[{"event":"a"},{"event":"b","properties":{"price":1}}]}'
)


def test_a_post_is_a_batch_with_its_token(codec: Codec) -> None:
    """Producer, sequence, defaults and events arrive."""
    post = decode_post(BODY, codec)
    assert post.producer is not None
    assert post.defaults is not None
    assert (post.token, post.producer.id, post.producer.epoch) == ("wk_secret", "p1", 2)
    assert (post.batch.seq, post.defaults.distinct_id) == (9, "u")
    assert post.batch.events.values[0] == ("a", "b")


def test_no_token_goes_to_the_log(codec: Codec) -> None:
    """The frame is made anew from sequence and events."""
    assert b"wk_secret" not in decode_post(BODY, codec).batch.text


def test_a_bad_event_is_salvaged_around(codec: Codec) -> None:
    """As on the socket."""
    batch = decode_post(b'{"token":"t","seq":1,"events":[{"event":"a"},{"event":NaN}]}', codec).batch
    assert batch.verdicts is not None
    assert [tuple(verdict) for verdict in batch.verdicts] == [(1, "drop", "bad_json")]


def test_segment_events_are_taken(codec: Codec) -> None:
    """The endpoint also takes Segment names."""
    body = b'{"token":"t","events":[{"type":"page","messageId":"m","anonymousId":"a"}]}'
    events = decode_post(body, codec).batch.events
    assert (events.values[0], events.uuid, events.values[1]) == (("$pageview",), ("m",), ("a",))


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (b"\xff", "bad_json"),
        (b"", "bad_json"),
        (b"nope", "bad_json"),
        (b"{}", "bad_message"),
        (b'{"events":5}', "bad_message"),
        (b'{"token":5,"events":[]}', "bad_message"),
        (b'{"producer":{"id":""},"events":[]}', "bad_message"),
        (b'{"producer":"p","events":[]}', "bad_message"),
        (b"[" * 5000, "bad_message"),
        (b'{"token":"t","events":[' + b",".join([b'{"event":"x"}'] * 501) + b"]}", "too_many_events"),
    ],
)
def test_a_bad_body_has_a_slug(codec: Codec, body: bytes, slug: str) -> None:
    """The caller answers 400 with it."""
    with pytest.raises(ProtocolError) as caught:
        decode_post(body, codec)
    assert caught.value.slug == slug
