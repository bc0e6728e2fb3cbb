"""One worker as the analytics process sees it: its link, its connections, what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from struct import Struct, error
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
import structlog

from gateway.core.gate import Refusal
from gateway.core.unpacking import Unpacker
from gateway.server.enricher import Sender
from gateway.server.session import Session
from gateway.wire.encoding import ENCODINGS
from gateway.wire.parcel import LINK, Kind, Parcel, ParcelError, coded, flagged
from gateway.workers.link import Link
from gateway.workers.lobby import Lobby
from gateway.workers.proxy import Proxy
from gateway.workers.setup import Counts, Refused, Whom

if TYPE_CHECKING:
    from gateway.core.gate import AcceptGate
    from gateway.server.door import HttpFactory
    from gateway.server.house import House

__all__ = ["Colleague", "Office"]

_BYTES: Final = Struct("<I")
_COUNT: Final = Struct("<Q")
RESTART: Final = 1012
_OURS: Final = 1011

_log = structlog.get_logger("tidegate.workers")
_encode = msgspec.msgpack.Encoder().encode
_decode_whom = msgspec.msgpack.Decoder(Whom).decode
_decode_counts = msgspec.msgpack.Decoder(Counts).decode
_decode_move = msgspec.msgpack.Decoder(tuple[str, str]).decode


class Office(Protocol):
    """What all colleagues share."""

    house: House
    gate: AcceptGate
    http: HttpFactory
    log_level: str

    def now(self) -> int:
        """The loop's time in milliseconds."""

    def renew(self) -> None:
        """See to it that unpackers are those of the KPI set that runs."""

    def tell(self) -> None:
        """See to it that workers know whether newcomers are refused."""


