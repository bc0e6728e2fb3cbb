"""The one port over real sockets: who gets the transport, and what keeps others out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from gateway.server.enricher import Sender
from tests.server.hours import Hours
from tests.server.rig import LOOPS, ORIGIN, Raw, eventually, masked, run, serving, upgrade

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("loop", LOOPS)
def test_a_handshake_cut_at_any_byte_opens(loop: str) -> None:
    """Wherever the first bytes are cut, the upgrade succeeds, and a message that came with them arrives."""

    async def main() -> None:
        async with serving(accept_rate=100_000) as rig:
            sent = upgrade() + masked(b"early")
            for number, cut in enumerate(range(1, len(sent))):
                raw = await Raw.connect(rig.port)
                raw.writer.write(sent[:cut])
                await raw.writer.drain()
                await asyncio.sleep(0)
                raw.writer.write(sent[cut:])
                assert (await raw.head()).startswith(b"HTTP/1.1 101 "), cut
                endpoint = await rig.endpoint(number)
                await endpoint.until(lambda e: e.messages == [b"early"])
                await raw.aclose()

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_plain_http_is_handed_over_whole(loop: str) -> None:
    """Whatever is no upgrade reaches the HTTP protocol with every byte, body and pipelined request included."""

    async def main() -> None:
        async with serving() as rig:
            sent = GET + b"POST /v1/events HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
            for cut in (1, 4, len(GET) - 1, len(GET), len(sent)):
                raw = await Raw.connect(rig.port)
                raw.writer.write(sent[:cut])
                await raw.writer.drain()
                await asyncio.sleep(0.005)
                raw.writer.write(sent[cut:])
                raw.writer.write_eof()
                assert (await raw.rest()).replace(b"http:", b"") == sent
                await raw.aclose()
            await eventually(lambda: rig.gate.open == 0)

    run(main, loop)


BROWSERS: dict[str, dict[str, Any]] = {
    "chrome": {"connection": "Upgrade", "sec_websocket_extensions": "permessage-deflate; client_max_window_bits"},
    "firefox": {
        "connection": "keep-alive, Upgrade",
        "sec_websocket_extensions": "permessage-deflate",
        "te": "trailers",
    },
    "safari": {"connection": "Upgrade", "upgrade": "websocket", "sec_websocket_extensions": "x-webkit-deflate-frame"},
    "iis_proxy": {"connection": "upgrade", "upgrade": "WebSocket"},
    "nginx": {"connection": "upgrade", "x_forwarded_for": "192.0.2.1", "upgrade": "websocket"},
    "odd_case": {"connection": "UPGRADE", "upgrade": "WEBSOCKET"},
    "more_protocols": {"sec_websocket_protocol": "other.v9, tidegate.v1"},
    "zero_body": {"content_length": "0"},
    "cookies_of_the_whole_site": {"cookie": "c=" + "x" * 30_000},
}


@pytest.mark.parametrize("browser", BROWSERS)
def test_header_variants_of_browsers_and_proxies_open(browser: str) -> None:
    """The ways in which browsers and proxies write the same request all get 101 and our subprotocol."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.connect(rig.port)
            raw.writer.write(upgrade(origin=ORIGIN, **BROWSERS[browser]))
            head = await raw.head()
            assert head.startswith(b"HTTP/1.1 101 ")
            assert b"Sec-WebSocket-Protocol: tidegate.v1\r\n" in head
            assert b"extensions" not in head.lower()
            endpoint = await rig.endpoint()
            assert endpoint.conn is not None
            assert endpoint.conn.sender == Sender("127.0.0.1", ORIGIN)
            await raw.aclose()

    run(main)


