"""What waits for the disk, and how much of it makes a commit group."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gateway.core.admission import Admitted
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.record import Fence

__all__ = ["Group", "Pending", "Raise", "Taken"]

GROUP_BYTES = 1_048_576
GROUP_EVENTS = 4_096
"""At 5 us each when all of them need a careful look, a group holds the loop for no more than 20 ms."""


class Raise(NamedTuple):
    """A producer's epoch was raised, and `done` is to hear when no crash can undo that any more."""

    fence: Fence
    producer: Producer
    done: Callable[[], None]

    def conclude(self) -> None:
        """It is on disk. If the epoch was raised once more meanwhile, only the later one counts."""
        if self.producer.epoch == self.fence.epoch:
            self.producer.epoch_durable = True
            self.done()


class Taken(NamedTuple):
    """What goes into one group: batches in order, how many events they hold, raised epochs."""

    arrivals: list[Arrival]
    events: int
    raises: list[Raise]


class Group(NamedTuple):
    """A commit group on its way to disk: what was taken, the columns of its batches, and the log row."""

    taken: Taken
    admitted: Admitted
    payload: bytes


class Pending:
    """Batches in order of arrival, and raised epochs. Credit bounds the former, the number of hellos the latter."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self._raises: list[Raise] = []
        # Bytes of batches that are not on disk yet, those that were taken included.
        self.bytes = 0

    def __bool__(self) -> bool:
        return bool(self.arrivals or self._raises)

    def add(self, arrival: Arrival) -> None:
        """A batch that is next in its producer's order."""
        self.arrivals.append(arrival)
        self.bytes += len(arrival.text)

    def fence(self, producer: Producer, done: Callable[[], None]) -> None:
        """The epoch of a producer, which was raised just now."""
        self._raises.append(Raise(Fence(producer.id, producer.epoch, producer.first_seq - 1), producer, done))

    def take(self) -> Taken:
        """The next group: raised epochs all, batches up to the size of a group."""
        size = events = count = 0
        for arrival in self.arrivals:
            if count and (size >= GROUP_BYTES or events >= GROUP_EVENTS):
                break
            count += 1
            size += len(arrival.text)
            events += arrival.events.n
        arrivals = self.arrivals[:count]
        del self.arrivals[:count]
        raises, self._raises = self._raises, []
        return Taken(arrivals, events, raises)

    def settle(self, taken: Taken) -> None:
        """A group is on disk."""
        self.bytes -= sum(len(arrival.text) for arrival in taken.arrivals)
