"""One port for everything: reads the first request head of a socket and hands the transport to who understands it.

An `Upgrade: websocket` goes to a `Connection`, all else to an HTTP protocol, each with the bytes read so far. Before
that, a socket is nobody's: its head is bounded in bytes, lines and time, and the gate may refuse it. Refusals are
plain HTTP, written when the head is complete, because a client that is still sending would see a reset instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, cast

from gateway.config import Config
from gateway.core.gate import AcceptGate, Refusal
from gateway.core.holding import Holding
from gateway.core.proxies import Proxies
from gateway.server.connection import Connection
from gateway.server.enricher import Sender
from gateway.server.handshake import Answer, answer, wants_websocket
from gateway.server.plain import plain
from gateway.server.sockets import peer_address
from gateway.server.terms import Endpoint, Holder, Terms
from gateway.server.wheel import NEVER, Wheel
from gateway.wire.encoding import ENCODINGS, JSON

__all__ = ["Door", "Guest", "HttpFactory", "Tenancy", "gate_of", "holding_of"]


class Tenancy(Protocol):
    """A socket that an HTTP protocol has. That protocol calls one of the two, once."""

    def lost(self) -> None:
        """The socket is gone."""

    def returned(self, transport: asyncio.Transport, data: bytes) -> None:
        """The socket is the door's again, and `data`, a complete request head first, comes from it."""


HttpFactory = Callable[[Tenancy], asyncio.Protocol]
"""Makes the HTTP protocol of one socket."""

_LINGER_S: Final = 1.0  # for the client to read a refusal and hang up
_MAX_LINGERING: Final = 256  # refused sockets that may wait for their answer; further ones are just dropped


class Door:
    """The protocol factory to give to `loop.create_server`.

    `gate.draining` and `overloaded` turn upgrades away with 503; plain HTTP still gets through, for health checks and
    scrapes.
    """

    def __init__(
        self,
        config: Config,
        wheel: Wheel,
        gate: AcceptGate,
        endpoint: Callable[[], Endpoint],
        http: HttpFactory,
        allowed: Callable[[str], bool],
        loop: asyncio.AbstractEventLoop,
        holding: Holding[Holder],
        overloaded: Callable[[], bool],
    ) -> None:
        self.gate = gate
        self.endpoint = endpoint
        self.http = http
        # Whether an `Origin` may open a WebSocket.
        self.allowed = allowed
        # Whether new WebSockets are to be refused.
        self.overloaded = overloaded
        self.proxies = Proxies(config.trusted_proxies)
        # A browser's `User-Agent` stays with its socket only if someone will read it.
        self.keeps_agents = config.parse_agents
        self.terms = Terms.of(config, wheel, loop, gate.release, self._fault, holding)
        self.max_header = config.max_header
        self.max_lines = config.max_header_lines
        self.header_s = config.header_timeout_ms / 1000
        # What a client hears that comes during a drain.
        self.drain_retry = config.drain_ms // 1000 + 1
        # Handshakes refused, by HTTP status, since the start.
        self.refused: dict[int, int] = {}
        # Refused sockets that still wait for their answer.
        self.lingering = 0

    def __call__(self) -> FirstRequest:
        return FirstRequest(self)

    def _fault(self, ip: str) -> None:
        self.gate.fault(ip, int(self.terms.clock() * 1000))


def gate_of(config: Config, sockets: int) -> AcceptGate:
    """The gate that `config` sets, for as many `sockets` in all."""
    return AcceptGate(sockets, config.max_connections_per_ip, config.accept_rate, config.accept_rate_per_ip)


