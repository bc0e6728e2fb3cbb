"""The producer as an asyncio client: `capture` events, `flush` them, read the `ledger`."""

from __future__ import annotations

import random
import ssl as tls
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from client_sdk.python.actions import Verdict
from client_sdk.python.address import Address
from client_sdk.python.backlog import LOW_PRIORITY, Backlog
from client_sdk.python.clock import Clock
from client_sdk.python.delivery import Delivery, Listeners
from client_sdk.python.encoding import encoding_of
from client_sdk.python.errors import SpoolError
from client_sdk.python.event import Event, encode_event
from client_sdk.python.ids import uuid7
from client_sdk.python.journal import Saved
from client_sdk.python.ledger import Ledger
from client_sdk.python.link import State
from client_sdk.python.messages import Push, Sdk
from client_sdk.python.producer import Producer
from client_sdk.python.spool import Spool
from client_sdk.python.transport import HttpPost, Opener

__all__ = ["AsyncClient"]

VERSION = "0.1.0"


class AsyncClient:
    """Sends events to a gateway over one WebSocket, and over HTTP while no socket can be opened.

    Every event is delivered once, or counted as expired or rejected: across drops, reconnects and server restarts,
    and with a `spool` across restarts of this process. All methods belong to the loop's thread, `make` excepted.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        producer_id: str | None = None,
        distinct_id: str | None = None,
        session_id: str | None = None,
        properties: Mapping[str, Any] | None = None,
        spool: str | Path | None = None,
        max_queue: int = 10_000,
        max_queue_bytes: int = 16 << 20,
        low_priority: Collection[str] = LOW_PRIORITY,
        http_fallback: bool = True,
        encoding: str = "json",
        on_verdict: Callable[[Verdict], None] | None = None,
        on_state: Callable[[State, str], None] | None = None,
        on_push: Callable[[Push], None] | None = None,
        proxy: str | None = None,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        """Set up; nothing is sent before `start`.

        Args:
            url: the gateway, such as `http://localhost:8080`.
            key: a write key or a JWT.
            producer_id: identity of this producer; without one, that of the spool, or a new one.
            distinct_id: of events that bring none; the producer id by default.
            session_id: of events that bring none.
            properties: of all events; sent once a connection, an event's own win.
            spool: a file that keeps unsent events beyond the process; in memory only without one.
            max_queue: events that may wait; beyond it or `max_queue_bytes` the oldest expire.
            low_priority: event names that expire while the server asks to shed load.
            http_fallback: whether to post when no socket can be opened.
            encoding: how messages are written on the socket: `json`, or `msgpack` or `protobuf`, which take fewer bytes
                and cost the server more; `protobuf` needs the package of that name. Posts and the spool are JSON.
            on_verdict: called for each event that was not plainly accepted.
            on_state: called with each new state and the reason for it.
            on_push: called when the server sends flags, experiments or surveys.
            proxy: URL of a proxy.
            ssl: TLS settings for https and wss.

        Raises:
            ValueError: the URL, the key, `producer_id`, a cap of the queue, `encoding`, `properties` or an id of all
                events (an `EventError`) cannot be used.
            EncodingError: the encoding needs a package that is not installed.
            SpoolError: the spool cannot be used, or has another producer id.
        """
        address = Address.parse(url)
        _check_text("key", key)
        if producer_id is not None:
            _check_text("producer_id", producer_id)
        for name, cap in (("max_queue", max_queue), ("max_queue_bytes", max_queue_bytes)):
            if not isinstance(cap, int) or cap < 1:
                raise ValueError(f"{name}: {cap!r} is no whole number above 0")
        written = encoding_of(encoding)
        common = {"$lib": "python", "$lib_version": VERSION, **(properties or {})}
        ids = {"distinct_id": distinct_id or None, "session_id": session_id or None}
        encode_event("defaults", common, uuid=uuid7(0, 0), timestamp=0, **ids)
        self._clock = Clock()
        store, saved = self._identify(producer_id, spool)
        self._backlog = Backlog(
            saved,
            max_events=max_queue,
            max_bytes=max_queue_bytes,
            low_priority=low_priority,
            journaling=store is not None,
        )
        # Both ids go into each event: one that waits in a spool must not take over those of a later process.
        self._distinct_id = distinct_id or saved.producer_id
        self._session_id = session_id
        producer = Producer(key, self._backlog, {"properties": common}, Sdk("python", VERSION), written)
        post = HttpPost(address.events, proxy=proxy, ssl=ssl) if http_fallback else None
        opener = Opener(address.socket, proxy=proxy, ssl=ssl, subprotocol=written.subprotocol)
        listeners = Listeners(on_verdict, on_state, on_push)
        self._producer = producer
        self._delivery = Delivery(producer, self._clock, opener, post, store, listeners)

    @property
    def producer_id(self) -> str:
        """The identity under which the server remembers what it has."""
        return self._backlog.producer_id

    @property
    def state(self) -> State:
        """What the client is doing."""
        return self._delivery.state

    @property
    def level(self) -> int:
        """The server's last advice: 0 normal, 1 slower, 2 shed, 3 hold."""
        return self._producer.level

    def ledger(self) -> Ledger:
        """The account of all events at this moment."""
        return self._backlog.ledger()

    async def start(self) -> None:
        """Begin to connect and to send, unless it has begun. Returns at once; the state tells how it goes.

        Raises:
            ClosedError: the client is closed.
        """
        self._delivery.start()

    def capture(
        self,
        event: str,
        properties: Mapping[str, Any] | None = None,
        *,
        distinct_id: str | None = None,
        session_id: str | None = None,
        timestamp: int | float | datetime | str | None = None,
        uuid: str | None = None,
    ) -> str:
        """Take one event; returns its uuid. Never waits for the network, also when the server is away.

        With a spool the event is in the file when this returns.

        Raises:
            EventError: it cannot be sent as it is; names the place.
            ClosedError: the client is closed.
        """
        made = self.make(event, properties, distinct_id, session_id, timestamp, uuid)
        self._delivery.add(made)
        return made.uuid

    def make(
        self,
        event: str,
        properties: Mapping[str, Any] | None = None,
        distinct_id: str | None = None,
        session_id: str | None = None,
        timestamp: int | float | datetime | str | None = None,
        uuid: str | None = None,
    ) -> Event:
        """Encode an event without taking it: the first half of `capture`. May be called from any thread.

        Raises:
            EventError: it cannot be sent as it is; names the place.
        """
        now = self._clock.now()
        return encode_event(
            event,
            properties,
            uuid=uuid7(now, random.getrandbits(74)) if uuid is None else uuid,
            timestamp=now if timestamp is None else timestamp,
            distinct_id=distinct_id or self._distinct_id,
            session_id=session_id or self._session_id,
        )

    def add(self, event: Event) -> None:
        """Take an event that `make` encoded: the second half of `capture`.

        Raises:
            ClosedError: the client is closed.
        """
        self._delivery.add(event)

    def authenticate(self, key: str) -> None:
        """Use another key from now on; an open connection is told at once, so that it outlives its old token."""
        self._delivery.authenticate(key)

    async def flush(self, timeout: float | None = None) -> None:
        """Send what is queued at once, and return when every event captured before is acknowledged.

        Raises:
            StoppedError: the server closed for good.
            ClosedError: the client was closed meanwhile.
            TimeoutError: `timeout` seconds went by; nothing is lost by it.
        """
        await self._delivery.flush(timeout)

    async def close(self, timeout: float = 5) -> Ledger:
        """Flush for at most `timeout` seconds, close the socket, and return the final account.

        What is still pending stays in the spool; without one it ends with the process, which is logged. May be called
        twice.
        """
        await self._delivery.close(timeout)
        return self.ledger()

    async def __aenter__(self) -> AsyncClient:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _identify(self, producer_id: str | None, spool: str | Path | None) -> tuple[Spool | None, Saved]:
        """The spool, and the state to start from."""
        now = self._clock.now()
        if spool is None:
            if producer_id is None:
                return None, Saved(uuid7(now, random.getrandbits(74)))
            # The id may have been used by an earlier process that left no spool: the epoch must be above its epochs.
            return None, Saved(producer_id, epoch=now)
        store = Spool(spool)
        try:
            saved = store.load(producer_id or uuid7(now, random.getrandbits(74)))
            if producer_id not in (None, saved.producer_id):
                raise SpoolError(f"{spool}: belongs to producer {saved.producer_id}")
        except SpoolError:
            store.close()
            raise
        return store, saved


def _check_text(name: str, value: object) -> None:
    """Refuse what no server would take, before anything is sent."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: {value!r} is not a text with something in it")
