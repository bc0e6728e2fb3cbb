"""One group at a time: on disk, then counted, then acked. And what happens when the disk says no."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from analytics import Batch, KpiSpec
from gateway.core.credit import CreditPool
from gateway.core.fold import Fold
from gateway.core.producer import ProducerSession
from gateway.errors import StorageError
from gateway.server.ingest import Ingest
from gateway.server.metrics import Metrics
from gateway.store import Committed, DiskFullError, Failed
from gateway.wire import Limits, ServerMessage
from gateway.wire.replies import Ack
from tests.server.serving import KPIS, on_loop, until

NOW = 1_795_334_400_000


class HeldLog:
    """A log whose commits happen when the test says so."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.waiting: list[tuple[bytes, Callable[[Any], None]]] = []
        self.snapshots: list[tuple[int, Mapping[str, bytes]]] = []
        self.rejected: list[Any] = []
        self.full = False

    def append(self, payload: bytes, events: int, now: int, done: Callable[[Any], None]) -> None:
        self.waiting.append((payload, done))

    def commit(self) -> None:
        payload, done = self.waiting.pop(0)
        self.rows.append(payload)
        done(Committed(len(self.rows), 0.001, len(payload)))

    def refuse(self, error: Any) -> None:
        _, done = self.waiting.pop(0)
        done(Failed(error))

    def snapshot(self, position: int, blobs: Mapping[str, bytes], now: int, done: Callable[[Any], None]) -> None:
        self.snapshots.append((position, blobs))
        done(Committed(position, 0.001, 1))

    def quarantine(self, rejected: Sequence[Any], further: Mapping[str, int]) -> None:
        self.rejected.append((rejected, further))

    def last_position(self) -> int:
        return len(self.rows)

    def writable(self) -> bool:
        return not self.full


class Peer:
    """Collects acks."""

    def __init__(self) -> None:
        self.acks: list[Ack] = []

    def say(self, message: ServerMessage) -> None:
        assert isinstance(message, Ack)
        self.acks.append(message)

    def end(self, code: int) -> None:
        raise AssertionError(code)


class Scene:
    """An ingest with one producer."""

    def __init__(self, snapshot_ms: int = 10**9, pool: int = 64 << 20) -> None:
        self.now = NOW
        self.log = HeldLog()
        self.failures: list[Exception] = []
        self.fold = Fold(KpiSpec.parse(KPIS), Limits(262_144, 500, 16), 65_536, 100, 100, 512 << 20)
        self.pool = CreditPool(pool)
        self.ingest = Ingest(
            asyncio.get_running_loop(),
            self.log,  # type: ignore[arg-type]  # stands in for the event log
            self.fold,
            self.pool,
            Metrics(),
            lambda: self.now,
            self.failures.append,
            snapshot_ms,
        )
        self.peer = Peer()
        claim = self.fold.table.claim("p", 1, 1)
        assert claim is not None
        self.session = ProducerSession(claim.producer, self.pool, self.peer, None, b"")
        claim.producer.owner = self.session
        self.ingest.sessions[self.session] = None

    def send(self, seq: int, *events: dict[str, Any]) -> None:
        """A batch arrives on the socket."""
        text = orjson.dumps({"type": "batch", "seq": seq, "events": events or [{"event": "x"}]})
        decision = self.session.receive(self.fold.codec.batch(text), len(text), self.now)
        assert decision.arrival is not None
        self.ingest.submit(decision.arrival)

    async def written(self, count: int = 1) -> None:
        """Wait until the log has been handed `count` groups."""
        await until(lambda: len(self.log.waiting) >= count)

    @property
    def accepted(self) -> int:
        return self.fold.ledger.accepted


def test_no_ack_before_the_commit() -> None:
    """Received, handed to the disk, and silent until the disk has it; then counted and acked."""

    async def run() -> None:
        scene = Scene()
        scene.send(1)
        await scene.written()
        for _ in range(10):
            await asyncio.sleep(0)
        assert (scene.peer.acks, scene.accepted) == ([], 0)
        scene.log.commit()
        await until(lambda: scene.peer.acks)
        assert ([ack.seq for ack in scene.peer.acks], scene.accepted) == ([1], 1)

    on_loop(run)


def test_what_comes_during_a_commit_is_the_next_group() -> None:
    """One group with all of it, and one ack for it. How long the oldest waits is known until it is folded."""

    async def run() -> None:
        scene = Scene()
        scene.send(1)
        await scene.written()
        scene.now = NOW + 500
        scene.send(2)
        scene.send(3)
        since = [scene.ingest.waiting_since]
        scene.log.commit()
        await scene.written()
        since.append(scene.ingest.waiting_since)
        assert len(scene.log.waiting) == 1
        scene.log.commit()
        await until(lambda: scene.accepted == 3)
        assert [ack.seq for ack in scene.peer.acks] == [1, 3]
        assert [*since, scene.ingest.waiting_since] == [NOW, NOW + 500, None]

    on_loop(run)


