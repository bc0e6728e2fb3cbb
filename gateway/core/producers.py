"""The dedup table: how far each producer has come."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from analytics.restoration import taken
from gateway.core.clock import ClockOffset

if TYPE_CHECKING:
    from gateway.core.producer import ProducerSession

__all__ = ["ANONYMOUS", "Claim", "Producer", "ProducerTable"]

ANONYMOUS: Final = ""
"""The id of whoever posts without one. On the wire an id has a character at least, so no client can have it; there is
no row for it, since what comes under it has no order."""

PIECE = 4_096
"""Rows that are copied at a time, in about 1 ms, and encoded, in about 2."""


class Producer:
    """One producer id in its current epoch."""

    __slots__ = ("clock", "durable_seq", "epoch", "epoch_durable", "first_seq", "id", "owner", "received_seq")

    def __init__(self, producer_id: str, epoch: int, last_seq: int) -> None:
        self.id = producer_id
        self.epoch = epoch
        # False from when we met a higher epoch until that is on disk: a crash would let the older one write again.
        self.epoch_durable = True
        # Where this epoch began for us. All from here to `durable_seq` was applied; of what is below, who knows.
        self.first_seq = last_seq + 1
        # The last batch that is on disk: what may be acked.
        self.durable_seq = last_seq
        # The last batch taken in order, perhaps on its way to disk: what the next one must follow.
        self.received_seq = last_seq
        # The connection that may write; None while there is none. A newer one takes its place.
        self.owner: ProducerSession | None = None
        # Survives reconnects: a device keeps its clock.
        self.clock = ClockOffset()

    def restart(self, epoch: int, next_seq: int) -> None:
        """Count from `next_seq` in this epoch. Batches that are on their way keep their place in the log."""
        self.epoch, self.first_seq = epoch, next_seq
        self.durable_seq = self.received_seq = next_seq - 1

    def written(self, epoch: int, seq: int) -> None:
        """A batch is on disk and applied. It moves the row when it is the next one, as all in the row's order are."""
        if epoch == self.epoch:
            self.epoch_durable = True
            # Others: a post that came out of order, or what was on its way when the row was taken back.
            if seq == self.durable_seq + 1:
                self.durable_seq = seq
                # Taken back to before a post that was on its way, the row may not have known of it.
                self.received_seq = max(self.received_seq, seq)

    @property
    def busy(self) -> bool:
        """Whether forgetting it now could lose or double something."""
        return self.owner is not None or self.received_seq != self.durable_seq


class Claim(NamedTuple):
    """What a hello or a post brought: the producer, and whether it was known in this epoch."""

    producer: Producer
    known: bool


class ProducerTable:
    """Producers by id, least recently used first to go.

    A producer that was forgotten is met again as unknown: a client that had batches acked then raises its epoch, and
    `forgotten` says how often that may happen.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._rows: OrderedDict[str, Producer] = OrderedDict()
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, producer_id: str) -> Producer | None:
        """The row of an id, if any."""
        return self._rows.get(producer_id)

    def claim(self, producer_id: str, epoch: int, next_seq: int) -> Claim | None:
        """The row of (id, epoch), made or moved to a higher epoch if need be; None when the epoch is a past one.

        A client whose `next_seq` is past what we have was acked by a server that is not us any more (an older data
        folder was put back). That is a gap, and no reason to move: it is met as unknown, so that it raises its epoch
        and sends what it still has; if it goes on instead, it is told what we want.

        A client that still holds batches from before where we met it (a post of its overtook them) is taken back to
        them. What comes twice then is known by its event ids.
        """
        row = self._rows.get(producer_id)
        if row is None:
            row = Producer(producer_id, epoch, next_seq - 1)
            # The numbering of epochs begins at 1: only behind a later one there may be an older to fence.
            row.epoch_durable = epoch <= 1
            self._add(row)
            return Claim(row, known=False)
        if epoch < row.epoch:
            return None
        self._rows.move_to_end(producer_id)
        if epoch > row.epoch:
            row.restart(epoch, next_seq)
            row.epoch_durable = False
            return Claim(row, known=False)
        if next_seq < row.first_seq:
            row.restart(epoch, next_seq)
        return Claim(row, known=next_seq <= row.received_seq + 1)

    def raise_epoch(self, producer_id: str, epoch: int, last_seq: int) -> None:
        """An epoch was raised, as the log says. One that is not higher than ours changes nothing."""
        row = self._rows.get(producer_id)
        if row is None:
            self._add(Producer(producer_id, epoch, last_seq))
        elif epoch > row.epoch:
            row.restart(epoch, last_seq + 1)

    def settle(self, producer_id: str, epoch: int, seq: int) -> None:
        """A batch of this producer is on disk. Batches of a past epoch change nothing."""
        row = self._rows.get(producer_id)
        if row is None:
            row = Producer(producer_id, epoch, seq - 1)
            self._add(row)
        if epoch > row.epoch:
            row.restart(epoch, seq)
            row.durable_seq = row.received_seq = seq
        elif epoch == row.epoch:
            row.durable_seq = max(row.durable_seq, seq)
            row.received_seq = max(row.received_seq, seq)

    def _add(self, row: Producer) -> None:
        while len(self._rows) >= self._capacity and self._forget_oldest():
            pass
        self._rows[row.id] = row

    def _forget_oldest(self) -> bool:
        """Forget the least recently used row that is not busy; False when all are. Amortised O(1)."""
        for _ in range(len(self._rows)):
            oldest, row = next(iter(self._rows.items()))
            if not row.busy:
                del self._rows[oldest]
                self.forgotten += 1
                return True
            self._rows.move_to_end(oldest)
        return False

    def freezing(self) -> Generator[None, None, Callable[[], bytes]]:
        """A copy in steps, 20 ms in all for 100,000 producers; what it comes to makes its bytes, in any thread.

        No batch may become durable between the steps. Who comes meanwhile is not in it, or is as he was or will be.
        """
        ids, rows = list(self._rows), list(self._rows.values())
        pieces = []
        for at in range(0, len(ids), PIECE):
            part = rows[at : at + PIECE]
            numbers = [r.epoch for r in part], [r.durable_seq for r in part], [r.first_seq for r in part]
            pieces.append((ids[at : at + PIECE], *numbers))
            yield

        def encode() -> bytes:
            # Piece by piece, between which another thread gets its turn.
            return b"[%b]" % b",".join([orjson.dumps(list(zip(*piece, strict=True)))[1:-1] for piece in pieces])

        return encode

    def to_bytes(self) -> bytes:
        """The durable part of every row, oldest use first."""
        return taken(self.freezing())()

    def load(self, data: bytes) -> None:
        """Take the place of what `to_bytes` gave."""
        self._rows = OrderedDict()
        for producer_id, epoch, durable_seq, first_seq in orjson.loads(data):
            row = self._rows[producer_id] = Producer(producer_id, epoch, durable_seq)
            row.first_seq = first_seq
