"""Quantiles of how long each stage took lately."""

from __future__ import annotations

from gateway.core.stages import SAMPLES, STAGES, WINDOW_MS, Stages


def test_stages_do_not_mix_and_none_is_null() -> None:
    """Each has its own; one that nothing passed says so."""
    stages = Stages()
    stages.add("fold", 3.0, 0)
    found = stages.quantiles(0)
    assert tuple(found) == STAGES
    assert found["fold"] == {"n": 1, "p50": 3.0, "p95": 3.0, "p99": 3.0, "max": 3.0}
    assert found["push"] == {"n": 0, "p50": None, "p95": None, "p99": None, "max": None}


def test_what_is_older_than_a_minute_does_not_count() -> None:
    """A spike is over when it is over."""
    stages = Stages()
    stages.add("push", 9_000.0, 0)
    stages.add("push", 5.0, 10)
    assert stages.quantiles(WINDOW_MS)["push"] == {"n": 1, "p50": 5.0, "p95": 5.0, "p99": 5.0, "max": 5.0}


def test_it_is_bounded() -> None:
    """However many come: the newest are kept."""
    stages = Stages()
    for ms in range(10 * SAMPLES):
        stages.add("total", float(ms), 0)
    found = stages.quantiles(0)["total"]
    assert (found["n"], found["max"], found["p50"]) == (SAMPLES, 10 * SAMPLES - 1, 9.5 * SAMPLES - 1)
