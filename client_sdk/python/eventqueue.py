"""Events that wait for a batch: bounded by count and by bytes, the oldest give way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from client_sdk.python.batch import Queued

__all__ = ["EventQueue"]


class EventQueue:
    """First in, first out. Nothing leaves unseen: whatever falls off is returned to the caller, who counts it."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._events: deque[Queued] = deque()
        # Payload bytes of all of `_events`.
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._events)

    @property
    def bytes(self) -> int:
        """Payload bytes held."""
        return self._bytes

    @property
    def first(self) -> Queued | None:
        """The oldest event."""
        return self._events[0] if self._events else None

    def push(self, event: Queued) -> list[Queued]:
        """Append; returns the oldest events that had to go. O(1) amortised."""
        self._events.append(event)
        self._bytes += len(event.payload)
        gone = []
        while len(self._events) > self._max_events or self._bytes > self._max_bytes:
            gone.append(self.pop())
        return gone

    def pop(self) -> Queued:
        """Take the oldest event."""
        event = self._events.popleft()
        self._bytes -= len(event.payload)
        return event

    def give_back(self, events: Iterable[Queued]) -> None:
        """Put events back before all others; they must be older than these. The caps are not applied."""
        returned = list(events)
        self._events.extendleft(reversed(returned))
        self._bytes += sum(len(event.payload) for event in returned)

    def shed(self) -> list[Queued]:
        """Take out the events of low priority. O(n)."""
        low = [event for event in self._events if event.low]
        if low:
            self._events = deque(event for event in self._events if not event.low)
            self._bytes -= sum(len(event.payload) for event in low)
        return low

    def take(self, max_events: int, max_bytes: int) -> list[Queued]:
        """Take the longest run from the front within both bounds; a comma counts with each event. May be empty."""
        taken: list[Queued] = []
        room = max_bytes
        while self._events and len(taken) < max_events:
            room -= len(self._events[0].payload) + 1
            if room < 0:
                break
            taken.append(self.pop())
        return taken
