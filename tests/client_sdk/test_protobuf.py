"""Frames of Protocol Buffers."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from client_sdk.python.errors import MessageError
from client_sdk.python.messages import ClientMessage, Subscribe
from client_sdk.python.protobuf import Protobuf
from client_sdk.python.protoschema import CLIENT, SERVER
from tests.client_sdk.test_columnar import T0
from tests.client_sdk.test_columnar import batch_of as batch_of_payloads
from tests.client_sdk.test_messages import batch_of, golden

PROTO = Protobuf()
ROWS = json.loads((Path(__file__).parents[1] / "vectors" / "protobuf.json").read_text("utf-8"))
FRAMES = {row["name"]: base64.b64decode(row["frame"]) for row in ROWS if row["side"] == "client"}


@pytest.mark.parametrize("row", [row for row in golden("client") if row.values[0]["name"] in FRAMES])
def test_what_the_client_says_is_the_golden_message(row: dict[str, Any]) -> None:
    """Of each that a producer sends; a columnar one is a choice of the client and is read back elsewhere."""
    message = row["message"]
    expected = CLIENT.FromString(FRAMES[row["name"]])
    if message["type"] == "batch":
        assert CLIENT.FromString(PROTO.batch(batch_of(message), False)) == expected
    elif message["type"] != "columns":
        assert CLIENT.FromString(PROTO.message(msgspec.convert(message, ClientMessage))) == expected


def test_a_viewers_message_has_no_form() -> None:
    """A fault of the program, not of the network."""
    with pytest.raises(TypeError, match="subscribe"):
        PROTO.message(Subscribe(id=1, kpi="x"))


def test_columns_take_the_narrowest_list() -> None:
    """Texts, numbers and whole numbers each have one; what is mixed or beyond 64 bits is listed as values."""
    properties = [
        {"t": f"t{n}", "f": n + 0.5, "i": n, "m": (1, "a", None)[n % 3], "w": 2**64 - 1 - n, "s": "same"}
        for n in range(30)
    ]
    payloads = [orjson.dumps({"event": "a", "timestamp": T0, "properties": own}) for own in properties]
    made = CLIENT.FromString(PROTO.batch(batch_of_payloads(*payloads), True)).columns.properties
    assert [len(made[name].texts) for name in ("t", "f")] == [30, 0]
    assert (len(made["f"].numbers), len(made["i"].wholes), len(made["m"].values)) == (30, 30, 30)
    assert json.loads(made["w"].values[0].json) == 2**64 - 1
    assert (list(made["s"].d), list(made["s"].i)) == (["same"], [0] * 30)


def test_a_message_of_a_later_version_is_none() -> None:
    """And one with fields that cannot be is refused."""
    assert PROTO.decode(b"") == []
    assert PROTO.decode(b"\xfa\x01\x00") == []
    pushed = SERVER()
    pushed.push.flags = "{"
    with pytest.raises(MessageError):
        PROTO.decode(pushed.SerializeToString())
    with pytest.raises(MessageError):
        PROTO.decode(b"\xff")
