"""Rows of users: found again, added, given back."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.roster import Roster


def words(*values: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Hashes."""
    return np.array(values, np.uint64)


def keys(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Keys, or rows."""
    return np.array(values, np.int64)


def test_a_user_keeps_the_row() -> None:
    """Key and hash together make a row; it is found again after any growth."""
    known = Roster(10_000, {"n": 0})
    first = known.rows(keys(0, 0, 1, 0), words(1, 2, 1, 1))
    assert first[0] == first[3]
    assert len(set(first.tolist())) == len(known) == 3
    known.columns["n"][first] = [5, 6, 7, 5]
    known.rows(np.zeros(5_000, np.int64), np.arange(100, 5_100, dtype=np.uint64))
    assert known.rows(keys(1, 0), words(1, 2)).tolist() == [first[2], first[1]]
    assert known.columns["n"][first].tolist() == [5, 6, 7, 5]


def test_a_row_that_was_given_back_is_blank_for_the_next() -> None:
    """Rows are used again, with the columns as new."""
    known = Roster(2_000, {"n": -1})
    rows = known.rows(np.zeros(1_500, np.int64), np.arange(1_500, dtype=np.uint64))
    known.columns["n"][rows] = 9
    known.release(rows[:1_000])
    assert len(known) == 500
    again = known.rows(np.zeros(1_500, np.int64), np.arange(5_000, 6_500, dtype=np.uint64))
    assert len(known) == 2_000
    assert (known.columns["n"][again] == -1).all()
    assert (known.columns["n"][rows[1_000:]] == 9).all()
    assert known.used().tolist() == list(range(2_000))


def test_more_than_the_most_is_an_error() -> None:
    """The owner makes room before."""
    known = Roster(1_100, {})
    with pytest.raises(MemoryError, match="1100"):
        known.rows(np.zeros(1_101, np.int64), np.arange(1_101, dtype=np.uint64))


def test_claims_tell_users_of_a_batch_apart() -> None:
    """Each row comes once, and equal rows have equal numbers."""
    known = Roster(100, {})
    rows = known.rows(keys(0, 0, 0), words(7, 8, 7))
    different, claims = known.claim(rows)
    assert sorted(different.tolist()) == sorted(set(rows.tolist()))
    assert claims[0] == claims[2] != claims[1]
    assert known.claimed(rows).tolist() == claims.tolist()
    assert claims.max() < 3


def test_bytes_stay_within_the_budget() -> None:
    """Full to the brim, it takes no more than was computed."""
    known = Roster(30_000, {"n": 0, "m": -1})
    for start in range(0, 30_000, 1_000):
        known.rows(np.zeros(1_000, np.int64), np.arange(start, start + 1_000, dtype=np.uint64))
    own = [known.keys, known.hashes, known._used, known._claims, known._free]
    taken = sum(column.nbytes for column in [*known.columns.values(), *own]) + known._table.bytes
    assert taken <= Roster.budget(30_000, {"n": 0, "m": -1})
