"""How the messages of a producer's connection are written: JSON, or a binary encoding that takes fewer bytes.

What is chosen holds for the WebSocket. The spool and the HTTP fallback keep to JSON, so that one may change between two
processes.
"""

from __future__ import annotations

from typing import Final, Protocol

from client_sdk.python.batch import Batch
from client_sdk.python.columnar import columnar_frame
from client_sdk.python.errors import EncodingError
from client_sdk.python.messagepack import MessagePack
from client_sdk.python.messages import SUBPROTOCOL, ClientMessage, ServerMessage, decode, encode

__all__ = ["JSON", "Encoding", "encoding_of"]


class Encoding(Protocol):
    """One subprotocol."""

    @property
    def subprotocol(self) -> str:
        """What is offered in the handshake."""

    @property
    def text(self) -> bool:
        """Whether its frames are text."""

    def message(self, message: ClientMessage) -> bytes:
        """The frame of one message."""

    def batch(self, batch: Batch, columns: bool) -> bytes:
        """The frame of a batch, as rows, or as columns where that is shorter and the server takes them.

        The same bytes at every call.
        """

    def decode(self, frame: bytes) -> list[ServerMessage]:
        """The messages of one frame, in order. A type this version does not know is left out.

        Raises:
            MessageError: it is none.
        """


class _Json:
    """`tidegate.v1`. A frame of columns is never longer than its rows would be."""

    subprotocol = SUBPROTOCOL
    text = True

    def message(self, message: ClientMessage) -> bytes:
        """See `Encoding`."""
        return encode(message)

    def batch(self, batch: Batch, columns: bool) -> bytes:
        """See `Encoding`."""
        rows = batch.frame()
        return min(rows, columnar_frame(batch), key=len) if columns else rows

    def decode(self, frame: bytes) -> list[ServerMessage]:
        """See `Encoding`."""
        return decode(frame)


JSON: Final[Encoding] = _Json()


def encoding_of(name: str) -> Encoding:
    """The encoding `json`, `msgpack` or `protobuf`.

    Raises:
        ValueError: another name.
        EncodingError: it needs a package that is not installed.
    """
    match name:
        case "json":
            return JSON
        case "msgpack":
            return MessagePack()
        case "protobuf":
            # The one encoding whose package a client can do without.
            try:
                from client_sdk.python.protobuf import Protobuf
            except ModuleNotFoundError as error:
                if not str(error.name).startswith("google"):
                    raise
                raise EncodingError("encoding 'protobuf' needs the package protobuf: pip install protobuf") from error
            return Protobuf()
    raise ValueError(f"encoding {name!r} is none of 'json', 'msgpack' and 'protobuf'")
