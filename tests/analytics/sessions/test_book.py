"""Closed sessions that are still known: which overlap a time, and how many there are at most."""

from __future__ import annotations

from typing import Any

from analytics.sessions.book import CHUNK, SESSION_BYTES, SessionBook
from tests.analytics.sessions.test_lines import lines


def starts(book: SessionBook, start: int, end: int) -> list[int]:
    """Starts of the sessions that overlap a time."""
    return [found for part in book.overlapping(start, end) for found in part.starts.tolist()]


def test_overlapping_is_half_open() -> None:
    """A session that ends where the span starts, or starts where it ends, is not in it."""
    book = SessionBook(1 << 20)
    book.put(lines(("a", 0, 10, 1), ("a", 10, 20, 1)))
    book.put(lines(("a", 20, 30, 1)))
    assert starts(book, 10, 20) == [10]
    assert starts(book, 9, 21) == [0, 10, 20]
    assert starts(book, 30, 40) == []


def test_a_closed_session_is_known_by_its_key_and_start() -> None:
    """Keys are told apart as JSON tells them: 1 is not true."""
    book = SessionBook(1 << 20)
    book.put(lines(("a", 10, 20, 1), (1, 30, 40, 1)))
    assert book.knows({"user": "a"}, 10)
    assert not book.knows({"user": "a"}, 11)
    assert not book.knows({"user": "b"}, 10)
    assert book.knows({"user": 1}, 30)
    assert not book.knows({"user": True}, 30)


def test_the_oldest_sessions_are_dropped_beyond_the_bytes() -> None:
    """Some thousand sessions fit into what some thousand may take; texts count by their length."""
    book = SessionBook(4 * CHUNK * SESSION_BYTES)
    one: Any = lines(("a", 0, 10, 1))
    for start in range(20 * CHUNK):
        book.put(one._replace(starts=one.starts + start, ends=one.ends + start))
    kept = book.lines()
    assert kept is not None
    assert 3 * CHUNK <= kept.n <= 4 * CHUNK
    assert kept.starts[-1] == 20 * CHUNK - 1
    for start in range(3 * CHUNK):
        book.put(lines(("a", start, start + 10, b"x" * 9 * SESSION_BYTES)))
    kept = book.lines()
    assert kept is not None
    assert kept.n < CHUNK * 2


def test_what_was_read_does_not_change() -> None:
    """Sessions that close later, with values of another kind too, leave what was handed out as it is."""
    book = SessionBook(1 << 20)
    assert book.lines() is None
    book.put(lines(("a", 0, 10, 1)))
    before = book.lines()
    book.put(lines(("b", 0, 10, 0.5)))
    book.put(lines(("c", 0, 10, b"[]")))
    assert before is not None
    assert (before.n, before.values.tolist()) == (1, [1])
    after = book.lines()
    assert after is not None
    assert list(map(repr, after.values.tolist())) == ["1", "0.5", "b'[]'"]


def test_many_sessions_that_close_at_once_are_all_kept() -> None:
    """More than a piece holds, in order of closing."""
    book = SessionBook(1 << 30)
    book.put(lines(*(("a", i, i + 10, i) for i in range(2 * CHUNK + 5))))
    kept = book.lines()
    assert kept is not None
    assert kept.starts.tolist() == list(range(2 * CHUNK + 5))
