"""The event log of a data folder for someone who only reads it, also while a gateway writes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.errors import ConfigError
from gateway.store import quarantine, rows, schema
from gateway.store.faults import translate
from gateway.store.history import Asked, StoredRow, read_page
from gateway.store.quarantine import Quarantined
from gateway.store.rows import Damage, LogRow
from gateway.store.snapshots import StoredSnapshot, newest_good

__all__ = ["read_history", "read_log", "read_quarantine", "read_snapshot"]

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
    last = _ask(file, "SELECT coalesce(max(position), 0) FROM log")
    yield from rows.read(file, 0, last, _LIMIT_BYTES, found)


def read_snapshot(folder: Path) -> StoredSnapshot | None:
    """The newest snapshot that can be read, the same way; None: there is none yet.

    Raises:
        ConfigError, StorageError: as `read_log`.
    """
    file = _file(folder)
    _ask(file, "SELECT 1")
    found = newest_good(file, set())
    return None if found is None else found[1]


def read_history(folder: Path, asked: Asked) -> Iterator[StoredRow]:
    """The rows that were kept, page after page of `asked.limit`, the same way.

    Raises:
        ConfigError, StorageError: as `read_log`.
    """
    file = _file(folder)
    if not _ask(file, "SELECT count(*) FROM sqlite_master WHERE name = 'history'"):
        return  # written by a version that kept none
    while True:
        page = read_page(file, asked)
        yield from page.rows
        if page.following is None:
            return
        asked = asked._replace(after=page.following)


def read_quarantine(folder: Path) -> tuple[dict[str, int], Iterator[Quarantined]]:
    """Events ever rejected by reason, and the samples that are kept, oldest first, the same way.

    Raises:
        ConfigError, StorageError: as `read_log`.
    """
    file = _file(folder)
    _ask(file, "SELECT 1")
    return quarantine.counted(file), quarantine.each(file)


def _file(folder: Path) -> Path:
    file = folder.absolute() / schema.FILE
    if not file.is_file():
        raise ConfigError("data", f"there is no event log in {folder}")
    return file


def _ask(file: Path, query: str) -> int:
    """A number out of the database, once it is known whose it is."""
    try:
        connection = schema.open_reader(file)
        try:
            schema.check_owner(connection, file)
            return int(connection.execute(query).fetchone()[0])
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translate(error, file) from error
