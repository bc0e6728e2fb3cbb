"""HTTP over a worker: its bytes there and back."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path
from typing import cast

import pytest
import trustme

from gateway.server.httpsocket import HttpSocket
from gateway.workers.conduit import Conduit
from tests.server.rig import Raw, masked, upgrade
from tests.server.services import answer_of, request
from tests.server.serving import WRITE, on_loop, producer_hello, serving, until
from tests.server.talk import accepted
from tests.workers.rig import InLoop, colleagues


def test_requests_are_answered_over_a_kept_socket(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Files, health, and a post, one behind the other."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            raw = await Raw.connect(server._listening.port)
            raw.writer.write(request("GET /healthz"))
            assert (await answer_of(raw)).status == 200
            raw.writer.write(request("GET /"))
            assert b"<html" in (await answer_of(raw)).body
            body = json.dumps({"token": WRITE, "events": [{"event": "x"}] * 3}).encode()
            raw.writer.write(request("POST /v1/events", f"Content-Length: {len(body)}") + body)
            assert (await answer_of(raw)).status == 200
            assert accepted(server) == 3
            assert server.gate.open == 1
            await raw.aclose()
            await until(lambda: server.gate.open == 0)
            assert not any(one.connections for one in colleagues(server))

    on_loop(run)


def test_an_upgrade_on_a_used_socket_opens(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """What comes with it arrives, in order, and so does what is on its way meanwhile."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            raw = await Raw.connect(server._listening.port)
            raw.writer.write(request("GET /healthz"))
            assert (await answer_of(raw)).status == 200
            hello = masked(json.dumps(producer_hello()).encode())
            raw.writer.write(upgrade() + hello[:20])
            await raw.writer.drain()
            raw.writer.write(hello[20:])
            assert (await raw.head()).startswith(b"HTTP/1.1 101 ")
            while json.loads((await raw.frame())[1])["type"] != "welcome":
                pass
            assert server.gate.open == 1
            await raw.aclose()
            await until(lambda: server.gate.open == 0 and not server.house.sessions)

    on_loop(run)


def test_a_reader_that_is_slow_holds_the_writer_up(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Of many answers that nobody reads, most are not made; read, all of them come."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            raw = await Raw.connect(server._listening.port)
            count = 1_000
            # Not every loop's transports are subclasses of asyncio's.
            transport = cast(asyncio.Transport, raw.writer.transport)
            transport.pause_reading()
            raw.writer.write(request("GET /") * count)

            def conduits() -> list[Conduit]:
                return [conduit for one in colleagues(server) for conduit in one.lobby.conduits.values()]

            await until(lambda: conduits() and conduits()[0]._paused)
            assert conduits()[0].get_write_buffer_size() < 1 << 20
            transport.resume_reading()
            for _ in range(count):
                assert (await answer_of(raw)).status == 200
            await raw.aclose()
            await until(lambda: server.gate.open == 0)

    on_loop(run)


def test_tls_is_the_workers(tmp_path: Path, in_loop: list[InLoop]) -> None:
    """Both protocols pass over it, and the routes know of it."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    context = ssl.create_default_context()
    authority.configure_trust(context)

    async def run() -> None:
        async with serving(tmp_path, workers=2, tls_cert=str(cert), tls_key=str(key)) as server:
            port = server._listening.port
            raw = await Raw.connect(port, context)
            raw.writer.write(request("GET /healthz"))
            assert (await answer_of(raw)).status == 200
            (conduit,) = [conduit for one in colleagues(server) for conduit in one.lobby.conduits.values()]
            assert conduit.get_extra_info("sslcontext")
            await raw.aclose()
            raw = await Raw.open(port, context)
            raw.writer.write(masked(json.dumps(producer_hello()).encode()))
            assert json.loads((await raw.frame())[1])["type"] == "welcome"
            await raw.aclose()
            await until(lambda: server.gate.open == 0)

    on_loop(run)


def test_a_request_that_fails_ends_its_own_socket(
    tmp_path: Path, in_loop: list[InLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker and its other sockets go on."""

    async def run() -> None:
        async with serving(tmp_path, workers=2) as server:
            good = await Raw.connect(server._listening.port)
            good.writer.write(request("GET /healthz"))
            assert (await answer_of(good)).status == 200
            real = HttpSocket.data_received

            def failing(self: HttpSocket, data: bytes) -> None:
                if b"/bad" in data:
                    raise KeyError("bug")
                real(self, data)

            monkeypatch.setattr(HttpSocket, "data_received", failing)
            bad = await Raw.connect(server._listening.port)
            bad.writer.write(request("GET /bad"))
            assert await bad.rest() == b""
            await bad.aclose()
            good.writer.write(request("GET /healthz"))
            assert (await answer_of(good)).status == 200
            await good.aclose()
            assert len(in_loop) == 2

    on_loop(run)
