"""Users by where something began."""

from __future__ import annotations

import numpy as np

from analytics.measures.tally import Tally
from analytics.starts import NEVER
from tests.analytics.measures.values import cells


def test_a_window_is_a_sum_of_counters() -> None:
    """From each pane on, after some came, went, and panes were closed and opened."""
    rng = np.random.default_rng(5)
    pane_of = cells(*range(10, 18))

    def slots_of(panes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        found = np.full(len(panes), -1)
        for slot, pane in enumerate(pane_of.tolist()):
            found[panes == pane] = slot
        return found

    tally = Tally(3, 2, pane_of, slots_of)
    there: list[tuple[int, list[int]]] = []
    for newest in range(18, 30):
        for _ in range(5):
            panes = [int(rng.choice([NEVER, *pane_of.tolist()])) for _ in range(2)]
            there.append((int(rng.integers(3)), panes))
            tally.count(cells(there[-1][0]), np.array([panes]), cells(1))
        key, panes = there.pop(int(rng.integers(len(there))))
        tally.count(cells(key), np.array([panes]), cells(-1))
        for first in range(newest - 6, newest):
            expected = np.zeros((3, 2), np.int64)
            for key, panes in there:
                expected[key] += [first <= pane for pane in panes]
            assert tally.since(first).tolist() == expected.tolist()
        slot = int(pane_of.argmin())
        tally.leave(slot)
        pane_of[slot] = newest
