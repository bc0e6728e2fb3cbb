"""What the engine holds while events pass."""

from __future__ import annotations

from benchmarks.ingest import BOARD_FILE
from benchmarks.peers.traced import traced


def test_each_step_has_its_events_and_the_engine_holds_something() -> None:
    """From nothing on."""
    steps = list(traced(BOARD_FILE, 4_000, 2))
    assert [events for events, _ in steps] == [0, 2_000, 4_000]
    assert steps[0][1] < steps[1][1]
