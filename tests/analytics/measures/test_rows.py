"""Rows of (key, value), whatever makes them matter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools
from analytics.measures.marks import SMALLEST
from analytics.measures.rows import SPARE, Rows


class Odd(Rows):
    """Rows of which those with an odd hash matter; the first word of each is its hash."""

    def __init__(self, most: int) -> None:
        self.told: list[NDArray[np.int32]] = []
        self.begun = 0
        super().__init__(most, self.told.append)

    def matter(self) -> Bools:
        odd: Bools = self.column(1) % np.uint64(2) == 1
        return odd

    def begin(self, new: slice) -> None:
        self.begun += new.stop - new.start
        self.column(1)[new] = 1


def test_each_value_of_a_key_has_one_row() -> None:
    """Found again, also within a batch; a value of another key has another row."""
    rows = Odd(100)
    hashes = np.array([5, 7, 5, 5], np.uint64)
    placed = rows.place(np.array([1, 1, 1, 2]), hashes)
    assert placed[0] == placed[2]
    assert sorted(set(placed.tolist())) == [0, 1, 2]
    assert rows.place(np.array([2, 1]), hashes[:2]).tolist() == placed[[3, 1]].tolist()
    assert (rows.n, rows.begun, rows.keys()[placed].tolist()) == (3, 3, [1, 1, 1, 2])


def test_rows_that_do_not_matter_go_when_room_is_short() -> None:
    """They are counted, the others keep their order, and whoever knows them by number is told."""
    rows = Odd(SMALLEST * SPARE // (SPARE + 1))
    keys = np.zeros(SMALLEST, np.int64)
    placed = rows.place(keys, np.arange(SMALLEST, dtype=np.uint64))
    rows.column(1)[:] = np.arange(SMALLEST) % 2
    assert rows.fits(0)
    assert not rows.fits(1)
    rows.tidy()
    assert rows.mattered == rows.n == SMALLEST // 2
    assert rows.tidied == 1
    assert rows.room == SMALLEST
    (numbers,) = rows.told
    assert numbers[::2].tolist() == [-1] * (SMALLEST // 2)
    assert numbers[1::2].tolist() == list(range(SMALLEST // 2))
    stay = placed % 2 == 1
    again = rows.place(keys[stay], np.arange(SMALLEST, dtype=np.uint64)[stay])
    assert again.tolist() == numbers[placed[stay]].tolist()


def test_nothing_is_told_where_all_matter() -> None:
    """Looking for what can go changes no number."""
    rows = Odd(100)
    rows.place(np.zeros(3, np.int64), np.arange(3, dtype=np.uint64))
    rows.tidy()
    assert rows.told == []
    assert rows.mattered == 3
