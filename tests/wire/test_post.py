"""The body of a post becomes a batch whose frame holds no token."""

from __future__ import annotations

import pytest

from gateway.errors import ProtocolError
from gateway.wire import Codec
from gateway.wire.codec import Batch
from gateway.wire.messages import Defaults
from gateway.wire.post import decode_batch, open_post

BODY = (
    b'{"token":"wk_secret","producer":{"id":"p1","epoch":2},"seq":9,"sent_at":5,"defaults":{"distinct_id":"u"},'
    b'"events":[{"event":"a"},{"event":"b","properties":{"price":1}}]}'
)


def decoded(body: bytes, codec: Codec) -> tuple[Batch, Defaults | None]:
    return decode_batch(open_post(body), codec)


def test_a_post_is_a_batch_with_its_token(codec: Codec) -> None:
    """Producer, sequence, defaults and events arrive."""
    post = open_post(BODY)
    assert post.producer is not None
    assert (post.token, post.producer.id, post.producer.epoch, post.seq) == ("wk_secret", "p1", 2, 9)
    batch, defaults = decode_batch(post, codec)
    assert defaults is not None
    assert (batch.seq, defaults.distinct_id) == (9, "u")
    assert batch.events.values[0] == ["a", "b"]


@pytest.mark.parametrize(
    "events",
    [b'[{"event":NaN}]', b'[{"event":' + b"[" * 5000 + b"]" * 5000 + b"}]", b"[" + b"{}," * 600 + b"{}]", b"[,]"],
)
def test_the_key_is_known_before_the_events_are(events: bytes) -> None:
    """Broken events, too many of them, defaults of a wrong kind: none of it is looked at before the key."""
    body = b'{"defaults":[5],"events":%b,"token":"wk_secret"}' % events
    post = open_post(body)
    assert (post.token, post.events, post.defaults) == ("wk_secret", events, b"[5]")


def test_no_token_goes_to_the_log(codec: Codec) -> None:
    """The frame is made anew from sequence and events."""
    assert b"wk_secret" not in decoded(BODY, codec)[0].text


def test_a_bad_event_is_salvaged_around(codec: Codec) -> None:
    """As on the socket."""
    batch, _ = decoded(b'{"token":"t","seq":1,"events":[{"event":"a"},{"event":NaN}]}', codec)
    assert batch.verdicts is not None
    assert [tuple(verdict) for verdict in batch.verdicts] == [(1, "drop", "bad_json")]


def test_segment_events_are_taken(codec: Codec) -> None:
    """The endpoint also takes Segment names."""
    body = b'{"token":"t","events":[{"type":"page","messageId":"m","anonymousId":"a"}]}'
    events = decoded(body, codec)[0].events
    assert (events.values[0], events.uuid, events.values[1]) == (["$pageview"], ["m"], ["a"])


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (b"\xff", "bad_json"),
        (b"", "bad_json"),
        (b"nope", "bad_json"),
        (b"{}", "bad_message"),
        (b'{"events":5}', "bad_message"),
        (b'{"token":5,"events":[]}', "bad_message"),
        (b'{"token":5,"events":[NaN]}', "bad_message"),
        (b'{"token":NaN,"events":[]}', "bad_json"),
        (b'{"token":"t","events":{"a":1}}', "bad_message"),
        (b'{"token":"t","defaults":5,"events":[]}', "bad_message"),
        (b'{"token":"t","defaults":{"distinct_id":""},"events":[]}', "bad_message"),
        (b'{"token":"t","defaults":{"properties":{"a":"' + b"x" * 65_536 + b'"}},"events":[]}', "bad_message"),
        (b'{"producer":{"id":""},"events":[]}', "bad_message"),
        (b'{"producer":"p","events":[]}', "bad_message"),
        (b"[" * 5000, "bad_message"),
        (b'{"token":"t","events":[' + b",".join([b'{"event":"x"}'] * 501) + b"]}", "too_many_events"),
    ],
)
def test_a_bad_body_has_a_slug(codec: Codec, body: bytes, slug: str) -> None:
    """The caller answers 400 with it."""
    with pytest.raises(ProtocolError) as caught:
        decoded(body, codec)
    assert caught.value.slug == slug
