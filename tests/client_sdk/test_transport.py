"""Opening sockets and posting, over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from client_sdk.python.transport import HttpPost, Opener, OpeningError, Reply
from tests.client_sdk.server import Server
from tests.client_sdk.test_async_client import run
from tests.e2e.heldport import HeldPort

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Http:
    """An HTTP server with one answer."""

    def __init__(self, handler: Handler) -> None:
        self._app = web.Application()
        self._app.router.add_post("/v1/events", handler)
        self._held = HeldPort()
        self.port = self._held.number
        self.url = f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Http:
        self._runner = web.AppRunner(self._app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()


def opener(url: str) -> Opener:
    return Opener(url.replace("http", "ws") + "/v1/ws", proxy=None, ssl=None)


def test_a_socket_speaks_the_subprotocol_uncompressed() -> None:
    """The handshake asks for `tidegate.v1` and for no extension."""

    async def scenario() -> None:
        async with Server() as server:
            socket = await opener(server.url).open()
            assert socket.subprotocol == "tidegate.v1"
            assert socket.request is not None
            assert "Sec-WebSocket-Extensions" not in socket.request.headers
            await socket.close()

    run(scenario())


@pytest.mark.parametrize("status", [400, 403, 429, 503])
def test_a_refused_handshake_is_an_opening_error(status: int) -> None:
    """Its text is the status, and it brings the server's `Retry-After`."""

    async def scenario() -> None:
        async with Server() as server:
            server.status = status
            with pytest.raises(OpeningError, match=f"HTTP {status}") as caught:
                await opener(server.url).open()
            assert caught.value.retry_after_ms == 1_000

    run(scenario())


def test_no_server_is_an_opening_error() -> None:
    """A refused connection, and a peer that hangs up or speaks something else, alike."""

    async def scenario() -> None:
        async with Server() as server:
            url = server.url
        with pytest.raises(OpeningError):
            await opener(url).open()

        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example ESMTP\r\n")
            writer.close()

        other = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with other:
            host, port = other.sockets[0].getsockname()
            with pytest.raises(OpeningError):
                await opener(f"http://{host}:{port}").open()

    run(scenario())


def test_a_post_brings_its_reply() -> None:
    """Status, body and `Retry-After`; the body went out as JSON."""

    async def scenario() -> None:
        async def answer(request: web.Request) -> web.Response:
            assert request.content_type == "application/json"
            return web.Response(status=503, text=await request.text(), headers={"Retry-After": "2"})

        async with Http(answer) as server:
            post = HttpPost(f"{server.url}/v1/events", proxy=None, ssl=None)
            assert await post.send(b'{"seq":1}') == Reply(503, b'{"seq":1}', 2_000)
            await post.close()
            await post.close()

    run(scenario())


@pytest.mark.parametrize(
    ("text", "wait"), [("", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-1", 0), ("99999999", 3_600_000)]
)
def test_retry_after_is_read_with_care(text: str, wait: int) -> None:
    """A date or nonsense asks for nothing; an hour is the most."""

    async def scenario() -> None:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(status=429, headers={"Retry-After": text})

        async with Http(answer) as server:
            post = HttpPost(f"{server.url}/v1/events", proxy=None, ssl=None)
            assert (await post.send(b"{}")).retry_after_ms == wait
            await post.close()

    run(scenario())


def test_no_reply_is_status_0() -> None:
    """A server that is away is not an exception, but something to try again."""

    async def scenario() -> None:
        async with Server() as server:
            url = server.url
        post = HttpPost(f"{url}/v1/events", proxy=None, ssl=None)
        assert await post.send(b"{}") == Reply(0, b"", 0)
        await post.close()

    run(scenario())


def test_redirects_are_not_followed() -> None:
    """A key must not travel to another host."""

    async def scenario() -> None:
        async def answer(_: web.Request) -> web.Response:
            raise web.HTTPFound("http://127.0.0.1:1/")

        async with Http(answer) as server:
            post = HttpPost(f"{server.url}/v1/events", proxy=None, ssl=None)
            assert (await post.send(b"{}")).status == 302
            await post.close()

    run(scenario())
