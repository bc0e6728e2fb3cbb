"""aiohttp's protocol for one HTTP socket, with what the open internet needs on top."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, cast

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from gateway.server.door import Tenancy
from gateway.server.policy import ALWAYS
from gateway.server.sockets import tune

__all__ = ["HttpSocket"]

_LOG: Final = logging.getLogger("tidegate.http")
_log = structlog.get_logger("tidegate.http")

_LINGER_S: Final = 1.0  # reading on after an answer to a request whose body was not wanted
_STALL_S: Final = 15.0  # without a byte going out, before a client that does not read is cut off


class HttpSocket(web.RequestHandler):
    """Answers broken requests without repeating any of them, and lets go of clients that do not read."""

    __slots__ = ("_buffered", "_guest", "_stall", "_wire")

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop, idle_s: float, guest: Tenancy) -> None:
        # `idle_s` bounds both the pause between two requests and the time that a further request head may take.
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=idle_s,
            lingering_time=_LINGER_S,
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]  # None turns it off
            logger=_LOG,
        )
        # Hears once when the socket is gone, or gets it back; None afterwards.
        self._guest: Tenancy | None = guest
        # The transport until it is really gone: the base class lets go of its own when it begins to close.
        self._wire: asyncio.Transport | None = None
        # Runs while writing is paused, and the bytes that waited when it was last looked at.
        self._stall: asyncio.TimerHandle | None = None
        self._buffered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast(asyncio.Transport, transport)
        tune(self._wire)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        self._wire = None
        super().connection_lost(exc)
        if self._guest is not None:
            self._guest.lost()
            self._guest = None

    def give_back(self, head: bytes) -> None:
        """Return the socket to the door, with the head of the request being handled; this protocol has ended then.

        To the base class it looks as if the client had gone, so whatever the handler still answers is dropped.
        """
        wire, guest = self._wire, self._guest
        if wire is None or guest is None:
            return
        # What the client sent behind an upgrade, the parser has kept here.
        tail = self._message_tail
        self._guest = self.transport = None
        self.connection_lost(None)
        guest.returned(wire, head + tail)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Status only: aiohttp's own answer, and its log line, would repeat what the client sent."""
        if isinstance(exc, LineTooLong):
            status = 431
        elif status >= 500:
            _log.error("request_failed", status=status, failure=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was under way")
        answer = web.Response(status=status, headers=ALWAYS)
        answer.force_close()
        return answer

    def _watch(self) -> None:
        if self._wire is not None:
            self._buffered = self._wire.get_write_buffer_size()
            self._stall = asyncio.get_running_loop().call_later(_STALL_S, self._look)

    def _look(self) -> None:
        self._stall = None
        if self._wire is None:
            return
        if self._wire.get_write_buffer_size() < self._buffered:
            self._watch()
        else:
            self._wire.abort()
