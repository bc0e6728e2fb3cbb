"""Rows of counters against a plain counter of (cell, bin)."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.arrays import Ints
from analytics.measures import histograms
from analytics.measures.histograms import Bins, Histograms
from tests.analytics.measures.values import cells

CELLS = 6
BATCHES = st.lists(
    st.lists(
        st.tuples(st.integers(0, CELLS - 1), st.sampled_from([0, -7, 900, 1_000, 1_001, 1_400, 90_000])),
        min_size=1, max_size=12,
    ),
    max_size=8,
)  # fmt: skip
"""Batches of (cell, bin), of which some bins lie far from the others."""


class Owner:
    """What has no place in the rows, it counts itself."""

    def __init__(self) -> None:
        self.rows = Histograms(CELLS)
        self.here: Counter[tuple[int, int]] = Counter()

    def take(self, pairs: tuple[Ints, Ints, Ints]) -> None:
        """Pairs that are counted here from now on."""
        for cell, bin_, count in zip(*(column.tolist() for column in pairs), strict=True):
            self.here[cell, bin_] += count

    def add(self, at: Ints, bins: Ints, by: int = 1) -> None:
        """Count these bins."""
        left = self.rows.count(at, Bins.of(bins), by)
        if left is not None:
            self.take(self.rows.evict(at[left]))
            self.take((at[left], bins[left], np.full(len(left), by)))

    def all(self) -> Counter[tuple[int, int]]:
        """Everything."""
        found, bins, counts = self.rows.pairs(self.rows.held(np.arange(CELLS)))
        assert not {cell for cell, _ in self.here} & set(found.tolist())
        return self.here + Counter(
            dict(zip(zip(found.tolist(), bins.tolist(), strict=True), counts.tolist(), strict=True))
        )


@given(batches=BATCHES)
def test_every_bin_is_counted_once(batches: list[list[tuple[int, int]]]) -> None:
    """In a row or by the owner, never in both, whatever comes in whichever order."""
    owner, expected = Owner(), Counter[tuple[int, int]]()
    for batch in batches:
        owner.add(cells(*(cell for cell, _ in batch)), cells(*(bin_ for _, bin_ in batch)))
        expected.update(batch)
    assert owner.all() == expected


@given(batches=BATCHES)
def test_counts_can_be_taken_back(batches: list[list[tuple[int, int]]]) -> None:
    """What was added and subtracted leaves nothing behind."""
    owner = Owner()
    for by in (1, -1):
        for batch in batches:
            owner.add(cells(*(cell for cell, _ in batch)), cells(*(bin_ for _, bin_ in batch)), by)
    assert not any(owner.all().values())


def test_numbers_close_together_need_no_owner() -> None:
    """Zero and bins within the width of a row, also those that come later on either side, are all counted in rows."""
    rows = Histograms(CELLS)
    for bins in ([500, 520], [0, 300], [900, 900, 0]):
        at = cells(*range(len(bins)))
        assert rows.count(at, Bins.of(cells(*bins)), 1) is None
    found = rows.pairs(rows.held(np.arange(CELLS)))
    assert list(zip(*(column.tolist() for column in found), strict=True)) == [
        (0, 0, 1), (0, 500, 1), (0, 900, 1), (1, 300, 1), (1, 520, 1), (1, 900, 1), (2, 0, 1),
    ]  # fmt: skip


def test_one_number_far_away_costs_only_its_cell_the_row() -> None:
    """The others keep theirs, in the first batch as later."""
    rows = Histograms(CELLS)
    for number in (50_000, 1_000_000):
        far = cells(1_000, 1_001, number)
        left = rows.count(cells(0, 1, 2), Bins.of(far), 1)
        assert left is not None
        assert left.tolist() == [2]
        rows.evict(cells(2))
        assert (rows.held(cells(0, 1, 2)).tolist(), rows.barred(cells(2))) == ([0, 1], True)
        rows.clear(2, 3)


def test_rows_are_bounded_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells beyond the room are the owner's until they are emptied; a row that is given back is empty."""
    monkeypatch.setattr(histograms, "COUNTERS", 4 * histograms.STEP)
    owner = Owner()
    owner.add(cells(0, 1, 2, 0), cells(10, 11, 12, 13))
    assert owner.rows.held(np.arange(3)).tolist() == [0, 1]
    owner.rows.clear(0, 1)
    owner.add(cells(2, 3), cells(12, 10))
    assert owner.rows.held(np.arange(4)).tolist() == [1, 3]
    assert owner.all() == Counter({(1, 11): 1, (2, 12): 2, (3, 10): 1})


