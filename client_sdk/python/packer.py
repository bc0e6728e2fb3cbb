"""When a batch is due, and how large it may be: the same answer for the socket and for HTTP."""

from __future__ import annotations

from client_sdk.python.actions import Verdict
from client_sdk.python.backlog import Backlog
from client_sdk.python.batch import ENVELOPE, Batch
from client_sdk.python.messages import Limits

__all__ = ["BATCH_BYTES", "BATCH_EVENTS", "Packer"]

BATCH_EVENTS = 50
BATCH_BYTES = 32_768
FLUSH_MS = 500
LONGEST_FLUSH_MS = 60_000
LEAST_FRAME = 1_024
"""A limit below this is none: no event would get through, and each would be given up for it."""
SHED = 2
"""The level from which on low-priority events are dropped."""


class Packer:
    """Packs queued events into batches of half a second, 50 events or 32 KiB, whichever comes first.

    From level 1 on, batches grow towards the server's limit and come at its `flush_ms`.
    """

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        # What the server said last; kept between connections.
        self.limits = Limits()
        self.level = 0
        self._flush_ms = FLUSH_MS
        # Events up to this ordinal do not wait for their batch to fill.
        self._flush_to = 0
        # A batch is full at so many bytes. It and the cap shrink when someone on the way finds a frame too big.
        self._batch_bytes = BATCH_BYTES
        self._frame_cap = self.limits.max_frame
        # When the queue will be due, found by the last `pack`; None when it is empty or only room is missing.
        self.due_at: int | None = None

    @property
    def shedding(self) -> bool:
        """Whether low-priority events are to be dropped."""
        return self.level >= SHED

    @property
    def _most(self) -> int:
        """Events of a full batch."""
        return min(BATCH_EVENTS if self.level == 0 else self.limits.max_events, self.limits.max_events)

    def flush(self) -> int:
        """Let everything queued so far be due. Returns the ordinal up to which."""
        self._flush_to = self._backlog.last_ordinal
        return self._flush_to

    def full(self) -> bool:
        """Whether a whole batch waits."""
        queue = self._backlog.queue
        return len(queue) >= self._most or queue.bytes >= self._batch_bytes

    def obey(self, limits: Limits) -> None:
        """Keep within the server's limits, as far as they let anything through."""
        self.limits = Limits(max(limits.max_frame, LEAST_FRAME), max(limits.max_events, 1), limits.max_depth)

    def advise(self, level: int, flush_ms: int) -> list[Verdict]:
        """Follow the server's advice. Returns what it made us shed."""
        self.level = level
        self._flush_ms = min(flush_ms, LONGEST_FLUSH_MS)
        return self._backlog.shed() if self.shedding else []

    def pack(self, now: int, room: int) -> tuple[Batch | None, list[Verdict]]:
        """The next batch if one is due and its frame fits into `room` bytes; and what no frame could ever hold."""
        backlog, queue = self._backlog, self._backlog.queue
        gone: list[Verdict] = []
        biggest = min(self.limits.max_frame, self._frame_cap)
        while queue.first is not None and self._due(now):
            single = len(queue.first.payload) + 1 + ENVELOPE
            if single > biggest:
                gone += backlog.expire_first("too_large")
                continue
            target = min(max(self._batch_bytes, single), biggest)
            if backlog.unacked and room < min(target, queue.bytes + len(queue) + ENVELOPE):
                break  # an ack will make room for a whole batch; a small one now would spend a number on little
            return backlog.seal(now, self._most, min(target, room), self._most), gone
        return None, gone

    def oversize(self) -> bool:
        """Whether a batch under way is beyond the server's limits, which may be smaller than they were."""
        return any(
            len(batch.events) > self.limits.max_events or len(batch.frame()) > self.limits.max_frame
            for batch in self._backlog.unacked
        )

    def shrink(self, biggest: Batch | None = None) -> None:
        """A frame was too big for someone on the way, whatever the limits say: start over with smaller ones.

        It is that of the batch `biggest`; or else of the one under way that is.
        """
        biggest = biggest or max(self._backlog.unacked, key=lambda batch: len(batch.frame()), default=None)
        if biggest is None:
            return
        if len(biggest.events) > 1:
            self._batch_bytes = min(self._batch_bytes, len(biggest.frame())) // 2
        else:
            self._frame_cap = len(biggest.frame()) - 1
        self._backlog.raise_epoch()

    def _due(self, now: int) -> bool:
        """True when the queue has a full batch, a flush, or an event that waited long enough."""
        self.due_at = None
        first = self._backlog.queue.first
        assert first is not None
        if self.full() or first.ordinal <= self._flush_to:
            return True
        if not first.at <= now < first.at + self._flush_ms:  # a clock that was set back must not hold it for hours
            return True
        self.due_at = first.at + self._flush_ms
        return False
