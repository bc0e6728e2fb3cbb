"""The reading driver of the fan-out benchmark."""

from __future__ import annotations

import os
from dataclasses import asdict

from benchmarks.process import drive, python_server
from benchmarks.viewers import CELLS, Plan, Viewers
from tests.benchmarks.stand_in import stand_in


def test_every_viewer_gets_one_frame_a_tick_and_the_first_one_checks_them() -> None:
    """The producer's batches are the feed, each changes all cells, and every delta continues the one before."""
    with stand_in() as server:
        plan = Plan(server.port, [os.getpid()], "tidegate", connections=5, hz=50, warm_s=0.2, measure_s=0.4)
        viewers = Viewers(plan)
        viewers.connect()
        outcome = viewers.run()
    assert outcome.ticks > 0
    assert 0 < outcome.witnessed <= outcome.ticks + 2
    assert abs(outcome.frames - 5 * outcome.witnessed) <= 2 * 5  # ticks may be ahead of the frames on a busy machine
    assert outcome.broken == 0
    assert set(server.counts) == set(CELLS)
    assert [hello["role"] for hello in server.hellos] == ["viewer"] * 5 + ["producer"]


def test_deltas_that_do_not_continue_are_counted() -> None:
    """A server that skips an offset does not pass."""
    with stand_in(skip_offsets=True) as server:
        viewers = Viewers(Plan(server.port, [os.getpid()], "tidegate", connections=1, hz=50, warm_s=0.1, measure_s=0.3))
        viewers.connect()
        outcome = viewers.run()
    assert outcome.broken == outcome.witnessed > 0


def test_the_feed_stays_within_credit() -> None:
    """A server that acknowledges nothing gets the batches of its welcome and no more."""
    with stand_in(mute=True, window=3) as server:
        viewers = Viewers(
            Plan(server.port, [os.getpid()], "tidegate", connections=1, hz=100, warm_s=0.1, measure_s=0.2)
        )
        viewers.connect()
        viewers.run()
    assert set(server.counts.values()) == {3}


def test_the_pushing_peers_reach_every_viewer_at_their_rate() -> None:
    """Frames of payload plus four bytes of header, from the bound and from websockets.broadcast."""
    for name in ("pushed", "broadcast"):
        with python_server(name, f"benchmarks.peers.{name}", "50", "1024") as server:
            plan = Plan(server.port, [server.pid], "raw", connections=4, hz=50, warm_s=0.1, measure_s=0.4)
            outcome = drive("benchmarks.viewers", asdict(plan))
        assert outcome["frames"] >= 4
        assert abs(outcome["bytes"] / 1_028 - outcome["frames"]) < 4
        assert outcome["server_cpu_s"] > 0
