"""Producers that speak another encoding, on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from benchmarks.protopack import packed
from gateway.main import Server
from gateway.wire.protoschema import SERVER
from tests.server.serving import on_loop, producer_hello, serving, until, viewer_hello, wire
from tests.server.talk import accepted, batch, now, producer


@asynccontextmanager
async def open_socket(server: Server, encoding: str = "msgpack") -> AsyncIterator[ClientConnection]:
    """An open socket that speaks another encoding."""
    url = server.url.replace("http", "ws", 1) + "/v1/ws"
    protocols = [Subprotocol(f"tidegate.v1+{encoding}")]
    async with connect(url, subprotocols=protocols, compression=None, proxy=None, ping_interval=None) as socket:
        yield socket


async def say(socket: ClientConnection, message: Any) -> int:
    """Send one frame; its bytes."""
    data = msgspec.msgpack.encode(message)
    await socket.send(data)
    return len(data)


async def hear(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        data = await socket.recv()
        assert isinstance(data, bytes)
        message: dict[str, Any] = msgspec.msgpack.decode(data)
        if message["type"] == kind:
            return message


async def close_code(socket: ClientConnection) -> int | None:
    try:
        while True:
            await socket.recv()
    except ConnectionClosed:
        return socket.close_code


def columns(seq: int) -> dict[str, Any]:
    properties = {"country": {"d": ["DE"], "i": [0, -1]}, "value": [2, 3.5]}
    times = {"t0": now(), "dt": [0, 1]}
    return {"type": "columns", "seq": seq, "n": 2, **times, "event": ["x", "y"], "properties": properties}


def test_both_forms_are_taken_and_acked(tmp_path: Path) -> None:
    """Rows and columns, several messages in a frame, heartbeats; and a restart reads them from the log."""

    async def run() -> None:
        async with serving(tmp_path) as server, open_socket(server) as socket:
            await say(socket, producer_hello())
            welcome = await hear(socket, "welcome")
            assert (welcome["formats"], welcome["credit"]["max_seq"]) == (["rows", "columns"], 4)
            await say(socket, [batch(1, 3), columns(2)])
            while (await hear(socket, "ack"))["seq"] < 2:
                pass
            ping = await hear(socket, "ping")
            await say(socket, {"type": "pong", "now": ping["now"], "sent": now()})
            await say(socket, columns(3))
            assert (await hear(socket, "ack"))["seq"] == 3
            assert accepted(server) == 7
        async with serving(tmp_path) as server, wire(server) as socket_:
            assert (await producer(socket_, next_seq=4))["resume"] == {"known": True, "last_seq": 3}
            assert accepted(server) == 7

    on_loop(run)


def test_protocol_buffers_are_taken_and_acked(tmp_path: Path) -> None:
    """The same events by the other binary encoding, with verdicts in the ack."""

    async def run() -> None:
        async with serving(tmp_path) as server, open_socket(server, "protobuf") as socket:
            await socket.send(packed(producer_hello()))
            welcome = SERVER.FromString(await socket.recv()).welcome
            assert (list(welcome.formats), welcome.credit.max_seq) == (["rows", "columns"], 4)
            await socket.send(packed(batch(1, 3)))
            await socket.send(packed(columns(2) | {"event": ["x", ""]}))
            ack = SERVER.FromString(await socket.recv()).ack
            while ack.seq < 2:
                ack = SERVER.FromString(await socket.recv()).ack
            assert [(v.seq, v.index, v.outcome, v.reason) for v in ack.verdicts] == [(2, 1, "drop", "event_name")]
            assert accepted(server) == 4
            await socket.send(b"\xff")
            assert SERVER.FromString(await socket.recv()).error.code == "bad_protobuf"
            assert await close_code(socket) == 4000

    on_loop(run)


def test_credit_counts_the_bytes_on_the_wire(tmp_path: Path) -> None:
    """Not those of the JSON behind the border: what was granted beyond what was sent stays the same."""

    async def run() -> None:
        async with serving(tmp_path) as server, open_socket(server) as socket:
            await say(socket, producer_hello())
            granted = (await hear(socket, "welcome"))["credit"]["max_bytes"]
            for seq in range(1, 9):
                sent = await say(socket, batch(seq, 100))
                ack = await hear(socket, "ack")
                assert ack["credit"]["max_bytes"] == granted + seq * sent
            assert server.house.pool.outstanding == granted

    on_loop(run)


def test_an_events_trouble_is_its_own(tmp_path: Path) -> None:
    """NaN is no JSON number: dropped and said so, and its neighbour counts."""

    async def run() -> None:
        async with serving(tmp_path) as server, open_socket(server) as socket:
            await say(socket, producer_hello())
            await hear(socket, "welcome")
            await say(socket, columns(1) | {"properties": {"value": [float("nan"), 1]}})
            assert (await hear(socket, "ack"))["verdicts"] == [[1, 0, "drop", "bad_json"]]
            assert accepted(server) == 1
            await until(lambda: server.log.quarantine_counts() == {"bad_json": 1})
            (sample,) = await asyncio.to_thread(server.log.quarantined, 1, None)
            assert b'"value":NaN' in sample.payload

    on_loop(run)


@pytest.mark.parametrize(
    ("frame", "slug", "code"),
    [
        (b"\xc1", "bad_msgpack", 4000),
        (msgspec.msgpack.encode([{}] * 65), "bad_message", 4000),
        (msgspec.msgpack.encode(viewer_hello()), "wrong_role", 4000),
        (msgspec.msgpack.encode({"type": "pong", "now": 1}), "bad_message", 4000),
    ],
)
def test_a_wrong_opening_is_refused(tmp_path: Path, frame: bytes, slug: str, code: int) -> None:
    """In the same encoding; viewers have none but JSON."""

    async def run() -> None:
        async with serving(tmp_path) as server, open_socket(server) as socket:
            await socket.send(frame)
            assert (await hear(socket, "error"))["code"] == slug
            assert await close_code(socket) == code

    on_loop(run)


def test_the_other_kind_of_frame_closes(tmp_path: Path) -> None:
    """Text where messages are binary, binary where they are text; also in fragments."""

    async def run() -> None:
        async with serving(tmp_path) as server:
            for frame in ("{}", ["{", "}"]):
                async with open_socket(server) as socket:
                    await socket.send(frame)
                    assert await close_code(socket) == 1003
            async with wire(server) as other:
                await other.connection.send([b"{", b"}"])
                assert await other.close_code() == 1003

    on_loop(run)


def test_a_message_in_fragments_is_one(tmp_path: Path) -> None:
    """By the plain way of reading frames, too."""

    async def run(plain: bool) -> None:
        async with serving(tmp_path / str(plain), plain_frames=plain) as server, open_socket(server) as socket:
            data = msgspec.msgpack.encode(producer_hello())
            await socket.send([data[:10], data[10:]])
            await hear(socket, "welcome")
            await say(socket, batch(1))
            assert (await hear(socket, "ack"))["seq"] == 1

    for plain in (False, True):
        (tmp_path / str(plain)).mkdir()
        on_loop(lambda plain=plain: run(plain))  # type: ignore[misc]  # mypy knows no default of a lambda
