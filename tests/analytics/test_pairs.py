"""The table of (cell, hash) pairs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.arrays import Bools, Ints, Words
from analytics.pairs import COUNTED_BYTES, PAIR_BYTES, Pairs, PairTable


def everything(cells: Ints) -> Bools:
    """All cells matter."""
    return np.ones(len(cells), np.bool_)


def ints(*values: int) -> Ints:
    """Cells or counts."""
    return np.array(values, np.int64)


def words(*values: int) -> Words:
    """Hashes."""
    return np.array(values, np.uint64)


def members(pairs: Pairs) -> list[tuple[int, int]]:
    """The pairs, sorted."""
    return sorted(zip(pairs.cells.tolist(), pairs.hashes.tolist(), strict=True))


def test_a_new_pair_is_fresh_exactly_once() -> None:
    """A pair that comes twice in one call gets one place and is fresh in one of the two; later it is not."""
    table = PairTable(everything, counted=False)
    places, fresh = table.place(ints(1, 1, 2), words(9, 9, 9))
    assert places[0] == places[1] != places[2]
    assert fresh[:2].sum() == 1
    assert fresh[2]
    again, fresh = table.place(ints(2, 1), words(9, 9))
    assert again.tolist() == [places[2], places[0]]
    assert not fresh.any()


@given(st.lists(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 5)), max_size=20), max_size=5))
def test_the_table_is_a_set(batches: list[list[tuple[int, int]]]) -> None:
    """Whatever is placed in whatever batches, the table holds the set of it and `fresh` counts its size."""
    table, count = PairTable(everything, counted=False), 0
    for batch in batches:
        _, fresh = table.place(ints(*(cell for cell, _ in batch)), words(*(value for _, value in batch)))
        count += int(fresh.sum())
    expected = sorted({pair for batch in batches for pair in batch})
    assert members(table.pairs()) == expected
    assert count == len(expected)


def test_counts_survive_a_rebuild() -> None:
    """When the table grows, positions change, `generation` says so, and every pair keeps its count."""
    table = PairTable(everything, counted=True)
    places, _ = table.place(ints(1, 2), words(10, 20))
    table.counts[places] = [5, 6]
    before = table.generation
    table.place(np.arange(100, 5_100), np.arange(5_000).astype(np.uint64))
    assert table.generation > before
    places, fresh = table.place(ints(2, 1), words(20, 10))
    assert not fresh.any()
    assert table.counts[places].tolist() == [6, 5]
    assert len(table.pairs().cells) == 5_002


def test_pairs_of_dead_cells_are_dropped() -> None:
    """Cells that no longer matter are not listed, and a rebuild keeps the table from growing with them."""
    newest = 0
    table = PairTable(lambda cells: cells >= newest, counted=False)
    for newest in range(50):
        table.place(np.full(500, newest, np.int64), np.arange(500).astype(np.uint64))
    assert set(table.pairs().cells.tolist()) == {49}
    assert table.bytes <= 4 * 500 * PAIR_BYTES


def test_between_takes_cells_from_low_up_to_high() -> None:
    """`between` lists the pairs with low <= cell < high, with their counts."""
    table = PairTable(everything, counted=True)
    places, _ = table.place(ints(1, 2, 3), words(7, 8, 9))
    table.counts[places] = [10, 20, 30]
    found = table.between(2, 3)
    assert members(found) == [(2, 8)]
    assert found.counts.tolist() == [20]


def test_a_dropped_pair_is_gone_and_can_come_back() -> None:
    """After `drop` a pair is not listed; placing it again makes it fresh, and its neighbours stay."""
    table = PairTable(everything, counted=False)
    table.place(ints(1, 1), words(7, 8))
    table.drop(ints(1), words(7))
    assert members(table.pairs()) == [(1, 8)]
    assert table.place(ints(1, 1), words(7, 8))[1].tolist() == [True, False]


def test_bytes_per_pair_stay_within_the_budget() -> None:
    """A table of many live pairs takes no more than the stated bytes for each, with and without counts."""
    for counted, most in ((False, PAIR_BYTES), (True, COUNTED_BYTES)):
        table = PairTable(everything, counted=counted)
        for start in range(0, 40_000, 1_000):
            table.place(np.arange(start, start + 1_000), np.arange(1_000).astype(np.uint64))
        assert table.bytes <= 40_000 * most
