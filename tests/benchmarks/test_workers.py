"""The harness of workers against a real gateway, small."""

from __future__ import annotations

import pytest

from benchmarks.workers import SIDES, measure


@pytest.mark.parametrize("name", ["two/columns"])
def test_every_process_is_measured_and_the_board_is_the_models(name: str) -> None:
    """The analytics process first, then its workers; what was sent is what is counted."""
    side = next(side for side in SIDES if side.name == name)
    outcome = measure(side, connections=4, warm_s=0.1, measure_s=0.3, pool=16)
    assert outcome["events"] > 0
    assert len(outcome["each_cpu_s"]) == 1 + side.workers
    assert all(seconds > 0 for seconds in outcome["each_cpu_s"])
    assert sum(outcome["each_cpu_s"]) == pytest.approx(outcome["server_cpu_s"])
