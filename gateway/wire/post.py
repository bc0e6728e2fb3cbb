"""The body of `POST /v1/events`: the same batch as on the socket, with its token, in one JSON object."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from gateway.errors import ProtocolError
from gateway.wire.codec import Batch, Codec
from gateway.wire.messages import Defaults, Seq, Token
from gateway.wire.messages import Epoch as EpochNumber
from gateway.wire.scan import open_envelope
from gateway.wire.segment import from_segment, is_segment

__all__ = ["Post", "PostProducer", "decode_post"]


class PostProducer(msgspec.Struct, frozen=True):
    """Who posts; shared with the producer's socket."""

    id: str
    epoch: EpochNumber = 1


class _Head(msgspec.Struct, frozen=True):
    token: Token = ""
    producer: PostProducer | None = None
    seq: Seq | None = None
    sent_at: int | float | None = None
    defaults: Defaults | None = None


class Post(NamedTuple):
    """A decoded body. Without a producer there is no sequence: only event ids catch a repeat."""

    token: str
    producer: PostProducer | None
    defaults: Defaults | None
    batch: Batch


_decode_head = msgspec.json.Decoder(_Head).decode


def decode_post(body: bytes, codec: Codec) -> Post:
    """Decode a body. The frame kept for the log is made anew, so that no token is ever stored.

    Raises:
        ProtocolError: bad_json, bad_message or too_many_events; the caller answers 400.
    """
    try:
        body.decode()
    except UnicodeDecodeError:
        raise ProtocolError("bad_json") from None
    envelope = open_envelope(body)
    try:
        head = _decode_head(envelope.shell if envelope else body)
    except msgspec.ValidationError:
        raise ProtocolError("bad_message") from None
    except (msgspec.MsgspecError, RecursionError):
        raise ProtocolError("bad_json") from None
    if envelope is None:
        raise ProtocolError("bad_message")
    if head.producer is not None and (head.seq is None or not 1 <= len(head.producer.id) <= 200):
        raise ProtocolError("bad_message")
    events = [from_segment(text) if is_segment(text) else text for text in envelope.events]
    frame = b'{"type":"batch","seq":%d,"events":[%b]}' % (head.seq or 0, b",".join(events))
    return Post(head.token, head.producer, head.defaults, codec.batch(frame))
