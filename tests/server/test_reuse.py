"""An upgrade that is not the first request of its socket: proxies keep sockets, and send anything over them."""

from __future__ import annotations

import asyncio

import pytest

from tests.server.rig import LOOPS, ORIGIN, Raw, eventually, masked, run, upgrade
from tests.server.services import answer_of, request, site


async def used(port: int) -> Raw:
    """A socket that has been served once."""
    raw = await Raw.connect(port)
    raw.writer.write(request("GET /healthz"))
    assert (await answer_of(raw)).status == 200
    return raw


@pytest.mark.parametrize("loop", LOOPS)
def test_an_upgrade_on_a_used_socket_opens(loop: str) -> None:
    """After plain requests, an upgrade opens a WebSocket like any other, and its slot is released once."""

    async def main() -> None:
        async with site(heartbeat_ms=60_000, header_timeout_ms=1_000) as at:
            raw = await used(at.port)
            raw.writer.write(upgrade(origin=ORIGIN, connection="upgrade", x_forwarded_for="192.0.2.1"))
            head = await raw.head()
            assert head.startswith(b"HTTP/1.1 101 ")
            assert b"aiohttp" not in head
            raw.writer.write(masked(b"one"))
            endpoint = await at.rig.endpoint()
            await endpoint.until(lambda e: e.messages == [b"one"])
            assert endpoint.conn is not None
            assert endpoint.conn.sender.origin == ORIGIN
            assert at.rig.gate.open == 1
            # Neither the header time-out nor aiohttp's keep-alive has a say any more.
            await asyncio.sleep(1.5)
            endpoint.conn.send(b"two")
            assert await raw.frame() == (1, b"two")
            raw.writer.write(masked(b"\x03\xe8", 8))
            assert await raw.close_code() == 1000
            await raw.aclose()
            await eventually(lambda: at.rig.gate.open == 0 and len(at.rig.wheel) == 0)
            assert endpoint.closes == [(1000, "")]

    run(main, loop)


def test_what_comes_with_the_upgrade_arrives() -> None:
    """Frames in the same chunk as the upgrade, and an upgrade in the same chunk as the request before it."""

    async def main() -> None:
        async with site() as at:
            raw = await used(at.port)
            raw.writer.write(request("GET /healthz") + upgrade() + masked(b"early") + masked(b"bird"))
            assert (await answer_of(raw)).status == 200
            assert (await raw.head()).startswith(b"HTTP/1.1 101 ")
            endpoint = await at.rig.endpoint()
            await endpoint.until(lambda e: e.messages == [b"early", b"bird"])
            await raw.aclose()

    run(main)


REFUSED = [
    (upgrade(origin="http://evil.example"), 403),
    (upgrade(drop=("sec-websocket-protocol",)), 400),
    (upgrade(sec_websocket_version="8"), 400),
    (upgrade(drop=("connection",)), 426),
    (upgrade(drop=("upgrade",)), 426),
]


@pytest.mark.parametrize(("sent", "status"), REFUSED)
def test_refusals_are_those_of_a_fresh_socket(sent: bytes, status: int) -> None:
    """A bad handshake on a used socket has the status it would have on a fresh one, and ends the socket."""

    async def main() -> None:
        async with site() as at:
            raw = await used(at.port)
            raw.writer.write(sent)
            assert (await answer_of(raw)).status == status
            assert await raw.rest() == b""
            await raw.aclose()
            assert at.rig.endpoints == []
            await eventually(lambda: at.rig.gate.open == 0 and len(at.rig.wheel) == 0)
            assert (await at.ask("GET /healthz")).status == 200

    run(main)


def test_a_drain_refuses_there_too() -> None:
    """While draining, an upgrade on a used socket is 503 with `Retry-After`."""

    async def main() -> None:
        async with site() as at:
            raw = await used(at.port)
            at.rig.gate.draining = True
            raw.writer.write(upgrade())
            got = await answer_of(raw)
            assert (got.status, got.json) == (503, {"error": "draining"})
            assert "retry-after" in got.headers
            await raw.aclose()

    run(main)
