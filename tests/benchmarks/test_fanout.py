"""The fan-out harness: what is a sample and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import fanout
from benchmarks.fanout import BrokenDeltasError
from benchmarks.viewers import Plan

PLAN = Plan(1, [1], "raw")
DUE = PLAN.connections * PLAN.hz


def outcome(share: float, broken: int = 0) -> dict[str, Any]:
    """A second in which this share of the frames due arrived."""
    return {"frames": DUE * share, "wall_s": 1.0, "broken": broken, "witnessed": 7}


def test_a_run_with_broken_deltas_is_no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every delta must continue the one before."""
    monkeypatch.setattr(fanout, "drive", lambda *_: outcome(1.0))
    assert fanout.drive_viewers(PLAN) == outcome(1.0)
    monkeypatch.setattr(fanout, "drive", lambda *_: outcome(1.0, broken=1))
    with pytest.raises(BrokenDeltasError, match="1 of 7 deltas did not continue"):
        fanout.drive_viewers(PLAN)


@pytest.mark.parametrize(
    ("shares", "kept", "note"),
    [
        ([0.95], 0.95, {}),
        ([0.5, 1.0], 1.0, {"disturbed:x": "50% of the frames of one sample arrived in time"}),
        ([0.5, 0.6, 0.7], 0.7, {"disturbed:x": "70% of the frames of one sample arrived in time"}),
    ],
)
def test_a_disturbed_run_is_repeated_twice_at_most_and_noted(
    shares: list[float], kept: float, note: dict[str, str]
) -> None:
    """The first whole sample counts, or else the third; the result file says so."""
    runs = iter(shares)
    notes: dict[str, str] = {}
    assert fanout._sample(lambda _: outcome(next(runs)), 1.0, notes, "x") == outcome(kept)
    assert notes == note
    assert next(runs, None) is None
