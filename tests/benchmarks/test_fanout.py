"""The fan-out harness: what is a sample and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import fanout
from benchmarks.fanout import MissingFramesError
from benchmarks.viewers import Plan

PLAN = Plan(1, [1], "raw", connections=10, hz=10)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [({"frames": 89}, "89 frames of 100"), ({"broken": 1}, "1 of 7 deltas did not continue")],
)
def test_a_run_with_missing_or_broken_frames_is_no_sample(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, int], complaint: str
) -> None:
    """Nine tenths of the frames must have come, and every delta must continue the one before."""
    good = {"frames": 90, "wall_s": 1.0, "broken": 0, "witnessed": 7}
    monkeypatch.setattr(fanout, "drive", lambda *_: good)
    assert fanout._drive(PLAN) == good
    monkeypatch.setattr(fanout, "drive", lambda *_: good | change)
    with pytest.raises(MissingFramesError, match=complaint):
        fanout._drive(PLAN)


def test_a_disturbed_run_is_repeated_and_noted() -> None:
    """Twice at most; a side that fails a third time ends the benchmark."""
    tries: list[float] = []

    def side(measure_s: float) -> dict[str, Any]:
        tries.append(measure_s)
        if len(tries) < 3:
            raise MissingFramesError(f"try {len(tries)}")
        return {"frames": 1}

    notes: dict[str, str] = {}
    assert fanout._sample(side, 2.0, notes, "x") == {"frames": 1}
    assert notes == {"repeated:x": "try 2"}
    tries.clear()

    def never(_measure_s: float) -> dict[str, Any]:
        raise MissingFramesError("never")

    with pytest.raises(MissingFramesError, match="never"):
        fanout._sample(never, 2.0, notes, "x")
