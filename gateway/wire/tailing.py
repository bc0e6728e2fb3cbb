"""The message of the live tail: single events, each encoded before. A member of `replies.ServerMessage`."""

from __future__ import annotations

from typing import NamedTuple

import orjson

__all__ = ["Events", "events_head", "events_tail"]


class Events(NamedTuple):
    """Single events after `prev`. Without one they have no place before them: something may be missing there."""

    id: int
    prev: int | None
    offset: int
    epoch: str
    recovered: bool
    seen: int
    """Events that were applied in this time."""
    looked: int
    """Of those, the ones that were held against `match`."""
    matched: int
    """Of those, the ones that match; what is shown may be fewer, by the rate."""
    events: bytes
    """Encoded JSON: an array."""


def events_head(subscription: int, prev: int | None) -> bytes:
    """The part of a message of events that differs between viewers."""
    return b'{"type":"events","id":%d,"prev":%b,' % (subscription, b"null" if prev is None else b"%d" % prev)


def events_tail(events: Events) -> bytes:
    """The part that all viewers at the same place share."""
    return b'"offset":%d,"epoch":%b,"recovered":%b,"seen":%d,"looked":%d,"matched":%d,"events":%b}' % (
        events.offset,
        orjson.dumps(events.epoch),
        b"true" if events.recovered else b"false",
        events.seen,
        events.looked,
        events.matched,
        events.events,
    )
