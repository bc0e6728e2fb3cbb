"""Sums of counters over the panes of a window, against adding them up each time."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from analytics.arrays import Ints
from analytics.measures.paned import VACANT
from analytics.measures.since import Since

SLOTS, KEYS = 12, 3


@pytest.mark.parametrize("seed", range(20))
def test_any_window_is_the_sum_of_its_panes(seed: int) -> None:
    """Windows that move on, back and far away, panes that open anywhere and close, counters that rise in between."""
    rng = Random(seed)
    table: Ints = np.zeros((SLOTS, KEYS), np.int64)
    pane_of: Ints = np.full(SLOTS, VACANT)
    since, now = Since(table, pane_of), 0
    for _ in range(200):
        now += rng.choice([0, 0, 1, 1, 2, 40])
        free = (pane_of == VACANT).nonzero()[0].tolist()
        new = [pane for pane in range(now, now + 5) if pane not in pane_of]
        if free and new:
            pane_of[rng.choice(free)] = rng.choice(new)
        held = (pane_of != VACANT).nonzero()[0]
        slots, keys = (np.array([rng.choice(held.tolist()) for _ in range(4)]), np.array([0, 1, 1, 2]))
        by = np.array([rng.randrange(-5, 9) for _ in range(4)])
        np.add.at(table, (slots, keys), by)
        since.add(slots, keys, by)
        if len(held) > 8 or rng.random() < 0.2:
            gone = int(held[np.argmin(pane_of[held])]) if rng.random() < 0.7 else rng.choice(held.tolist())
            since.leave(gone)
            table[gone], pane_of[gone] = 0, VACANT
        first = now + rng.randrange(-6, 3)
        last = first + rng.randrange(6)
        assert since.sums(first, last).tolist() == table[(pane_of >= first) & (pane_of <= last)].sum(axis=0).tolist()


def test_after_another_change_it_is_made_anew() -> None:
    """Counters that were set from outside are seen once it was dropped."""
    table: Ints = np.ones((2, 1), np.int64)
    since = Since(table, np.array([5, 6]))
    assert since.sums(5, 6).tolist() == [2]
    table[1] = 7
    since.drop()
    assert since.sums(5, 6).tolist() == [8]
