"""What producers are told: one ack a turn, and to hold still when the pressure says so."""

from __future__ import annotations

import asyncio

from gateway.server import acks
from tests.server.scene import NOW, Peer, Scene
from tests.server.serving import on_loop, until


def test_repeats_of_one_turn_are_one_ack() -> None:
    """However often a connection sends again what is on disk."""

    async def run() -> None:
        scene = Scene()
        for _ in range(3):
            scene.ingest.acks.again(scene.session)
        await until(lambda: scene.peer.acks)
        await asyncio.sleep(0)
        assert [ack.wait_ms for ack in scene.peer.acks] == [0]

    on_loop(run)


def test_a_hold_is_announced_to_everyone_in_slices() -> None:
    """To each open connection once, with a wait that differs; its silence then does not make it idle."""

    async def run() -> None:
        scene = Scene()
        peers = [Peer() for _ in range(2 * acks.ANNOUNCE_SLICE + 1)]
        sessions = [scene.welcomed(f"p{n}", 1, peer) for n, peer in enumerate(peers)]
        closed = scene.welcomed("gone", 1, Peer())
        scene.ingest.leave(closed)
        scene.ingest.acks.level = 3
        scene.ingest.acks.announce([*sessions, closed])
        assert sum(bool(peer.acks) for peer in peers) == acks.ANNOUNCE_SLICE
        await until(lambda: all(peer.acks for peer in peers))
        waits = {ack.wait_ms for peer in peers for ack in peer.acks}
        assert all(len(peer.acks) == 1 for peer in peers)
        assert len(waits) > 100
        assert acks.HOLD_MS[0] <= min(waits) <= max(waits) <= acks.HOLD_MS[1]
        assert all(session.held for session in sessions)
        assert not closed.held

    on_loop(run)


def test_the_end_of_a_hold_is_said_with_the_next_ack() -> None:
    """The engine's idle clock of that source goes on then."""

    async def run() -> None:
        scene = Scene()
        scene.ingest.acks.level = 3
        scene.ingest.acks.say(scene.session, scene.ingest.acks.hold_ms())
        held = [scene.session.held]
        scene.ingest.acks.level = 0
        scene.ingest.acks.say(scene.session, 0)
        assert [*held, scene.session.held] == [True, False]
        assert [ack.wait_ms > 0 for ack in scene.peer.acks] == [True, False]
        assert scene.now == NOW

    on_loop(run)
