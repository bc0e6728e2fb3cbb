"""The database file: what it is set to, and which files are refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from gateway.errors import ConfigError, StorageError
from gateway.store import schema
from gateway.store.rows import row_crc
from gateway.store.schema import open_reader, open_writer, wal_file
from tests.store.answers import appended, opened


def pragma(connection: sqlite3.Connection, name: str) -> object:
    """The value of one setting."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_the_writer_flushes_each_commit(tmp_path: Path) -> None:
    """The writing connection has the settings that the promise of an acknowledgement rests on."""
    connection = open_writer(tmp_path / "events.db")
    assert pragma(connection, "journal_mode") == "wal"
    assert pragma(connection, "synchronous") == 2
    assert pragma(connection, "fullfsync") == 1
    assert pragma(connection, "page_size") == 16_384
    assert pragma(connection, "wal_autocheckpoint") == 0
    assert pragma(connection, "user_version") == schema.VERSION
    connection.close()


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The database and the write-ahead log beside it hold what visitors did: mode 0600."""
    with opened(tmp_path) as log:
        appended(log, b"x")
        for file in tmp_path.glob("events.db*"):
            assert file.stat().st_mode & 0o777 == 0o600, file


def test_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    """A file of a later format is not opened and not changed; the message names it and both versions."""
    file = tmp_path / "events.db"
    open_writer(file).close()
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    content = file.read_bytes()
    said = rf"events\.db has format {schema.VERSION + 1} of a newer Tidegate; this one knows up to {schema.VERSION}"
    with pytest.raises(ConfigError, match=said):
        open_writer(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE theirs (a)", "PRAGMA application_id = 5", "PRAGMA user_version = 1"]
)
def test_a_foreign_database_is_refused(tmp_path: Path, statement: str) -> None:
    """A database of another program is not taken for a log."""
    file = tmp_path / "events.db"
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.close()
    with pytest.raises(ConfigError, match="another program"):
        open_writer(file)


def test_a_failed_migration_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration is one transaction with its number: when it fails, the file is as it was and opens again."""
    file = tmp_path / "events.db"
    open_writer(file).close()
    broken = (*schema._MIGRATIONS, ("CREATE TABLE extra (a)", "CREATE TABLE log (a)"))
    with monkeypatch.context() as patched:
        patched.setattr(schema, "_MIGRATIONS", broken)
        with pytest.raises(StorageError, match="already exists"):
            open_writer(file)
    connection = open_writer(file)
    assert pragma(connection, "user_version") == schema.VERSION
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'extra'").fetchone() == (0,)
    connection.close()


def test_a_file_of_the_first_version_is_led_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log from before there was a history keeps its rows and snapshots, and gets the new tables."""
    with monkeypatch.context() as patched:
        patched.setattr(schema, "_MIGRATIONS", schema._MIGRATIONS[:1])
        open_writer(tmp_path / "events.db").close()
    with sqlite3.connect(tmp_path / "events.db") as old:
        assert pragma(old, "user_version") == 1
        old.execute("INSERT INTO log VALUES (1, 5, 1, ?, ?)", (row_crc(1, 5, 1, b"x"), b"x"))
    old.close()
    with opened(tmp_path) as log:
        assert [row.payload for row in log.read(0)] == [b"x"]
        assert log.kept.bytes == 0
        appended(log, b"y")


def test_an_older_version_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the statements behind the file's version run, once."""
    file = tmp_path / "events.db"
    open_writer(file).close()
    monkeypatch.setattr(schema, "_MIGRATIONS", (*schema._MIGRATIONS, ("CREATE TABLE extra (a)",)))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    for _ in range(2):
        connection = open_writer(file)
        assert pragma(connection, "user_version") == schema.VERSION
        connection.execute("SELECT a FROM extra")
        connection.close()


def test_the_last_runs_log_is_folded_in_before_anything_is_appended(tmp_path: Path) -> None:
    """What a crash left in the write-ahead log is in the database file, flushed, when the writer opens."""
    file = tmp_path / "events.db"
    first = open_writer(file)
    first.execute("INSERT INTO log VALUES (1, 0, 0, 0, x'00')")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for left in (file, wal_file(file)):
        (crashed / left.name).write_bytes(left.read_bytes())
    first.close()
    assert (crashed / "events.db-wal").stat().st_size > 0
    second = open_writer(crashed / "events.db")
    assert (crashed / "events.db-wal").stat().st_size == 0
    assert second.execute("SELECT count(*) FROM log").fetchone() == (1,)
    second.close()


@pytest.mark.parametrize("size", [512, schema.PAGE_BYTES])
def test_a_file_that_was_never_finished_is_begun_anew(tmp_path: Path, size: int) -> None:
    """A power cut behind a failed flush of the first page left zeros; nothing was in it, so nothing is lost."""
    (tmp_path / schema.FILE).write_bytes(bytes(size))
    with opened(tmp_path) as log:
        appended(log, b"row")
    with opened(tmp_path) as log:
        assert log.last_position() == 1


@pytest.mark.parametrize("name", [schema.FILE, schema.FILE + "-wal"])
def test_zeros_in_a_file_that_had_rows_are_damage(tmp_path: Path, name: str) -> None:
    """More than one page, or a log beside it: there was something."""
    (tmp_path / schema.FILE).write_bytes(bytes(schema.PAGE_BYTES))
    with (tmp_path / name).open("ab") as file:
        file.write(bytes(1))
    before = (tmp_path / schema.FILE).read_bytes()
    with pytest.raises(StorageError, match="damaged"), opened(tmp_path):
        pass
    assert (tmp_path / schema.FILE).read_bytes() == before


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """The reading connection refuses changes, in a folder of any name."""
    folder = tmp_path / "a folder? #1 %20"
    folder.mkdir()
    writer = open_writer(folder / "events.db")
    reader = open_reader(folder / "events.db")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM log")
    reader.close()
    writer.close()


def test_a_file_that_is_a_folder_is_a_wrong_setting(tmp_path: Path) -> None:
    """A place where no file can be opened names the setting."""
    (tmp_path / "events.db").mkdir()
    with pytest.raises(ConfigError, match=r"^data: "):
        open_writer(tmp_path / "events.db")
    with pytest.raises(StorageError):
        open_reader(tmp_path / "none" / "events.db")
