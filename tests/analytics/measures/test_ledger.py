"""Sheets of counts by pane, against plain counters."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.measures import ledger as module
from analytics.measures.ledger import PAIR_BYTES, Ledger
from tests.analytics.measures.values import cells

ROWS = 1_000
ENTRIES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, ROWS - 1), st.integers(1, 4)), max_size=30)
BATCHES = st.lists(st.tuples(ENTRIES, st.booleans(), st.booleans()), max_size=6)


def sums(book: Ledger, pane: int) -> Counter[int]:
    """All entries of a pane, added up."""
    found: Counter[int] = Counter()
    for rows, counts in book.entries(pane):
        for row, n in zip(rows.tolist(), [1] * len(rows) if counts is None else counts.tolist(), strict=True):
            found[row] += n
    return found


@given(batches=BATCHES)
def test_sheets_hold_the_sum_of_what_was_put_down(batches: list[tuple[list[tuple[int, int, int]], bool, bool]]) -> None:
    """Counted once each or more often, settled in between or not; settled ones have each row once, in order."""
    book, expected = Ledger(), {pane: Counter[int]() for pane in range(4)}
    for entries, once, settled in batches:
        panes, rows = cells(*(pane for pane, _, _ in entries)), cells(*(row for _, row, _ in entries))
        counts = 1 if once else cells(*(n for _, _, n in entries))
        book.add(panes, rows, counts)
        for pane, row, n in entries:
            expected[pane][row] += 1 if once else n
        if settled:
            book.settle(ROWS)
    for pane, counter in expected.items():
        assert sums(book, pane) == counter
    book.settle(ROWS)
    for pane, counter in expected.items():
        ordered, sizes = book.of(pane)
        assert dict(zip(ordered.tolist(), sizes.tolist(), strict=True)) == counter
        assert ordered.tolist() == sorted(counter)
    assert book.pairs == sum(map(len, expected.values()))
    assert book.held(ROWS).nonzero()[0].tolist() == sorted({row for c in expected.values() for row in c})


def test_what_is_taken_back_is_gone() -> None:
    """A row whose counts add up to nothing is in no sheet."""
    book = Ledger()
    book.add(cells(1, 1), cells(5, 6), cells(2, 3))
    book.settle(10)
    book.add(cells(1, 1), cells(5, 6), cells(-2, -1))
    book.settle(10)
    assert [part.tolist() for part in book.of(1)] == [[6], [2]]
    assert book.pairs == 1


def test_a_pane_that_is_closed_or_put_anew() -> None:
    """Nothing of it is left, what waits included; a new sheet takes the place of another."""
    book = Ledger()
    book.add(cells(1, 2), cells(5, 6), 1)
    book.settle(10)
    book.add(cells(1), cells(7), 1)
    book.close(1)
    book.close(3)
    assert (sums(book, 1), book.settle(10), book.pairs) == ({}, [], 1)
    rows, counts = book.of(2)
    book.put(2, rows[:0], counts[:0])
    assert (sums(book, 2), book.pairs) == ({}, 0)


def test_rows_get_other_numbers() -> None:
    """Those without one go, from sheets and from what waits."""
    book = Ledger()
    book.add(cells(1, 1, 1), cells(0, 1, 2), cells(4, 5, 6))
    book.settle(3)
    book.add(cells(1, 1), cells(0, 2), 1)
    book.rename(np.array([-1, 0, 1], np.int32))
    assert sums(book, 1) == {0: 5, 1: 7}
    book.add(cells(2), cells(2), 1)
    book.put_down(3, np.zeros(0, np.int32), None)
    book.rename(np.array([0, 1, -1], np.int32))
    assert book.settle(2) == [1, 2]
    assert [part.tolist() for part in book.of(2)] == [[], []]
    assert book.pairs == 2


def test_bytes_are_as_budgeted() -> None:
    """With many small parts as with large ones; it says when it is time to add up."""
    for size in (1, 10_000):
        book, rng = Ledger(), np.random.default_rng(1)
        full = False
        while not full:
            book.add(np.full(size, 3), rng.integers(0, 50_000, size), 1)
            full = book.full
        parts = book._sheets[3].parts
        assert sum(rows.nbytes for rows, _ in parts) + 250 * len(parts) <= module.WAITING + 4 * size + 300
        book.settle(50_000)
        assert not book.full
        assert sum(array.nbytes for array in book.of(3)) == PAIR_BYTES * book.pairs
        assert Ledger.budget(1, book.pairs) > PAIR_BYTES * book.pairs + module.WAITING
