"""How far producers may go.

The sum of what all producers may have under way is bounded by one pool of bytes, plus a small guarantee for each
connection so that none is stuck behind the others. Credit is given as absolute numbers and is never taken back: a
window shrinks by not being extended.
"""

from __future__ import annotations

from gateway.wire.replies import Credit

__all__ = ["CreditPool", "CreditWindow"]

START_BATCHES = 4
MAX_BATCHES = 32
START_BYTES = 262_144
MAX_BYTES = 4_194_304
BATCH_BYTES = 32_768
"""What the SDKs fill a batch up to."""

CROWDED_BYTES = 65_536
"""Width of a window while more waits than the next commit group takes: more in flight makes nothing faster then, and
all wait longer."""

GUARANTEE = 4_096
"""Bytes that each connection may send whatever the pool says: less than this and a single event might not fit."""

_SHARES = ((0.5, START_BYTES), (0.75, 65_536), (0.9, 16_384))
"""Up to which fill of the pool a new connection starts with how much: idle connections must not empty the pool."""


class CreditPool:
    """Bytes that may be granted and not yet be on disk, over all connections."""

    def __init__(self, size: int) -> None:
        self.size = size
        # Granted and not yet given back; the guarantees may carry it above `size`, by GUARANTEE a connection.
        self.outstanding = 0

    @property
    def fill(self) -> float:
        """Share of the pool that is out, 0 to 1 and a little above."""
        return self.outstanding / self.size

    def take(self, wanted: int, least: int = 0) -> int:
        """Up to `wanted` bytes, and at least `least` whatever the pool holds."""
        got = max(min(wanted, self.size - self.outstanding), min(least, wanted), 0)
        self.outstanding += got
        return got

    def give_back(self, count: int) -> None:
        """What has been written, refused or can no longer be used."""
        self.outstanding -= count

    def opening(self) -> int:
        """Bytes that a new connection should ask for."""
        fill = self.fill
        for below, share in _SHARES:
            if fill < below:
                return share
        return GUARANTEE


class CreditWindow:
    """The window of one connection. Counts bytes since its welcome."""

    __slots__ = ("_batches", "_bytes", "_consumed", "_pool", "_reserved", "max_bytes", "max_seq")

    def __init__(self, pool: CreditPool, last_seq: int) -> None:
        self._pool = pool
        # How many batches and bytes ahead of the disk the connection may be: doubles while it asks for more.
        self._batches = START_BATCHES
        self._bytes = pool.opening()
        # Bytes of batch frames that came and are done with, whatever became of them.
        self._consumed = 0
        # What of the pool is held for this connection.
        self._reserved = pool.take(self._bytes, GUARANTEE)
        # The absolute limits as last granted; they only grow.
        self.max_seq = last_seq + START_BATCHES
        self.max_bytes = self._reserved

    @property
    def credit(self) -> Credit:
        """The limits as they go on the wire."""
        return Credit(self.max_seq, self.max_bytes)

    @property
    def short(self) -> bool:
        """Whether an ordinary batch would not fit, or less is granted than the window is wide: the pool was empty."""
        return self.max_bytes - self._consumed < max(self._bytes // 2, BATCH_BYTES)

    @property
    def left(self) -> int:
        """Bytes that the connection may still send."""
        return max(0, self.max_bytes - self._consumed)

    def consume(self, count: int) -> None:
        """`count` bytes of batch frames are done with: on disk, or refused."""
        self._consumed += count
        held = min(count, self._reserved)
        self._reserved -= held
        self._pool.give_back(held)

    def extend(self, durable_seq: int, level: int, backlog: int, crowded: bool = False) -> bool:
        """Move the limits on after an ack, as far as level, need and pool allow. True when they moved.

        `crowded`: there is a queue already, which a wider window would only make longer.
        """
        before = (self.max_seq, self.max_bytes)
        if level >= 3:
            return False
        if crowded:
            self._batches = max(self._batches // 2, START_BATCHES)
            self._bytes = max(self._bytes // 2, min(CROWDED_BYTES, self._pool.opening()))
        elif backlog > 0 and level == 0:
            self._batches = min(self._batches * 2, MAX_BATCHES)
            self._bytes = min(max(self._bytes, GUARANTEE) * 2, MAX_BYTES)
        elif level >= 2 or backlog == 0:
            self._batches = max(self._batches // 2, START_BATCHES)
            self._bytes = max(self._bytes // 2, min(START_BYTES, self._pool.opening()))
        self.max_seq = max(self.max_seq, durable_seq + self._batches)
        short = self._consumed + self._bytes - self.max_bytes
        if short > 0:
            got = self._pool.take(short, max(0, self._consumed + GUARANTEE - self.max_bytes))
            self._reserved += got
            self.max_bytes += got
        return (self.max_seq, self.max_bytes) != before

    def close(self) -> None:
        """The connection is gone: nothing more can be sent on its credit."""
        self._pool.give_back(self._reserved)
        self._reserved = 0
