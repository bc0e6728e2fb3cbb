"""A worker: owns sockets, TLS, handshakes, framing, heartbeats and decoding; everything else it asks the other side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from struct import Struct, error, unpack
from typing import Final

import msgspec
import structlog

from gateway.core.access import Origins
from gateway.core.packing import Packer, Schema
from gateway.server.address import own_origins
from gateway.server.connection import Connection
from gateway.server.door import Tenancy, holding_of
from gateway.server.memory import resident_bytes, trim
from gateway.server.tls import tls_context
from gateway.server.wheel import Wheel
from gateway.wire.parcel import LINK, Kind, Parcel, ParcelError
from gateway.wire.replies import Limits
from gateway.workers.entrance import WorkerDoor
from gateway.workers.link import HIGH_WATER, Link
from gateway.workers.passage import Passage
from gateway.workers.place import listen
from gateway.workers.porter import Porter
from gateway.workers.relay import Relay
from gateway.workers.setup import Counts, Setup

__all__ = ["LOOK_S", "Station"]

LOOK_S: Final = 0.05
"""How often slow sockets are looked at."""
PULSE_LOOKS: Final = 10
"""How many looks there are between two pulses."""
TRIM_LOOKS: Final = 100
PACK_BYTES: Final = 1 << 18
"""A shipment goes at once from this size on: the other side can begin with it."""
PAUSED_BYTES: Final = 65_536  # what a socket's own high-water mark is: from there on it says itself when it goes on

_COUNT: Final = Struct("<Q")

_log = structlog.get_logger("tidegate.worker")
_encode = msgspec.msgpack.Encoder().encode
_decode_setup = msgspec.json.Decoder(Setup).decode
_decode_schema = msgspec.json.Decoder(Schema).decode

_Entry = Relay | Passage


class Station:
    """All calls come from the loop of its process. `end` is called when there is nothing left to do."""

    link: Link

    def __init__(self, loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
        self._loop = loop
        self.end = end
        # What decodes; None until there is a schema.
        self.packer: Packer | None = None
        # Connections by their numbers, and the last number given.
        self._entries: dict[int, _Entry] = {}
        self._last = 0
        # Sockets that did not take all that was written.
        self.lagging: dict[Relay, None] = {}
        # What reads nothing while the link is congested.
        self._held_back: dict[Connection | Passage, None] = {}
        self._servers: list[asyncio.Server] = []
        self._setup: Setup | None = None
        # Messages a second that a socket may send, batches apart.
        self.message_rate = 1
        self._wheel = Wheel()
        self._timer: asyncio.TimerHandle | None = None
        self._looks = 0
        self._due = 0.0
        self._lag = 0.0
        # Parcels that the other side knows to be dealt with.
        self._said = 0
        self._handlers: dict[int, Callable[[Parcel], None]] = {
            Kind.SETUP: self._on_setup,
            Kind.SCHEMA: self._on_schema,
            Kind.STATE: self._on_state,
            Kind.ADMITTED: lambda parcel: self._porter.answered(parcel),
            Kind.SHARE: self._on_share,
            Kind.STOP: lambda _: self._on_stop(),
        }

    def attach(self, link: Link) -> None:
        """The link is there."""
        self.link = link
        link.before_write = self._seal
        link.after_read = self._say_taken
        link.relieved = self._go_on

    def now(self) -> int:
        """The loop's time in milliseconds."""
        return int(self._loop.time() * 1000)

    # ---- connections ----------------------------------------------------------------------------------------------

    def enter(self, entry: _Entry) -> int:
        """A connection begins; its number. Numbers come again after 2^32, and not while they are in use."""
        self._last = self._last % 0xFFFFFFFF + 1
        while self._last in self._entries:
            self._last = self._last % 0xFFFFFFFF + 1
        self._entries[self._last] = entry
        return self._last

    def leave(self, number: int) -> None:
        """It is over."""
        entry = self._entries.pop(number, None)
        if isinstance(entry, Relay):
            self.lagging.pop(entry, None)

    def put_in_order(self, kind: Kind, number: int, body: bytes) -> None:
        """Put a parcel behind the batches of the same connection that are kept back for company."""
        if self.packer is not None and number in self.packer.numbers:
            self._seal()
        self.link.put(kind, number, body)

    def packed(self) -> None:
        """Something was added to the packer."""
        if self.packer is not None and self.packer.bytes >= PACK_BYTES:
            self._seal()
        self.link.schedule()

    def wait(self, reader: Connection | Passage) -> None:
        """The link is congested: read nothing more from this one for now."""
        if isinstance(reader, Connection):
            reader.pause_writing()
        self._held_back[reader] = None

    def _seal(self) -> None:
        """Put what is kept back."""
        if self.packer is not None and self.packer.numbers:
            self.link.put(Kind.BATCHES, 0, self.packer.pack())

    def _go_on(self) -> None:
        held, self._held_back = self._held_back, {}
        for reader in held:
            if isinstance(reader, Passage):
                reader.go_on()
            elif reader.buffered < PAUSED_BYTES:
                reader.resume_writing()

    def _say_taken(self) -> None:
        for relay in list(self.lagging):
            relay.report()
        taken = self.link.taken_count
        if taken != self._said:
            self._said = taken
            self.link.put(Kind.TAKEN, 0, _COUNT.pack(taken))

    # ---- parcels --------------------------------------------------------------------------------------------------

    def handle(self, parcel: Parcel) -> None:
        """One parcel of the analytics process.

        Raises:
            ParcelError: it makes no sense.
        """
        try:
            self._handle(parcel)
        except (error, msgspec.MsgspecError, UnicodeDecodeError) as failure:
            raise ParcelError(f"kind {parcel.kind}: {failure}") from None

    def _handle(self, parcel: Parcel) -> None:
        if self._setup is None and parcel.kind not in (Kind.SETUP, Kind.STOP):
            raise ParcelError("a parcel before the setup")
        handler = self._handlers.get(parcel.kind)
        if handler is not None:
            handler(parcel)
            return
        if (entry := self._entries.get(parcel.number)) is not None:
            _guard(entry, lambda: entry.handle(parcel))
        # Else it has gone meanwhile.

    def _on_setup(self, parcel: Parcel) -> None:
        setup = _decode_setup(parcel.body)
        if setup.link != LINK or self._setup is not None:
            raise ParcelError("another version of the link")
        self._setup = setup
        config = setup.config
        self.message_rate = config.message_rate
        self._limits = Limits(config.max_frame, config.max_events, config.max_depth)
        self._porter = Porter(self.link)
        self._wheel.start(self._loop)
        origins = Origins(config.allowed_origins, own_origins(config.host, setup.port))
        self._door = WorkerDoor(
            config,
            self._wheel,
            self._porter,
            lambda: Relay(self),
            self._to_http,
            lambda origin: origins.lets_in(origin, self._porter.turn_away),
            self._loop,
            holding_of(config),
            lambda: self._porter.overloaded,
        )
        self._due = self._loop.time()
        self._look()
        self._starting = self._loop.create_task(self._listen(setup))

    def _to_http(self, guest: Tenancy) -> asyncio.Protocol:
        return Passage(self, guest)

    async def _listen(self, setup: Setup) -> None:
        try:
            self._servers = await listen(self._door, setup.addresses, tls_context(setup.config))
        except Exception as error:
            _log.error("worker_cannot_listen", reason=str(error))
            self.end()
            return
        self.link.put(Kind.READY, 0, LINK.encode())

    def _on_schema(self, parcel: Parcel) -> None:
        assert self._setup is not None
        self._seal()
        try:
            self.packer = Packer(_decode_schema(parcel.body), self._limits, self._setup.config.max_property)
        except (TypeError, ValueError) as failure:
            raise ParcelError(f"a schema that cannot be read: {failure}") from None

    def _on_state(self, parcel: Parcel) -> None:
        self._porter.draining, self._porter.overloaded = bool(parcel.number & 1), bool(parcel.number & 2)

    def _on_share(self, parcel: Parcel) -> None:
        start = 4 * parcel.number
        frames = bytes(parcel.body[start:])
        for number in unpack(f"<{parcel.number}I", parcel.body[:start]):
            entry = self._entries.get(number)
            if isinstance(entry, Relay):
                _guard(entry, partial(entry.write, frames))

    def _on_stop(self) -> None:
        for server in self._servers:
            server.close()
        for entry in list(self._entries.values()):
            if isinstance(entry, Passage):
                entry.close()
        # One turn more, so that what has just been written leaves.
        self._loop.call_soon(self.end)

    # ---- looking after it -----------------------------------------------------------------------------------------

    def _look(self) -> None:
        """What is done now and then."""
        now = self._loop.time()
        self._lag = max(self._lag, now - self._due)
        self._due = now + LOOK_S
        self._timer = self._loop.call_later(LOOK_S, self._look)
        for relay in list(self.lagging):
            if not relay.report():
                self.lagging.pop(relay, None)
        self._looks += 1
        if self._looks % PULSE_LOOKS == 0 and self.link.backlog < HIGH_WATER:
            self.link.put(Kind.PULSE, 0, _encode(self._counts()))
            self._lag = 0.0
        if self._looks % TRIM_LOOKS == 0:
            assert self._setup is not None
            if resident_bytes() * 2 * (self._setup.config.workers + 1) > self._setup.config.memory_cap << 20:
                trim()

    def _counts(self) -> Counts:
        door, terms = self._door, self._door.terms
        return Counts(
            resident_bytes(),
            terms.holding.bytes,
            door.lingering,
            int(self._lag * 1_000),
            terms.holding.cuts,
            terms.frames,
            terms.received,
            door.refused,
            terms.closes,
        )


def _guard(entry: _Entry, call: Callable[[], None]) -> None:
    """What goes wrong with one connection ends that one."""
    try:
        call()
    except ParcelError:
        raise
    except Exception:
        _log.exception("connection_failed")
        entry.cut()
