"""The events that one kind of viewer of the live tail asked for: numbered steps, and a short ring of them.

To a viewer session it looks like a topic (`topic.py`): an offset is all it keeps of a viewer, and whoever is at the
same place shares the bytes. What the ring has lost is told as a hole, never passed over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

from gateway.core.bucket import TokenBucket
from gateway.core.match import Matcher
from gateway.wire.tailing import Events, events_head, events_tail

__all__ = ["Backlog", "Stream"]

RING_EVENTS: Final = 500
RING_BYTES: Final = 524_288
SHARED_BYTES: Final = 4 * RING_BYTES
"""Of frames kept for viewers in the same place; beyond it each is made for one."""
QUIET_MS: Final = 1_000
"""Counts without an event to show are a step this often: a viewer sees that much came and nothing matched."""


class _Step(NamedTuple):
    version: int
    seen: int
    looked: int
    matched: int
    events: list[bytes]
    size: int


class Backlog:
    """What a viewer without a place in the stream begins with; a snapshot, as a session sees it."""

    done: Final = True

    def __init__(self, version: int, make: Callable[[int], bytes]) -> None:
        self.version = version
        self._make = make

    def frames(self, subscription: int) -> list[Callable[[], bytes]]:
        """What makes its one frame for a viewer."""
        return [partial(self._make, subscription)]


class Stream:
    """Events by one `match` at one rate."""

    kpi: Final = ""
    """It is of none: nothing is read from the engine for it."""

    def __init__(
        self,
        matcher: Matcher,
        max_rate: float,
        epoch: str,
        frame: Callable[[bytes], bytes],
        version: int,
        now: int,
    ) -> None:
        self.matcher = matcher
        # What it may show; a burst of one second's worth.
        self.tokens = TokenBucket(max_rate, max(1.0, max_rate), now)
        # Counts steps; the offset of the wire.
        self.version = version
        self.subscribers = 0
        # Since when nobody watches; None while somebody does.
        self.quiet_since: int | None = None
        # Of the step that is open: events applied, those of them that were looked at, and of these the ones that match.
        self.seen = self.looked = self.matched = 0
        self._events: list[bytes] = []
        self._size = 0
        self._epoch = epoch
        self._frame = frame
        self._stepped_at = now
        self._ring: deque[_Step] = deque()
        self._ring_events = self._ring_bytes = 0
        # What viewers at the same place share, by that place, and its bytes.
        self._tails: dict[int, bytes] = {}
        self._tails_bytes = 0

    def show(self, event: bytes) -> None:
        """Take an event into the open step."""
        self._events.append(event)
        self._size += len(event)

    def step(self, now: int) -> None:
        """Close the open step, if there is something to tell."""
        if not self._events and (not self.seen or now - self._stepped_at < QUIET_MS):
            return
        self.version += 1
        self._stepped_at = now
        self._ring.append(_Step(self.version, self.seen, self.looked, self.matched, self._events, self._size))
        self._ring_events += len(self._events)
        self._ring_bytes += self._size
        self.seen = self.looked = self.matched = self._size = 0
        self._events = []
        while len(self._ring) > 1 and (
            self._ring_events > RING_EVENTS or self._ring_bytes > RING_BYTES or len(self._ring) > RING_EVENTS
        ):
            gone = self._ring.popleft()
            self._ring_events -= len(gone.events)
            self._ring_bytes -= gone.size
        self._tails.clear()
        self._tails_bytes = 0

    def delta(self, subscription: int, prev: int) -> bytes | None:
        """The frame that takes a viewer from `prev` to the head; None when the ring does not reach back that far."""
        tail = self._tails.get(prev)
        if tail is None:
            if prev != self.version and not (self._ring and self._ring[0].version <= prev + 1 <= self.version):
                return None
            tail = self._tail([step for step in self._ring if step.version > prev], True)
            if self._tails_bytes + len(tail) <= SHARED_BYTES:
                self._tails[prev] = tail
                self._tails_bytes += len(tail)
        return self._frame(events_head(subscription, prev) + tail)

    def snapshot(self, last_ms: int, read: Callable[[], Any]) -> Backlog:  # noqa: ARG002  # the interface of a topic
        """What the ring holds, for a viewer whose place is lost or that comes anew."""
        tail = self._tail(list(self._ring), False)
        return Backlog(self.version, lambda subscription: self._frame(events_head(subscription, None) + tail))

    def _tail(self, steps: list[_Step], recovered: bool) -> bytes:
        events = [event for step in steps for event in step.events]
        seen, looked, matched = (
            (sum(column) for column in zip(*(step[1:4] for step in steps), strict=True)) if steps else (0, 0, 0)
        )
        return events_tail(
            Events(0, None, self.version, self._epoch, recovered, seen, looked, matched, b"[%b]" % b",".join(events))
        )
