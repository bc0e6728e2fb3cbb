"""One HTTP socket against bad clients."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import web
from structlog.testing import capture_logs

import gateway.server.httpsocket as module
from gateway.server.httpsocket import HttpSocket
from tests.server.rig import Raw, eventually, run, serving
from tests.server.services import answer_of, request, site

SMUGGLED = {
    "both lengths": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /canary HTTP/1.1\r\n\r\n",
    "two lengths": "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "no number": "Content-Length: canary\r\n\r\n",
    "plus sign": "Content-Length: +5\r\n\r\nhello",
    "odd coding": "Transfer-Encoding: canary, chunked2\r\n\r\n",
    "space in name": "Content-Length : 5\r\n\r\nhello",
    "bad name": "can(ary): x\r\n\r\n",
    "nul": "x: can\0ary\r\n\r\n",
    "bare cr": "x: can\rary\r\n\r\n",
    "two hosts": "Host: canary\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_ambiguous_requests_end_the_connection(name: str) -> None:
    """What two parsers could read in two ways gets 400 and the end; nothing of it comes back or is logged."""

    async def main() -> None:
        async with site() as at:
            raw = await Raw.connect(at.port)
            with capture_logs() as logs:
                raw.writer.write(f"POST /v1/events HTTP/1.1\r\nHost: x\r\n{SMUGGLED[name]}".encode("latin-1"))
                raw.writer.write(request("GET /healthz"))
                text = await raw.rest()
            assert text[:13] in (b"HTTP/1.0 400 ", b"HTTP/1.1 400 ")
            assert text.count(b"HTTP/1.") == 1
            assert b"canary" not in text
            assert b"\r\nContent-Length: 0\r\n" in text
            assert b"aiohttp" not in text
            assert "canary" not in repr(logs)
            await raw.aclose()
            assert at.services.posted == []

    run(main)


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", (400, 431)),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 9000 + b"\r\n\r\n", (400, 431)),
        (b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n", (400, 431)),
        (b"canary canary canary\r\n\r\n", (400,)),
        (b"GET / HTTP/9.9\r\n\r\n", (400,)),
        (b"\x16\x03\x01\r\n\r\n", (400,)),
    ],
)
def test_a_second_request_has_limits_too(head: bytes, statuses: tuple[int, ...]) -> None:
    """On a socket that has been served once, a bad head gets a short answer and the end."""

    async def main() -> None:
        async with site() as at:
            raw = await Raw.connect(at.port)
            raw.writer.write(request("GET /healthz"))
            assert (await answer_of(raw)).status == 200
            raw.writer.write(head)
            got = await answer_of(raw)
            assert got.status in statuses
            assert got.body == b""
            assert await raw.rest() == b""
            await raw.aclose()

    run(main)


@pytest.mark.parametrize("first", [b"", b"GET / HT"])
def test_an_idle_socket_is_closed(first: bytes) -> None:
    """After an answer, silence or a head that does not come ends the connection with the header time-out."""

    async def main() -> None:
        async with site(header_timeout_ms=300) as at:
            raw = await Raw.connect(at.port)
            raw.writer.write(request("GET /healthz"))
            assert (await answer_of(raw)).status == 200
            raw.writer.write(first)
            assert await raw.rest() == b""
            await raw.aclose()
            await eventually(lambda: at.rig.gate.open == 0)

    run(main)


def test_a_client_that_does_not_read_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large answer that nobody takes does not stay in memory; one that is taken slowly arrives whole."""
    monkeypatch.setattr(module, "_STALL_S", 0.4)
    size = 24_000_000

    async def large(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=bytes(size))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = web.Server(large)
        async with serving(http=lambda guest: HttpSocket(server, loop, 5.0, guest)) as rig:
            sock = socket.create_connection(("127.0.0.1", rig.port))
            sock.sendall(request("GET /"))
            slow = await Raw.connect(rig.port)
            slow.writer.write(request("GET /"))
            await slow.head()
            got = 0
            while got < size:
                got += len(await slow.reader.read(1_000_000))
                await asyncio.sleep(0.01)
            assert got == size
            await slow.aclose()
            await eventually(lambda: rig.gate.open == 0)
            sock.close()
        await server.shutdown()

    run(main)