def test_a_full_disk_holds_and_loses_nothing() -> None:
    """Level 3 with a time to wait, no ack; when there is room again the same group is written once."""

    async def run() -> None:
        scene = Scene()
        scene.log.full = True
        scene.send(1)
        await scene.written()
        scene.log.refuse(DiskFullError("no room"))
        await until(lambda: scene.peer.acks)
        (hold,) = scene.peer.acks
        assert (hold.seq, hold.level) == (0, 3)
        assert hold.wait_ms > 0
        scene.log.full = False
        await scene.written()
        scene.log.commit()
        await until(lambda: scene.accepted == 1)
        await until(lambda: scene.peer.acks[-1].level == 0)
        assert (scene.peer.acks[-1].seq, scene.failures) == (1, [])

    on_loop(run)


def test_a_held_producer_does_not_become_idle() -> None:
    """Its silence is our doing: it goes on holding the watermark back, until it is let go or is gone."""

    async def run() -> None:
        scene = Scene()
        engine = scene.fold.engine
        for source, at in (("p", 0), ("q", 60_000)):
            engine.ingest(Batch.from_events([{"event": "x", "timestamp": NOW + at}], source), NOW)
        held_back = engine.watermark("events")
        scene.ingest.level = 3
        scene.ingest.join(scene.session)
        engine.advance(NOW + 30_000)
        assert engine.watermark("events") == held_back
        scene.now = NOW + 30_000
        scene.ingest.leave(scene.session)
        engine.advance(NOW + 60_000)
        assert engine.watermark("events") == held_back + 60_000  # type: ignore[operator]  # there were events

    on_loop(run)


def test_a_dead_disk_is_the_end() -> None:
    """Nothing is acked any more; the owner is told once."""

    async def run() -> None:
        scene = Scene()
        scene.send(1)
        await scene.written()
        scene.log.refuse(StorageError("EIO"))
        await until(lambda: scene.failures)
        scene.send(2)
        await scene.ingest.settled()
        assert (scene.peer.acks, scene.accepted, scene.log.waiting, len(scene.failures)) == ([], 0, [], 1)

    on_loop(run)


def test_a_snapshot_is_taken_between_groups() -> None:
    """Its position is that of the last applied group, and its ledger says the same."""

    async def run() -> None:
        scene = Scene(snapshot_ms=1_000)
        for seq in (1, 2):
            scene.send(seq)
            await scene.written()
            scene.now += 600
            scene.log.commit()
            await scene.ingest.settled()
        ((position, blobs),) = scene.log.snapshots
        assert position == 2
        other = Fold(KpiSpec.parse(KPIS), Limits(262_144, 500, 16), 65_536, 100, 100, 512 << 20)
        other.restore(blobs)
        assert other.ledger.accepted == 2

    on_loop(run)


def test_closing_writes_and_snapshots_what_is_there() -> None:
    """Pending batches are written first."""

    async def run() -> None:
        scene = Scene()
        scene.send(1)
        closing = asyncio.create_task(scene.ingest.close())
        await scene.written()
        scene.log.commit()
        await closing
        assert [position for position, _ in scene.log.snapshots] == [1]

    on_loop(run)


def test_verdicts_of_a_group_go_to_their_batches() -> None:
    """One ack, with the sequences and places of the events that were not plain; the dropped go to quarantine."""

    async def run() -> None:
        scene = Scene()
        scene.send(1, {"event": "x", "uuid": "a"})
        scene.send(2, {"event": ""}, {"event": "x", "uuid": "a"})
        await scene.written()
        scene.log.commit()
        await until(lambda: scene.log.rejected)
        (ack,) = scene.peer.acks
        assert sorted(tuple(v) for v in ack.verdicts) == [(2, 0, "drop", "event_name"), (2, 1, "duplicate", "uuid")]
        ((rejected, further),) = scene.log.rejected
        assert [(r.reason, r.source, r.payload) for r in rejected] == [("event_name", "p", b'{"event":""}')]
        assert further == {}

    on_loop(run)


def test_a_pile_of_pending_bytes_raises_the_level() -> None:
    """A quarter of the pool waits: slower; the acks say so."""

    async def run() -> None:
        scene = Scene(pool=8_000)
        scene.send(1)
        await scene.written()
        scene.send(2, {"event": "x", "pad": "y" * 2_500})
        scene.log.commit()
        await until(lambda: scene.peer.acks)
        assert scene.peer.acks[0].level == 1

    on_loop(run)


def test_a_reload_decodes_anew_what_waits() -> None:
    """A batch that was decoded for the old set is counted by the new one."""

    async def run() -> None:
        scene = Scene()
        scene.send(1)
        await scene.written()
        scene.send(2, {"event": "x", "properties": {"price": 4}})
        scene.ingest.reload(
            KpiSpec.parse('[[kpi]]\nname = "prices"\nvalue = "sum(price)"\nwindow = "tumbling 1h"\ngrace = "1h"\n')
        )
        scene.log.commit()
        await scene.written()
        scene.log.commit()
        await until(lambda: scene.accepted == 2)
        scene.fold.engine.advance(NOW)
        assert [row.value for row in scene.fold.engine.rows("prices", 0, 2**60)] == [4]

    on_loop(run)
