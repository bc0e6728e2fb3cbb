"""The harness of workers against a real gateway, small."""

from __future__ import annotations

import pytest

from benchmarks import workers
from benchmarks.workers import SIDES, STEADY, figures, measure


@pytest.mark.parametrize("name", ["two/columns"])
def test_every_process_is_measured_and_the_board_is_the_models(name: str) -> None:
    """The analytics process first, then its workers; what was sent is what is counted."""
    side = next(side for side in SIDES if side.name == name)
    outcome = measure(side, connections=4, warm_s=0.1, measure_s=0.3, pool=16)
    assert outcome["events"] > 0
    assert len(outcome["each_cpu_s"]) == 1 + side.workers
    assert all(seconds > 0 for seconds in outcome["each_cpu_s"])
    assert sum(outcome["each_cpu_s"]) == pytest.approx(outcome["server_cpu_s"])


def test_frames_of_viewers_are_counted_over_workers() -> None:
    """Of each process, too; every delta continued the one before."""
    side = next(side for side in SIDES if side.name == "two/viewers")
    outcome = measure(side, connections=20, warm_s=0.5, measure_s=1.0)
    assert outcome["frames"] > 0
    assert len(outcome["each_cpu_s"]) == 3
    assert (outcome["broken"], outcome["witnessed"] > 0) == (0, True)


def test_figures_are_of_each_process() -> None:
    """Per second of its own."""
    side = SIDES[1]
    outcome = {"events": 600, "wall_s": 2.0, "each_cpu_s": [1.0, 0.5, 1.5]}
    assert figures(side, outcome) == {"wall": 300, "analytics": 600, "all": 200, "worker": 300}


def test_a_sample_that_did_not_get_what_was_due_is_repeated_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the load has a rate; else there is nothing that is due."""
    side = next(side for side in SIDES if side.name == "two/steady")
    shares = iter([0.5, 1.0, 0.0])
    monkeypatch.setattr(workers, "measure", lambda *_, **__: {"events": next(shares) * STEADY, "wall_s": 1.0})
    notes: dict[str, str] = {}
    assert workers._sample(side, 1.0, notes)["events"] == STEADY
    assert notes == {"disturbed:two/steady": "50% of what was due came in one sample"}
    assert workers._sample(SIDES[0], 1.0, notes)["events"] == 0
