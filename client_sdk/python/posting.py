"""The HTTP fallback as decisions: which body to post next, and what a reply means. No I/O.

It shares numbers and ids with the socket, so a batch that went both ways counts once. One batch is under way at a time.
"""

from __future__ import annotations

import msgspec

from client_sdk.python.actions import Action, Close
from client_sdk.python.backoff import Backoff
from client_sdk.python.batch import Batch
from client_sdk.python.closecodes import Retry
from client_sdk.python.messages import Limits
from client_sdk.python.producer import Producer

__all__ = ["Posting"]


class _Done(msgspec.Struct):
    seq: int
    verdicts: list[tuple[int, int, str, str]] = []


class _Gap(msgspec.Struct):
    want: int


class Posting:
    """Posts for one producer while its socket cannot be opened."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._backoff = Backoff()
        # No request is to be made before this time.
        self._not_before = 0
        # The batch of the last body; its reply is awaited.
        self._batch: Batch | None = None

    @property
    def not_before(self) -> int:
        """When the next request may be made."""
        return max(self._not_before, self._producer.hold_until)

    def body(self, now: int) -> tuple[bytes | None, list[Action]]:
        """The next body to post, None when there is none or it is too early; and what was given up on the way."""
        if now < self.not_before:
            return None, []
        backlog = self._producer.backlog
        actions: list[Action] = []
        if backlog.unacked:
            self._batch = backlog.unacked[0]
        else:
            self._batch, gone = self._producer.packer.pack(now, Limits().max_frame)
            actions += gone
        if self._batch is None:
            return None, actions
        token, defaults = self._producer.key, self._producer.defaults
        return self._batch.body(token, backlog.producer_id, backlog.epoch, defaults), actions

    def reply(self, status: int, body: bytes, retry_after_ms: int, now: int, jitter: float) -> list[Action]:
        """The reply to the last body; `status` 0 when none came. `jitter` is uniform in [0, 1)."""
        assert self._batch is not None
        backlog = self._producer.backlog
        if status == 200:
            try:
                done = msgspec.json.decode(body, type=_Done)
            except msgspec.DecodeError:
                return self._later(now, retry_after_ms, jitter)
            if self._batch.seq <= done.seq < backlog.next_seq:
                self._backoff = Backoff()
                return [*backlog.settle(done.seq, done.verdicts)]
            backlog.raise_epoch()  # its last number is not ours: see Producer on being out of step
            return self._later(now, retry_after_ms, jitter)
        if status == 409:
            try:
                msgspec.json.decode(body, type=_Gap)
            except msgspec.DecodeError:
                return [Close("fenced by a newer epoch", Retry.NEVER)]
            backlog.raise_epoch()  # the lowest number was posted, so what the server wants no longer exists
            return self._later(now, retry_after_ms, jitter)
        if status in (401, 403):
            return [Close("unauthorized" if status == 401 else "forbidden", Retry.NEVER)]
        if status == 400:
            seq = self._batch.seq
            refused = [(seq, index, "drop", "http_400") for index in range(len(self._batch.events))]
            return [*backlog.settle(seq, refused)]
        if status == 413:
            self._producer.packer.shrink()
        return self._later(now, retry_after_ms, jitter)

    def _later(self, now: int, retry_after_ms: int, jitter: float) -> list[Action]:
        self._not_before = now + max(retry_after_ms, self._backoff.delay_ms(Retry.BACKOFF, now, jitter))
        return []
