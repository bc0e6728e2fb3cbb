"""What stands around one end of a link when there are no processes: sockets, a loop, an office, someone with routes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

from structlog.testing import capture_logs

from gateway.core.access import Access
from gateway.core.credit import CreditPool
from gateway.core.enrichment import NO_FACTS
from gateway.core.fold import Fold
from gateway.core.foreign import Foreigners
from gateway.core.gate import AcceptGate
from gateway.core.hints import HINTS
from gateway.core.producer import Arrival
from gateway.wire import Limits
from gateway.wire.parcel import Kind, head
from tests.core.simulated_client import NOW
from tests.core.simulation import new_fold
from tests.fuzz.target import Choices

__all__ = ["LIMITS", "Ear", "Guest", "Plug", "Rooms", "Still", "counted", "pieces", "unharmed"]

LIMITS = Limits(262_144, 500, 16)


class Ear:
    """Stands for a link: what is put is counted, and goes nowhere."""

    congested = False
    backlog = 0

    def __init__(self) -> None:
        self.put_count = self.taken_count = 0

    def put(self, kind: Kind, number: int = 0, body: bytes = b"") -> None:
        head(kind, number, len(body))
        self.put_count += 1

    def share(self, number: int, frames: bytes, behind: int) -> int:
        self.put_count += 1
        return self.put_count

    def schedule(self) -> None:
        pass


class Still:
    """Stands for a loop that does not turn."""

    def time(self) -> float:
        return 1.0

    def call_later(self, *_: Any) -> Any:
        return SimpleNamespace(cancel=lambda: None)

    call_soon = call_later

    def create_task(self, work: Any) -> None:
        work.close()


class Plug:
    """Stands for a socket's transport: it takes everything."""

    def __init__(self) -> None:
        self._closing = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("203.0.113.9", 1) if name == "peername" else default

    def write(self, data: bytes) -> None:
        assert isinstance(data, bytes)

    def close(self) -> None:
        self._closing = True

    abort = write_eof = close

    def is_closing(self) -> bool:
        return self._closing

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        pass

    def set_protocol(self, protocol: Any) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class Guest:
    """Stands for whoever gets a socket back."""

    def lost(self) -> None:
        pass

    def returned(self, transport: Any, data: bytes) -> None:
        pass


class Page(asyncio.Protocol):
    """Stands for the routes: says back what it hears, and yields a socket on which a U comes."""

    def __init__(self, guest: Any) -> None:
        self._guest = guest

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)
        if data[:1] == b"U":
            self._guest.returned(self._transport, data)


@contextmanager
def unharmed() -> Iterator[None]:
    """No exception is caught and only logged in here."""
    with capture_logs() as said:
        yield
    assert not [entry for entry in said if entry.get("exc_info")], said


def pieces(data: bytes) -> Iterator[bytes]:
    """The rest of the bytes behind the first two, which say how it is cut."""
    choices = Choices(data)
    size = 1 + choices.below(500)
    stream = choices.rest()
    for at in range(0, len(stream), size):
        yield stream[at : at + size]


def counted(state: Fold, arrivals: list[Arrival]) -> None:
    """What came is counted, each event in one place of the ledger, and can be snapshotted."""
    before = state.ledger.sent
    state.apply(arrivals, state.admit(arrivals), NOW)
    assert state.ledger.sent - before == sum(arrival.events.n for arrival in arrivals)
    assert set(state.ledger.reasons) <= set(HINTS)
    state.advance(NOW)
    state.snapshot()


class Rooms:
    """An `Office` with one fold behind it, and no disk."""

    log_level = "info"

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        ingest = SimpleNamespace(
            level=0,
            join=lambda session: None,
            leave=lambda session: session.close(),
            fence=lambda producer, done: done(),
            submit=self.arrivals.append,
            acks=SimpleNamespace(again=lambda session: None),
        )
        self.fold = new_fold()
        foreigners = Foreigners()
        self.house: Any = SimpleNamespace(
            sessions={},
            fold=self.fold,
            access=Access(("wk",), ()),
            enricher=SimpleNamespace(facts=lambda sender: NO_FACTS),
            pool=CreditPool(64 << 20),
            ingest=ingest,
            hub=None,
            metrics=SimpleNamespace(welcomed=lambda role: None),
            clock=lambda: NOW,
            later=lambda seconds, call: None,
            node="n",
            epoch="e",
            heartbeat_ms=25_000,
            limits=LIMITS,
            numbers=0,
            message_rate=50,
            turn_away=lambda origin: foreigners.refuse(origin, NOW),
        )
        self.gate = AcceptGate(100, 50, 1_000.0, 100.0)
        self.http = Page

    def now(self) -> int:
        return 0

    def renew(self) -> None:
        pass

    tell = renew
