"""Ticks, memory and what is left behind, on a small scale."""

from __future__ import annotations

import pytest

from benchmarks.upkeep import MEASURES, WINDOWS, Plan, memory, objects_per_event, tick_ms

SMALL = Plan(panes=5, keys=20, ticks=3, events=5_000, memory_panes=20, memory_keys=20)


@pytest.mark.parametrize("measure", MEASURES)
def test_each_tick_is_a_sample(measure: str) -> None:
    """As many as were asked for, none of them nothing."""
    taken = tick_ms(measure, SMALL)
    assert len(taken) == 3
    assert min(taken) > 0


@pytest.mark.parametrize("kind", WINDOWS)
@pytest.mark.parametrize("measure", MEASURES)
def test_full_pools_take_what_was_computed(measure: str, kind: str) -> None:
    """No more, and not much less: what is computed is no guess."""
    found = memory(measure, kind, SMALL)
    assert 0.5 * found.computed <= found.held <= found.computed


def test_no_object_stays_for_an_event() -> None:
    """What is left is less than one block in a hundred events."""
    assert objects_per_event(SMALL) < 0.01
