"""Rows of values that were seen: found again, and forgotten when nothing holds them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints, Words
from analytics.measures.marks import SMALLEST
from analytics.measures.paned import VACANT
from analytics.measures.seen import BITS, HELD, NEWEST, Seen


def everything(keys: Ints) -> Bools:
    return np.ones(len(keys), np.bool_)


def hashes(count: int, start: int = 0) -> Words:
    return np.arange(start, start + count, dtype=np.uint64) * np.uint64(7_919)


class Told(list[NDArray[np.int32]]):
    """What was said of new numbers."""


def made(most: int = 10_000) -> tuple[Seen, Told]:
    told = Told()
    return Seen(most, everything, told.append), told


def test_a_new_row_was_seen_nowhere() -> None:
    """Also where another one lay before."""
    rows, _ = made()
    keys = np.zeros(SMALLEST, np.int64)
    placed = rows.place(keys, hashes(SMALLEST))
    for column in (NEWEST, BITS):
        rows.column(column)[:] = 5
    rows.before[: rows.n] = 5
    again = rows.place(keys[:10], hashes(10, SMALLEST))
    assert sorted(placed.tolist()) == list(range(SMALLEST))
    assert rows.column(NEWEST).view(np.int64)[again].tolist() == [VACANT] * 10
    assert rows.column(BITS)[again].tolist() == rows.column(HELD)[again].tolist() == [0] * 10
    assert rows.before[again].tolist() == [VACANT] * 10


def test_rows_that_nothing_holds_are_forgotten_when_room_is_short() -> None:
    """The others keep what is known of them, and whoever knows them by number is told the new ones."""
    rows, told = made()
    keys = np.arange(SMALLEST) % 3
    placed = rows.place(keys, hashes(SMALLEST))
    held = np.arange(SMALLEST) % 2 == 0
    rows.column(HELD)[placed[held]] = 1
    rows.column(NEWEST)[placed] = np.arange(SMALLEST)
    rows.before[placed] = np.arange(SMALLEST)
    rows.place(keys[:1], hashes(1, SMALLEST))
    assert rows.room == SMALLEST
    assert rows.n == SMALLEST // 2 + 1
    again = rows.place(keys[held], hashes(SMALLEST)[held])
    assert told[0][placed[held]].tolist() == again.tolist()
    assert (told[0][placed[~held]] == -1).all()
    for known in (rows.before, rows.column(NEWEST)):
        assert known[again].tolist() == np.arange(SMALLEST)[held].tolist()
    assert rows.keys()[again].tolist() == keys[held].tolist()


def test_there_is_room_for_all_even_if_known_ones_are_forgotten() -> None:
    """A batch of values that are known, but that nothing holds, and of new ones."""
    rows, _ = made()
    keys = np.zeros(2 * SMALLEST, np.int64)
    rows.place(keys[:SMALLEST], hashes(SMALLEST))
    placed = rows.place(keys, hashes(2 * SMALLEST))
    assert sorted(placed.tolist()) == list(range(2 * SMALLEST))


def test_bytes_are_as_budgeted() -> None:
    """With as many that matter as there may be, and values without end."""
    most = 20_000
    rows, told = made(most)
    for start in range(0, 200_000, 1_000):
        placed = rows.place(np.zeros(1_000, np.int64), hashes(1_000, start))
        if start < most - 1_000:
            rows.column(HELD)[placed] = 1
    size = sum(array.nbytes for array in (rows.words, rows._rows, rows._key, rows.before))
    assert size <= Seen.budget(most)
    assert told
