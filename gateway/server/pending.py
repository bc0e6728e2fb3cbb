"""What waits for the disk, and how much of it makes a commit group."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NamedTuple

from gateway.core.admission import Admitted
from gateway.core.producer import Arrival
from gateway.core.producers import Producer
from gateway.core.record import Fence
from gateway.core.turns import Turns

__all__ = ["Group", "Pending", "Raise", "Taken"]

GROUP_BYTES = 1_048_576
GROUP_EVENTS = 4_096
"""At 5 us each when all of them need a careful look, a group holds the loop for no more than 20 ms."""

ROOM_SHARE = 0.8
"""Share of the pool up to which what has no credit may fill it: from there on the level is a hold."""


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
    """Batches by turns, and raised epochs. Credit bounds the former, the number of hellos the latter."""

    def __init__(self) -> None:
        self.turns = Turns()
        self._raises: list[Raise] = []
        # Bytes of batches that are not on disk yet, those that were taken included.
        self.bytes = 0

    def __bool__(self) -> bool:
        return bool(self.turns or self._raises)

    def add(self, arrival: Arrival, lane: Hashable = None) -> None:
        """A batch that is next in its producer's order. Without a `lane` it has that of its producer."""
        self.turns.add(arrival.producer.id if lane is None else lane, arrival)
        self.bytes += len(arrival.text)

    def has_room(self, size: int, pool: int) -> bool:
        """Whether so many bytes that came without credit can be added; what comes when nothing waits always can."""
        return not self.bytes or self.bytes + size <= pool * ROOM_SHARE

    def since(self, writing: Group | None) -> int | None:
        """When the oldest batch came that waits here or is being written; None when there is none."""
        # A group is in order of arrival; what it has left waiting may be older.
        oldest = [self.turns.oldest, *(writing.taken.arrivals[:1] if writing else ())]
        return min((arrival.received_at for arrival in oldest if arrival is not None), default=None)

    def pressure(self, writing: Group | None, pool: int, now: int) -> tuple[float, int]:
        """What waits as a share of the pool, and the age of the oldest. A hanging disk shows in what it got first."""
        since = self.since(writing)
        return self.bytes / pool, 0 if since is None else now - since

    def fence(self, producer: Producer, done: Callable[[], None]) -> None:
        """The epoch of a producer, which was raised just now."""
        self._raises.append(Raise(Fence(producer.id, producer.epoch, producer.first_seq - 1), producer, done))

    def take(self) -> Taken:
        """The next group: raised epochs all, batches by turns up to the size of a group."""
        arrivals = self.turns.take(GROUP_BYTES, GROUP_EVENTS)
        raises, self._raises = self._raises, []
        return Taken(arrivals, sum(arrival.events.n for arrival in arrivals), raises)

    def settle(self, taken: Taken) -> None:
        """A group is on disk."""
        self.bytes -= sum(len(arrival.text) for arrival in taken.arrivals)
