"""Rows of the event log and how they are read back: each is proved by its CRC, and what is lost has a name."""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from gateway.store.faults import translate
from gateway.store.schema import open_reader

__all__ = ["Damage", "LogRow", "insert", "proved", "read", "row_crc", "trimmed"]

_HEAD = struct.Struct("<qqq")


class LogRow(NamedTuple):
    """One commit group. `written_at` is epoch milliseconds, `events` what the caller counted in `payload`."""

    position: int
    written_at: int
    events: int
    payload: bytes


class Damage(NamedTuple):
    """The positions `first` to `last`, both included, cannot be read: `crc` (a changed row), `missing`, or `trimmed`.

    The last is found at a start: retention took them, and there is no snapshot that has their effect.
    """

    first: int
    last: int
    reason: str


def row_crc(position: int, written_at: int, events: int, payload: bytes) -> int:
    """CRC32 over everything a row says, its position included: a row that strayed to another place is not believed."""
    return zlib.crc32(payload, zlib.crc32(_HEAD.pack(position, written_at, events)))


def insert(connection: sqlite3.Connection, rows: list[LogRow]) -> None:
    """Write `rows` with one statement, which is a transaction of its own unless one is open.

    One statement on purpose: each call into SQLite gives the interpreter away and must win it back from a busy loop.
    """
    values: list[Any] = []
    for row in rows:
        values += (row.position, row.written_at, row.events, row_crc(*row), row.payload)
    connection.execute("INSERT INTO log VALUES (?,?,?,?,?)" + ",(?,?,?,?,?)" * (len(rows) - 1), values)


def read(file: Path, after: int, last: int, limit_bytes: int, found: Callable[[Damage], None]) -> Iterator[LogRow]:
    """The good rows with `after < position <= last`, in order; each range that is not there is told to `found`.

    Rows that retention took are no damage. No more than about `limit_bytes` of rows are in memory at once, and no
    transaction is open while the caller works, so that a slow reader does not make the WAL grow.

    Raises:
        StorageError: the file cannot be read, or SQLite finds its structure damaged.
    """
    connection = open_reader(file)
    try:
        expected = max(after, _trimmed(connection)) + 1
        while expected <= last:
            rows = _slice(connection, expected, last, limit_bytes)
            for row in rows:
                position = row[0]
                if position > expected:
                    expected = max(expected, _trimmed(connection) + 1)  # retention may have run since the start
                if position > expected:
                    found(Damage(expected, position - 1, "missing"))
                expected = position + 1
                good = proved(row)
                if good is None:
                    found(Damage(position, position, "crc"))
                else:
                    yield good
            if not rows:
                expected = max(expected, _trimmed(connection) + 1)
                if expected <= last:
                    found(Damage(expected, last, "missing"))
                break
    except sqlite3.Error as error:
        raise translate(error, file) from error
    finally:
        connection.close()


def trimmed(file: Path) -> int:
    """The last position that retention took.

    Raises:
        StorageError: the file cannot be read.
    """
    try:
        with closing(open_reader(file)) as connection:
            return _trimmed(connection)
    except sqlite3.Error as error:
        raise translate(error, file) from error


def _trimmed(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM mark WHERE name = 'trimmed'").fetchone()
    return int(row[0]) if row else 0


def _slice(connection: sqlite3.Connection, first: int, last: int, limit_bytes: int) -> list[tuple[Any, ...]]:
    cursor = connection.execute(
        "SELECT position, written_at, events, crc, payload FROM log WHERE position BETWEEN ? AND ? ORDER BY position",
        (first, last),
    )
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in cursor:
        rows.append(row)
        size += len(row[4]) if isinstance(row[4], bytes) else 0
        if size >= limit_bytes:
            break
    cursor.close()
    return rows


def proved(row: tuple[Any, ...]) -> LogRow | None:
    """A row as it is in the table, if it is what was written."""
    position, written_at, events, crc, payload = row
    # A flipped bit in the row's own head turns a number into a text or a blob into nothing.
    if not (isinstance(written_at, int) and isinstance(events, int) and isinstance(payload, bytes)):
        return None
    if crc != row_crc(position, written_at, events, payload):
        return None
    return LogRow(position, written_at, events, payload)
