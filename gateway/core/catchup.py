"""The log folded again: many rows as one group, to the state that they gave one by one.

What a row of twenty events costs is mostly the calls, so rows wait for each other. Each keeps its own time of receipt,
by which sources become idle; and a group ends where one row more could make a difference: where event ids are about to
be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from gateway.core.fold import Fold
from gateway.core.producer import Arrival

__all__ = ["EVENTS", "SPAN_MS", "Group", "catch_up", "groups"]

EVENTS: Final = 16_384
"""Of a group; one row that holds more is a group of its own."""

SPAN_MS: Final = 30_000
"""From the first receipt in a group to the last. It bounds how many windows end in one group, whose rows are in memory
together until they are handed over."""


class Group:
    """Rows of the log as one."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        # For each arrival, when its row was folded.
        self._moments: list[int] = []
        self.events = 0

    def add(self, arrivals: list[Arrival], events: int) -> None:
        """Another row."""
        self.arrivals += arrivals
        self._moments += [arrivals[-1].received_at] * len(arrivals)
        self.events += events

    @property
    def now(self) -> int:
        """When its last row was folded, in epoch milliseconds."""
        return self._moments[-1]

    @property
    def moments(self) -> list[int] | None:
        """The `now` of each arrival, as the engine takes it; None when it is the same for all."""
        return self._moments if self._moments[0] != self._moments[-1] or len(set(self._moments)) > 1 else None

    def fits(self, arrivals: list[Arrival], events: int, most: int, room: int) -> bool:
        """Whether another row makes no difference: `most` events in all, `room` ids left before some are forgotten."""
        return (
            self.events + events <= most
            and arrivals[-1].received_at - self._moments[0] <= SPAN_MS
            and self.ids + events + len(arrivals) < room
        )

    @property
    def ids(self) -> int:
        """Ids that it can bring at most: one an event, or one a batch."""
        return self.events + len(self.arrivals)


def groups(fold: Fold, payloads: Iterable[bytes], most: int = EVENTS) -> Iterator[Group]:
    """Rows of the log, in order, decoded by `fold` and put together; none is empty.

    Each group is to be admitted before the next is asked for. With `most` 0 each row is a group.
    """
    group = Group()
    try:
        for payload in payloads:
            arrivals = fold.recall(payload)
            if not arrivals:
                continue
            events = sum(arrival.events.n for arrival in arrivals)
            if group.arrivals and not group.fits(arrivals, events, most, fold.horizon.room):
                yield group
                group = Group()
            group.add(arrivals, events)
    except Exception:
        # What stands in front of a damaged row is as good as ever.
        if group.arrivals:
            yield group
        raise
    if group.arrivals:
        yield group


def catch_up(fold: Fold, payloads: Iterable[bytes], most: int = EVENTS) -> Iterator[int]:
    """Fold rows of the log, in order. Gives the number of events of each group when it is folded and advanced.

    The state is that of each row folded by itself, but for how often open windows were published and corrected.
    About 2.3 us an event with twelve KPIs, from 20 events a row on.
    """
    for group in groups(fold, payloads, most):
        fold.apply(group.arrivals, fold.admit(group.arrivals), group.now, group.moments)
        fold.advance(group.now)
        yield group.events
