"""`tidegate.v1+msgpack`: each message is the map that its JSON is."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import orjson

from client_sdk.python.batch import Batch
from client_sdk.python.coders import Coders
from client_sdk.python.columnar import columnar_message
from client_sdk.python.messages import SERVER_TYPES, SUBPROTOCOL, ClientMessage, ServerMessage

__all__ = ["MessagePack"]


def _is_array(frame: bytes) -> bool:
    return frame[:1] in (b"\xdc", b"\xdd") or b"\x90" <= frame[:1] <= b"\x9f"


_CODERS: Final[Coders[ServerMessage]] = Coders(msgspec.msgpack, ServerMessage, SERVER_TYPES, _is_array)


class MessagePack:
    """An `Encoding`."""

    subprotocol = f"{SUBPROTOCOL}+msgpack"
    text = False

    def message(self, message: ClientMessage) -> bytes:
        """See `Encoding`."""
        return _CODERS.encode(message)

    def batch(self, batch: Batch, columns: bool) -> bytes:
        """See `Encoding`. About 3 us an event."""
        events = [orjson.loads(event.payload) for event in batch.events]
        message: dict[str, Any] = {
            "type": "batch",
            "seq": batch.seq,
            "sent_at": batch.sent_at,
            "backlog": batch.backlog,
            "events": events,
        }
        rows = _CODERS.encode(message)
        return min(rows, _CODERS.encode(columnar_message(batch)), key=len) if columns else rows

    def decode(self, frame: bytes) -> list[ServerMessage]:
        """See `Encoding`."""
        return _CODERS.decode(frame)