REFUSED = [
    (upgrade(origin="http://evil.example"), 403),
    (upgrade(origin="null"), 403),
    (upgrade(origin=ORIGIN + ".evil.example"), 403),
    (upgrade(origin=ORIGIN.upper()), 403),
    (upgrade(origin=ORIGIN + "/"), 403),
    (upgrade(origin=ORIGIN + ":80"), 403),
    (upgrade(origin=""), 403),
    (upgrade(f"Origin: {ORIGIN}", origin=ORIGIN), 400),
    (upgrade(drop=("sec-websocket-protocol",)), 400),
    (upgrade(sec_websocket_protocol="tidegate.v2"), 400),
    (upgrade(sec_websocket_protocol=""), 400),
    (upgrade(drop=("sec-websocket-key",)), 400),
    (upgrade(sec_websocket_key="c2hvcnQ="), 400),
    (upgrade(sec_websocket_version="8"), 400),
    (upgrade(drop=("connection",)), 426),
    (upgrade(drop=("host",)), 400),
    (upgrade("Host: other"), 400),
    (upgrade(path="/"), 404),
    (upgrade(path="/v1/ws/"), 404),
    (upgrade(path="/v1/ws%2f"), 404),
    (upgrade(transfer_encoding="chunked"), 400),
    (upgrade(content_length="5"), 400),
    (upgrade("x: a", " folded"), 400),
    (upgrade().replace(b"GET", b"POST"), 405),
    (upgrade().replace(b"HTTP/1.1", b"HTTP/1.0"), 505),
    (upgrade("no colon"), 400),
    (upgrade("x: " + "y" * 33_000), 431),
    (upgrade(*["x: y"] * 130), 431),
    (b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 130 + b"\r\n", 431),
    (b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 40_000, 431),
    (b"G" * 40_000, 431),
    (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    (b"\r\n\r\n", 400),
]


@pytest.mark.parametrize(("request_head", "status"), REFUSED)
def test_refusals_are_short_plain_http(request_head: bytes, status: int) -> None:
    """What is not let in gets its status and a closed connection, and none of its own bytes back."""

    async def main() -> None:
        async with serving() as rig:
            raw = await Raw.connect(rig.port)
            raw.writer.write(request_head)
            head = await raw.head()
            body = await raw.rest()
            assert head.startswith(b"HTTP/1.1 %d " % status)
            assert b"Connection: close\r\n" in head
            assert b"Content-Length: %d\r\n" % len(body) in head
            assert len(body) < 64
            assert b"evil" not in head + body
            if status == 431:
                assert body == b""
            assert rig.door.refused == {status: 1}
            assert rig.endpoints == []
            await raw.aclose()
            await eventually(lambda: rig.gate.open == 0 and len(rig.wheel) == 0)

    run(main)


@pytest.mark.parametrize("first", [b"", b"GET /v1/ws HTTP/1.1\r\nUpgrade: webso"])
def test_a_head_that_does_not_come_is_cut(first: bytes) -> None:
    """Half a handshake held open, or nothing at all, ends with the header time-out and frees its slot."""

    async def main() -> None:
        async with serving(header_timeout_ms=10_000) as rig:
            hours = Hours(rig)
            raw = await Raw.connect(rig.port)
            raw.writer.write(first)
            await eventually(lambda: rig.gate.open == 1)
            hours.pass_by(9)
            assert rig.gate.open == 1
            hours.pass_by(2)
            assert await raw.rest() == b""
            await eventually(lambda: rig.gate.open == 0)
            await raw.aclose()

    run(main)


def test_a_dripping_head_is_cut() -> None:
    """One byte at a time does not move the deadline: it holds for the head, not for each byte of it."""

    async def main() -> None:
        async with serving(header_timeout_ms=300) as rig:
            raw = await Raw.connect(rig.port)
            head = upgrade()
            sent, cut = 0, False
            while not cut and sent < len(head):
                raw.writer.write(head[sent : sent + 1])
                sent += 1
                # A byte that comes when the server has just hung up is answered by a reset, after which there is no end
                # of the stream to be seen.
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await raw.rest()
                    cut = True
            assert cut
            assert rig.endpoints == []
            await raw.aclose()

    run(main)


@pytest.mark.parametrize(
    ("settings", "status", "cause"),
    [
        ({"max_connections": 2}, 503, "total"),
        ({"max_connections_per_ip": 2}, 429, "ip"),
        ({"accept_rate": 2}, 503, "rate"),
    ],
)
@pytest.mark.parametrize("sent", [upgrade(), GET])
def test_the_gate_refuses_with_retry_after(settings: dict[str, Any], status: int, cause: str, sent: bytes) -> None:
    """A socket beyond a cap or the rate gets its status and `Retry-After`, upgrade or not; others are not touched."""

    async def main() -> None:
        async with serving(**settings) as rig:
            # No time passes for the rate: on a busy machine another one would be due meanwhile.
            rig.gate._bucket.level(1 << 60)
            first = [await Raw.open(rig.port) for _ in range(2)]
            raw = await Raw.connect(rig.port)
            raw.writer.write(sent)
            head = await raw.head()
            assert head.startswith(b"HTTP/1.1 %d " % status)
            assert b"\r\nRetry-After: " in head
            assert await raw.rest() == b'{"error":"too_many_connections"}'
            assert rig.gate.refused[cause] == 1
            first[0].writer.write(masked(b"still here"))
            await (await rig.endpoint(0)).until(lambda e: e.messages == [b"still here"])
            for other in (*first, raw):
                await other.aclose()
            await eventually(lambda: rig.gate.open == 0 and rig.door.lingering == 0)

    run(main)


def test_refused_sockets_that_say_nothing_are_cut() -> None:
    """A refused socket that never asks anything is gone within about a second."""

    async def main() -> None:
        async with serving(max_connections=1) as rig:
            kept = await Raw.open(rig.port)
            silent = await asyncio.gather(*(Raw.connect(rig.port) for _ in range(300)))
            for raw in silent:
                assert await raw.rest() == b""
                await raw.aclose()
            await eventually(lambda: rig.door.lingering == 0)
            assert rig.gate.open == 1
            await kept.aclose()

    run(main)


def test_refused_sockets_are_bounded_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 256 refused sockets wait for their answer; further ones are dropped at once."""
    monkeypatch.setattr("gateway.server.door._LINGER_S", 1000.0)

    async def main() -> None:
        async with serving(max_connections=1) as rig:
            kept = await Raw.open(rig.port)
            silent = await asyncio.gather(*(Raw.connect(rig.port) for _ in range(300)))
            await eventually(lambda: rig.gate.refused["total"] == 300 and rig.door.lingering == 256)
            for raw in (kept, *silent):
                raw.writer.transport.abort()
            await eventually(lambda: rig.door.lingering == 0)

    run(main)


def test_a_drain_refuses_upgrades_only() -> None:
    """While draining, an upgrade gets 503 with `Retry-After`; plain HTTP is still handed over."""

    async def main() -> None:
        async with serving(drain_ms=3000) as rig:
            rig.gate.draining = True
            raw = await Raw.connect(rig.port)
            raw.writer.write(upgrade())
            head = await raw.head()
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 4\r\n" in head
            assert await raw.rest() == b'{"error":"draining"}'
            await raw.aclose()
            raw = await Raw.connect(rig.port)
            raw.writer.write(GET)
            raw.writer.write_eof()
            assert await raw.rest() == b"http:" + GET
            await raw.aclose()
            assert rig.gate.refused["draining"] == 1

    run(main)


def test_a_storm_leaves_nothing_behind() -> None:
    """After hundreds of sockets that open, half-open, break or are refused, no slot and no appointment is left."""

    async def main() -> None:
        async with serving(max_connections=150, accept_rate=100_000, header_timeout_ms=300) as rig:
            sent = [upgrade(), upgrade()[:50], b"", GET, b"\x00", upgrade(origin="null")]
            for _ in range(3):
                raws = await asyncio.gather(*(Raw.connect(rig.port) for _ in range(120)))
                for number, raw in enumerate(raws):
                    raw.writer.write(sent[number % len(sent)])
                for number, raw in enumerate(raws):
                    if number % 2:
                        raw.writer.transport.abort()
                    else:
                        raw.writer.write_eof()
                for raw in raws[::2]:
                    await raw.rest()
                    await raw.aclose()
            await eventually(lambda: rig.gate.open == 0 and rig.door.lingering == 0 and len(rig.wheel) == 0)
            assert all(len(endpoint.closes) == 1 for endpoint in rig.endpoints)

    run(main)
