"""The opening handshake: the bytes of a request head in, the bytes of the answer out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Final, NamedTuple

from websockets import http11
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from gateway.server.plain import plain
from gateway.wire.encoding import ENCODINGS

__all__ = ["WS_PATH", "Answer", "answer", "wants_websocket"]

WS_PATH: Final = "/v1/ws"

_LOG: Final = logging.getLogger("tidegate.websockets")
_LOG.setLevel(logging.ERROR)  # the package logs each frame at DEBUG and each socket at INFO; we count instead

_HEADERS: Final = {
    405: ("Allow: GET",),
    426: ("Upgrade: websocket", "Sec-WebSocket-Version: 13"),
}
_SLUGS: Final = {405: "method", 426: "upgrade_required", 505: "http_version"}


# The door has bounded the head as a whole, by our settings; the package's bounds on its lines would make those untrue.
http11.MAX_LINE_LENGTH = http11.MAX_NUM_HEADERS = sys.maxsize


class Answer(NamedTuple):
    """What goes back. `status` 101 means that the socket now speaks WebSocket; after any other it is closed."""

    status: int
    data: bytes
    origin: str | None = None
    forwarded: str | None = None
    agent: str | None = None
    subprotocol: str | None = None


def wants_websocket(head: bytes | bytearray) -> bool:
    """Whether a request head asks for an upgrade to WebSocket. One pass over the head."""
    lowered = bytes(head).lower()
    start = lowered.find(b"\nupgrade")
    while start >= 0:
        end = lowered.find(b"\r\n", start)
        name, _, value = lowered[start + 1 : end].partition(b":")
        if name == b"upgrade" and b"websocket" in value:
            return True
        start = lowered.find(b"\nupgrade", start + 1)
    return False


def answer(head: bytes, allowed: Callable[[str], bool]) -> Answer:
    """Judge a request head, which is not too large and ends with an empty line; `allowed` decides on an `Origin`.

    The protocol object that parses the head is dropped with it: it would keep every header alive with the socket.
    """
    protocol = ServerProtocol(subprotocols=[Subprotocol(name) for name in ENCODINGS], logger=_LOG)
    protocol.receive_data(head)
    events = protocol.events_received()
    if not events:
        return _refuse(400, None)
    request = events[0]
    assert isinstance(request, Request)
    refusal, origin = _judge(request, allowed)
    if refusal is not None:
        return refusal
    response = protocol.accept(request)
    if response.status_code != 101:
        return _refuse(response.status_code, _SLUGS.get(response.status_code, "handshake"))
    forwarded, agent = _joined(request, "X-Forwarded-For"), _joined(request, "User-Agent")
    return Answer(101, response.serialize(), origin, forwarded, agent, protocol.subprotocol)


def _judge(request: Request, allowed: Callable[[str], bool]) -> tuple[Answer | None, str | None]:
    """What `ServerProtocol.accept` does not look at: the path, the host and the origin."""
    if request.path.partition("?")[0] != WS_PATH:
        return _refuse(404, "not_found"), None
    # RFC 9112, 3.2: exactly one Host. It is never compared with anything: whoever connects can write it.
    if len(request.headers.get_all("Host")) != 1:
        return _refuse(400, "host"), None
    origins = request.headers.get_all("Origin")
    if len(origins) > 1:
        return _refuse(400, "origin"), None
    origin = origins[0] if origins else None
    if origin is not None and not allowed(origin):
        return _refuse(403, "origin"), None
    return None, origin


def _joined(request: Request, name: str) -> str | None:
    """A header that may come in several lines, as one."""
    return ", ".join(request.headers.get_all(name)) or None


def _refuse(status: int, slug: str | None) -> Answer:
    return Answer(status, plain(status, slug, headers=_HEADERS.get(status, ())))
