"""A model's application on a port of this machine, of which no connection is left when it has ended."""

from __future__ import annotations

import asyncio

from aiohttp import web

from tests.e2e.accepting import stop_accepting

__all__ = ["Listener"]


class Listener:
    """Serves `app` from `open` to `close`, both on the loop that it is to run on."""

    def __init__(self, app: web.Application) -> None:
        # Whoever is in the middle of a request is not waited for.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._server: asyncio.Server | None = None
        # All that came. aiohttp closes those that it has, without hurry, and would wait for who does not read.
        self._handlers: list[web.RequestHandler] = []

    async def open(self, port: int = 0) -> int:
        """Listen there; 0: on a free one. Gives the port."""
        await self._runner.setup()
        self._server = await asyncio.get_running_loop().create_server(self._accept, "127.0.0.1", port)
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def close(self) -> None:
        """Stop listening and cut every connection without a word, also those that are on their way in."""
        assert self._server is not None
        await stop_accepting(self._server.sockets)
        self._server.close()
        for handler in self._handlers:
            if isinstance(handler.transport, asyncio.WriteTransport):
                handler.transport.abort()
        await self._runner.cleanup()
        await self._server.wait_closed()

    def _accept(self) -> web.RequestHandler:
        assert self._runner.server is not None
        handler = self._runner.server()
        self._handlers.append(handler)
        return handler
