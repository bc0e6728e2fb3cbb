"""Snapshots appear whole or not at all, and a bad one is passed over."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from gateway.store import Committed, snapshots
from gateway.store.snapshots import Staging, newest_good, next_id, replaced
from tests.store.answers import Answers, Held, appended, opened, saved
from tests.store.test_log import edit

BLOBS = {"engine": bytes(range(256)) * 9_000, "dedup": b"d" * 70_000, "empty": b""}


def test_blobs_come_back_under_their_names(tmp_path: Path) -> None:
    """A snapshot of many pieces and empty blobs is read back byte for byte, before and after a restart."""
    with opened(tmp_path) as log:
        appended(log, b"a", b"b")
        answer = saved(log, 2, BLOBS, now=77)
        assert isinstance(answer, Committed)
        assert (answer.position, answer.bytes) == (2, sum(map(len, BLOBS.values())))
        assert log.latest_snapshot() == (2, BLOBS, 77)
    with opened(tmp_path) as log:
        assert log.latest_snapshot() == (2, BLOBS, 77)


def test_no_snapshot_is_none(tmp_path: Path) -> None:
    """A log without snapshots says so."""
    with opened(tmp_path) as log:
        assert log.latest_snapshot() is None


def test_appends_go_on_beside_a_snapshot(tmp_path: Path) -> None:
    """Appends queued behind a large snapshot are answered before it is."""
    with opened(tmp_path) as log:
        held, answers = Held(log), Answers()
        log.snapshot(0, {"engine": bytes(20 << 20)}, 1, answers)
        for _ in range(20):
            log.append(bytes(1 << 20), 1, 1, answers)
        held.release()
        order = [answer.position for answer in answers.wait(21) if isinstance(answer, Committed)]
        assert order == [*range(2, 22), 0]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE snapshot_piece SET data = zeroblob(length(data)) WHERE snapshot = 3 AND piece = 1",
        "DELETE FROM snapshot_piece WHERE snapshot = 3 AND piece = 2",
        "UPDATE snapshot SET position = 1 WHERE id = 3",
        "UPDATE snapshot SET manifest = 'text' WHERE id = 3",
        "UPDATE snapshot SET crc = crc + 1 WHERE id = 3",
        "UPDATE snapshot_piece SET data = 7 WHERE snapshot = 3 AND piece = 0",
    ],
)
def test_a_bad_newest_snapshot_gives_way_to_the_older(tmp_path: Path, damage: str) -> None:
    """Whatever changed in the newest snapshot, the older one is served whole, and the bad one counted."""
    with opened(tmp_path) as log:
        appended(log, b"a", b"b", b"c")
        for position in (1, 2, 3):
            saved(log, position, {"engine": b"%d" % position * 2_000_000})
    edit(tmp_path, damage)
    with opened(tmp_path) as log:
        newest = log.latest_snapshot()
        assert newest is not None
        assert (newest.position, newest.blobs) == (2, {"engine": b"2" * 2_000_000})
        assert log.bad_snapshots == 1


def test_a_bad_snapshot_does_not_count_as_kept(tmp_path: Path) -> None:
    """The next snapshot replaces the bad one, not the good one that still stands behind it."""
    with opened(tmp_path) as log:
        appended(log, b"a", b"b", b"c")
        saved(log, 1, {"engine": b"1"})
        saved(log, 2, {"engine": b"2"})
    edit(tmp_path, "UPDATE snapshot SET crc = crc + 1 WHERE id = 2")
    with opened(tmp_path) as log:
        log.latest_snapshot()
        saved(log, 3, {"engine": b"3"})
    edit(tmp_path, "UPDATE snapshot SET crc = crc + 1 WHERE id = 3")
    with opened(tmp_path) as log:
        assert log.latest_snapshot() == (1, {"engine": b"1"}, 1)


def test_pieces_without_a_row_do_not_exist(tmp_path: Path) -> None:
    """A snapshot that a crash cut short is never read, never continued, and swept away by the next start."""
    with opened(tmp_path) as log:
        appended(log, b"a")
        saved(log, 1, {"engine": b"good"})
    edit(tmp_path, "INSERT INTO snapshot_piece VALUES (9, 0, x'00')")
    with opened(tmp_path) as log:
        assert log.latest_snapshot() == (1, {"engine": b"good"}, 1)
        appended(log, b"b")
        saved(log, 2, {"engine": b"next"})
    connection = sqlite3.connect(tmp_path / "events.db")
    assert connection.execute("SELECT DISTINCT snapshot FROM snapshot_piece ORDER BY 1").fetchall() == [(1,), (10,)]
    connection.close()


def test_staging_writes_a_piece_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that is rolled back leaves the piece to be written again; the row comes last."""
    monkeypatch.setattr(snapshots, "PIECE_BYTES", 4)
    opened(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
    staging = Staging(next_id(connection), 0, {"a": b"12345", "b": b"6"}, 1)
    assert staging.size == 6
    connection.execute("BEGIN")
    assert staging.write(connection) is False
    connection.execute("ROLLBACK")
    for expected in (False, False, False, True):
        assert staging.write(connection) is expected
        assert (newest_good(tmp_path / "events.db", set()) is not None) is expected
        staging.advance()
    assert newest_good(tmp_path / "events.db", set()) == (1, (0, {"a": b"12345", "b": b"6"}, 1))
    assert connection.execute("SELECT piece, data FROM snapshot_piece").fetchall() == [
        (0, b"1234"),
        (1, b"5"),
        (2, b"6"),
    ]
    connection.close()


def test_the_newest_good_ones_are_kept(tmp_path: Path) -> None:
    """Bad ones go whatever their age; of the good ones all but the newest go."""
    opened(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
    connection.executemany("INSERT INTO snapshot VALUES (?, 0, 0, 0, x'')", [(n,) for n in (1, 2, 3, 4)])
    assert sorted(replaced(connection, 2, {4})) == [1, 4]
    assert replaced(connection, 5, set()) == []
    connection.close()
