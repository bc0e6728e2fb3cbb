"""Rejected events: exact counts for ever, the newest samples for a while."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import quarantine
from gateway.store.quarantine import Quarantine, Quarantined, counted, each, some
from gateway.store.schema import open_writer


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The writing connection of a new database."""
    opened = open_writer(tmp_path / "events.db")
    yield opened
    opened.close()


def put(table: Quarantine, connection: sqlite3.Connection, *rows: Quarantined) -> None:
    """Write `rows` in a transaction of their own."""
    table.add(Counter(row.reason for row in rows), rows)
    connection.execute("BEGIN")
    table.write(connection)
    connection.execute("COMMIT")
    table.settle()


def row(number: int, reason: str = "late") -> Quarantined:
    """A sample told from others by its time and bytes."""
    return Quarantined(reason, number, "p1", b"%d" % number)


def test_the_oldest_samples_go_and_counts_stay(tmp_path: Path, connection: sqlite3.Connection) -> None:
    """The table holds its limit of newest samples; the counts hold all there ever were."""
    table = Quarantine(connection, 3)
    for number in range(10):
        put(table, connection, row(number), row(number, "nul"))
    assert [(kept.received_at, kept.reason) for kept in some(tmp_path / "events.db", 9)] == [
        (9, "nul"),
        (9, "late"),
        (8, "nul"),
    ]
    assert table.counts == {"late": 10, "nul": 10}
    assert Quarantine(connection, 3).counts == {"late": 10, "nul": 10}


def test_samples_of_one_reason_can_be_asked_for(connection: sqlite3.Connection, tmp_path: Path) -> None:
    """Those alone, newest first, as many as there are; lone surrogates are asked for as they are kept."""
    reasons = ["late", "nul", "late", "sur\ud800"]
    put(Quarantine(connection, 100), connection, *(row(at, reason) for at, reason in enumerate(reasons)))
    file = tmp_path / "events.db"
    assert [kept.received_at for kept in some(file, 9, "late")] == [2, 0]
    assert [kept.received_at for kept in some(file, 1, "late")] == [2]
    assert some(file, 9, "never") == []
    assert [kept.received_at for kept in some(file, 9, "sur\ud800")] == [3]


def test_a_flood_is_counted_and_sampled(tmp_path: Path, connection: sqlite3.Connection) -> None:
    """One transaction keeps a bounded number of samples and counts every event."""
    table = Quarantine(connection, 10_000)
    put(table, connection, *(row(number) for number in range(quarantine.BURST + 50)))
    assert table.counts == {"late": quarantine.BURST + 50}
    assert len(some(tmp_path / "events.db", 10_000)) == quarantine.BURST


def test_a_long_event_is_cut_and_says_so(tmp_path: Path, connection: sqlite3.Connection) -> None:
    """A sample longer than is kept is cut, with its true size beside it."""
    table = Quarantine(connection, 10)
    put(table, connection, Quarantined("too_large", 1, "p1", b"x" * 100_000))
    (kept,) = some(tmp_path / "events.db", 10)
    assert (len(kept.payload), kept.size) == (quarantine.PAYLOAD_BYTES, 100_000)


def test_what_was_rolled_back_is_still_owed(connection: sqlite3.Connection) -> None:
    """Without `settle` nothing counts as written: the next transaction writes it, once."""
    table = Quarantine(connection, 10)
    table.add(Counter(late=1), [row(1)])
    connection.execute("BEGIN")
    table.write(connection)
    connection.execute("ROLLBACK")
    assert (table.owes, table.counts) == (True, {})
    put(table, connection, row(2))
    assert (table.owes, table.counts) == (False, {"late": 2})
    assert connection.execute("SELECT events FROM rejected").fetchall() == [(2,)]


def test_hostile_text_is_kept(tmp_path: Path, connection: sqlite3.Connection) -> None:
    """A lone surrogate or NUL in a source or reason does not stop the transaction."""
    table = Quarantine(connection, 10)
    put(table, connection, Quarantined("schema:\ud800", 1, "a\0b\udfff", b"\xff\0"))
    (kept,) = some(tmp_path / "events.db", 10)
    assert kept == Quarantined("schema:?", 1, "a\0b?", b"\xff\0", 2, b"", 1)
    assert table.counts == {"schema:?": 1}


def test_a_page_behind_an_identity(tmp_path: Path, connection: sqlite3.Connection) -> None:
    """Oldest first, of one reason or of all."""
    table, file = Quarantine(connection, 100), tmp_path / "events.db"
    for number in range(6):
        put(table, connection, row(number)._replace(reason="late" if number % 2 else "too_deep"))
    assert [kept.identity for kept in some(file, 4, behind=0)] == [1, 2, 3, 4]
    assert [kept.identity for kept in some(file, 4, behind=4)] == [5, 6]
    assert [kept.identity for kept in some(file, 2, "late", 2)] == [4, 6]
    assert some(file, 9, "never", 0) == []


def test_all_are_read_in_order_page_after_page(
    tmp_path: Path, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Oldest first, with what their connection said, behind any identity; an identity is never used again."""
    monkeypatch.setattr(quarantine, "PAGE", 3)
    table = Quarantine(connection, 7)
    for number in range(10):
        put(table, connection, row(number)._replace(defaults=b'{"distinct_id":"u%d"}' % number))
    found = list(each(tmp_path / "events.db"))
    assert [(kept.identity, kept.payload, kept.defaults) for kept in found] == [
        (number + 1, b"%d" % number, b'{"distinct_id":"u%d"}' % number) for number in range(3, 10)
    ]
    assert [kept.identity for kept in each(tmp_path / "events.db", 8)] == [9, 10]
    assert counted(tmp_path / "events.db") == {"late": 10}
