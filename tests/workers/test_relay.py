"""A WebSocket's endpoint in a worker."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from gateway.server.session import Session
from gateway.server.terms import BURST_S
from gateway.wire.encoding import ENCODINGS
from tests.server.rig import Raw, masked
from tests.server.serving import on_loop, producer_hello, serving, until, viewer_hello, wire
from tests.server.talk import accepted, batch, producer, viewer
from tests.workers.rig import InLoop, colleagues


@pytest.mark.parametrize("name", ["tidegate.v1+msgpack"])
def test_a_binary_encoding_is_decoded_by_the_worker(tmp_path: Path, in_loop: list[InLoop], name: str) -> None:
    """Its size counts as on the wire, and answers are written likewise."""
    encoding = ENCODINGS[name]
    assert encoding is not None

    async def run() -> None:
        async with (
            serving(tmp_path, workers=2) as server,
            connect(
                server.url.replace("http", "ws", 1) + "/v1/ws",
                subprotocols=[Subprotocol(name)],
                compression=None,
                proxy=None,
            ) as socket,
        ):
            await socket.send(msgspec.msgpack.encode(producer_hello()))
            for kind in ("welcome", "ack"):
                while True:
                    data = await socket.recv()
                    assert isinstance(data, bytes)
                    if (message := msgspec.msgpack.decode(data))["type"] == kind:
                        break
                if kind == "welcome":
                    server.house.fold.codec.message = None  # type: ignore[method-assign, assignment]
                    await socket.send(msgspec.msgpack.encode(batch(1, 3)))
            assert message["seq"] == 1
            assert accepted(server) == 3

    on_loop(run)


@pytest.mark.parametrize(
    ("sent", "slug", "close"),
    [(b"{", "bad_json", 4000), (b"\xff", "bad_utf8", 1007), (b'{"type":"batch","seq":"x"}', "bad_message", 4000)],
)
def test_what_is_wrong_has_its_name(tmp_path: Path, in_loop: list[InLoop], sent: bytes, slug: str, close: int) -> None:
    """The error and the close code of one process."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server, wire(server) as socket:
            await producer(socket)
            await socket.say_raw(sent)
            assert (await socket.hear("error"))["code"] == slug
            assert await socket.close_code() == close

    on_loop(run)


def test_a_flood_of_messages_ends_where_it_comes_in(
    tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 4102, though the other side would take any number; what was within the rate and its burst has come to it."""
    handled = []
    monkeypatch.setattr(Session, "_handle", lambda _, message: handled.append(message))

    async def run() -> None:
        async with serving(tmp_path, workers=2, message_rate=1) as server, wire(server) as socket:
            server.house.message_rate = 1_000_000
            await viewer(socket)
            with contextlib.suppress(ConnectionClosed):
                for _ in range(500):
                    await socket.say({"type": "visibility", "visible": True})
            assert await socket.close_code() == 4102

    on_loop(run)
    assert BURST_S <= len(handled) < 500


def test_a_role_decides_who_decodes(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Before the welcome, and of a viewer, everything is the other side's."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server, wire(server) as one, wire(server) as other:
            await producer(one)
            await other.say(viewer_hello())
            await other.hear("welcome")
            relays = [entry for worker in in_loop for entry in worker.station._entries.values()]
            await until(lambda: all(relay.ready for relay in relays))  # type: ignore[union-attr]
            assert sorted(relay.producing for relay in relays) == [False, True]  # type: ignore[union-attr]
            await other.say(batch(1))
            assert (await other.hear("error"))["code"] == "wrong_role"

    on_loop(run)


def test_a_hello_must_come_in_time_and_heartbeats_are_sent(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """The worker's clock, the analytics process's words."""

    async def run() -> None:
        async with serving(tmp_path, workers=2, hello_timeout_ms=100) as server, wire(server) as silent:
            assert await silent.close_code() == 4108
        # Nothing that has to be done in time is shorter than a busy machine may stand still.
        async with serving(tmp_path, workers=2, heartbeat_ms=1_000) as server, wire(server) as socket:
            await producer(socket)
            assert (await socket.hear("ping"))["type"] == "ping"
            # Who answers nothing is gone after two of them.
            assert await socket.close_code() == 4103

    on_loop(run)


def test_while_the_link_is_congested_nothing_is_read(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Frames wait in the socket, and go on when it is relieved."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            raw = await Raw.open(server._listening.port)
            await until(lambda: server.house.sessions)
            (worker,) = [one for one in in_loop if one.station._entries]
            worker.link.congested = True
            raw.writer.write(masked(b'{"type":"nothing"}'))
            await until(lambda: worker.station._held_back)
            (held,) = worker.station._held_back
            transport = held._transport
            assert transport is not None
            assert not transport.is_reading()
            worker.link.resume_writing()
            assert transport.is_reading()
            assert worker.station._held_back == {}
            await raw.aclose()
            await until(lambda: not colleagues(server)[0].connections + colleagues(server)[1].connections)

    on_loop(run)


def test_what_fails_for_one_socket_ends_that_one(
    tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker and its other sockets go on."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server, wire(server) as good, wire(server) as bad:
            await producer(good, producer="g")
            await until(lambda: len(server.house.sessions) == 2)
            failing = next(session for session in server.house.sessions if session.ready is False)
            number = failing._conn._number  # type: ignore[union-attr]
            worker = next(
                one
                for one, other in zip(in_loop, colleagues(server), strict=True)
                if other is failing._conn._colleague  # type: ignore[union-attr]
            )
            relay = worker.station._entries[number]
            monkeypatch.setattr(type(relay), "send", _failing_for(relay, type(relay).send))  # type: ignore[union-attr]
            await bad.say("{}")
            assert await bad.close_code() == 1006
            await good.say(batch(1))
            assert (await good.hear("ack"))["seq"] == 1
            assert len(colleagues(server)) == 2

    on_loop(run)


def _failing_for(one: object, real: Any) -> Any:
    def send(relay: object, payload: bytes) -> None:
        if relay is one:
            raise KeyError("bug")
        real(relay, payload)

    return send
