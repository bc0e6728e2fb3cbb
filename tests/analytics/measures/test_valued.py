"""Values of cells: by pane and key, or, in the only slot, by key and turn."""

from __future__ import annotations

import numpy as np

from analytics.arrays import Ints, Words
from analytics.measures.distinct import Distinct
from analytics.measures.valued import Valued
from tests.analytics.measures.values import cells


def made(slots: int, keys: int) -> Valued:
    """The values of a measure that has them; its slots hold the panes 100, 101, .."""
    valued = Distinct(slots, keys)
    for slot in range(slots):
        valued.open(slot, 100 + slot)
    return valued


def hashes(*values: int) -> Words:
    return np.array(values, np.uint64)


def held(found: tuple[Ints, Words]) -> list[tuple[int, int]]:
    return sorted(zip(*(array.tolist() for array in found), strict=True))


def test_values_are_found_by_their_cells() -> None:
    """A value is new once in each cell, and those that are taken out are so with their cells."""
    valued = made(2, 3)
    assert sorted(valued._see(cells(0, 2, 5, 0), hashes(7, 7, 7, 7)).tolist()) in ([0, 1, 2], [1, 2, 3])
    assert valued._see(cells(2, 4), hashes(7, 8)).tolist() == [1]
    assert held(valued._pairs_of(cells(1, 0))) == [(0, 7), (2, 7), (4, 8), (5, 7)]
    assert held(valued._take_out(cells(5, 0))) == [(0, 7), (5, 7)]
    assert held(valued._pairs_of(cells(0, 1))) == [(2, 7), (4, 8)]


def test_a_slot_that_is_cleared_holds_nothing() -> None:
    """Its values are those of the other slots only."""
    valued = made(2, 1)
    valued._see(cells(0, 1, 1), hashes(1, 1, 2))
    valued.clear(1)
    valued.open(1, 200)
    assert held(valued._pairs_of(cells(0, 1))) == [(0, 1)]
    assert valued._see(cells(1), hashes(2)).tolist() == [0]


def test_a_cell_that_is_vacated_starts_anew() -> None:
    """In the only slot: what it held before is not there, whether the value comes again or not."""
    valued = made(1, 3)
    valued._see(cells(0, 1), hashes(5, 5))
    for turn in range(3):
        valued.vacate(cells(1))
        assert held(valued._pairs_of(cells(0))) == [(0, 5)]
        assert valued._see(cells(1, 0), hashes(5, 5)).tolist() == [0]
        assert held(valued._pairs_of(cells(0))) == [(0, 5), (1, 5)]
        assert held(valued._take_out(cells(1))) == [(1, 5)], turn


def test_keys_in_another_order_make_the_dump_that_they_would_have_made() -> None:
    """Renumbering a dump of the only slot is as good as having counted in other cells."""
    valued, other = made(1, 4), made(1, 4)
    valued._see(cells(0, 2, 3, 2), hashes(9, 8, 9, 4))
    numbers = cells(2, -1, 1, 0)
    other._see(numbers[cells(0, 2, 3, 2)], hashes(9, 8, 9, 4))
    dump, expected = (each.dump(cells(0), cells(0, 1, 2, 3)) for each in (valued, other))
    moved = Distinct.renumbered(dump, cells(3, 2, 0), numbers)
    for name in ("value_keys", "values", "sizes", "members"):
        assert moved[name].tolist() == expected[name].tolist()
