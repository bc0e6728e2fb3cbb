"""A clock that runs fast."""

from __future__ import annotations

import time

from benchmarks.peers.hurried import hurried


def test_the_clock_runs_as_many_times_as_fast() -> None:
    """What has passed since it began is multiplied; at its beginning it shows the wall time."""
    now = time.time() * 1_000
    assert abs(hurried(int(now) - 1_000, 50.0)() - (now + 49_000)) < 50_000
    ahead = hurried(int(now) + 3_600_000, 2.0)()
    assert ahead < now
