"""Rows added up over windows, against all numbers of each window."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.measures.histograms import Bins, Histograms
from analytics.measures.slide import Slide
from tests.analytics.measures.values import cells

KEYS, SLOTS = 3, 6
# Batches of (panes behind the newest, key, bin), how many panes time goes on, how far back and long a window is.
BATCHES = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.integers(0, 3), st.integers(0, KEYS - 1), st.sampled_from([0, 500, 510, 700, 1_300])),
            min_size=1, max_size=9,
        ),
        st.sampled_from([0, 1, 1, 2, 7]),
        st.integers(0, 2),
        st.integers(2, 5),
    ),
    max_size=12,
)  # fmt: skip
SHARES = (0.0, 0.5, 1.0)


@given(batches=BATCHES)
def test_any_window_has_the_ranks_of_its_numbers(batches: Any) -> None:
    """Sliding on, jumping, ending early, with late numbers, rows that become wider, and panes that close."""
    rows, pane_of = Histograms(SLOTS * KEYS), np.full(SLOTS, -99)
    rows.count(cells(0), Bins.of(cells(600)), 1)  # zeros alone find no place
    rows.clear(0, 1)
    slide, kept, newest = Slide(rows, KEYS, pane_of), list[tuple[int, int, int]](), 100
    for batch, by, back, size in batches:
        newest += by
        for slot in ((pane_of > 0) & (pane_of <= newest - SLOTS)).nonzero()[0].tolist():
            slide.leave(slot)
            rows.clear(slot * KEYS, (slot + 1) * KEYS)
            kept = [event for event in kept if event[0] != pane_of[slot]]
            pane_of[slot] = -99
        taken = [(newest - behind, key, bin_) for behind, key, bin_ in batch]
        for pane, _, _ in taken:
            pane_of[pane % SLOTS] = pane
        at = cells(*(pane % SLOTS * KEYS + key for pane, key, _ in taken))
        bins = Bins.of(cells(*(bin_ for _, _, bin_ in taken)))
        assert rows.count(at, bins, 1) is None
        slide.add(at, bins, 1)
        kept += taken
        last = newest - back
        first = last - size + 1
        keys = cells(0, 2) if back else cells(0, 1, 2)
        counts, found = slide.ranked(first, last, keys, SHARES, 1e-9)
        for i, key in enumerate(keys.tolist()):
            mine = sorted(bin_ for pane, k, bin_ in kept if k == key and first <= pane <= last)
            assert counts[i] == len(mine)
            if mine:
                assert [bins[i] for bins in found] == [mine[int(share * (len(mine) - 1))] for share in SHARES]


def test_after_other_changes_it_starts_again() -> None:
    """When it was told to drop its sums."""
    rows, pane_of = Histograms(2), cells(1, 2)
    slide = Slide(rows, 1, pane_of)
    for _ in range(2):
        rows.count(cells(0, 1), Bins.of(cells(500, 510)), 1)
        slide.drop()
        counts, found = slide.ranked(1, 2, cells(0), [1.0], 0.0)
    assert (counts.tolist(), found[0].tolist()) == ([4], [510])
