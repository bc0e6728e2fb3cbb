"""The writer thread's side of KPI history: what came goes in, in slices, and what is too old goes out.

Rows are put in by one statement a slice, whatever their number: each call into SQLite gives the interpreter away and
must win it back from a busy loop. The last row of an identity wins: rows come in the order in which the engine said
them, and a restart says again what it had said since its snapshot.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

__all__ = ["Keep", "Keeper"]

SLICE_ROWS: Final = 512
"""Rows that a transaction puts in or takes out, about 3 ms: what an append may have to wait for."""

WAITING_BYTES: Final = 64 << 20
"""Rows that wait for the disk; beyond, the oldest are given up and counted."""

SWEEP_MS: Final = 60_000
"""How often old rows are looked for."""

_PUT: Final = (
    "INSERT INTO history SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),"
    " json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),"
    " json_extract(value, '$[6]') FROM json_each(?) WHERE true"
    ' ON CONFLICT DO UPDATE SET "end" = excluded."end", body = excluded.body'
)
_TAKE_BACK: Final = (
    "DELETE FROM history WHERE (series, level, start, mark, dims) IN (SELECT json_extract(value, '$[0]'),"
    " json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'),"
    " json_extract(value, '$[4]') FROM json_each(?))"
)
_OLD: Final = (
    "SELECT series, column1 AS level, column2 AS cutoff FROM series, (VALUES (0, ?), (1, ?), (2, ?))"
    " WHERE EXISTS (SELECT 1 FROM history WHERE history.series = series.series AND level = column1 AND start < column2)"
    " LIMIT 1"
)
_OLDEST: Final = (
    "SELECT series, level, first FROM (SELECT series, column1 AS level, (SELECT start FROM history WHERE"
    " history.series = series.series AND level = column1 ORDER BY start LIMIT 1) AS first"
    " FROM series, (VALUES (0), (1), (2))) WHERE first IS NOT NULL ORDER BY first LIMIT 1"
)
_TRIM: Final = (
    "DELETE FROM history WHERE (series, level, start, mark, dims) IN (SELECT series, level, start, mark, dims"
    " FROM history WHERE series = ? AND level = ? AND start < ? ORDER BY start LIMIT ?) RETURNING start"
)
_GONE: Final = (
    "UPDATE series SET gone_0 = max(coalesce(gone_0, ?1), ?1) WHERE series = ?2",
    "UPDATE series SET gone_1 = max(coalesce(gone_1, ?1), ?1) WHERE series = ?2",
)


class Keep(NamedTuple):
    """Rows to keep, at most a slice of them."""

    series: Mapping[int, str]
    """What each series number in it stands for."""
    rows: bytes
    """JSON: [[series, level, start, mark, dims, end, body], ..]."""
    gone: bytes
    """JSON: [[series, level, start, mark, dims], ..], rows that are not true any more."""
    number: int  # of rows in both
    now: int
    """Epoch milliseconds; what is old is judged by it."""

    @property
    def size(self) -> int:
        """Bytes it holds."""
        return len(self.rows) + len(self.gone)


class Keeper:
    """Lives in the writer thread, but for its counts, which any thread may read.

    Args:
        keep_ms: how long the rows of each level are kept.
        max_bytes: beyond it the oldest rows go, whatever their level.
    """

    def __init__(self, connection: sqlite3.Connection, keep_ms: Sequence[int], max_bytes: int) -> None:
        self._keep_ms = tuple(keep_ms)
        self._max_bytes = max_bytes
        self._known = _series(connection)
        self._waiting: deque[Keep] = deque()
        self._waiting_bytes = 0
        # The largest `now` so far, when the next sweep is due, and whether one is under way.
        self._now = 0
        self._due = 0
        self._sweeping = False
        # What the open transaction does, for `settle`.
        self._wrote: Keep | None = None
        self._swept: set[int] | None = None
        self._bytes_then = 0
        # Rows put in or taken back, given up for want of room, and trimmed, since the start.
        self.written = 0
        self.dropped = 0
        self.trimmed = 0
        self.bytes = _bytes(connection)
        self._moved = threading.Condition()

    def reach(self, number: int, seconds: float) -> bool:
        """Wait in another thread until so many rows are on disk or given up; False: it took longer."""
        with self._moved:
            return self._moved.wait_for(lambda: self.written + self.dropped >= number, seconds)

    @property
    def owes(self) -> bool:
        """Whether a transaction would find something to do."""
        return bool(self._waiting) or self._sweeping

    @property
    def behind(self) -> bool:
        """Whether rows wait."""
        return bool(self._waiting)

    @property
    def slice_bytes(self) -> int:
        """Bytes that the next transaction writes."""
        return self._waiting[0].size if self._waiting else 0

    def add(self, job: Keep) -> None:
        """Take rows for the transactions to come."""
        self._waiting.append(job)
        self._waiting_bytes += job.size
        while self._waiting_bytes > WAITING_BYTES and len(self._waiting) > 1:
            given_up = self._waiting.popleft()
            self._waiting_bytes -= given_up.size
            self.dropped += given_up.number
        self._now = max(self._now, job.now)
        if self._now >= self._due:
            self._due, self._sweeping = self._now + SWEEP_MS, True

    def write(self, connection: sqlite3.Connection) -> None:
        """One slice, in the open transaction; `settle` after its commit."""
        self._wrote, self._swept = None, None
        if self._waiting:
            job = self._wrote = self._waiting[0]
            new = [(number, name) for number, name in job.series.items() if number not in self._known]
            if new:
                connection.executemany("INSERT OR IGNORE INTO series (series, identity) VALUES (?, ?)", new)
            if job.gone != b"[]":
                connection.execute(_TAKE_BACK, (job.gone.decode(),))
            if job.rows != b"[]":
                connection.execute(_PUT, (job.rows.decode(),))
        elif self._sweeping and not self._sweep(connection):
            self._swept = _series(connection)
        self._bytes_then = _bytes(connection)

    def settle(self) -> None:
        """The transaction is on disk."""
        if self._wrote is not None:
            self._waiting.popleft()
            self._waiting_bytes -= self._wrote.size
            self.written += self._wrote.number
            self._known.update(self._wrote.series)
            self._wrote = None
        if self._swept is not None:
            self._sweeping, self._known = False, self._swept
        self.bytes = self._bytes_then
        with self._moved:
            self._moved.notify_all()

    def _sweep(self, connection: sqlite3.Connection) -> bool:
        """Take a slice of old rows out; False: there are none left."""
        cutoffs = [self._now - keep for keep in self._keep_ms]
        found = connection.execute(_OLD, cutoffs).fetchone()
        if found is None and _bytes(connection) > self._max_bytes:
            found = connection.execute(_OLDEST).fetchone()
            found = None if found is None else (*found[:2], found[2] + 1)
        if found is None:
            connection.execute(
                "DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM history WHERE history.series = series.series)"
            )
            return False
        series, level, cutoff = found
        starts = [row[0] for row in connection.execute(_TRIM, (series, level, cutoff, SLICE_ROWS))]
        if level < len(_GONE):
            connection.execute(_GONE[level], (max(starts), series))
        self.trimmed += len(starts)
        return True


def _series(connection: sqlite3.Connection) -> set[int]:
    return {int(row[0]) for row in connection.execute("SELECT series FROM series")}


def _bytes(connection: sqlite3.Connection) -> int:
    """What the rows take, about; kept by triggers."""
    row = connection.execute("SELECT value FROM mark WHERE name = 'history_bytes'").fetchone()
    return int(row[0]) if row else 0
