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


def test_values_that_follow_each_other_are_taken_as_one_by_one() -> None:
    """`revise` leaves the record, and gives the rows, that `update` does for each of them."""
    nan = float("nan")
    changes = {2: [6.0, 7.0, 7.0, 6.0], 4: [nan, nan], 5: [nan, 1.0], 9: [3.0]}
    said = _said([1, 2, 4, 5, 9], [5.0, 6.0, nan, 0.0, 3.0])
    one, all_at_once = Record(0, 10, said, FINAL), Record(0, 10, said, FINAL)
    rows = []
    for key, values in changes.items():
        for value in values:
            part = one.update(_said([key], [value]), final=True)
            if part is not None:
                rows.append((key, *part.values.tolist(), *part.kinds.tolist(), *part.revs.tolist()))
    of = np.repeat(np.arange(4), [len(values) for values in changes.values()])
    each = np.array([value for values in changes.values() for value in values])
    assert all_at_once.knows(np.array(list(changes)))
    part, at = all_at_once.revise(np.array(list(changes)), of, each, None)
    columns = (part.keys, part.values, part.kinds, part.revs)
    assert repr(list(zip(*(column.tolist() for column in columns), strict=True))) == repr(rows)
    assert at.tolist() == [1, 3, 6, 7]
    for name in ("keys", "values", "kinds", "revs"):
        assert repr(getattr(one, name).tolist()) == repr(getattr(all_at_once, name).tolist())


def test_what_was_said_is_not_written_over() -> None:
    """A record that was handed out stays as it was; errors and another kind of value find their place."""
    record = Record(0, 10, Values(np.array([1, 2]), np.array([5, 6]), None, None), FINAL)
    before = record.copy()
    of, values, errors = np.array([0, 0]), np.array([6.5, 7.5]), np.array([0.0, 0.25])
    part, _ = record.revise(np.array([2]), of, values, errors)
    assert part.errors is not None
    assert part.errors.tolist() == [0.0, 0.25]
    assert record.errors is not None
    assert (record.values.tolist(), record.errors.tolist(), record.revs.tolist()) == ([5.0, 7.5], [0.0, 0.25], [0, 2])
    assert (before.values.tolist(), before.errors, before.revs.tolist()) == ([5, 6], None, [0, 0])
    part, at = record.revise(np.array([1]), np.array([0]), np.array([5.0]), None)
    assert at.size == 0


def test_a_null_is_none_among_objects() -> None:
    """Also one that was a NaN, as sums of floats have them, before one of another key became a large integer."""
    large = Values(np.array([2]), np.array([2**60 + 1], object), None, None)
    record, revised = (Record(0, 10, _said([1, 2], [float("nan"), 1.0]), FINAL) for _ in range(2))
    part = record.update(large, final=True)
    assert part is not None
    assert part.values.tolist() == [2**60 + 1]
    revised.revise(np.array([2]), np.array([0]), np.array([2**60 + 1], object), None)
    for each in (record, revised):
        assert each.values.tolist() == [None, 2**60 + 1]
    assert record.update(_said([1], [float("nan")]), final=True) is None
    part = record.update(_said([1, 2], [2.0, float("nan")]), final=True)
    assert part is not None
    assert [*part.values.tolist(), *record.values.tolist()] == [2.0, None, 2.0, None]


def test_which_keys_have_a_row() -> None:
    """All of them must have one."""
    record = _record(0, 10, keys=3)
    assert record.knows(np.array([0, 2]))
    assert record.knows(np.zeros(0, np.int64))
    assert not record.knows(np.array([1, 3]))
    assert not Record(0, 10, _said([1, 5], [0.0, 0.0]), FINAL).knows(np.array([4]))


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
    full = [book.full]
    book.trim(closed_to=40)
    assert starts(book) == [20, 30]
    assert [*full, book.full] == [True, False]
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


def test_kinds_have_names() -> None:
    """Whether all rows have the same or not."""
    record = Record(0, 1_000, Values(np.arange(3), np.arange(3), None, None), FINAL)
    assert list(record.kind_names()) == ["final"] * 3
    record.update(Values(np.array([1]), np.array([7]), None, None), final=True)
    assert list(record.kind_names()) == ["final", "correction", "final"]
    assert list(record.part(np.zeros(0, np.int64)).kind_names()) == []