class Colleague:
    """From the start of a worker's process to its end. `ready` is called when it listens."""

    link: Link

    def __init__(self, office: Office, unpacker: Unpacker, ready: Callable[[], None]) -> None:
        self._office = office
        self._ready = ready
        self.unpacker = unpacker
        self.is_listening = False
        self.counts = Counts()
        # Of the parcels put on the link, how many it has dealt with.
        self.dealt_with = 0
        # Looks since it was last heard of; see `Staff`.
        self.silence = 0
        # Sessions that wanted to write and could not.
        self.wanting: dict[Proxy, None] = {}
        self._proxies: dict[int, Proxy] = {}
        self.lobby = Lobby(self, office.http)
        # Slots of the gate that it holds, by address and in all.
        self._slots: Counter[str] = Counter()
        self._held = 0
        self._handlers: dict[int, Callable[[int, memoryview], None]] = {
            Kind.BATCHES: self._on_batches,
            Kind.MESSAGE: self._on_message,
            Kind.TAKEN: self._on_taken,
            Kind.WAITING: self._on_waiting,
            Kind.HEARTBEAT: self._on_heartbeat,
            Kind.PULSE: self._on_pulse,
            Kind.ADMIT: self._on_admit,
            Kind.MOVE: self._on_move,
            Kind.RELEASE: self._on_release,
            Kind.FAULT: self._on_fault,
            Kind.REFUSED: self._on_refused,
            Kind.FOREIGN: self._on_foreign,
            Kind.OPEN: self._on_open,
            Kind.CLOSED: self._on_closed,
            Kind.READY: self._on_ready,
            **self.lobby.handlers,
        }

    @property
    def connections(self) -> int:
        """Open sockets, HTTP included."""
        return len(self._proxies) + len(self.lobby.conduits)

    def handle(self, parcel: Parcel) -> None:
        """One parcel of the worker.

        Raises:
            ParcelError: it makes no sense; the worker has to go.
        """
        self.silence = 0
        handler = self._handlers.get(parcel.kind)
        if handler is None:
            raise ParcelError(f"a parcel of kind {parcel.kind}")
        try:
            handler(parcel.number, parcel.body)
        except (error, msgspec.MsgspecError, UnicodeDecodeError) as failure:
            raise ParcelError(f"kind {parcel.kind}: {failure}") from None

    def lost(self) -> None:
        """The worker is gone: so are its sockets."""
        self.is_listening = False
        proxies, self._proxies = self._proxies, {}
        self.wanting.clear()
        for proxy in proxies.values():
            proxy.gone()
            self._guard(proxy, lambda proxy=proxy: proxy.session.closed(1006, ""))  # type: ignore[misc]
        self.lobby.lost()
        for ip in self._slots.elements():
            self._office.gate.release(ip)
        self._slots.clear()
        self._held = 0

    def begin(self, number: int) -> None:
        """A connection begins.

        Raises:
            ParcelError: its number is another's; or it has no slot of the gate, which bounds how many there are.
        """
        if number in self._proxies or number in self.lobby.conduits:
            raise ParcelError("a socket that is there already")
        if self.connections >= self._held:
            raise ParcelError("a socket that was not admitted")

    # ---- WebSockets -----------------------------------------------------------------------------------------------

    def _on_open(self, number: int, body: memoryview) -> None:
        whom = _decode_whom(body)
        if whom.subprotocol not in ENCODINGS:
            raise ParcelError("a WebSocket that speaks nothing")
        self.begin(number)
        sender = Sender(whom.address, whom.origin, whom.agent, ENCODINGS[whom.subprotocol])
        session = Session(self._office.house)
        proxy = self._proxies[number] = Proxy(self, number, sender, session)
        self._guard(proxy, lambda: session.opened(proxy))
        if self._office.gate.draining:
            # It was let in before its worker heard of the drain, and has missed the word.
            session.end(RESTART)

    def _on_message(self, number: int, body: memoryview) -> None:
        proxy = self._proxy(number)
        session = proxy.session
        self._guard(proxy, lambda: session.message(bytes(body)))
        if session.ready and not proxy.told:
            proxy.told = True
            self.link.put(Kind.WELCOMED, number, b"v" if session.is_viewer else b"p")

    def _on_batches(self, _number: int, body: memoryview) -> None:
        self._office.renew()
        proxies = self._proxies
        for number, size, batch in self.unpacker.unpack(body):
            proxy = proxies.get(number)
            if proxy is None:
                raise ParcelError("a batch of nobody")
            try:
                proxy.session.batch(batch, size)
            except Exception:
                self._crash(proxy)

    def _on_heartbeat(self, number: int, _body: memoryview) -> None:
        proxy = self._proxy(number)
        self._guard(proxy, proxy.session.heartbeat)

    def _on_closed(self, number: int, body: memoryview) -> None:
        proxy = self._proxy(number)
        code, reason = coded(body)
        del self._proxies[number]
        self.wanting.pop(proxy, None)
        proxy.gone()
        self._guard(proxy, lambda: proxy.session.closed(code, reason))

    def _on_taken(self, _number: int, body: memoryview) -> None:
        taken = _COUNT.unpack(body)[0]
        if not self.dealt_with <= taken <= self.link.put_count:
            raise ParcelError("a count of parcels that were not sent")
        self.dealt_with = taken
        if self.wanting:
            self._let_write(list(self.wanting))

    def _on_waiting(self, number: int, body: memoryview) -> None:
        proxy = self._proxy(number)
        proxy.waiting = _BYTES.unpack(body)[0]
        if proxy in self.wanting:
            self._let_write([proxy])

    def _let_write(self, proxies: list[Proxy]) -> None:
        for proxy in proxies:
            if proxy.has_room:
                del self.wanting[proxy]
                self._guard(proxy, proxy.session.writable)

    def _proxy(self, number: int) -> Proxy:
        try:
            return self._proxies[number]
        except KeyError:
            raise ParcelError("a WebSocket that is not there") from None

    def _guard(self, proxy: Proxy, call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception:
            self._crash(proxy)

    def _crash(self, proxy: Proxy) -> None:
        _log.exception("endpoint_failed")
        proxy.close(_OURS)

    # ---- the gate -------------------------------------------------------------------------------------------------

    def _on_admit(self, number: int, body: memoryview) -> None:
        # Whoever comes from now on is told what holds now.
        self._office.tell()
        shared, ip = flagged(body)
        refusal = self._office.gate.admit(ip, self._office.now(), shared=shared)
        if refusal is None:
            self._slots[ip] += 1
            self._held += 1
        self._answer(number, refusal)

    def _on_move(self, number: int, body: memoryview) -> None:
        ip, client = _decode_move(body)
        if not self._slots[ip]:
            raise ParcelError("a slot that is not held")
        refusal = self._office.gate.move(ip, client, self._office.now())
        if refusal is None:
            self._give_up(ip)
            self._slots[client] += 1
            self._held += 1
        self._answer(number, refusal)

    def _answer(self, number: int, refusal: Refusal | None) -> None:
        self.link.put(Kind.ADMITTED, number, b"" if refusal is None else _encode(Refused(*refusal)))

    def _on_release(self, _number: int, body: memoryview) -> None:
        ip = bytes(body).decode()
        if not self._slots[ip]:
            raise ParcelError("a slot that is not held")
        self._give_up(ip)
        self._office.gate.release(ip)

    def _give_up(self, ip: str) -> None:
        self._held -= 1
        self._slots[ip] -= 1
        if not self._slots[ip]:
            del self._slots[ip]

    def _on_fault(self, _number: int, body: memoryview) -> None:
        self._office.gate.fault(bytes(body).decode(), self._office.now())

    def _on_refused(self, _number: int, body: memoryview) -> None:
        cause, refused = bytes(body).decode(), self._office.gate.refused
        if cause not in refused:
            raise ParcelError("a refusal without a cause")
        refused[cause] += 1

    def _on_foreign(self, _number: int, body: memoryview) -> None:
        self._office.house.turn_away(bytes(body).decode())

    # ---- itself ---------------------------------------------------------------------------------------------------

    def _on_ready(self, _number: int, body: memoryview) -> None:
        if bytes(body) != LINK.encode():
            raise ParcelError("another version of the link")
        self.is_listening = True
        self._ready()

    def _on_pulse(self, _number: int, body: memoryview) -> None:
        self.counts = _decode_counts(body)
