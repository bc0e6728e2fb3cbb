"""A server that lies to a producer: nothing is lost or counted twice, and the producer is of use again afterwards."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from client_sdk.python import AsyncClient, Ledger
from tests.client_sdk.model import ServerModel
from tests.client_sdk.server import Server
from tests.client_sdk.wire import Wire, ack

MOST = 2**63 - 1
NONSENSE: list[Any] = [None, True, -1, 1.5, "9", "", [], {}, 2**53, MOST, 2**64, 1e300]
LATER_MS = 400_000
"""Longer than any hold that is kept."""


def frames(kind: str, honest: dict[str, Any]) -> list[dict[str, Any]]:
    """A message with each of its fields in turn replaced by each nonsense."""
    return [{**honest, "type": kind, name: value} for name in honest if name != "type" for value in NONSENSE]


def welcome(**more: Any) -> dict[str, Any]:
    """A welcome, by its look."""
    limits = {"max_frame": 262_144, "max_events": 500, "max_depth": 16}
    common = {"session": "s", "node": "n", "server_epoch": "e", "now": 0, "heartbeat_ms": 25_000, "limits": limits}
    resume, credit = {"known": True, "last_seq": 0}, {"max_seq": 9, "max_bytes": 1 << 20}
    return {"type": "welcome", **common, "resume": resume, "credit": credit, "flush_ms": 500, "level": 0, **more}


GARBAGE = [b"", b"{", b"null", b"7", b"[[[]]]", b"\xff\xfe", b"[" * 5_000, b'{"type":{}}', b'[{"type":"ack"},5]']
LIES: dict[str, list[Any]] = {
    "acks beyond what was sent": [ack(50), ack(MOST), ack(2**53)],
    "acks of nothing": [ack(0), ack(-1), ack(-MOST)],
    "credit that shrinks": [ack(0, 0, 0), ack(0, -5, -5)],
    "credit without end": [ack(0, MOST, MOST)],
    "garbage": GARBAGE,
    "wrong types of acks": frames("ack", ack(0)),
    "wrong types of welcomes": frames("welcome", welcome()),
    "wrong types of the rest": [
        {"type": kind, "now": v, "code": v} for kind in ("ping", "warn", "push") for v in NONSENSE
    ],
    "welcome twice": [welcome(), welcome(resume={"known": False, "last_seq": 99})],
    "a welcome that knows more": [welcome(resume={"known": True, "last_seq": MOST})],
    "limits of nothing": [welcome(limits={"max_frame": 0, "max_events": 0, "max_depth": 0})],
    "limits below nothing": [welcome(limits={"max_frame": -1, "max_events": -1})],
    "nacks of nonsense": [{"type": "nack", "want": want} for want in (0, 1, 2, 9, *NONSENSE)],
    "verdicts on what is not there": [
        ack(0, verdicts=[[9, 9, "drop", "x"], [1, -1, "drop", "x"], [1, MOST, "drop", "x"]])
    ],
    "huge numbers": [ack(0, level=9, flush_ms=MOST, wait_ms=MOST), {"type": "drain", "in_ms": MOST}],
    "a heartbeat without end": [welcome(heartbeat_ms=MOST)],
    "a heartbeat below nothing": [welcome(heartbeat_ms=-MOST)],
    "a drain that is over": [{"type": "drain", "in_ms": -MOST}],
}


def believing() -> Wire:
    """A wire whose server lets a producer go as far as lies may have led it."""
    return Wire(ServerModel(window=1_000, bytes=1 << 40))


@pytest.mark.parametrize("name", LIES)
@pytest.mark.parametrize("sent", [False, True], ids=["before a batch", "behind a batch"])
def test_a_lie_breaks_nothing(name: str, sent: bool) -> None:
    """Told on a connection of its own each: behind it every event is counted once, and the books close."""
    wire = believing()
    uuids = [wire.capture(text="x" * 50) for _ in range(3)]
    for lie in LIES[name]:
        wire.open()
        if sent:
            wire.producer.flush()
            wire.poll()
        wire.hear(lie if isinstance(lie, bytes) else json.dumps(lie).encode())
        assert wire.backlog.ledger().balanced
        uuids.append(wire.capture())
        wire.poll(1_000)
        if wire.connection is not None:
            wire.cut()
    wire.now += LATER_MS
    wire.settle()
    assert wire.server.counted == dict.fromkeys(uuids, 1)
    ledger = wire.backlog.ledger()
    assert (ledger.sent, ledger.accepted + ledger.duplicate) == (len(uuids), len(uuids))


@pytest.mark.parametrize(
    "name", ["huge numbers", "a heartbeat without end", "limits of nothing", "credit that shrinks"]
)
def test_a_lie_ends_with_its_connection_or_by_itself(name: str) -> None:
    """The same connection is of use again, or given up, before long."""
    wire = believing()
    wire.open()
    for lie in LIES[name]:
        wire.hear(lie)
    uuid = wire.capture()
    for _ in range(100):
        wire.poll(LATER_MS // 20)
        wire.server.commit()
        wire.deliver()
        if wire.connection is None:
            wire.open()
    assert wire.server.counted == {uuid: 1}


class Closing(Server):
    """Ends connections over messages of one kind, for some time."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.times = 4

    async def _answer(self, socket: ServerConnection, frame: bytes, message: dict[str, Any]) -> None:
        if ("batch" if message["type"] == "columns" else message["type"]) != self.kind or not self.times:
            await super()._answer(socket, frame, message)
            return
        self.times -= 1
        if self.times % 2:
            await super()._answer(socket, frame, message)
        if self.times < 2:
            socket.transport.abort()
        else:
            await socket.close(1011)


@pytest.mark.parametrize("kind", ["hello", "batch"])
def test_a_server_that_closes_at_any_step(kind: str) -> None:
    """Again and again, with and without a word, before and behind its own answer: the client comes back each time."""

    async def scenario() -> None:
        server = Closing(kind)
        async with server:
            async with AsyncClient(server.url, "wk", http_fallback=False) as client:
                uuids = [client.capture("e") for _ in range(5)]
                await client.flush()
                uuids.append(client.capture("last"))
                await client.flush()
                assert client.ledger() == Ledger(sent=6, accepted=6)
            assert server.model.counted == dict.fromkeys(uuids, 1)
            assert server.times < 3  # more than once

    asyncio.run(asyncio.wait_for(scenario(), 60))
