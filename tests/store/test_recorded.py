"""The log of a data folder, read without owning it."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from gateway.errors import ConfigError, StorageError
from gateway.store import (
    Damage,
    EventLog,
    Quarantined,
    StoredSnapshot,
    read_history,
    read_log,
    read_quarantine,
    read_snapshot,
)
from gateway.store.schema import FILE
from tests.store.answers import saved
from tests.store.histories import asked, keep, line, lines


def _open(folder: Path) -> EventLog:
    return EventLog.open(folder, retention_ms=1_000, max_bytes=1 << 30, keep_snapshots=2, quarantine_rows=10)


def _unexpected(damage: Damage) -> None:
    pytest.fail(f"{damage}")


def _append(log: EventLog, *payloads: bytes) -> None:
    done = threading.Semaphore(0)
    for payload in payloads:
        log.append(payload, 1, 5, lambda _: done.release())
    for _ in payloads:
        assert done.acquire(timeout=60)


def test_rows_are_read_while_a_gateway_writes(tmp_path: Path) -> None:
    """The lock of the folder is not asked for; rows committed after the first step are not there."""
    with _open(tmp_path) as log:
        _append(log, b"a", b"b")
        rows = read_log(tmp_path, _unexpected)
        assert next(rows).payload == b"a"
        _append(log, b"c")
        assert [row.payload for row in rows] == [b"b"]
    assert [row.payload for row in read_log(tmp_path, _unexpected)] == [b"a", b"b", b"c"]


def test_a_damaged_row_is_told_and_passed_over(tmp_path: Path) -> None:
    """With its position."""
    with _open(tmp_path) as log:
        _append(log, b"a", b"b", b"c")
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("UPDATE log SET payload = x'00' WHERE position = 2")
    connection.commit()
    connection.close()
    found: list[Damage] = []
    assert [row.payload for row in read_log(tmp_path, found.append)] == [b"a", b"c"]
    assert found == [Damage(2, 2, "crc")]


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    """An empty folder, another program's database, and no database at all; none of them is written to."""
    with pytest.raises(ConfigError, match="there is no event log"):
        next(read_log(tmp_path, _unexpected))
    assert list(tmp_path.iterdir()) == []
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(ConfigError, match="another program"):
        next(read_log(tmp_path, _unexpected))
    (tmp_path / FILE).write_bytes(b"x" * 5_000)
    with pytest.raises(StorageError):
        next(read_log(tmp_path, _unexpected))


def test_the_newest_snapshot_is_read_beside_a_gateway(tmp_path: Path) -> None:
    """Or none, while there is none."""
    with _open(tmp_path) as log:
        _append(log, b"a")
        assert read_snapshot(tmp_path) is None
        saved(log, 1, {"engine": b"state"}, now=7)
        assert read_snapshot(tmp_path) == StoredSnapshot(1, {"engine": b"state"}, 7)
    with pytest.raises(ConfigError, match="there is no event log"):
        read_snapshot(tmp_path / "elsewhere")


def test_history_is_read_page_after_page(tmp_path: Path) -> None:
    """All of it, whatever the page holds; a folder of a version without history has none."""
    with _open(tmp_path) as log:
        keep(log, lines([line(second * 1_000) for second in range(7)]))
        assert [row.start for row in read_history(tmp_path, asked(limit=2))] == [n * 1_000 for n in range(7)]
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("DROP TABLE history")
    connection.close()
    assert list(read_history(tmp_path, asked())) == []


def test_rejected_events_are_read_beside_a_gateway(tmp_path: Path) -> None:
    """How many there ever were, and those that are kept."""
    with _open(tmp_path) as log:
        log.quarantine([Quarantined("late", 1, "p", b"x")], {"late": 4})
        _append(log, b"a")
        counts, kept = read_quarantine(tmp_path)
        assert counts == {"late": 5}
        assert [row.payload for row in kept] == [b"x"]
    with pytest.raises(ConfigError, match="there is no event log"):
        read_quarantine(tmp_path / "elsewhere")
