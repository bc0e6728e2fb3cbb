"""Ticks, memory and what is left behind, on a small scale."""

from __future__ import annotations

import pytest

from benchmarks.upkeep import MEASURES, Plan, memory_share, objects_per_event, tick_ms

SMALL = Plan(panes=5, keys=20, ticks=3, events=5_000)


@pytest.mark.parametrize("measure", MEASURES)
def test_each_tick_is_a_sample(measure: str) -> None:
    """As many as were asked for, none of them nothing."""
    taken = tick_ms(measure, SMALL)
    assert len(taken) == 3
    assert min(taken) > 0


@pytest.mark.parametrize("measure", MEASURES)
def test_memory_is_a_share_of_what_was_computed(measure: str) -> None:
    """With more panes in use than were planned for it would be beyond."""
    assert 0 < memory_share(measure, SMALL) <= 1.1


def test_no_object_stays_for_an_event() -> None:
    """What is left is less than one block in a hundred events."""
    assert objects_per_event(SMALL) < 0.01
