"""A look at everything in a database file, around what is damaged in it. Nothing is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from gateway.store import snapshots
from gateway.store.faults import is_malformed
from gateway.store.rows import Damage, LogRow, proved
from gateway.store.snapshots import StoredSnapshot

__all__ = ["Entry", "each_row", "each_snapshot", "oddities", "structure", "table", "trimmed"]

MESSAGES: Final = 100
"""Of SQLite's check, at most."""

BLIND: Final = 20_000
"""Positions that cannot be read, behind which no further one is looked for when the last position is not known."""

_ROW: Final = "SELECT position, written_at, events, crc, payload FROM log WHERE position"


class Entry(NamedTuple):
    """A published snapshot; `stored` is None when a CRC says that it is not what was written."""

    identity: int
    position: int
    stored: StoredSnapshot | None


def structure(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with the file itself: no lines, or at most `MESSAGES`. Reads all of it."""
    try:
        found = [_text(row[0]) for row in connection.execute(f"PRAGMA integrity_check({MESSAGES})")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def trimmed(connection: sqlite3.Connection) -> int | None:
    """The last position that retention took; None when that cannot be read."""
    try:
        row = connection.execute("SELECT value FROM mark WHERE name = 'trimmed'").fetchone()
    except sqlite3.DatabaseError:
        return None
    return row[0] if row and isinstance(row[0], int) else None


def each_row(connection: sqlite3.Connection, found: Callable[[Damage], None]) -> Iterator[LogRow]:
    """The rows of the log that their CRC proves, in order; each range that is lost is told to `found`.

    Rows on a page that cannot be read are lost for `structure`; those behind it are found one by one. When the last
    position cannot be read either, a loss at the end reaches to the newest snapshot, and perhaps further.
    """
    expected = (trimmed(connection) or 0) + 1
    last = _last(connection, "log")
    while last is None or expected <= last:
        try:
            for row in connection.execute(f"{_ROW} >= ? ORDER BY position", (expected,)):
                if row[0] > expected:
                    found(Damage(expected, row[0] - 1, "missing"))
                expected = row[0] + 1
                if (good := proved(row)) is None:
                    found(Damage(row[0], row[0], "crc"))
                else:
                    yield good
            return
        except sqlite3.DatabaseError as error:
            if not is_malformed(error):
                raise
        end = expected + BLIND - 1 if last is None else last
        following = next((at for at in range(expected, end + 1) if _is_there(connection, at)), None)
        if following is None:
            found(Damage(expected, max(expected, last or _last(connection, "snapshot") or 0), "structure"))
            return
        if following > expected:
            found(Damage(expected, following - 1, "structure"))
        expected = following
        if (alone := connection.execute(f"{_ROW} = ?", (expected,)).fetchone()) and (row_ := proved(alone)):
            yield row_
        else:
            found(Damage(expected, expected, "crc"))
        expected += 1


def _last(connection: sqlite3.Connection, name: str) -> int | None:
    """The highest position in a table; None when that cannot be read."""
    try:
        (value,) = connection.execute(f"SELECT coalesce(max(position), 0) FROM {name}").fetchone()  # noqa: S608
    except sqlite3.DatabaseError:
        return None
    return value if isinstance(value, int) else None


def _is_there(connection: sqlite3.Connection, position: int) -> bool:
    """Whether the row at a position can be reached."""
    try:
        return connection.execute(f"{_ROW} = ?", (position,)).fetchone() is not None
    except sqlite3.DatabaseError:
        return False


def each_snapshot(connection: sqlite3.Connection) -> Iterator[Entry]:
    """The published snapshots, newest first, one at a time in memory."""
    try:
        known = connection.execute("SELECT id, position FROM snapshot ORDER BY id DESC").fetchall()
    except sqlite3.DatabaseError:
        return
    for identity, position in known:
        try:
            stored = snapshots.load(connection, identity)
        except sqlite3.DatabaseError:
            stored = None
        yield Entry(identity, position if isinstance(position, int) else 0, stored)


def table(connection: sqlite3.Connection, name: str, key: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a table by their key; where a page cannot be read, those before it and, backwards, those behind."""
    seen: tuple[Any, ...] | None = None
    width = key.count(",") + 1
    try:
        for row in connection.execute(f"SELECT {key}, * FROM {name} ORDER BY {key}"):  # noqa: S608  # names of our own
            seen = row[:width]
            yield row[width:]
        return
    except sqlite3.DatabaseError as error:
        if not is_malformed(error):
            raise
    descending = ", ".join(f"{column} DESC" for column in key.split(", "))
    behind = [] if seen is None else [f"({key}) > ({', '.join('?' * width)})"]
    where = f" WHERE {behind[0]}" if behind else ""
    try:
        for row in connection.execute(f"SELECT * FROM {name}{where} ORDER BY {descending}", seen or ()):  # noqa: S608
            yield row
    except sqlite3.DatabaseError as error:
        if not is_malformed(error):
            raise


def oddities(connection: sqlite3.Connection) -> list[str]:
    """What does not fit beside the log: rows without their series, texts that are no JSON, a wrong sum."""
    checks = {
        "{} rows of KPI history without their series": (
            "SELECT count(*) FROM history WHERE series NOT IN (SELECT series FROM series)"
        ),
        "{} rows of KPI history that are no JSON": (
            "SELECT count(*) FROM history WHERE NOT (json_valid(dims) AND json_valid(body))"
        ),
        "the size of KPI history is off by {} bytes": (
            "SELECT abs((SELECT value FROM mark WHERE name = 'history_bytes')"
            " - (SELECT coalesce(sum(48 + length(dims) + length(body)), 0) FROM history))"
        ),
        "{} reasons kept in quarantine that were never counted": (
            "SELECT count(DISTINCT reason) FROM quarantine WHERE reason NOT IN (SELECT reason FROM rejected)"
        ),
    }
    found = []
    for text, query in checks.items():
        try:
            number = connection.execute(query).fetchone()[0]
        except sqlite3.DatabaseError as error:
            if is_malformed(error):  # otherwise it has no such table: an older version wrote it
                found.append(str(error))
            continue
        if number:
            found.append(text.format(number))
    return list(dict.fromkeys(found))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
