"""The event log of a data folder for someone who only reads it, also while a gateway writes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.errors import ConfigError
from gateway.store import rows, schema
from gateway.store.faults import translate
from gateway.store.rows import Damage, LogRow
from gateway.store.snapshots import StoredSnapshot, newest_good

__all__ = ["read_log", "read_snapshot"]

_LIMIT_BYTES = 8 << 20


def read_log(folder: Path, found: Callable[[Damage], None]) -> Iterator[LogRow]:
    """All rows that are committed at the first step, in order, without the folder's lock and without writing to it.

    SQLite shows a reader whole commits only, and a reader keeps no writer waiting. Rows that cannot be read are passed
    over and told to `found`; rows that retention took before they were reached are simply not there.

    Raises:
        ConfigError: there is no log, or it is another program's or a newer version's.
        StorageError: the file cannot be read, or SQLite finds its structure damaged.
    """
    file = _file(folder)
    try:
        connection = schema.open_reader(file)
        try:
            schema.check_owner(connection, file)
            last = connection.execute("SELECT coalesce(max(position), 0) FROM log").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translate(error, file) from error
    yield from rows.read(file, 0, int(last), _LIMIT_BYTES, found)


def read_snapshot(folder: Path) -> StoredSnapshot | None:
    """The newest snapshot that can be read, the same way; None: there is none yet.

    Raises:
        ConfigError, StorageError: as `read_log`.
    """
    file = _file(folder)
    try:
        connection = schema.open_reader(file)
        try:
            schema.check_owner(connection, file)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translate(error, file) from error
    return newest_good(file, set())


def _file(folder: Path) -> Path:
    file = folder.absolute() / schema.FILE
    if not file.is_file():
        raise ConfigError("data", f"there is no event log in {folder}")
    return file
