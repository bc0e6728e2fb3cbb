"""The client reads and writes the golden frames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from client_sdk.python.batch import Batch, Queued
from client_sdk.python.columnar import columnar_frame
from client_sdk.python.errors import MessageError
from client_sdk.python.messages import Ack, ClientMessage, Limits, Ping, Welcome, decode, encode
from tests.client_sdk.model import rows_of

VECTORS = Path(__file__).parents[1] / "vectors"


def golden(side: str) -> list[Any]:
    rows = json.loads((VECTORS / f"{side}.json").read_text("utf-8"))
    return [pytest.param(row, id=row["name"]) for row in rows]


@pytest.mark.parametrize("row", golden("server"))
def test_what_the_server_says_is_understood(row: dict[str, Any]) -> None:
    """Each golden frame of the server decodes, and nothing of it is lost."""
    (message,) = decode(row["frame"].encode())
    assert json.loads(msgspec.json.encode(message)) == row["message"]


def batch_of(message: dict[str, Any]) -> Batch:
    payloads = [json.dumps(event, separators=(",", ":")).encode() for event in message["events"]]
    events = tuple(Queued(n, 0, "", False, payload) for n, payload in enumerate(payloads))
    return Batch(message["seq"], message["sent_at"], message["backlog"], events)


@pytest.mark.parametrize("row", golden("client"))
def test_what_the_client_says_is_the_golden_frame(row: dict[str, Any]) -> None:
    """Each golden frame of a client is what this client writes, to the byte."""
    message = row["message"]
    if message["type"] == "batch":
        frame = batch_of(message).frame()
    elif message["type"] == "columns":
        frame = columnar_frame(batch_of(rows_of(message)))
    else:
        frame = encode(msgspec.convert(message, ClientMessage))
    assert frame == row["frame"].encode()


def test_an_array_is_several_messages() -> None:
    """Messages of one frame come in their order."""
    pings = decode(b'[{"type":"ping","now":1},{"type":"ping","now":2}]')
    assert pings == [Ping(now=1), Ping(now=2)]


def test_unknown_types_and_fields_are_passed_over() -> None:
    """A newer server may say more than this version knows."""
    assert decode(b'[{"type":"hologram"},{"type":"ping","now":2,"mood":"calm"}]') == [Ping(now=2)]
    assert decode(b'{"type":"hologram"}') == []
    assert decode(b"[]") == []


@pytest.mark.parametrize(
    "frame",
    [b"", b"{", b"\xff", b"1", b"null", b"[1]", b'{"type":"ping"}', b'[{"type":"ping","now":1},{"type":"ack"}]'],
)
def test_what_is_no_message_is_an_error(frame: bytes) -> None:
    """Not JSON, not an object, or a known type with wrong fields."""
    with pytest.raises(MessageError):
        decode(frame)


def test_absent_fields_have_their_meaning() -> None:
    """Verdicts and a wait that are not there are empty and zero; limits have the protocol's defaults."""
    ack = decode(b'{"type":"ack","seq":1,"credit":{"max_seq":5,"max_bytes":9},"level":0,"flush_ms":500}')[0]
    assert isinstance(ack, Ack)
    assert (ack.verdicts, ack.wait_ms) == ([], 0)
    assert Limits() == Limits(262_144, 500, 16)
    welcome = decode(
        b'{"type":"welcome","session":"s","node":"n","server_epoch":"e","now":1,"heartbeat_ms":25000,"limits":{}}'
    )[0]
    assert isinstance(welcome, Welcome)
    assert welcome.limits == Limits()
