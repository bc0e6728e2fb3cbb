"""What producers are told: acks, with the level and how long to hold still."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from gateway.core.applied import Applied
from gateway.core.fold import Fold
from gateway.core.producer import Arrival, ProducerSession
from gateway.server.metrics import Metrics
from gateway.server.waiters import Waiters
from gateway.wire.replies import WireVerdict

__all__ = ["Acks"]

HOLD_MS = (1_000, 3_000)
ANNOUNCE_SLICE = 256
STEP = 128
"""Acks said at a time, in about 1 ms."""


class Acks:
    """All calls come from `loop`.

    Args:
        fold: whose engine is told which sources are held back.
        clock: wall time in epoch milliseconds.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, fold: Fold, metrics: Metrics, clock: Callable[[], int]) -> None:
        # The pressure that acks speak of.
        self.level = 0
        # Whether more waits than the next commit group takes.
        self.crowded = False
        self.waiters = Waiters()
        self._loop = loop
        self._fold = fold
        self._metrics = metrics
        self._clock = clock
        # Connections that sent again what is on disk, in this turn of the loop.
        self._repeating: dict[ProducerSession, None] = {}
        # Connections with batches in the group that was applied last, and their verdicts, until their ack is said.
        self._owed: dict[ProducerSession, tuple[WireVerdict, ...]] = {}

    def hold_ms(self) -> int:
        """How long a client should hold still: jittered, so that they do not come back together."""
        return random.randint(*HOLD_MS)  # noqa: S311  # spreads load, keeps no secret

    def again(self, session: ProducerSession) -> None:
        """A batch came that is on disk. One ack says so for all that this connection sends in this turn of the loop."""
        if not self._repeating:
            self._loop.call_soon(self._say_again)
        self._repeating[session] = None

    def _say_again(self) -> None:
        repeating, self._repeating = self._repeating, {}
        for session in repeating:
            self.say(session, self.hold_ms() if self.level >= 3 else 0)

    def acknowledge(self, arrivals: Sequence[Arrival], applied: Applied) -> Iterator[None]:
        """One ack for each connection, with the verdicts of all its batches in the group: in steps of many acks.

        No other group may be applied in between: an ack says of all that is durable what became of it.
        """
        now, owed = self._clock(), self._owed
        for place, arrival in enumerate(arrivals):
            verdicts = applied.verdicts.get(place, ())
            if arrival.session is not None:
                arrival.session.settled(arrival.size)
            owner = arrival.producer.owner
            if owner is not None and owner.epoch == arrival.epoch:
                owed[owner] = owed.get(owner, ()) + verdicts
            self.waiters.tell(arrival, verdicts)
            self._metrics.acked(now - arrival.received_at)
        for number, owner in enumerate(list(owed), 1):
            if owner in owed:
                self.say(owner, self.hold_ms() if self.level >= 3 else 0)
            if number % STEP == 0:
                yield

    def say(self, session: ProducerSession, wait_ms: int) -> None:
        """Say an ack, with the verdicts of what it covers.

        While it tells to hold, silence of that producer is our doing and does not make it idle.
        """
        self._repeating.pop(session, None)
        verdicts = self._owed.pop(session, ())
        if session.closed:
            return
        held = session.held
        session.peer.say(session.ack(self.level, wait_ms, verdicts, self.crowded))
        if session.held != held:
            self.hold(session, session.held)

    def hold(self, session: ProducerSession, on: bool) -> None:
        """A producer is held back, or no longer."""
        session.held = on
        self._fold.engine.throttle(session.producer.id, on, self._clock())

    def announce(self, sessions: list[ProducerSession]) -> None:
        """A hold begins or ends: say so where no ack is due, in slices."""
        rest = iter(sessions)
        for session in islice(rest, ANNOUNCE_SLICE):
            if session.held != (self.level >= 3):
                self.say(session, self.hold_ms())
        left = list(rest)
        if left:
            self._loop.call_soon(self.announce, left)
