"""From arrivals to the disk to the engine to acks: one commit group at a time.

While a group is being written, the next one gathers; a little longer when that saves commits. When it is on disk it is
folded and acked, and then the next is handed over: in steps that are spread over turns of the loop, between which
nothing else changes what they work on. Nothing here awaits, so nothing needs a lock; the writer thread comes back
through `call_soon_threadsafe`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager

from analytics import KpiSpec, Snapshot
from gateway.core.credit import CreditPool
from gateway.core.fold import Fold
from gateway.core.overload import Pressure, Shedding, Step, shedding_of
from gateway.core.producer import Arrival, ProducerSession
from gateway.core.producers import Producer
from gateway.core.record import encode_record
from gateway.core.spacing import Spacing
from gateway.core.tail import Tail
from gateway.server.acks import Acks
from gateway.server.metrics import Metrics
from gateway.server.pending import GROUP_BYTES, Group, Pending
from gateway.server.rejects import Rejects
from gateway.server.saving import Saving
from gateway.server.turn import Turn
from gateway.server.waiters import Waiter
from gateway.server.watchers import Watchers
from gateway.store import Committed, EventLog, Failed

__all__ = ["Ingest"]

RETRY_S = 0.5


class Ingest:
    """The write side of the server. All calls come from `loop`; `clock` is wall time in epoch milliseconds.

    `pool` is what pending bytes are measured against. `fail` is called once when nothing more may be acked and the
    process must end with 74. `snapshot_ms` is the least time between two snapshots. `tail` is shown what was counted.
    `steady` makes of wall time the time that old rows are deleted by.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        log: EventLog,
        fold: Fold,
        pool: CreditPool,
        metrics: Metrics,
        clock: Callable[[], int],
        fail: Callable[[Exception], None],
        snapshot_ms: int,
        tail: Tail | None = None,
        steady: Callable[[int], int] = lambda now: now,
    ) -> None:
        self.fold = fold
        self.pool = pool
        self.turn = Turn(loop)
        # Open producer connections, in order of arrival.
        self.sessions: dict[ProducerSession, None] = {}
        self.steady = steady
        # Share of the memory cap in use, and the least lag of the loop in ms; the ticker keeps them.
        self.memory, self.lag_ms = 0.0, 0
        self.shedding = Shedding(Step.NONE, 0)  # what is given up at the moment
        self._loop = loop
        self._log = log
        self._metrics = metrics
        self._clock = clock
        self._fail = fail
        self._rejects = Rejects(log)
        self._tail = tail
        self._pending = Pending()
        self._spacing = Spacing()
        self.acks = Acks(loop, fold, metrics, clock)
        # The group that the writer has, or that is on disk and not folded yet; None while there is none.
        self._writing: Group | None = None
        # A group that is on disk is being folded and acked, the next one made, or the state copied.
        self._at_work = False
        self._scheduled = False
        # No group begins.
        self._resting = False
        # The error of a refused write, until one succeeds: no credit, no acks.
        self.refusal: Exception | None = None
        self._failed = False
        self._watchers = Watchers(loop)
        self.saving = Saving(loop, log, metrics, snapshot_ms, clock(), self._watchers.wake, steady)

    @property
    def level(self) -> int:
        """The pressure: 0 normal, 1 slower, 2 shed, 3 hold."""
        return self.acks.level

    @property
    def pending_bytes(self) -> int:
        """Bytes of batches that are not on disk yet."""
        return self._pending.bytes

    def has_room(self, size: int) -> bool:
        """Whether a batch of `size` bytes that came without credit can wait with the others."""
        return self.level < 3 and self._pending.has_room(size, self.pool.size)

    @property
    def waiting_since(self) -> int | None:
        """When the oldest batch came that is not folded yet, in epoch milliseconds; None when all are."""
        return self._pending.since(self._writing)

    def submit(self, arrival: Arrival, waiter: Waiter | None = None, lane: Hashable = None) -> None:
        """Take a batch that is next in its producer's order. When many wait, lanes take turns; its producer is one."""
        self._pending.add(arrival, lane)
        if waiter is not None:
            self.acks.waiters.add(arrival.producer.id, arrival.epoch, arrival.seq, waiter)
        self._schedule()

    def fence(self, producer: Producer, done: Callable[[], None]) -> None:
        """Write down that this producer's epoch was raised. `done` is called when no crash can undo it any more."""
        self._pending.fence(producer, done)
        self._schedule()

    def join(self, session: ProducerSession) -> None:
        """A producer has been welcomed, and told the level."""
        self.sessions[session] = None
        if self.level >= 3:
            self.acks.hold(session, True)

    def leave(self, session: ProducerSession) -> None:
        """A producer's connection is gone, or fenced by a newer one."""
        session.close()
        self.sessions.pop(session, None)
        if session.held:
            self.acks.hold(session, False)

    def refresh(self) -> None:
        """Judge the pressure anew, tell held clients when it ends and starved ones when there is credit. Once a second.

        O(producer connections).
        """
        self._judge()
        self.keep()
        if self.level < 3 and self.pool.fill < 0.9:
            for session in self.sessions:
                if session.starved and session.top_up(self.level):
                    self.acks.say(session, 0)

    def keep(self) -> None:
        """Hand rows of windows that are over to the store."""
        self.saving.keep(self.fold, self._clock())

    def reload(self, specs: Sequence[KpiSpec]) -> None:
        """Change the KPI set. What waits is decoded anew, since the new set may read other properties.

        Raises:
            KpiError: the set cannot run; nothing has changed then.
        """
        self.fold.reload(specs)
        self._pending.turns.replace(self.fold.decode_again(self._pending.turns.arrivals))

    def adopt(self, snapshot: Snapshot) -> None:
        """Take in KPIs that were filled beside. Only at `rest`: a group under way lacks what they read."""
        assert not self._under_way
        self.fold.adopt(snapshot)
        self._pending.turns.replace(self.fold.decode_again(self._pending.turns.arrivals))

    async def rest(self) -> None:
        """Wait until no group is under way. The next one begins after `go_on`."""
        self._resting = True
        await self._watchers.until(lambda: self._failed or not self._under_way)

    def go_on(self) -> None:
        """The rest is over."""
        self._resting = False
        self._schedule()

    async def settled(self) -> None:
        """Wait until everything submitted so far is applied, and the disk is idle."""
        await self._watchers.until(lambda: self._failed or not self._busy)

    async def close(self) -> None:
        """Write what is pending, take a last snapshot."""
        await self.settled()
        if not self._failed:
            for _ in self.saving.begin(self.fold, self._log.last_position(), self._clock()):
                pass
            await self.settled()

    @property
    def _under_way(self) -> bool:
        return self._writing is not None or self._at_work

    @property
    def _busy(self) -> bool:
        return bool(self._pending or self._under_way or self.saving.busy)

    def _schedule(self) -> None:
        """See to it that the next group begins, if none is under way: at once, or when more have come."""
        if self._under_way or self._scheduled:
            return
        self._scheduled = True
        wait = self._spacing.wait(self._loop.time(), len(self._pending.turns))
        if wait:
            self._loop.call_later(wait, self._begin)
        else:
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._scheduled = False
        if not self._under_way:
            self._write_next()

    def _write_next(self) -> None:
        """Hand the next group to the writer, if there is one."""
        if self._failed or self._resting or not self._pending:
            return
        taken = self._pending.take()
        self._spacing.begin(self._loop.time(), len(taken.arrivals))
        with self._vital():
            admitted = self.fold.admit(taken.arrivals)
        payload = encode_record(taken.arrivals, [raised.fence for raised in taken.raises])
        self._writing = Group(taken, admitted, payload)
        self._append()

    def _append(self) -> None:
        group = self._writing
        assert group is not None
        self._log.append(group.payload, group.taken.events, self._clock(), self._written)

    def _written(self, result: Committed | Failed) -> None:
        """Called in the writer thread."""
        self._loop.call_soon_threadsafe(self._conclude, result)

    def _conclude(self, result: Committed | Failed) -> None:
        if isinstance(result, Failed):
            self._refused(result)
            return
        self._metrics.commit(result.seconds, result.bytes)
        if self.refusal is not None:
            self.refusal = None
            self._judge()
        group = self._writing
        assert group is not None
        self._at_work = True
        self.turn.go(self._concluding(group, result.position))

    def _concluding(self, group: Group, position: int) -> Iterator[None]:
        """What is left to do for a group that is on disk, and what comes behind it."""
        try:
            yield from self._count_and_ack(group, position)
        finally:
            self._at_work = False
            if self._pending:
                self._schedule()
            self._watchers.wake()

    def _count_and_ack(self, group: Group, position: int) -> Iterator[None]:
        arrivals, applied = group.taken.arrivals, None
        for raised in group.taken.raises:
            raised.conclude()
        if arrivals:
            on_disk, started = self._clock(), self._loop.time()
            with self._vital():
                applied = self.fold.apply(arrivals, group.admitted, arrivals[-1].received_at)
            self._metrics.stages.counted(arrivals[0].received_at, on_disk, self._loop.time() - started)
            self._pending.settle(group.taken)
        self._writing = None
        if applied is not None:
            self._judge()
            yield
            yield from self.acks.acknowledge(arrivals, applied)
            self._rejects.keep(arrivals, applied.rejected, self._clock())
            yield from self.fold.engine.relieving()
        now = self._clock()
        if self.saving.due(now):
            yield from self.saving.begin(self.fold, position, now)
        # Last of all: whatever an event makes of it, the rest is done.
        if self._tail is not None and self._tail.watched and applied is not None:
            self._tail.take(arrivals, group.admitted, applied, self.fold.engine.specs, now)

    def _refused(self, failed: Failed) -> None:
        if not failed.retryable:
            self._break(failed.error)
            return
        # The group stays in hand and is offered again: nothing is acked, nothing is lost, credit stops growing.
        self.refusal = failed.error
        self._judge()
        self._loop.call_later(RETRY_S, self._retry)

    @contextmanager
    def _vital(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._break(error)
            raise

    def _break(self, error: Exception) -> None:
        """Nothing more may be acked: a group that is skipped would be covered by the next cumulative ack."""
        self._failed = True
        self._watchers.wake()
        self._fail(error)

    def _retry(self) -> None:
        if self._failed:
            return
        if self._log.failure is not None:  # a checkpoint has failed meanwhile, which answers no call
            self._break(self._log.failure)
        elif self._log.writable():
            self._append()
        else:
            self._loop.call_later(RETRY_S, self._retry)

    def _judge(self) -> None:
        pending, oldest = self._pending.pressure(self._writing, self.pool.size, self._clock())
        self.shedding = shedding_of(Pressure(pending, oldest, self.memory, self.refusal is None, self.lag_ms))
        before, self.acks.level = self.level, self.shedding.level
        self.acks.crowded = self._pending.bytes > GROUP_BYTES
        if (self.level >= 3) != (before >= 3):
            self._loop.call_soon(self.acks.announce, list(self.sessions))
