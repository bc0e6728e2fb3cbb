"""The database file: how it is opened, what tables it has, and which versions of it are known.

    log             one row per commit group: the position, what was appended, and a CRC over all of it
    snapshot        one row per published snapshot: the position it stands for and a manifest of its blobs
    snapshot_piece  the blobs, cut into pieces; a piece whose snapshot has no row does not exist for any reader
    quarantine      the newest rejected events
    rejected        how many there ever were, by reason
    history         rows of KPI windows that are over
    series          the KPI definitions that they belong to, and up to where finer rows were trimmed
    mark            single numbers that must change together with the rows: `trimmed`, the last position trimmed away;
                    `history_bytes`, what the rows of `history` take, about

Durability is three settings: WAL, `synchronous=FULL` (each commit flushes the log before it returns) and, where there
is such a thing, a flush that reaches the medium (`fullfsync`, macOS).
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from gateway.errors import ConfigError, StorageError
from gateway.store.faults import refused, translate

__all__ = ["FILE", "VERSION", "check_owner", "empty_unmade", "open_reader", "open_writer", "wal_file"]

FILE = "events.db"

VERSION = 3
"""Version of the tables below; kept in the file as `user_version`."""

APPLICATION_ID = 0x54474154
"""Says whose file it is, so that another program's database is never taken for a log."""

PAGE_BYTES = 16_384
"""About a sixth less CPU a commit than 4 KiB pages, at 128 KiB rows and at 4 KiB rows (medians of 5)."""

SYNCHRONOUS = "FULL"
"""The promise of an acknowledgement. NORMAL or OFF lose acknowledged rows in a power cut, and a test shows it."""

_BUSY_S = 5.0
_STATEMENTS = 256
_CACHE_KIB = 8_192

_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE log (position INTEGER PRIMARY KEY, written_at INTEGER NOT NULL, events INTEGER NOT NULL,"
        " crc INTEGER NOT NULL, payload BLOB NOT NULL)",
        "CREATE TABLE snapshot (id INTEGER PRIMARY KEY, position INTEGER NOT NULL, written_at INTEGER NOT NULL,"
        " crc INTEGER NOT NULL, manifest BLOB NOT NULL)",
        "CREATE TABLE snapshot_piece (snapshot INTEGER NOT NULL, piece INTEGER NOT NULL, data BLOB NOT NULL,"
        " UNIQUE (snapshot, piece))",
        "CREATE TABLE quarantine (id INTEGER PRIMARY KEY, reason TEXT NOT NULL, received_at INTEGER NOT NULL,"
        " source TEXT NOT NULL, size INTEGER NOT NULL, payload BLOB NOT NULL)",
        "CREATE TABLE rejected (reason TEXT PRIMARY KEY, events INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
        "INSERT INTO mark VALUES ('trimmed', 0)",
        f"PRAGMA application_id = {APPLICATION_ID}",
    ),
    (
        "CREATE TABLE series (series INTEGER PRIMARY KEY, identity TEXT NOT NULL, gone_0 INTEGER, gone_1 INTEGER)",
        "CREATE TABLE history (series INTEGER NOT NULL, level INTEGER NOT NULL, start INTEGER NOT NULL,"
        ' mark INTEGER NOT NULL, dims TEXT NOT NULL, "end" INTEGER NOT NULL, body TEXT NOT NULL,'
        " PRIMARY KEY (series, level, start, mark, dims)) WITHOUT ROWID",
        # 48 is what a row takes besides its texts, about.
        "INSERT INTO mark VALUES ('history_bytes', 0)",
        "CREATE TRIGGER history_in AFTER INSERT ON history BEGIN UPDATE mark SET"
        " value = value + 48 + length(new.dims) + length(new.body) WHERE name = 'history_bytes'; END",
        "CREATE TRIGGER history_out AFTER DELETE ON history BEGIN UPDATE mark SET"
        " value = value - 48 - length(old.dims) - length(old.body) WHERE name = 'history_bytes'; END",
        "CREATE TRIGGER history_anew AFTER UPDATE ON history BEGIN UPDATE mark SET"
        " value = value + length(new.body) - length(old.body) WHERE name = 'history_bytes'; END",
    ),
    ("ALTER TABLE quarantine ADD COLUMN defaults BLOB NOT NULL DEFAULT x''",),
)
"""What leads from version n to n + 1. A released one is never edited; each runs in one transaction with its number."""


def wal_file(file: Path) -> Path:
    """Where SQLite keeps the write-ahead log of `file`."""
    return file.with_name(file.name + "-wal")


def empty_unmade(file: Path) -> None:
    """Make a file that was never finished an empty one, in which the log is then begun.

    The first page of a new file is flushed before there is anything else. Where that flush failed and the power went, a
    page of zeros may be left, which SQLite takes for another program's. Nothing was ever appended to such a file.

    Raises:
        OSError: the disk refused.
    """
    log = wal_file(file)
    if not file.exists() or (log.exists() and log.stat().st_size):
        return
    with file.open("r+b") as opened:
        first = opened.read(PAGE_BYTES + 1)
        if first and len(first) <= PAGE_BYTES and not first.strip(b"\0"):
            opened.truncate(0)
            os.fsync(opened.fileno())


def open_writer(file: Path) -> sqlite3.Connection:
    """The one connection that writes, made ready: file created or migrated, and the last run's WAL folded in.

    The WAL is emptied into the database file before anything is appended. After a failed flush the kernel may show
    pages that are not on the disk; rows appended behind such pages would be lost with them in a power cut. So the
    caller has written the WAL once more (`wal.write_anew`), and folding does the same with the pages of the file.

    Raises:
        ConfigError: not a log, written by a newer version, or not writable.
        StorageError: SQLite finds the file damaged, or reading it fails. The file is left as it is.
        DiskFullError: no room to make the file or to fold the WAL in.
        StoreBusyError: a foreign program holds the database.
    """
    try:
        file.touch(mode=0o600)  # SQLite gives the files beside it the same mode
        connection = sqlite3.connect(
            file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS
        )
    except OSError as error:
        raise refused(error, f"cannot open {file}") from error
    except sqlite3.Error as error:
        raise _refusal(error, file) from error
    try:
        _prepare(connection, file)
    except sqlite3.Error as error:
        connection.close()
        raise _refusal(error, file) from error
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(file: Path) -> sqlite3.Connection:
    """A connection that cannot write, for any thread, one at a time. Costs 0.2-0.3 ms with its first query.

    Raises:
        StorageError: it cannot be opened.
    """
    try:
        connection = sqlite3.connect(
            f"{file.as_uri()}?mode=ro", uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise StorageError(f"{file}: {error}") from error
    connection.text_factory = bytes  # a damaged row must reach the CRC check, whatever its bytes decode to
    return connection


def _refusal(error: sqlite3.Error, file: Path) -> Exception:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return ConfigError("data", f"cannot write {file}: {error}")
    return translate(error, file)


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # counts for a new file only
    check_owner(connection, file)
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise ConfigError("data", f"the file system of {file} cannot hold a write-ahead log (mode {mode})")
    connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # the writer chooses the moment, after it has answered
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    _migrate(connection)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def check_owner(connection: sqlite3.Connection, file: Path) -> None:
    """Raises ConfigError when the file is another program's or a newer version's."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != APPLICATION_ID and (owner or version or tables):
        raise ConfigError("data", f"{file} is the database of another program")
    if version > VERSION:
        raise ConfigError("data", f"{file} has format {version} of a newer Tidegate; this one knows up to {VERSION}")


def _migrate(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, statements in enumerate(_MIGRATIONS[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
