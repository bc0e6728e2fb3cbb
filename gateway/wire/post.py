"""The body of `POST /v1/events`: the same batch as on the socket, with its token, in one JSON object.

Anyone can send a body of 1 MiB. So it is opened first, which costs a few milliseconds at most and gives the key; the
events and all else that may be large are only looked at when the key is good.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from gateway.errors import ProtocolError
from gateway.wire.codec import Batch, Codec
from gateway.wire.messages import Defaults, Seq, Token
from gateway.wire.messages import Epoch as EpochNumber
from gateway.wire.scan import open_envelope
from gateway.wire.segment import from_segment, is_segment

__all__ = ["Post", "PostProducer", "decode_batch", "open_post"]

MAX_DEFAULTS_TEXT = 65_536
"""Bytes in the body; what they say may be 8 KiB, see `enriched`."""


class PostProducer(msgspec.Struct, frozen=True):
    """Who posts; shared with the producer's socket."""

    id: str
    epoch: EpochNumber = 1


class _Head(msgspec.Struct, frozen=True):
    token: Token = ""
    producer: PostProducer | None = None
    seq: Seq | None = None
    sent_at: int | float | None = None
    # Their texts: nothing is made of them before the key is checked.
    defaults: msgspec.Raw = msgspec.Raw(b"null")
    events: msgspec.Raw = msgspec.Raw(b"null")


class Post(NamedTuple):
    """A body, opened. Without a producer there is no sequence: only event ids catch a repeat."""

    token: str
    producer: PostProducer | None
    seq: int
    defaults: bytes
    """JSON text, not looked at yet."""
    events: bytes
    """JSON text that should be an array, not looked at yet."""


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_defaults = msgspec.json.Decoder(Defaults | None).decode
_REFUSED = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def open_post(body: bytes) -> Post:
    """What a body says besides its events. About 2 ms for 1 MiB, 10 ms when some event in it is broken.

    Raises:
        ProtocolError: bad_json or bad_message; the caller answers 400.
    """
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            raise ProtocolError("bad_json") from None
    try:
        head = _decode_head(body)
        events = bytes(head.events)
    except msgspec.ValidationError:
        raise ProtocolError("bad_message") from None
    except _REFUSED:
        head, events = _open_broken(body)
    if head.producer is not None and (head.seq is None or not 1 <= len(head.producer.id) <= 200):
        raise ProtocolError("bad_message")
    return Post(head.token, head.producer, head.seq or 0, bytes(head.defaults), events)


def _open_broken(body: bytes) -> tuple[_Head, bytes]:
    """The same for a body that is no JSON, if its events are to blame."""
    envelope = open_envelope(body, 1)
    if envelope is None:
        raise ProtocolError("bad_json")
    try:
        head = _decode_head(envelope.shell)
    except msgspec.ValidationError:
        raise ProtocolError("bad_message") from None
    except _REFUSED:
        raise ProtocolError("bad_json") from None
    return head, envelope.array


def decode_batch(post: Post, codec: Codec) -> tuple[Batch, Defaults | None]:
    """The events, and what they have in common. The frame kept for the log is made anew: no token is ever stored.

    Raises:
        ProtocolError: bad_json, bad_message or too_many_events; the caller answers 400.
    """
    if len(post.defaults) > MAX_DEFAULTS_TEXT:
        raise ProtocolError("bad_message")
    try:
        defaults = _decode_defaults(post.defaults)
    except _REFUSED:
        raise ProtocolError("bad_message") from None
    frame = b'{"type":"batch","seq":%d,"events":%b}' % (post.seq, post.events)
    if is_segment(post.events):
        envelope = open_envelope(frame, codec.max_events + 1)
        if envelope is not None:
            texts = [from_segment(text) if is_segment(text) else text for text in envelope.events.texts]
            frame = b'{"type":"batch","seq":%d,"events":[%b]}' % (post.seq, b",".join(texts))
    return codec.batch(frame), defaults
