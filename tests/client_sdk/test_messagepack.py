"""Frames of MessagePack, to the byte where there are golden ones."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from client_sdk.python.messagepack import MessagePack
from client_sdk.python.messages import ClientMessage, Ping, decode
from tests.client_sdk.test_messages import batch_of, golden

PACK = MessagePack()
ROWS = json.loads((Path(__file__).parents[1] / "vectors" / "msgpack.json").read_text("utf-8"))
FRAMES = {(row["side"], row["name"]): base64.b64decode(row["frame"]) for row in ROWS}


@pytest.mark.parametrize("row", golden("client"))
def test_what_the_client_says_is_the_golden_frame(row: dict[str, Any]) -> None:
    """Of each message; a columnar one is a choice of the client and is read back elsewhere."""
    message = row["message"]
    expected = FRAMES["client", row["name"]]
    if message["type"] == "batch":
        assert msgspec.msgpack.decode(PACK.batch(batch_of(message), False)) == msgspec.msgpack.decode(expected)
    elif message["type"] != "columns":
        made = PACK.message(msgspec.convert(message, ClientMessage))
        assert msgspec.msgpack.decode(made) == msgspec.msgpack.decode(expected)


@pytest.mark.parametrize("row", golden("server"))
def test_what_the_server_says_is_understood(row: dict[str, Any]) -> None:
    """As from its JSON."""
    assert PACK.decode(FRAMES["server", row["name"]]) == decode(row["frame"].encode())


def test_a_frame_may_hold_several() -> None:
    """However long the array says it is."""
    ping = {"type": "ping", "now": 1}
    for count in (0, 1, 15, 16, 70_000):
        assert PACK.decode(msgspec.msgpack.encode([ping] * count)) == [Ping(now=1)] * count
    later = msgspec.msgpack.encode([{"type": "later"}, ping] * 16)
    assert PACK.decode(later) == [Ping(now=1)] * 16