def holding_of(config: Config) -> Holding[Holder]:
    """The holding of one process that `config` sets: with workers, each has a share, and so has who reads bodies."""
    return Holding((config.receive_pool << 20) // (1 if config.workers == 1 else config.workers + 1))


class Guest:
    """A socket that an HTTP protocol has; its slot is still held. That protocol calls one of the two, once."""

    __slots__ = ("_door", "_ip")

    def __init__(self, door: Door, ip: str) -> None:
        self._door = door
        self._ip = ip

    def lost(self) -> None:
        """The socket is gone."""
        self._door.gate.release(self._ip)

    def returned(self, transport: asyncio.Transport, data: bytes) -> None:
        """The socket is the door's again, and `data`, a complete request head first, comes from it.

        Proxies keep their sockets and send anything over them, so that an upgrade need not be the first request.
        """
        self._door().resume(transport, self._ip, data)


class FirstRequest(asyncio.Protocol):
    """A socket until its first request head is complete."""

    __slots__ = ("_door", "_head", "_ip", "_lines", "_over", "_refusal", "_transport", "slot")

    _transport: asyncio.Transport

    def __init__(self, door: Door) -> None:
        self._door = door
        # Place on the wheel; the wheel's own.
        self.slot = 0
        # What has come so far, and the line ends in it.
        self._head = bytearray()
        self._lines = 0
        # The gate's slot is held under this address; None when it is not ours to release.
        self._ip: str | None = None
        # Why the gate said no.
        self._refusal: Refusal | None = None
        # True once an answer was written: whatever still comes is thrown away.
        self._over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not every loop's transports are subclasses of asyncio's.
        door = self._door
        self._transport = cast(asyncio.Transport, transport)
        ip = peer_address(transport)
        now = door.terms.clock()
        self._refusal = door.gate.admit(ip, int(now * 1000), shared=door.proxies.trusts(ip))
        if self._refusal is None:
            self._ip = ip
            door.terms.wheel.put(self, now + door.header_s)
            return
        door.lingering += 1
        if door.lingering > _MAX_LINGERING:
            self._transport.abort()
        door.terms.wheel.put(self, now + _LINGER_S)

    def resume(self, transport: asyncio.Transport, ip: str, data: bytes) -> None:
        """Go on with a socket that was admitted before."""
        self._transport, self._ip = transport, ip
        self._door.terms.wheel.put(self, self._door.terms.clock() + self._door.header_s)
        transport.set_protocol(self)
        transport.resume_reading()
        self.data_received(data)

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        head = self._head
        known = len(head)
        head += data
        end = head.find(b"\r\n\r\n", max(0, known - 3))
        if end < 0:
            self._lines += data.count(b"\n")
            size = len(head)
        else:
            self._lines = head.count(b"\n", 0, end)
            size = end + 4
        # The request line is not a header line.
        if size > self._door.max_header or self._lines > self._door.max_lines:
            if self._ip is not None:
                self._door.terms.fault(self._ip)
            self._answer(431, plain(431))
        elif end >= 0:
            self._dispatch(size)
        elif _hopeless(head):
            self._answer(400, plain(400))
        else:
            for oldest in self._door.terms.holding.hold(self, size):
                oldest.cut()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._door.terms.wheel.remove(self)
        self._door.terms.holding.hold(self, 0)
        if self._refusal is not None:
            self._door.lingering -= 1
        if self._ip is not None:
            self._door.gate.release(self._ip)

    def check(self, _now: float) -> float:
        """The head did not come in time, or the client did not hang up: either way this is the end."""
        if self._ip is not None and not self._over and self._head:
            self._door.terms.fault(self._ip)
        self._transport.abort()
        return NEVER

    def cut(self) -> None:
        """Request heads and the like became too much, and this one was the oldest."""
        self._transport.abort()

    def _dispatch(self, size: int) -> None:
        door = self._door
        door.terms.holding.hold(self, 0)
        if self._refusal is not None:
            self._refuse(self._refusal)
        elif not self._head[:1].isalpha() or _folded(self._head, size):
            self._answer(400, plain(400))
        elif not wants_websocket(self._head[:size]):
            self._to_http()
        elif door.gate.draining:
            self._refuse(door.gate.refuse_draining(door.drain_retry))
        elif door.overloaded():
            self._refuse(door.gate.refuse_overload())
        else:
            self._to_websocket(size)

    def _to_http(self) -> None:
        assert self._ip is not None
        door, ip, self._ip = self._door, self._ip, None
        door.terms.wheel.remove(self)
        protocol = door.http(Guest(door, ip))
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(bytes(self._head))

    def _to_websocket(self, size: int) -> None:
        assert self._ip is not None
        door = self._door
        reply = answer(bytes(self._head[:size]), door.allowed)
        if reply.status != 101:
            self._answer(reply.status, reply.data)
            return
        self._move(door.proxies.client(self._ip, reply.forwarded), reply, size)

    def _move(self, client: str, reply: Answer, size: int) -> None:
        assert self._ip is not None
        refusal = self._door.gate.move(self._ip, client, int(self._door.terms.clock() * 1000))
        if refusal is None:
            self._welcome(client, reply, size)
        else:
            self._refuse(refusal)

    def _welcome(self, client: str, reply: Answer, size: int) -> None:
        """The slot is `client`'s, and the socket speaks WebSocket."""
        door, self._ip = self._door, None
        door.terms.wheel.remove(self)
        self._transport.write(reply.data)
        encoding = ENCODINGS[reply.subprotocol or JSON]
        sender = Sender(client, reply.origin, reply.agent if door.keeps_agents else None, encoding)
        connection = Connection(door.terms, door.endpoint(), sender)
        self._transport.set_protocol(connection)
        connection.connection_made(self._transport)
        if len(self._head) > size:
            connection.data_received(bytes(self._head[size:]))

    def _refuse(self, refusal: Refusal) -> None:
        slug = refusal.cause if refusal.cause in ("draining", "overload") else "too_many_connections"
        self._answer(refusal.status, plain(refusal.status, slug, headers=(f"Retry-After: {refusal.retry_after}",)))

    def _answer(self, status: int, data: bytes) -> None:
        """Write the last word, then wait a moment for the client to take it."""
        door = self._door
        door.refused[status] = door.refused.get(status, 0) + 1
        self._over = True
        self._head.clear()
        door.terms.holding.hold(self, 0)
        self._transport.write(data)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()
        door.terms.wheel.put(self, door.terms.clock() + _LINGER_S)


def _hopeless(head: bytearray) -> bool:
    """Whether this cannot become a request head: it does not begin with a letter, or its lines end in a bare LF.

    It answers the likes of a TLS greeting on a plain port at once, rather than after the time-out.
    """
    return not head[:1].isalpha() or b"\n\n" in head


def _folded(head: bytearray, size: int) -> bool:
    """Whether a header continues on the next line, which RFC 9112 forbids and proxies read in two ways."""
    return head.find(b"\n ", 0, size) >= 0 or head.find(b"\n\t", 0, size) >= 0
