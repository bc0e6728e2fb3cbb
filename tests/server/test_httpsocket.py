"""One HTTP socket against bad clients."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

import gateway.server.httpsocket as module
from gateway.server.door import Tenancy
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
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", (400, 431)),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 40_000 + b"\r\n\r\n", (400, 431)),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + (b"x: " + b"y" * 996 + b"\r\n") * 33 + b"\r\n", (431,)),
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
        # The first head has to be there in time, however busy the machine is.
        async with site(header_timeout_ms=1_000) as at:
            raw = await Raw.connect(at.port)
            raw.writer.write(request("GET /healthz"))
            assert (await answer_of(raw)).status == 200
            raw.writer.write(first)
            assert await raw.rest() == b""
            await raw.aclose()
            await eventually(lambda: at.rig.gate.open == 0)

    run(main)


def test_the_heads_of_all_requests_of_a_socket_have_one_bound() -> None:
    """Exactly `max_header` bytes are taken, in one line or in many, at once or in pieces; one more is refused."""

    async def main() -> None:
        async with site(max_header=20_000) as at:
            for over, line in ((0, 5_000), (0, 19_900), (1, 5_000), (1, 19_900)):
                for pieces in (1, 7):
                    raw = await Raw.connect(at.port)
                    head = request("GET /healthz")[:-2]
                    while len(head) < 20_000 + over - 2:
                        left = 20_000 + over - 2 - len(head)
                        head += b"x: " + b"y" * (min(left, line if left > line + 5 else left) - 5) + b"\r\n"
                    for _ in range(2):
                        step = -(-len(head) // pieces)
                        for start in range(0, len(head), step):
                            raw.writer.write(head[start : start + step])
                            await raw.writer.drain()
                        raw.writer.write(b"\r\n")
                        got = await answer_of(raw)
                        assert got.status == (431 if over else 200)
                        if over:
                            break
                    if over:
                        assert (got.body, await raw.rest()) == (b"", b"")
                    await raw.aclose()

    run(main)


def test_a_head_that_becomes_too_large_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the first request it is refused as soon as it is, and after the answers that are still due."""
    made: list[int] = []
    too_large = HttpSocket._too_large

    def noted(self: HttpSocket) -> Any:
        made.append(1)
        return too_large(self)

    monkeypatch.setattr(HttpSocket, "_too_large", noted)

    async def main() -> None:
        async with site() as at:
            raw = await Raw.connect(at.port)
            # The body is no part of a head, however it is cut.
            post = request("POST /v1/events", "Content-Type: application/json", body=b" " * 500_000)
            at.services.gate = asyncio.Event()
            raw.writer.write(post[:300_000])
            await raw.writer.drain()
            raw.writer.write(post[300_000:])
            await eventually(lambda: len(at.services.posted) == 1)
            raw.writer.write(b"GET /healthz HTTP/1.1\r\n")
            for _ in range(64):
                raw.writer.write(b"x: " + b"y" * 995 + b"\r\n")
                await raw.writer.drain()
            await eventually(lambda: len(made) == 1)
            at.services.gate.set()
            assert (await answer_of(raw)).status == 200
            got = await answer_of(raw)
            assert (got.status, got.body, await raw.rest()) == (431, b"", b"")
            await raw.aclose()

    run(main)


def test_a_client_that_does_not_read_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large answer that nobody takes does not stay in memory; one that is taken slowly arrives whole."""
    size = 24_000_000
    sockets: list[HttpSocket] = []

    async def large(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=bytes(size))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = web.Server(large)

        def accept(guest: Tenancy) -> HttpSocket:
            sockets.append(HttpSocket(server, loop, 5.0, guest, max_header=32_768, max_lines=128))
            return sockets[-1]

        async with serving(http=accept) as rig:
            monkeypatch.setattr(module, "_STALL_S", 0.1)
            sock = socket.create_connection(("127.0.0.1", rig.port))
            sock.sendall(request("GET /"))
            await eventually(lambda: len(sockets) == 1)
            await eventually(lambda: rig.gate.open == 0)
            sock.close()
            # It is looked at by hand, each time when a little more was taken.
            monkeypatch.setattr(module, "_STALL_S", 3_600.0)
            slow = await Raw.connect(rig.port)
            slow.writer.write(request("GET /"))
            await slow.head()
            one, got, looks = sockets[1], 0, 0
            while got < size:
                got += len(await slow.reader.read(1_000_000))
                if (
                    one._stall is not None
                    and one._wire is not None
                    and one._wire.get_write_buffer_size() < one._buffered
                ):
                    one._stall.cancel()
                    one._look()
                    looks += 1
            assert got == size
            assert looks > 3
            await slow.aclose()
            await eventually(lambda: rig.gate.open == 0)
        await server.shutdown()

    run(main)
