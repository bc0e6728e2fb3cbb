"""Rows go when no kept snapshot needs them and they are old or too many, and never otherwise."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from gateway.store import EventLog
from tests.store.answers import appended, opened, saved


def positions(folder: Path) -> list[int]:
    """The positions in the file of a closed log."""
    connection = sqlite3.connect(folder / "events.db")
    found = [row[0] for row in connection.execute("SELECT position FROM log ORDER BY position")]
    connection.close()
    return found


def settle(log: EventLog) -> None:
    """Append until the writer has no backlog: each append carries a slice, so a few are enough."""
    for _ in range(40):
        appended(log, b"settle", now=1)


def test_old_rows_below_the_older_snapshot_go(tmp_path: Path) -> None:
    """With all snapshots there, rows up to the older one's position that are over age go; all behind it stay."""
    with opened(tmp_path, retention_ms=100) as log:
        appended(log, *(b"old" for _ in range(10)), now=1_000)
        saved(log, 4, {}, now=1_000)
        saved(log, 8, {}, now=5_000)
        settle(log)
        assert [row.position for row in log.read(0)][:2] == [5, 6]
        assert log.damage == []
    assert positions(tmp_path)[0] == 5


def test_young_rows_stay(tmp_path: Path) -> None:
    """Rows within the age stay, though every snapshot holds them; trimming stops at the first of them."""
    with opened(tmp_path, retention_ms=100) as log:
        appended(log, b"old", b"old", now=1_000)
        appended(log, b"young", now=4_950)
        appended(log, b"old clock", now=1_000)
        saved(log, 4, {}, now=5_000)
        saved(log, 4, {}, now=5_000)
        settle(log)
    assert positions(tmp_path)[0] == 3


def test_nothing_goes_without_all_its_snapshots(tmp_path: Path) -> None:
    """As long as fewer snapshots exist than are to be kept, a bad one would need the whole log: all of it stays."""
    with opened(tmp_path, retention_ms=0, max_bytes=1) as log:
        appended(log, *(bytes(50_000) for _ in range(10)), now=1)
        saved(log, 10, {}, now=10**9)
        settle(log)
    assert positions(tmp_path)[:10] == list(range(1, 11))


def test_a_log_over_its_size_loses_its_oldest(tmp_path: Path) -> None:
    """Over the size, young rows below the older snapshot go too, oldest first, until it fits; not one more."""
    with opened(tmp_path, max_bytes=2_000_000) as log:
        appended(log, *(bytes(100_000) for _ in range(50)), now=1)
        saved(log, 50, {}, now=2)
        saved(log, 50, {}, now=3)
        settle(log)
    left = [position for position in positions(tmp_path) if position <= 50]
    assert 10 <= len(left) <= 20
    assert left == list(range(51 - len(left), 51))


def test_freed_pages_are_used_again(tmp_path: Path) -> None:
    """A log that is trimmed as fast as it grows does not make its file grow."""
    with opened(tmp_path, retention_ms=0, keep_snapshots=1) as log:
        sizes = []
        for _ in range(6):
            appended(log, *(bytes(100_000) for _ in range(30)), now=1)
            saved(log, log.last_position(), {"engine": bytes(1_000_000)}, now=10**9)
            settle(log)
            sizes.append((tmp_path / "events.db").stat().st_size)
    assert max(sizes[2:]) <= sizes[1] * 1.3


def test_pieces_of_replaced_snapshots_go(tmp_path: Path) -> None:
    """The blobs of given-up snapshots are swept away bit by bit, those of kept ones are not."""
    with opened(tmp_path) as log:
        for number in range(5):
            saved(log, 0, {"engine": bytes(3_000_000)}, now=number)
        settle(log)
    connection = sqlite3.connect(tmp_path / "events.db")
    assert connection.execute("SELECT DISTINCT snapshot FROM snapshot_piece ORDER BY 1").fetchall() == [(4,), (5,)]
    assert connection.execute("SELECT sum(length(data)) FROM snapshot_piece").fetchone() == (6_000_000,)
    connection.close()


def test_a_reader_of_trimmed_rows_reports_no_damage(tmp_path: Path) -> None:
    """Rows that retention takes while a reader is among them are simply not there."""
    with opened(tmp_path, retention_ms=0, keep_snapshots=1) as log:
        appended(log, *(bytes(1_000) for _ in range(100)), now=1)
        reader = log.read(0, limit_bytes=1)
        first = next(reader)
        saved(log, 90, {}, now=10**9)
        settle(log)
        assert first.position == 1
        assert [row.position for row in reader] == list(range(91, 101))
        assert log.damage == []
