"""Ticks, memory and what is left behind, on a small scale."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics import plan
from benchmarks.brim import PAST
from benchmarks.upkeep import MEASURES, WINDOWS, Outcome, Plan, judged, memory, objects_per_event, tick_ms

SMALL = Plan(panes=5, keys=20, ticks=3, events=5_000, memory_panes=4, memory_keys=20)
FULL = {"uniq": Plan(memory_panes=4, memory_keys=0, memory_values=500)}
"""What fills the pools of a measure where `SMALL` does not."""
SLACK = 64
"""Panes beyond those of the windows: a grid as small as these gets 256, which take longer to fill and are no fuller."""


@pytest.mark.parametrize("measure", MEASURES)
def test_each_tick_is_a_sample(measure: str) -> None:
    """As many as were asked for, none of them nothing."""
    taken = tick_ms(measure, SMALL)
    assert len(taken) == 3
    assert min(taken) > 0


FILLED = ("count", "sum", "uniq")
"""Measures whose engines are filled to the brim in seconds."""


@pytest.mark.parametrize("kind", WINDOWS)
@pytest.mark.parametrize("measure", [measure for measure in MEASURES if measure not in FILLED])
def test_no_engine_takes_more_than_was_computed(measure: str, kind: str) -> None:
    """No more; and a good part of it, though on this scale few pools are full."""
    found = memory(measure, kind, SMALL, range(-60, 0, 10))
    assert 0.25 * found.computed <= found.held <= found.most <= found.computed


@pytest.mark.parametrize("kind", WINDOWS)
@pytest.mark.parametrize("measure", FILLED)
def test_a_full_engine_takes_what_was_computed(measure: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more, and less than a tenth less, at the moment when it has most: while everything becomes final, say."""
    monkeypatch.setattr(plan, "MOST_SLACK", SLACK)
    found = memory(measure, kind, FULL.get(measure, SMALL), PAST)
    assert 0.9 * found.computed <= found.most <= found.computed


def test_no_object_stays_for_an_event() -> None:
    """What is left is less than one block in a hundred events, with those of all else that the process does."""
    assert objects_per_event(replace(SMALL, events=20_000)) < 0.01


def test_the_report_judges_both_sides() -> None:
    """More than was computed is wrong, and so is much less."""
    outcome = Outcome(
        {"count": [3.0, 1.0, 2.0]}, {"count/sliding": [89, 80, 100], "count/tumbling": [101, 95, 100]}, 0.0
    )
    goals = judged(SMALL, outcome).to_json()["goals"]
    verdicts = {name: goal["verdict"].partition(":")[0] for name, goal in goals.items()}
    assert verdicts == {
        "R5 tick count": "met",
        "R5 memory count/sliding": "met",
        "R5 room count/sliding": "missed",
        "R5 memory count/tumbling": "missed",
        "R5 room count/tumbling": "met",
        "R5 objects": "met",
    }
