"""A batch: events that share a sequence number, and the bytes that say so. Once sent it never changes."""

from __future__ import annotations

from typing import NamedTuple

import orjson

__all__ = ["ENVELOPE", "Batch", "Queued"]

ENVELOPE = 120
"""Bytes of a batch frame beside its events and their commas, three numbers of 64 bits included."""


class Queued(NamedTuple):
    """An event in the client's keeping."""

    ordinal: int
    """Position among all events ever captured into this queue; keeps their order for good."""
    at: int
    """When it was captured, in the client's clock (ms)."""
    uuid: str
    low: bool
    """May be shed at level 2."""
    payload: bytes


class Batch(NamedTuple):
    """A sealed batch."""

    seq: int
    sent_at: int
    backlog: int
    events: tuple[Queued, ...]

    def frame(self) -> bytes:
        """The WebSocket frame; the same bytes at every call."""
        return b'{"type":"batch","seq":%d,%b' % (self.seq, self._rest())

    def body(self, token: str, producer: str, epoch: int, defaults: dict[str, object]) -> bytes:
        """The body of `POST /v1/events` for the same batch: same sequence number, same events."""
        head = orjson.dumps({"token": token, "producer": {"id": producer, "epoch": epoch}, "defaults": defaults})
        return b'%b,"seq":%d,%b' % (head[:-1], self.seq, self._rest())

    def _rest(self) -> bytes:
        joined = b",".join([event.payload for event in self.events])
        return b'"sent_at":%d,"backlog":%d,"events":[%b]}' % (self.sent_at, self.backlog, joined)
