"""The floods and what is told of them; the e2e tests of overload let them loose on a gateway."""

from __future__ import annotations

import asyncio
import os

import pytest
from websockets.frames import Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from benchmarks import flood, probe
from benchmarks.attacker import Means, frame
from benchmarks.attacks import ATTACKS
from benchmarks.floods import FLOODS, Flooded, _figures, forget_peak, peak_bytes


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 262_144])
def test_frames_of_any_size_are_what_a_server_reads(size: int) -> None:
    """Masked, with their opcode and their end."""
    protocol = ServerProtocol(state=OPEN, max_size=1 << 20)
    protocol.receive_data(frame(b"x" * size, 2, fin=False))
    (event,) = protocol.events_received()
    assert (event.opcode, event.fin, bytes(event.data)) == (Opcode.BINARY, False, b"x" * size)  # type: ignore[union-attr]


def test_a_rate_holds_from_the_primed_events_on() -> None:
    """Before, as many as it takes."""
    means = Means(0, "w", "v", "k", size=0, rate=25, prime=2)
    assert (means.rate, means.primed) == (0.0, False)
    assert [means.fresh(), means.fresh()] == [1, 2]
    assert (means.rate, means.primed) == (25, True)


def test_every_flood_is_a_kind_and_every_kind_a_flood() -> None:
    """What the benchmark lets loose is what there is, with settings that the driver knows."""
    assert set(FLOODS) == set(ATTACKS)
    for kind, settings in FLOODS.items():
        flood.Plan(1, kind, "w", "v", **settings)


def test_a_flood_that_finds_nobody_ends_when_it_is_told_to() -> None:
    """Each attempt is counted as failed."""

    async def run() -> flood.Outcome:
        stop = asyncio.Event()
        running = asyncio.create_task(
            flood.Flood(flood.Plan(1, "idle", "w", "v", connections=3, settle_s=0.3)).run(stop)
        )
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.5, stop.set)
        return await running

    outcome = asyncio.run(run())
    assert outcome.failed >= 3
    assert outcome.opened == 0


def test_ratios_are_of_one_round() -> None:
    """The honest client beside the flood over the same alone."""
    calm = probe.Outcome(seen_ms=[10.0] * 100, acked_ms=[2.0] * 100)
    loaded = probe.Outcome(seen_ms=[10.0] * 98 + [30.0] * 2, acked_ms=[3.0] * 100)
    figures = _figures("idle", Flooded(calm, loaded, [60 << 20, 10 << 20, 30 << 20], flood.Outcome(), {"level": 0}))
    assert (figures["idle rss"], figures["idle analytics rss"], figures["idle worker rss"]) == (100, 60, 30)
    assert (figures["idle seen p50 ratio"], figures["idle seen p99 ratio"], figures["idle ack p99 ratio"]) == (
        1,
        3,
        1.5,
    )


def test_the_peak_begins_anew() -> None:
    """What was there before the flood does not count."""
    held = b"x" * (256 << 20)
    before = peak_bytes(os.getpid())
    del held
    forget_peak(os.getpid())
    assert peak_bytes(os.getpid()) < before - (128 << 20)  # threads of other tests may take some meanwhile