def test_ranks_find_the_bins_of_sorted_numbers() -> None:
    """The bin of each rank is the one that sorting them all finds; of no numbers there are none."""
    rng, rows = np.random.default_rng(4), Histograms(CELLS)
    at, bins = rng.integers(0, 3, 500), rng.integers(400, 600, 500)
    bins[rng.random(500) < 0.1] = 0
    rows.count(at, Bins.of(bins), 1)
    counts, found = rows.ranked(cells(0, 1, 2, 3), [0.0, 0.5, 0.99, 1.0], 1e-9)
    assert counts.tolist() == [*np.bincount(at).tolist(), 0]
    for share, answers in zip([0.0, 0.5, 0.99, 1.0], found, strict=True):
        for cell in range(3):
            numbers = np.sort(bins[at == cell])
            assert answers[cell] == numbers[int(share * (len(numbers) - 1))]


def test_the_budget_covers_all_counters() -> None:
    """The counters, as many as there can be, and the row of each cell; full rows take no more."""
    assert Histograms.budget(1) == 8 + 4 * histograms.WIDEST
    assert Histograms.budget(1 << 20) == (8 << 20) + 4 * histograms.COUNTERS
    assert Histograms.budget(1 << 20, histograms.WIDE) == (8 << 20) + 4 * histograms.WIDE
    rows = Histograms(CELLS)
    rows.count(np.arange(CELLS), Bins.of(np.linspace(400, 2_300, CELLS).astype(np.int64)), 1)
    assert rows.table.nbytes + rows._row.nbytes <= Histograms.budget(CELLS)


def test_more_counters_can_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there are rows for more cells; what was counted stays."""
    monkeypatch.setattr(histograms, "COUNTERS", 4 * histograms.STEP)
    owner = Owner()
    owner.rows._counters = histograms.COUNTERS
    owner.add(cells(0, 1), cells(10, 11))
    owner.rows.allow(20 * histograms.STEP)
    owner.add(cells(2, 3, 0), cells(10, 11, 12))
    assert owner.rows.held(np.arange(CELLS)).tolist() == [0, 1, 2, 3]
    assert not owner.rows.any_barred
    assert owner.all() == Counter({(0, 10): 1, (1, 11): 1, (2, 10): 1, (3, 11): 1, (0, 12): 1})


def test_counters_do_not_run_over() -> None:
    """Before one could go beyond four bytes, all take eight."""
    rows = Histograms(2)
    for i in range(1, 12):
        assert rows.count(cells(0), Bins.of(cells(500)), np.array([1 << 29])) is None
        assert rows.pairs(cells(0))[2].tolist() == [i << 29]
        assert rows.narrow or i > 2
    assert not rows.narrow


def test_what_leaves_gives_its_memory_back() -> None:
    """All is handed out once, part by part; in the end nothing is left."""
    rows = Histograms(1_000)
    at = np.random.default_rng(2).permutation(1_000)[:700]
    for bins in (500, 510):
        assert rows.count(at, Bins.of(np.full(700, bins)), 1) is None
    sizes, found = list[int](), list[tuple[int, int, int]]()
    for part in rows.leaving():
        sizes.append(rows.table.nbytes)
        found += zip(*(column.tolist() for column in part), strict=True)
    assert sorted(found) == sorted((cell, bins, 1) for cell in at.tolist() for bins in (500, 510))
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) > 2
    assert rows.table.nbytes == 0
