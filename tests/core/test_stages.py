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


def test_what_waits_for_a_push_is_as_old_as_the_oldest_of_it() -> None:
    """From receipt to disk, from there into the KPIs, from there to the viewers; then nothing waits."""
    stages = Stages()
    for received, on_disk in ((1_000, 1_030), (1_010, 1_050)):
        stages.counted(received, on_disk, 0.002)
    waiting = stages.take_unpublished()
    assert waiting == (1_000, 1_030)
    assert stages.take_unpublished() is None
    stages.pushed(waiting, 1_100)
    found = {stage: (each["n"], each["max"]) for stage, each in stages.quantiles(1_100).items()}
    assert found == {"commit": (2, 40), "fold": (2, 2.0), "push": (1, 70), "total": (1, 100)}
