"""The disk says no, or nothing: what is told to producers meanwhile, and that nothing is lost."""

from __future__ import annotations

from gateway.errors import StorageError
from gateway.store import DiskFullError
from tests.server.scene import NOW, Peer, Scene
from tests.server.serving import on_loop, until


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


def test_a_disk_that_does_not_come_back_raises_the_level() -> None:
    """By the age of what it was given, though nothing waits behind that; when it comes back all is as before."""

    async def run() -> None:
        scene = Scene()
        scene.send(1)
        await scene.written()
        levels = []
        for age in (0, 400, 1_500, 5_000):
            scene.now = NOW + age
            scene.ingest.refresh()
            levels.append(scene.ingest.level)
        assert levels == [0, 1, 2, 3]
        await until(lambda: scene.peer.acks)
        (hold,) = scene.peer.acks
        assert (hold.seq, hold.level, hold.credit.max_seq) == (0, 3, 4)
        scene.log.commit()
        await until(lambda: scene.peer.acks[-1].level == 0)
        assert (scene.peer.acks[-1].seq, scene.accepted, scene.ingest.level) == (1, 1, 0)

    on_loop(run)


def test_a_raised_epoch_waits_for_a_disk_that_is_full() -> None:
    """It is written with the batches that waited, once."""

    async def run() -> None:
        scene = Scene()
        told: list[int] = []
        scene.log.full = True
        scene.send(1)
        row = scene.welcomed("q", 2, Peer()).producer
        scene.ingest.fence(row, lambda: told.append(1))
        await scene.written()
        scene.log.refuse(DiskFullError("no room"))
        await until(lambda: scene.peer.acks)
        assert told == []
        scene.log.full = False
        await scene.written()
        scene.log.commit()
        await scene.ingest.settled()
        assert (told, scene.accepted, len(scene.log.rows)) == ([1], 1, 1)

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


def test_a_disk_that_dies_while_it_is_full_is_the_end() -> None:
    """A checkpoint failed, which answers no call: the group that waits for room is not waited for any longer."""

    async def run() -> None:
        scene = Scene()
        scene.log.full = True
        scene.send(1)
        await scene.written()
        scene.log.refuse(DiskFullError("no room"))
        scene.log.failure = StorageError("EIO")
        await until(lambda: scene.failures)
        assert (scene.failures, scene.accepted, scene.log.waiting) == ([scene.log.failure], 0, [])

    on_loop(run)
