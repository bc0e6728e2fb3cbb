"""Closed sessions that are still known: which overlap a time, and how many there are at most."""

from __future__ import annotations

from analytics.history import FINAL
from analytics.sessions.book import CHUNK, SESSION_BYTES, Line, SessionBook, dims_key


def line(start: int, user: str = "a", value: object = 1) -> Line:
    """A session of 10 ms."""
    return Line({"user": user}, start, start + 10, value, FINAL, 0, 0.0)


def test_overlapping_is_half_open() -> None:
    """A session that ends where the span starts, or starts where it ends, is not in it."""
    book = SessionBook(1 << 20)
    book.put([line(0), line(10)])
    book.put([line(20)])
    assert [found.start for found in book.overlapping(10, 20)] == [10]
    assert [found.start for found in book.overlapping(9, 21)] == [0, 10, 20]
    assert book.knows({"user": "a"}, 10)
    assert not book.knows({"user": "a"}, 11)
    assert not book.knows({"user": "b"}, 10)


def test_the_oldest_sessions_are_dropped_beyond_the_bytes() -> None:
    """Some thousand sessions fit into what some thousand may take; texts count by their length."""
    book = SessionBook(4 * CHUNK * SESSION_BYTES)
    for start in range(20 * CHUNK):
        book.put([line(start)])
    kept = book.lines()
    assert 3 * CHUNK <= len(kept) <= 4 * CHUNK
    assert kept[-1].start == 20 * CHUNK - 1
    for start in range(3 * CHUNK):
        book.put([line(start, value=b"x" * 9 * SESSION_BYTES)])
    assert len(book.lines()) < CHUNK * 2


def test_lines_are_ordered_by_their_dims() -> None:
    """Null first, then booleans, numbers and texts, as rows of all windows are."""
    values = [None, True, 2, "b"]
    keys = [dims_key({"user": value}) for value in values]
    assert keys == sorted(keys)
