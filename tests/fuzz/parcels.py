"""What goes between a worker and the analytics process: parcels each way.

The two trust each other's program and not each other's memory: whatever comes is refused with a `ParcelError`, which
ends the worker, or it means something. Nothing else is raised, nothing fails inside for it, and nothing of it is left.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import msgspec

from gateway.config import Config
from gateway.core.packing import Schema
from gateway.core.unpacking import Unpacker
from gateway.server.connection import Connection
from gateway.server.enricher import Sender
from gateway.wire.parcel import LINK, Kind, Parcel, ParcelError, Parcels, head
from gateway.workers.colleague import Colleague, Office
from gateway.workers.link import Link
from gateway.workers.passage import Passage
from gateway.workers.relay import Relay
from gateway.workers.setup import Counts, Refused, Setup, Whom
from gateway.workers.station import Station
from tests.core.simulation import new_fold
from tests.fuzz.shipments import BATCHES, shipments
from tests.fuzz.stand_ins import Ear, Guest, Plug, Rooms, Still, counted, pieces, unharmed
from tests.fuzz.target import Target

__all__ = ["FROM_WORKER", "TO_WORKER"]

_pack = msgspec.msgpack.encode


def parcel(kind: int, number: int = 0, body: bytes = b"") -> bytes:
    """One, as it is written."""
    return head(cast(Kind, kind), number, len(body)) + body


def from_worker(data: bytes) -> None:
    """Whatever a worker says, it is taken or the worker is refused; when it is gone, all that it held is free."""
    office = Rooms()
    colleague = Colleague(cast(Office, office), Unpacker(office.fold.codec, 1), lambda: None)
    colleague.link = cast(Link, Ear())
    parcels = Parcels()
    with unharmed():
        for one in parcels.feed(_BEGUN):
            colleague.handle(one)
        assert len(office.house.sessions) == 2
        try:
            for piece in pieces(data):
                for one in parcels.feed(piece):
                    colleague.handle(one)
                assert colleague.connections <= office.gate.open
        except ParcelError:
            pass
        colleague.lost()
    assert (office.gate.open, colleague.connections, len(office.house.sessions)) == (0, 0, 0)
    counted(office.fold, office.arrivals)
    vars(office).clear()  # an engine should not have to wait for the collector


_HELLO = (
    b'{"type":"hello","v":1,"role":"producer","token":"wk","producer":{"id":"p","epoch":1,"next_seq":1},'
    b'"defaults":{"distinct_id":"d","properties":{"country":"DE"}}}'
)
_BEGUN = (
    parcel(Kind.READY, 0, LINK.encode())
    + b"".join([parcel(Kind.ADMIT, number, b"\x0010.0.0.%d" % number) for number in range(1, 5)])
    + parcel(Kind.OPEN, 1, _pack(Whom("10.0.0.1", "http://a", "agent", "tidegate.v1")))
    + parcel(Kind.OPEN, 2, _pack(Whom("10.0.0.2", None, None, "tidegate.v1+msgpack")))
    + parcel(Kind.HTTP_OPEN, 3, b"\x0110.0.0.3")
    + parcel(Kind.MESSAGE, 1, _HELLO)
)


_WORDS = tuple(
    parcel(kind, number, body)
    for kind, number, body in (
        *((Kind.ADMIT, 9, b"\x0110.0.0.9"), (Kind.ADMIT, 9, b"\x00::1"), (Kind.RELEASE, 0, b"10.0.0.1")),
        *((Kind.MOVE, 9, _pack(("10.0.0.4", "2001:db8::1"))), (Kind.FAULT, 0, b"10.0.0.1")),
        *((Kind.REFUSED, 0, b"draining"), (Kind.HEARTBEAT, 1, b""), (Kind.CLOSED, 1, b"\xe8\x03bye")),
        *((Kind.OPEN, 4, _pack(Whom("10.0.0.4", None, None, "tidegate.v1+protobuf"))), (Kind.MESSAGE, 2, b"\x80")),
        *((Kind.TAKEN, 0, b"\x02" + bytes(7)), (Kind.WAITING, 1, b"\xff\0\0\0"), (Kind.PULSE, 0, _pack(Counts(1)))),
        *((Kind.HTTP_DATA, 3, b"GET /"), (Kind.HTTP_DATA, 3, b"U"), (Kind.HTTP_TAKEN, 3, b"\x01\0\0\0")),
        *((Kind.HTTP_LOST, 3, b""), (Kind.HTTP_BACK, 3, b""), (Kind.HTTP_OPEN, 4, b"\x00::1")),
        (Kind.MESSAGE, 1, b'[{"type":"pong","now":1},{"type":"auth","token":"x"}]'),
    )
)
FROM_WORKER = Target(
    "from_worker",
    from_worker,
    (
        *(b"\x00\x00" + word for word in _WORDS),
        *(b"\x00\x00" + parcel(kind, 3) for kind in Kind),
        b"\xff\x00" + b"".join(_WORDS),
        b"\xff\x00" + b"".join([parcel(Kind.BATCHES, 0, body) for body in shipments()]),
        b"\x07\x00" + b"".join([parcel(Kind.BATCHES, 0, body) for body in shipments()[:2]]) + _WORDS[7],
    ),
    (
        *(b"\xff\xff\xff\xff", b"\x00\x00\x00\x10", *_WORDS, *(bytes([kind]) for kind in Kind)),
        *(b"\xc0", b"\x90", b"\xdd\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xcb\x7f\xf8\0\0\0\0\0\0", b"\xd3\x80"),
    ),
)


def to_worker(data: bytes) -> None:
    """Whatever the analytics process says, a worker does it, or refuses to go on."""
    ended: list[bool] = []
    station = Station(cast(Any, Still()), lambda: ended.append(True))
    link = Ear()
    station.attach(cast(Any, link))
    parcels = Parcels()
    with unharmed():
        for one in parcels.feed(_GREETING):
            station.handle(one)
        _people(station)
        try:
            for piece in pieces(data):
                for one in parcels.feed(piece):
                    link.taken_count += 1
                    station.handle(one)
                station._say_taken()
                station._seal()
        except ParcelError:
            pass


def _people(station: Station) -> None:
    """A producer that has sent a batch, a silent socket, one with the routes, and one that waits to be let in."""
    for text in (True, False):
        relay = Relay(station)
        connection = Connection(station._door.terms, relay, Sender("10.0.0.1"))
        connection.connection_made(cast(Any, Plug()))
        if text:
            station.handle(Parcel(Kind.WELCOMED, 1, memoryview(b"p")))
            relay.message(BATCHES[0])
    Passage(station, Guest()).connection_made(cast(Any, Plug()))
    station._door().connection_made(cast(Any, Plug()))


@cache
def greeting() -> bytes:
    """The first parcels."""
    setup = Setup(LINK, Config(), [], 0)
    schema = Schema.of(new_fold().codec.reader, 1)
    return parcel(Kind.SETUP, 0, msgspec.json.encode(setup)) + parcel(Kind.SCHEMA, 0, msgspec.json.encode(schema))


_GREETING = greeting()
_ORDERS = tuple(
    parcel(kind, number, body)
    for kind, number, body in (
        *((Kind.STATE, 3, b""), (Kind.ADMITTED, 1, b""), (Kind.ADMITTED, 1, _pack(Refused(429, 5, "ip")))),
        *((Kind.SEND, 1, b'{"type":"ack"}'), (Kind.FRAMES, 2, b"\x81\x02{}"), (Kind.WELCOMED, 2, b"v")),
        *((Kind.SHARE, 2, b"\x01\0\0\0\x02\0\0\0\x81\x02{}"), (Kind.CLOSE, 1, b"\xf4\x03again"), (Kind.STOP, 0, b"")),
        *((Kind.ABORT, 2, b"\xee\x03"), (Kind.CLOSE, 2, b"\xa0\x0f"), (Kind.HTTP_WRITE, 3, b"HTTP/1.1 200 OK\r\n\r\n")),
        *((Kind.HTTP_CLOSE, 3, b""), (Kind.HTTP_ABORT, 3, b""), (Kind.HTTP_PAUSE, 3, b""), (Kind.HTTP_RESUME, 3, b"")),
        *((Kind.HTTP_YIELD, 3, b""), (Kind.HTTP_RETURN, 3, b"GET / HTTP/1.1\r\n\r\n"), (Kind.HTTP_END, 3, b"")),
    )
)
TO_WORKER = Target(
    "to_worker",
    to_worker,
    (*(b"\x00\x00" + order for order in _ORDERS), b"\xff\x00" + b"".join(_ORDERS), b"\x05\x00" + _GREETING),
    (
        *(b"\xff\xff\xff\xff", *_ORDERS, *(bytes([kind]) for kind in Kind)),
        *(b'"names":[', b'"coded":[', b'"fixed":["event"]', b'"number":', b"\xc1", b"\xff", b"\x00\x00", b"null"),
    ),
)
