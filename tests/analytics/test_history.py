"""What was published: changes told from repetitions, revisions, and which records stay."""

from __future__ import annotations

import numpy as np

from analytics.history import CORRECTION, FINAL, PARTIAL, Book, Record, Values


def _said(keys: list[int], values: list[float], others: int | None = None) -> Values:
    return Values(np.array(keys, np.int64), np.array(values, np.float64), None, others)


def _record(start: int, end: int, keys: int = 1) -> Record:
    return Record(start, end, _said(list(range(keys)), [1.0] * keys), FINAL)


def starts(book: Book) -> list[int]:
    return [start for start, _ in book.records]


def test_a_repetition_is_no_change() -> None:
    """Equal values, two nulls among them, change nothing and raise no revision."""
    record = Record(0, 10, _said([1, 2], [5.0, float("nan")]), FINAL)
    assert record.update(_said([1, 2], [5.0, float("nan")]), final=True) is None
    assert record.revs.tolist() == [0, 0]


def test_a_change_of_a_final_row_is_a_correction() -> None:
    """Only the rows that changed are returned, each with the next revision."""
    record = Record(0, 10, _said([1, 2], [5.0, 6.0]), FINAL)
    for value, rev in ((7.0, 1), (8.0, 2)):
        part = record.update(_said([2], [value]), final=True)
        assert part is not None
        rows = (part.keys.tolist(), part.values.tolist(), part.kinds.tolist(), part.revs.tolist())
        assert rows == ([2], [value], [CORRECTION], [rev])
    assert record.values.tolist() == [5.0, 8.0]
    assert record.kinds.tolist() == [FINAL, CORRECTION]


def test_a_change_of_a_partial_row_stays_partial() -> None:
    """An open window is revised without revisions."""
    record = Record(0, 10, _said([1], [5.0]), PARTIAL)
    part = record.update(_said([1], [6.0]), final=False)
    assert part is not None
    assert (part.kinds.tolist(), part.revs.tolist()) == ([PARTIAL], [0])


def test_new_keys_are_put_in_order() -> None:
    """A key first seen in a final window is final, with revision 0, and stands at its place."""
    record = Record(0, 10, _said([2, 6], [1.0, 2.0]), FINAL)
    part = record.update(_said([1, 4, 9], [3.0, 4.0, 5.0]), final=True)
    assert part is not None
    assert part.keys.tolist() == [1, 4, 9]
    assert part.kinds.tolist() == [FINAL] * 3
    assert record.keys.tolist() == [1, 2, 4, 6, 9]
    assert record.values.tolist() == [3.0, 1.0, 4.0, 2.0, 5.0]


def test_a_copy_does_not_follow_its_record() -> None:
    """What was handed out stays as it was when the record changes."""
    record = Record(0, 10, _said([1], [5.0]), FINAL)
    copy = record.copy()
    record.update(_said([1, 2], [6.0, 7.0]), final=True)
    assert (copy.keys.tolist(), copy.values.tolist(), copy.kinds.tolist()) == ([1], [5.0], [FINAL])


def test_a_book_drops_its_oldest_closed_records() -> None:
    """Beyond the number of windows the oldest go, but none whose window is open."""
    book = Book(10, 2, 1 << 20)
    for start in (0, 10, 20, 30):
        book.put(_record(start, start + 10))
    book.trim(closed_to=10)
    assert starts(book) == [10, 20, 30]
    book.trim(closed_to=40)
    assert starts(book) == [20, 30]
    assert book.oldest() == (20, 30)


def test_a_book_keeps_to_its_bytes() -> None:
    """A record put again is counted once; with too many bytes the oldest go."""
    size = _record(0, 10, 50).bytes
    book = Book(10, 100, 2 * size)
    for start in (0, 10, 10, 10):
        book.put(_record(start, start + 10, 50))
    book.trim(closed_to=100)
    assert starts(book) == [0, 10]
    book.put(_record(20, 30, 50))
    book.trim(closed_to=100)
    assert starts(book) == [10, 20]


def test_overlapping_takes_a_half_open_span() -> None:
    """A window that ends where the span starts, or starts where it ends, is not in it."""
    book = Book(10, 100, 1 << 20)
    for start in (0, 10, 20, 30):
        book.put(_record(start, start + 10))
    assert [record.start for record in book.overlapping(10, 30, 10)] == [10, 20]
    assert [record.start for record in book.overlapping(19, 21, 10)] == [10, 20]


def test_windows_that_share_a_start_are_told_apart_by_their_end() -> None:
    """Steps of a cumulative window are records of their own, oldest first; those that end too early do not overlap."""
    book = Book(10, 3, 1 << 20)
    for end in (30, 10, 20, 10):
        book.put(_record(0, end))
    assert list(book.records) == [(0, 10), (0, 20), (0, 30)]
    assert [record.end for record in book.overlapping(15, 100, 60)] == [20, 30]
    assert (book.oldest(), book.newest()) == ((0, 10), (0, 30))
    book.put(_record(30, 40))
    book.trim(closed_to=40)
    assert book.oldest() == (0, 20)
