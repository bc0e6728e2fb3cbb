"""aiohttp's protocol for one HTTP socket, with what the open internet needs on top."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, cast

import structlog
from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import _ErrInfo

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

    __slots__ = ("_begun", "_buffered", "_guest", "_max_header", "_refused", "_stall", "_wire")

    def __init__(
        self,
        server: web.Server,
        loop: asyncio.AbstractEventLoop,
        idle_s: float,
        guest: Tenancy,
        *,
        max_header: int,
        max_lines: int,
    ) -> None:
        # `idle_s` bounds both the pause between two requests and the time that a further request head may take.
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=idle_s,
            lingering_time=_LINGER_S,
            auto_decompress=False,
            # The head as a whole is what is bounded: by the door, and here for the requests behind the first.
            max_line_size=max_header,
            max_field_size=max_header,
            max_headers=max_lines,
            access_log=None,  # type: ignore[arg-type]  # None turns it off
            logger=_LOG,
        )
        self._max_header = max_header
        # Bytes of a request head that has begun, behind the first request; and whether one of them was too large.
        self._begun = 0
        self._refused = False
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

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        known, between = self._request_count, self._between()
        super().data_received(data)
        came = self._request_count - known
        if came:
            self._begun = 0
            for place in range(-came, 0):
                message = self._messages[place][0]
                if isinstance(message, RawRequestMessage) and _size(message) > self._max_header:
                    self._refused = True
                    self._messages[place] = self._too_large()
        elif between:
            self._begun += len(data)
            if self._begun > self._max_header:
                self._refused = True
                self._messages.append(self._too_large())
                if self._waiter is not None and not self._waiter.done():
                    self._waiter.set_result(None)

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

    def _between(self) -> bool:
        """Whether what comes now is the head of a next request: no body, and nothing behind an upgrade."""
        request = self._current_request
        if request is None:
            return self._waiter is not None and not self._waiter.done()
        return request.content.is_eof() and not self._message_tail

    def _too_large(self) -> tuple[_ErrInfo, StreamReader]:
        """What stands for the head in the library's queue: its turn comes behind the answers that are still due."""
        return _ErrInfo(status=431, exc=LineTooLong(b"", self._max_header), message=""), EMPTY_PAYLOAD

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


def _size(message: RawRequestMessage) -> int:
    """Bytes of a request head, at least: spaces that mean nothing are gone."""
    lines = sum(len(name) + len(value) + 4 for name, value in message.raw_headers)
    return len(message.method) + len(message.path) + len("  HTTP/1.1\r\n\r\n") + lines
