"""Rows by marks, against a dictionary."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.arrays import Ints, Words
from analytics.measures.marks import SMALLEST, WIDTH, Marks, hashes_of, marks_of

# Marks that share their first slots, so that one has to look further, and ones that do not.
SOME = st.lists(st.integers(0, 40).map(lambda n: n if n % 2 else n << 58), max_size=60)


def words(values: list[int]) -> Words:
    return np.array(values, np.uint64)


def placed(index: Marks, marks: Words) -> Ints:
    """Rows of marks, those that are missing put in."""
    rows = index.find(marks)
    missing = (rows < 0).nonzero()[0]
    rows[missing] = index.insert(marks[missing])
    return rows


@given(steps=st.lists(SOME, max_size=5))
def test_rows_are_numbered_as_a_dictionary_would(steps: list[list[int]]) -> None:
    """Each mark has one row and keeps it, repeated marks have the same one, and no row is without a mark."""
    index = Marks()
    known: dict[int, int] = {}
    for step in steps:
        assert index.find(words(step)).tolist() == [known.get(mark, -1) for mark in step]
        rows = placed(index, words(step)).tolist()
        for mark, row in zip(step, rows, strict=True):
            assert known.setdefault(mark, row) == row
        assert index.n == len(known)
        assert sorted(known.values()) == list(range(len(known)))
        assert index.marks().tolist() == sorted(known, key=known.__getitem__)


@given(marks=st.sets(st.integers(0, 2**64 - 1), max_size=50), room=st.sampled_from([SMALLEST, 4 * SMALLEST]))
def test_rows_that_stay_keep_their_numbers_and_order(marks: set[int], room: int) -> None:
    """After others were forgotten the rest is found, with what its owner wrote beside it."""
    index, listed = Marks(), list(marks)
    rows = placed(index, words(listed))
    index.column(2)[rows] = np.arange(len(listed))
    stay = np.arange(len(listed)) % 3 != 1
    index.keep(stay, room)
    assert (index.n, index.room) == (stay.sum(), room)
    numbers = np.where(stay, stay.cumsum() - 1, -1)
    assert index.find(words(listed)).tolist() == numbers[rows].tolist()
    assert index.column(2).tolist() == [i for i in rows.argsort().tolist() if stay[rows[i]]]


def test_all_rows_may_stay() -> None:
    """With more room than before, all are found under the numbers that they had."""
    index = Marks()
    marks = marks_of(np.arange(SMALLEST), np.arange(SMALLEST, dtype=np.uint64))
    rows = placed(index, marks)
    index.keep(None, 3 * SMALLEST)
    assert index.find(marks).tolist() == rows.tolist()


def test_a_mark_gives_its_hash_back() -> None:
    """Whatever the key is: negative ones, too."""
    keys = np.array([0, 1, -5, 1 << 40], np.int64)
    hashes = words([0, 2**64 - 1, 7, 7])
    assert hashes_of(keys, marks_of(keys, hashes)).tolist() == hashes.tolist()
    assert len(set(marks_of(keys, hashes).tolist())) == 4


def test_bytes_are_as_budgeted() -> None:
    """What the arrays for so many rows take, at the most."""
    index = Marks()
    for room in (SMALLEST, 5_000, 70_000):
        index.keep(None, room)
        assert index.words.nbytes == 8 * WIDTH * room
        assert index.words.nbytes + index._rows.nbytes == Marks.budget(room)
