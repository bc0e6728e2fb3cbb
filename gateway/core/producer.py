"""The producer's side of a connection: what may be applied, what is answered, when it ends.

Pure: bytes have become messages before, and what comes out is said, not done. One `ProducerSession` lives from the
welcome to the close of a connection; the `Producer` it writes for outlives it.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from gateway.core.credit import CreditPool, CreditWindow
from gateway.core.producers import Producer
from gateway.wire.codec import Batch
from gateway.wire.columns import Columns
from gateway.wire.events import EventVerdict
from gateway.wire.messages import Defaults
from gateway.wire.replies import Ack, Nack, ServerMessage, WarnMessage, WireVerdict

__all__ = ["Arrival", "Decision", "Peer", "ProducerSession", "flush_ms"]

CLOSE_FENCED = 4009
CLOSE_OVER_CREDIT = 4101
BASE_FLUSH_MS = 500


def flush_ms(level: int) -> int:
    """How often a client should send at a level: 0.5, 1, 2 and 2 seconds."""
    return BASE_FLUSH_MS << min(level, 2)


class Peer(Protocol):
    """The connection behind a session, as the core sees it."""

    def say(self, message: ServerMessage) -> None:
        """Send a message."""

    def end(self, code: int) -> None:
        """Close with a code of the table."""


class Arrival(msgspec.Struct, frozen=True):
    """A batch that is next in its producer's order: to be written, counted and acked.

    No tuple, since its fields are read forty times on the way: a struct is made and read in half the time.
    """

    producer: Producer
    epoch: int
    seq: int
    events: Columns
    verdicts: list[EventVerdict] | None
    """None when the texts of its events were not looked at yet; `admit` does that for a group at once."""
    text: bytes
    received_at: int
    offset_ms: int
    defaults: Defaults | None
    defaults_json: bytes
    session: ProducerSession | None
    """The session it came by; None over HTTP."""
    size: int = 0
    """Bytes of its message on the wire, which is what its session's credit counts."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What a batch frame brings: perhaps an arrival, perhaps an answer, perhaps the end."""

    arrival: Arrival | None = None
    answer: ServerMessage | None = None
    close: int | None = None
    again: bool = False
    """It is on disk already: an ack is owed, one for all that came in the same read."""


_NOTHING = Decision()
_AGAIN = Decision(again=True)


class ProducerSession:
    """One producer connection after its welcome."""

    __slots__ = (
        "_bytes_seen",
        "_defaults",
        "_defaults_json",
        "_nacked",
        "_warned",
        "backlog",
        "closed",
        "epoch",
        "held",
        "peer",
        "producer",
        "window",
    )

    def __init__(
        self,
        producer: Producer,
        pool: CreditPool,
        peer: Peer,
        defaults: Defaults | None,
        defaults_json: bytes,
    ) -> None:
        self.producer = producer
        # The epoch this connection writes in; a later hello may have raised the producer's.
        self.epoch = producer.epoch
        self.peer = peer
        self.window = CreditWindow(pool, producer.durable_seq)
        # Batches that the client says are waiting: who needs more credit.
        self.backlog = 0
        # True while the last ack told it to hold: it must be told when the hold ends.
        self.held = False
        self.closed = False
        self._defaults = defaults
        self._defaults_json = defaults_json
        # Payload bytes of batch frames since the welcome, whatever their fate.
        self._bytes_seen = 0
        # The sequence a nack asked for, while the gap is open: one nack a gap.
        self._nacked: int | None = None
        self._warned = False

    def receive(self, batch: Batch, size: int, now: int) -> Decision:
        """Judge a batch frame of `size` payload bytes. The overrun is judged before the gap."""
        self._bytes_seen += size
        self.backlog = batch.backlog
        producer = self.producer
        if self.epoch != producer.epoch:
            return Decision(close=CLOSE_FENCED)
        if self._bytes_seen > self.window.max_bytes or batch.seq > self.window.max_seq:
            self.window.consume(size)
            if self._warned:
                return Decision(close=CLOSE_OVER_CREDIT)
            self._warned = True
            return Decision(answer=WarnMessage("over_credit", batch.seq))
        if batch.seq <= producer.received_seq:
            # Seen before. If it is still on its way to disk, the ack of its group will say so.
            self.window.consume(size)
            return _AGAIN if batch.seq <= producer.durable_seq else _NOTHING
        if batch.seq > producer.received_seq + 1:
            self.window.consume(size)
            want = producer.received_seq + 1
            if self._nacked == want:
                return _NOTHING
            self._nacked = want
            return Decision(answer=Nack(want))
        self._nacked = None
        producer.received_seq = batch.seq
        return Decision(
            Arrival(
                producer,
                self.epoch,
                batch.seq,
                batch.events,
                batch.verdicts,
                batch.text,
                now,
                producer.clock.value,
                self._defaults,
                self._defaults_json,
                self,
                size,
            )
        )

    @property
    def starved(self) -> bool:
        """Whether it was told to hold, or has much less credit than its window: the pool was empty, or a gap ate it."""
        return self.held or self.window.short

    def top_up(self, level: int) -> bool:
        """Extend a starved window when there is pool again; True when an ack should say so."""
        return self.held or self.window.extend(self.producer.durable_seq, level, self.backlog)

    def settled(self, size: int) -> None:
        """A batch of this connection is on disk: its bytes are free again."""
        self.window.consume(size)

    def ack(self, level: int, wait_ms: int, verdicts: tuple[WireVerdict, ...] = (), crowded: bool = False) -> Ack:
        """The cumulative ack, with as much new credit as there is to give; less when it is `crowded`."""
        self.window.extend(self.producer.durable_seq, level, self.backlog, crowded)
        self.held = level >= 3
        return Ack(
            self.producer.durable_seq,
            self.window.credit,
            level,
            flush_ms(level),
            wait_ms if self.held else 0,
            verdicts,
        )

    def close(self) -> None:
        """The connection is gone. What it sent in order is still written; the producer may come back."""
        if self.closed:
            return
        self.closed = True
        self.window.close()
        if self.producer.owner is self:
            self.producer.owner = None
