"""One group at a time: on disk, then counted, then acked. And what happens when the disk says no."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from analytics import Batch, KpiSpec
from gateway.core.fold import Fold
from gateway.core.spacing import Spacing
from gateway.server.acks import STEP
from gateway.server.turn import TURN_S, Turn
from gateway.wire import Limits
from tests.core.simulation import refold
from tests.server.scene import NOW, Peer, Scene
from tests.server.serving import KPIS, on_loop, until


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


def test_a_group_that_waits_takes_what_comes_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """One commit for both, and the next one is told when this one began."""
    began: list[int] = []
    waits = [3_600.0, 0.01]
    monkeypatch.setattr(Spacing, "wait", lambda *_: waits.pop(0))
    monkeypatch.setattr(Spacing, "begin", lambda _self, _now, batches: began.append(batches))

    async def run() -> None:
        scene = Scene()
        scene.send(1)
        for _ in range(10):
            await asyncio.sleep(0)
        assert scene.log.waiting == []
        scene.send(2)
        scene.ingest._begin()  # as when the hour is over
        assert len(scene.log.waiting) == 1
        scene.send(3)
        scene.log.commit()
        await scene.written()
        scene.log.commit()
        await until(lambda: scene.accepted == 3)
        assert ([ack.seq for ack in scene.peer.acks], began) == ([2, 3], [2, 1])

    on_loop(run)


def test_repeats_are_acked_once_a_turn() -> None:
    """However many batches come again in one read: one cumulative ack, and none behind that of a group."""

    async def run() -> None:
        scene = Scene()
        for seq in (1, 2, 3):
            scene.send(seq)
        await scene.written()
        scene.log.commit()
        await until(lambda: scene.peer.acks)
        for seq in (1, 2, 3, 2):
            scene.send(seq)
        assert len(scene.peer.acks) == 1, "not before the read is over"
        await until(lambda: len(scene.peer.acks) > 1)
        scene.send(1)
        await until(lambda: len(scene.peer.acks) > 2)
        assert [ack.seq for ack in scene.peer.acks] == [3, 3, 3]

    on_loop(run)


def test_a_repeat_during_a_hold_is_told_to_hold() -> None:
    """And the engine hears that this producer is quiet at our word; one that has gone hears nothing."""

    async def run() -> None:
        scene = Scene()
        scene.send(1)
        await scene.written()
        scene.log.commit()
        await until(lambda: scene.peer.acks)
        scene.ingest.acks.level = 3
        scene.send(1)
        await until(lambda: len(scene.peer.acks) == 2)
        assert (scene.peer.acks[1].level, scene.peer.acks[1].wait_ms > 0, scene.session.held) == (3, True, True)
        scene.send(1)
        scene.ingest.leave(scene.session)
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(scene.peer.acks) == 2

    on_loop(run)


def test_a_raised_epoch_is_told_when_it_is_on_disk() -> None:
    """In a row of its own when there are no batches; before any ack of what comes with it."""

    async def run() -> None:
        scene = Scene()
        told: list[int] = []
        row = scene.welcomed("p", 2, scene.peer).producer
        scene.ingest.fence(row, lambda: told.append(len(scene.peer.acks)))
        await scene.written()
        for _ in range(10):
            await asyncio.sleep(0)
        assert (told, row.epoch_durable) == ([], False)
        scene.log.commit()
        await scene.ingest.settled()
        assert (told, row.epoch_durable, scene.accepted) == ([0], True, 0)
        other = Fold(KpiSpec.parse(KPIS), Limits(262_144, 500, 16), 65_536, 100, 100, 512 << 20)
        assert [refold(other, payload) for payload in scene.log.rows] == [0]
        assert other.table.claim("p", 1, 1) is None

    on_loop(run)


def test_a_held_producer_does_not_become_idle() -> None:
    """Its silence is our doing: it goes on holding the watermark back, until it is let go or is gone."""

    async def run() -> None:
        scene = Scene()
        engine = scene.fold.engine
        for source, at in (("p", 0), ("q", 60_000)):
            engine.ingest(Batch.from_events([{"event": "x", "timestamp": NOW + at}], source), NOW)
        held_back = engine.watermark("events")
        scene.ingest.acks.level = 3
        scene.ingest.join(scene.session)
        engine.advance(NOW + 30_000)
        assert engine.watermark("events") == held_back
        scene.now = NOW + 30_000
        scene.ingest.leave(scene.session)
        engine.advance(NOW + 60_000)
        assert engine.watermark("events") == held_back + 60_000  # type: ignore[operator]  # there were events

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


def test_a_group_is_spread_over_turns_and_nothing_is_applied_in_between() -> None:
    """Counted, acked in pieces, copied for a snapshot, and only then the next one is begun; a repeat that comes between
    two pieces is answered with the verdicts that are owed, and whoever has left is not.
    """

    async def run() -> None:
        scene = Scene(snapshot_ms=1)
        scene.ingest.turn = Turn(asyncio.get_running_loop(), count(0.0, TURN_S).__next__)
        peers = [Peer() for _ in range(3 * STEP)]
        sessions = [scene.welcomed(f"p{n}", 1, peer) for n, peer in enumerate(peers)]
        for scene.session in sessions:
            scene.send(1, {"event": ""})
        await scene.written()
        scene.now += 10
        scene.log.commit()
        while not peers[0].acks:
            await asyncio.sleep(0)
        for scene.session in sessions[-2:]:
            scene.send(1)
        scene.send(2)
        scene.ingest.leave(sessions[-3])
        assert [len(peer.acks) for peer in peers[-3:]] == [0, 0, 0]
        assert (scene.log.waiting, scene.accepted) == ([], 0)
        resting = asyncio.create_task(scene.ingest.rest())
        await resting
        assert [len(peer.acks) for peer in peers] == [1] * (len(peers) - 3) + [0, 1, 1]
        assert all(len(ack.verdicts) == 1 for peer in peers for ack in peer.acks)
        assert scene.log.waiting == []
        await until(lambda: scene.log.snapshots)
        assert scene.log.snapshots[0][0] == 1
        scene.ingest.go_on()
        await scene.written()
        scene.log.commit()
        await until(lambda: scene.accepted == 1)

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
    """A batch that was decoded for the old set is counted by the new one, whose KPIs join while no group is written."""

    async def run() -> None:
        scene = Scene()
        scene.send(1)
        await scene.written()
        scene.send(2, {"event": "x", "properties": {"price": 4}})
        scene.ingest.reload(
            KpiSpec.parse('[[kpi]]\nname = "prices"\nvalue = "sum(price)"\nwindow = "tumbling 1h"\ngrace = "1h"\n')
        )
        resting = asyncio.create_task(scene.ingest.rest())
        await asyncio.sleep(0)
        scene.log.commit()
        await resting
        assert (scene.accepted, scene.log.waiting) == (1, [])
        scene.ingest.adopt(scene.fold.beside().engine.snapshot())
        scene.ingest.go_on()
        await scene.written()
        scene.log.commit()
        await until(lambda: scene.accepted == 2)
        scene.fold.engine.advance(NOW)
        assert [row.value for row in scene.fold.engine.rows("prices", 0, 2**60)] == [4]

    on_loop(run)
