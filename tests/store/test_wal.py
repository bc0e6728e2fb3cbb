"""The write-ahead log read without SQLite: what is behind a damaged page is seen, and proved."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from gateway.store import wal
from gateway.store.wal import fold_in, inspect

ROWS = 30


def _written(folder: Path, page_bytes: int = 4_096) -> tuple[Path, Path]:
    """A database in WAL mode with a transaction for each of its rows, as a kill would leave it; it and its log."""
    live = folder / "live.db"
    connection = sqlite3.connect(live, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {page_bytes}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, x)")
    for number in range(ROWS):
        connection.execute("INSERT INTO t VALUES (?, ?)", (number, bytes([number]) * 900))
    database, log = folder / "a.db", folder / "a.db-wal"
    shutil.copy(live, database)
    shutil.copy(f"{live}-wal", log)
    connection.close()
    return database, log


def _flip(file: Path, offset: int) -> None:
    data = bytearray(file.read_bytes())
    data[offset] ^= 1
    file.write_bytes(data)


def _count(database: Path) -> int:
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    (rows,) = connection.execute("SELECT count(*) FROM t").fetchone()
    connection.close()
    return int(rows)


@pytest.mark.parametrize("page_bytes", [512, 4_096, 16_384])
def test_a_whole_log_is_proved(tmp_path: Path, page_bytes: int) -> None:
    """Every page has the checksum that SQLite wrote, and every transaction its end; folded in they are the table."""
    database, log = _written(tmp_path, page_bytes)
    found = inspect(log)
    assert (found.page_bytes, found.broken_at, found.hidden) == (page_bytes, None, 0)
    assert sum(frame.size > 0 for frame in found.frames) == ROWS + 1
    fold_in(log, found, database)
    log.unlink()
    assert _count(database) == ROWS


def test_a_log_is_written_over_itself_and_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte of it, in order, and then the flush; it is what it was. Without a log there is nothing to do."""
    _, log = _written(tmp_path)
    content, done = log.read_bytes(), list[tuple[int, int]]()
    write, flush = os.pwrite, os.fsync

    def pwrite(file: int, data: bytes, at: int) -> int:
        done.append((at, len(data)))
        return write(file, data, at)

    def fsync(file: int) -> None:
        done.append((-1, 0))
        flush(file)

    monkeypatch.setattr(wal, "_PIECE", 10_000)
    monkeypatch.setattr(os, "pwrite", pwrite)
    monkeypatch.setattr(os, "fsync", fsync)
    wal.write_anew(log)
    starts = range(0, len(content), 10_000)
    assert done == [*((at, min(10_000, len(content) - at)) for at in starts), (-1, 0)]
    assert log.read_bytes() == content
    wal.write_anew(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_any_flipped_byte_is_found(tmp_path: Path) -> None:
    """In a page, in its checksum, its number or its salt: the transactions from there on are hidden, but the last."""
    _, log = _written(tmp_path)
    whole = inspect(log)
    frame = whole.frames[10]
    from_there = sum(each.size > 0 for each in whole.frames[10:])
    for offset in (0, 5, 9, 13, 17, 21, 24, 2_000, 24 + 4_095):
        _flip(log, frame.offset - 24 + offset)
        found = inspect(log)
        # What cannot be told for the end of a transaction does not count as one.
        assert found.broken_at == 10, offset
        assert from_there - 2 <= found.hidden <= from_there - 1, offset
        _flip(log, frame.offset - 24 + offset)


def test_sqlite_would_have_passed_over_them(tmp_path: Path) -> None:
    """What is proved behind the damage is more than SQLite shows; all but the damaged page comes back."""
    database, log = _written(tmp_path)
    found = inspect(log)
    # A page that is written again later: its damage costs nothing.
    pages = [frame.page for frame in found.frames]
    again = next(index for index in range(8, len(pages)) if pages[index] in pages[index + 1 :])
    _flip(log, found.frames[again].offset + 100)
    damaged = inspect(log)
    copy = tmp_path / "copy.db"
    shutil.copy(database, copy)
    fold_in(log, damaged, copy)
    assert _count(copy) == ROWS
    assert _count(database) < ROWS


def test_a_torn_end_hides_nothing(tmp_path: Path) -> None:
    """A last transaction that was never flushed whole, cut or with a page that did not get there, is no damage."""
    _, log = _written(tmp_path)
    whole = inspect(log)
    ends = [index for index, frame in enumerate(whole.frames) if frame.size]
    _flip(log, whole.frames[ends[-2] + 1].offset + 7)
    assert inspect(log).hidden == 0
    data = log.read_bytes()
    for size in range(len(data) - 5_000, len(data), 333):
        log.write_bytes(data[:size])
        assert inspect(log).hidden == 0


def test_a_transaction_that_found_no_room_hides_nothing(tmp_path: Path) -> None:
    """Its frames are still there behind those of a shorter one that took their place, its end was not written whole."""
    _, log = _written(tmp_path)
    data, step = log.read_bytes(), 24 + 4_096
    frames = inspect(log).frames
    ends = [index for index, frame in enumerate(frames) if frame.size]
    short = 32 + (ends[-3] + 1) * step
    # Two tails that do not go on from what is before them, each with an end whose page is another one's.
    first, second = 32 + ends[-3] * step, 32 + ends[-2] * step
    tail = data[first : first + 24] + bytes(4_096) + data[second : second + 24] + bytes(4_096)
    log.write_bytes(data[:short] + tail)
    found = inspect(log)
    assert (found.broken_at, found.hidden) == (ends[-3] + 1, 0)


def test_pages_of_an_earlier_turn_are_not_taken_for_ours(tmp_path: Path) -> None:
    """Behind the end of the log lies what it held before it began anew."""
    live = tmp_path / "live.db"
    connection = sqlite3.connect(live, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("CREATE TABLE t (x)")
    for _ in range(20):
        connection.execute("INSERT INTO t VALUES (zeroblob(3000))")
    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    connection.execute("INSERT INTO t VALUES (1)")
    found = inspect(Path(f"{live}-wal"))
    assert 0 < len(found.frames) < 4
    assert (found.broken_at, found.hidden) == (None, 0)
    connection.close()


def test_a_damaged_header_hides_all(tmp_path: Path) -> None:
    """SQLite takes such a log for none. But for the first page, which nothing proves, all of it comes back."""
    database, log = _written(tmp_path, 16_384)
    for offset in (0, 3, 9, 16, 20, 25, 31):
        _flip(log, offset)
        found = inspect(log)
        assert (found.broken_at, found.hidden) == (0, ROWS), offset
        assert [frame.good for frame in found.frames].count(False) == 1
        _flip(log, offset)
    _flip(log, 9)
    fold_in(log, inspect(log), database)
    log.unlink()
    assert _count(database) == ROWS


@pytest.mark.parametrize("content", [None, b"", b"x" * 31, b"x" * 5_000, bytes(50_000)])
def test_what_is_no_log_hides_nothing(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty, too short, or something else: SQLite begins anew there."""
    log = tmp_path / "log"
    if content is not None:
        log.write_bytes(content)
    assert inspect(log).hidden == 0
