"""Other encodings of the messages than JSON, chosen by subprotocol: a border on which each message becomes its JSON.

Behind it there is one form: the same decoder, the same verdicts, the same log. What it costs is in
`benchmarks/results/formats.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
import orjson

from gateway.errors import ProtocolError
from gateway.wire.protobuf import Protobuf

__all__ = ["ENCODINGS", "JSON", "Encoding", "MessagePack"]

CLOSE_BAD_MESSAGE: Final = 4000
MAX_MESSAGES: Final = 64

JSON: Final = "tidegate.v1"
"""The subprotocol of the encoding that needs no border."""


class Encoding(Protocol):
    """How one subprotocol writes messages. Its frames are binary."""

    def split(self, frame: bytes) -> Sequence[bytes]:
        """The messages in one frame, in order, not looked at yet; each is for `text`.

        Raises:
            ProtocolError: nothing in the frame can be told apart.
        """

    def text(self, message: bytes) -> bytes:
        """The JSON of one message.

        Raises:
            ProtocolError: it is none.
        """

    def frame(self, text: bytes) -> bytes:
        """The frame of one message of the server, given as JSON."""


class MessagePack:
    """`tidegate.v1+msgpack`: each message is the map that its JSON is, each frame one message or an array of them."""

    def split(self, frame: bytes) -> Sequence[bytes]:
        """See `Encoding`."""
        if not frame or not _ARRAY[frame[0]]:
            return (frame,)
        try:
            parts = _decode_parts(frame)
        except _REFUSED:
            raise ProtocolError("bad_msgpack", CLOSE_BAD_MESSAGE) from None
        if len(parts) > MAX_MESSAGES:
            raise ProtocolError("bad_message", CLOSE_BAD_MESSAGE)
        return [bytes(part) for part in parts]

    def text(self, message: bytes) -> bytes:
        """See `Encoding`. About 6 us for 600 bytes of columns, 15 us for 2 KB of rows.

        What JSON cannot say (NaN, infinity, raw bytes, foreign types) is written so that the event it is in is dropped
        for it, and no other.
        """
        try:
            tree = _decode(message)
        except _REFUSED:
            raise ProtocolError("bad_msgpack", CLOSE_BAD_MESSAGE) from None
        if not _NO_NUMBER.search(message):
            try:
                return orjson.dumps(tree)
            except TypeError:  # of orjson for all that it does not write
                pass
        try:
            return json.dumps(tree, default=_not_json, separators=(",", ":")).encode()
        except (TypeError, ValueError, RecursionError):  # names that are arrays, maps in themselves
            raise ProtocolError("bad_msgpack", CLOSE_BAD_MESSAGE) from None

    def frame(self, text: bytes) -> bytes:
        """See `Encoding`."""
        return _encode(orjson.loads(text))


def _not_json(_value: Any) -> float:
    return float("nan")


_decode = msgspec.msgpack.Decoder().decode
_decode_parts = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.msgpack.Encoder().encode
_REFUSED: Final = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, TypeError, ValueError)
_ARRAY: Final = [0x90 <= byte <= 0x9F or byte in (0xDC, 0xDD) for byte in range(256)]
_NO_NUMBER: Final = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]|\xca[\x7f\xff][\x80-\xff]")
"""Where a float may be NaN or infinite; texts may look the same, which only costs time."""

ENCODINGS: Final[dict[str, Encoding | None]] = {
    JSON: None,
    "tidegate.v1+msgpack": MessagePack(),
    "tidegate.v1+protobuf": Protobuf(),
}
"""Subprotocols, in the order in which the server chooses when a client offers several."""
