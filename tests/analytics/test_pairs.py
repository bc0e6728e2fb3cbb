"""The table of (cell, hash) pairs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.arrays import Bools, Ints, Words
from analytics.pairs import Pairs, PairTable


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
    table = PairTable(everything, 10_000)
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
    table, count = PairTable(everything, 10_000), 0
    for batch in batches:
        _, fresh = table.place(ints(*(cell for cell, _ in batch)), words(*(value for _, value in batch)))
        count += int(fresh.sum())
    expected = sorted({pair for batch in batches for pair in batch})
    assert members(table.pairs()) == expected
    assert count == len(expected)


def test_counts_survive_a_rebuild() -> None:
    """When the table grows, positions change, `generation` says so, and every pair keeps its count."""
    table = PairTable(everything, 10_000)
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
    table = PairTable(lambda cells: cells >= newest, 500)
    for newest in range(50):
        table.place(np.full(500, newest, np.int64), np.arange(500).astype(np.uint64))
    assert set(table.pairs().cells.tolist()) == {49}
    assert table.bytes <= PairTable.budget(1_000)


def test_a_table_holds_other_pairs_instead() -> None:
    """Their numbers are their positions, also of more than are moved at once; those before are gone."""
    table = PairTable(everything, 40_000)
    table.place(ints(1, 2), words(10, 20))
    cells = np.arange(100, 20_100)
    table.hold(cells, cells.astype(np.uint64))
    places, fresh = table.place(cells, cells.astype(np.uint64))
    assert not fresh.any()
    assert table.counts[places].tolist() == list(range(20_000))
    assert table.find(ints(1, 2), words(10, 20)).tolist() == [-1, -1]
    table.hold(ints(), words())
    assert len(table.pairs().cells) == 0


def test_between_takes_cells_from_low_up_to_high() -> None:
    """`between` lists the pairs with low <= cell < high, with their counts."""
    table = PairTable(everything, 10_000)
    places, _ = table.place(ints(1, 2, 3), words(7, 8, 9))
    table.counts[places] = [10, 20, 30]
    found = table.between(2, 3)
    assert members(found) == [(2, 8)]
    assert found.counts.tolist() == [20]


def test_a_dropped_pair_is_gone_and_can_come_back() -> None:
    """After `drop` a pair is not listed; placing it again makes it fresh, and its neighbours stay."""
    table = PairTable(everything, 10_000)
    table.place(ints(1, 1), words(7, 8))
    table.drop(ints(1), words(7))
    assert members(table.pairs()) == [(1, 8)]
    assert table.place(ints(1, 1), words(7, 8))[1].tolist() == [True, False]


def test_bytes_stay_within_the_budget() -> None:
    """A table of as many pairs as it is for takes no more than was computed, however much came and went."""
    newest = 0
    table = PairTable(lambda cells: cells >= newest, 40_000)
    for newest in range(0, 400_000, 1_000):
        cells = np.arange(newest, newest + 40_000)
        table.place(cells, cells.astype(np.uint64))
        assert len(table.pairs().cells) == 40_000
    assert table.bytes <= PairTable.budget(40_000)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 5)), max_size=30), st.data())
def test_finding_changes_nothing(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    """`find` gives the place of each pair that was placed, -1 for others, and inserts none."""
    table = PairTable(everything, 10_000)
    places, _ = table.place(ints(*(cell for cell, _ in pairs)), words(*(value for _, value in pairs)))
    asked = data.draw(st.lists(st.tuples(st.integers(-4, 4), st.integers(0, 6)), max_size=10))
    found = table.find(ints(*(cell for cell, _ in asked)), words(*(value for _, value in asked)))
    known = dict(zip(pairs, places.tolist(), strict=True))
    assert found.tolist() == [known.get(pair, -1) for pair in asked]
    assert members(table.pairs()) == sorted(set(pairs))


def test_pairs_that_do_not_matter_are_there_until_a_rebuild() -> None:
    """`within` finds them by their cells, `places` does not."""
    table = PairTable(lambda cells: cells != 2, 10_000)
    places, _ = table.place(ints(1, 2, 3), words(7, 8, 9))
    assert sorted(table.within(2, 4).tolist()) == sorted(places[1:].tolist())
    assert table.places(2, 4).tolist() == [places[2]]
