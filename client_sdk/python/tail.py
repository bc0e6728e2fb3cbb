"""A subscription to single events as the viewer sees it: what came since it was last asked, and whether something
is missing before that. Law as for a view: a message counts only when it continues this one's offset, or says that it
does not.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, NamedTuple

from client_sdk.python.messages import Events, Match, Origin, Subscribe
from client_sdk.python.view import Outcome

__all__ = ["Sighting", "Tail"]

KEPT: Final = 10_000
"""Events that wait for a slow reader; beyond it the oldest are given up, as a hole."""


class Sighting(NamedTuple):
    """What came since the last one."""

    events: tuple[dict[str, Any], ...]
    """As docs/protocol.md describes them, oldest first."""
    seen: int
    """Events that the server applied in this time."""
    looked: int
    """Of those, the ones it held against the filter."""
    matched: int
    """Of those, the ones that match; `events` may be fewer, by the rate."""
    hole: bool
    """Whether events that would have been here are missing before these."""


class Tail:
    """The state of one subscription. Pure."""

    def __init__(self, number: int, match: Match, *, max_rate: float | None, max_hz: float | None) -> None:
        self.id = number
        # The slug with which the server refused it; None while it did not.
        self.error: str | None = None
        # The server's epoch and the place in it; None until the first message.
        self.origin: Origin | None = None
        self._match = match
        self._max_rate = max_rate
        self._max_hz = max_hz
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT)
        # Events seen, looked at and matching, of the messages since then.
        self._counts = (0, 0, 0)
        self._hole = False
        self._changed = False

    @property
    def name(self) -> str:
        """What errors call it."""
        return "events"

    def subscribe(self) -> Subscribe:
        """The message that begins the subscription, or goes on from where it was."""
        return Subscribe(
            id=self.id,
            max_hz=self._max_hz,
            topic="events",
            match=self._match,
            max_rate=self._max_rate,
            origin=self.origin,
        )

    def refuse(self, code: str) -> None:
        """The server answered the subscription with an error."""
        self.error = code
        self._changed = True

    def take_events(self, message: Events) -> Outcome:
        """Take a message of events."""
        if message.recovered and (self.origin is None or message.prev != self.origin.offset):
            return Outcome.RESYNC
        # What is said anew at the beginning is no loss; later it is, since this one had a place.
        self._hole |= not message.recovered and self.origin is not None
        self._hole |= len(self._events) + len(message.events) > KEPT
        self.origin = Origin(message.epoch, message.offset)
        self._events.extend(message.events)
        seen, looked, matched = self._counts
        self._counts = (seen + message.seen, looked + message.looked, matched + message.matched)
        self._changed = True
        return Outcome.CHANGED

    def take(self) -> Sighting | None:
        """What came since the last call; None when nothing did."""
        if not self._changed:
            return None
        sighting = Sighting(tuple(self._events), *self._counts, hole=self._hole)
        self._events.clear()
        self._counts = (0, 0, 0)
        self._hole = self._changed = False
        return sighting
