"""Whose batch goes next when many wait: by turns, so that who sends much holds up nobody but himself.

Between producers there is no order, only within each. So what waits is kept by lane, one for each sender, and a lane
is served a quantum at a time (deficit round robin). A lane in which nothing waited is served before those that have had
their turn, up to half of a group, as in FQ-CoDel (RFC 8290): a client that sends now and then waits for the group that
is being written and not for the backlog of others.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from typing import Final

from gateway.core.producer import Arrival

__all__ = ["Turns"]

QUANTUM: Final = 32_768
"""Cost that a lane may take in one turn: what the SDKs fill a batch up to."""
EVENT_COST: Final = 128
"""Least cost of an event, in bytes: short ones take as long to count as ordinary ones."""


class Turns:
    """Batches that wait, by lane. Each is added once and taken once."""

    def __init__(self) -> None:
        # All that wait, by a number that rises with arrival: the first of them is the oldest.
        self._waiting: OrderedDict[int, Arrival] = OrderedDict()
        self._last = 0
        # Numbers of what waits in each lane. A lane is in one of the two, and in none when nothing waits in it.
        self._fresh: OrderedDict[Hashable, deque[int]] = OrderedDict()
        self._steady: OrderedDict[Hashable, deque[int]] = OrderedDict()
        # What a steady lane has left of its turns; those that are not here have nothing.
        self._allowances: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def oldest(self) -> Arrival | None:
        """The one that has waited longest."""
        return next(iter(self._waiting.values())) if self._waiting else None

    @property
    def arrivals(self) -> list[Arrival]:
        """All that wait, in order of arrival."""
        return list(self._waiting.values())

    def replace(self, arrivals: Sequence[Arrival]) -> None:
        """Put others in the places of all that wait, in the same order."""
        for number, arrival in zip(self._waiting, arrivals, strict=True):
            self._waiting[number] = arrival

    def add(self, lane: Hashable, arrival: Arrival) -> None:
        """A batch of this lane; those of one lane are taken in the order in which they were added. O(1)."""
        self._last += 1
        self._waiting[self._last] = arrival
        queue = self._steady.get(lane) or self._fresh.get(lane)
        if queue is None:
            queue = self._fresh[lane] = deque()
        queue.append(self._last)

    def take(self, most_bytes: int, most_events: int) -> list[Arrival]:
        """The next group: what fills it up to one of the two bounds, and at least one batch, in order of arrival.

        O(batches taken), and as often over the lanes as a batch has quanta.
        """
        group = _Group()
        self._serve(self._fresh, group, most_bytes // 2, most_events // 2)
        self._serve(self._steady, group, most_bytes, most_events)
        self._serve(self._fresh, group, most_bytes, most_events)
        return [self._waiting.pop(number) for number in sorted(group.numbers)]

    def _serve(
        self, lanes: OrderedDict[Hashable, deque[int]], group: _Group, most_bytes: int, most_events: int
    ) -> None:
        while lanes and (group.bytes < most_bytes and group.events < most_events):
            lane, queue = lanes.popitem(last=False)
            allowance = self._allowances.pop(lane, 0) + QUANTUM
            while queue and (group.bytes < most_bytes and group.events < most_events):
                arrival = self._waiting[queue[0]]
                cost = max(len(arrival.text), EVENT_COST * arrival.events.n)
                if cost > allowance:
                    break
                allowance -= cost
                group.add(queue.popleft(), arrival)
            if queue:
                self._steady[lane] = queue
                self._allowances[lane] = allowance


class _Group:
    """What was taken so far."""

    __slots__ = ("bytes", "events", "numbers")

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.bytes = self.events = 0

    def add(self, number: int, arrival: Arrival) -> None:
        self.numbers.append(number)
        self.bytes += len(arrival.text)
        self.events += arrival.events.n
