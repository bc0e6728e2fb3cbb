"""The event log: what was appended is on disk before it is answered, and is found again after any crash."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from gateway.errors import StorageError
from gateway.store import folder as data_folder
from gateway.store import history, quarantine, repair, rows, schema, snapshots, wal
from gateway.store.faults import refused, translate
from gateway.store.history import Asked, Page
from gateway.store.jobs import Append, Keep, Reject, Save, Turned
from gateway.store.keeper import Keeper
from gateway.store.lock import FolderLock
from gateway.store.quarantine import Quarantine, Quarantined
from gateway.store.results import Done
from gateway.store.retention import Retention
from gateway.store.rows import Damage, LogRow
from gateway.store.snapshots import StoredSnapshot
from gateway.store.space import Disk, LocalDisk, Space
from gateway.store.writer import Writer

__all__ = ["EventLog"]

PATIENCE_S = 1.0
"""A disk that takes longer to write is in trouble: what is there is better than no answer."""

DAY_MS = 86_400_000
HISTORY_MS = (DAY_MS // 4, 2 * DAY_MS, 90 * DAY_MS)
HISTORY_BYTES = 1 << 30
"""As the settings have it."""


class EventLog:
    """A data folder, open and locked. Any thread may call; `append` and `snapshot` are meant for the event loop.

    Positions are 1, 2, 3 .. without gaps; one is given to each committed row.
    """

    def __init__(
        self, file: Path, lock: FolderLock, writer: Writer, space: Space, counts: Quarantine, keeper: Keeper
    ) -> None:
        """Not for callers: `open`."""
        # Counts of the KPI history, to be read only, and how many rows were handed over for it.
        self.kept = keeper
        self._handed = 0
        self._file = file
        self._lock = lock
        self._writer = writer
        self.space = space  # to be read only: what there is on the disk
        self._quarantine = counts
        self._closed = False
        # Identity of the snapshot that was asked for last.
        self._given: int | None = None
        self.damage: list[Damage] = []
        """Every range of positions that `read` found lost, once each, in the order found."""

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        retention_ms: int,
        max_bytes: int,
        keep_snapshots: int,
        quarantine_rows: int,
        history_ms: Sequence[int] = HISTORY_MS,
        history_bytes: int = HISTORY_BYTES,
        disk: Disk | None = None,
    ) -> EventLog:
        """Open the log in `folder`, made if it is not there, and start its writer thread.

        A log row is trimmed only when every one of the newest `keep_snapshots` snapshots holds it AND it is older than
        `retention_ms` or the file holds more than `max_bytes`; a log without that many snapshots is never trimmed.

        Args:
            history_ms: how long rows of KPI history are kept, by level (see `history.LEVELS`).
            history_bytes: beyond it the oldest of them go.
            disk: where free room is read from; the real disk when None.

        Raises:
            DataFolderLockedError: another process has the folder.
            ConfigError: the folder is not writable, or its file is another program's or a newer version's.
            StorageError: the file is damaged in its structure, its write-ahead log is, or it cannot be read. It is left
                as it is.
            DiskFullError: no room to begin, or to finish what the last run left.
            StoreBusyError: a foreign program holds the database.
        """
        folder = data_folder.create(folder)
        lock = FolderLock.acquire(folder)
        file = folder / schema.FILE
        try:
            repair.check_whole(folder)
            schema.empty_unmade(file)
            wal.write_anew(schema.wal_file(file))
            connection = schema.open_writer(file)
            try:
                data_folder.sync(folder)
                space = Space(folder, disk or LocalDisk())
                counts = Quarantine(connection, quarantine_rows)
                keeper = Keeper(connection, history_ms, history_bytes)
                writer = Writer(
                    connection,
                    file,
                    last_position=_last_position(connection),
                    space=space,
                    quarantine=counts,
                    keeper=keeper,
                    next_snapshot=snapshots.next_id(connection),
                    retention=Retention(
                        connection, retention_ms=retention_ms, max_bytes=max_bytes, keep_snapshots=keep_snapshots
                    ),
                )
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            lock.release()
            raise translate(error, file) from error
        except OSError as error:
            lock.release()
            raise refused(error, f"cannot write in {folder}") from error
        except BaseException:
            lock.release()
            raise
        writer.start()
        return cls(file, lock, writer, space, counts, keeper)

    def append(self, payload: bytes, events: int, now: int, done: Done) -> None:
        """Queue one row; `done` is called in the writer thread once it is flushed to disk, or has failed.

        Rows are committed, and answers given, in the order of the calls. Calls that wait together share a flush. When
        a call fails for want of room, those queued behind it fail too; a call made later may succeed. Costs the caller
        2-10 us. `now` is epoch milliseconds.

        Raises:
            StorageError: the log is closed.
        """
        self._check_open()
        if not self._writer.queue.put(Append(payload, events, now, done), len(payload)):
            self._writer.queue.put(Turned(done))

    def quarantine(self, rejected: Sequence[Quarantined], further: Mapping[str, int] | None = None) -> None:
        """Count and keep rejected events, with the next transaction. A crash before it loses both.

        `further` are events by reason that are counted and not kept; so are all when the queue is full. While the disk
        is, the counts wait in memory.

        Raises:
            StorageError: the log is closed.
        """
        self._check_open()
        counts = Counter(row.reason for row in rejected)
        counts.update(further or {})
        if not self._writer.queue.put(Reject(counts, rejected), sum(len(row.payload) for row in rejected)):
            self._writer.queue.put(Reject(counts, ()))

    def quarantine_counts(self) -> dict[str, int]:
        """Events ever rejected, by reason, as far as they are on disk. Costs a copy."""
        return dict(self._quarantine.counts)

    def quarantined(self, limit: int, reason: str | None = None, behind: int | None = None) -> list[Quarantined]:
        """The newest rejected events, newest first; or those `behind` an identity, oldest first. Reads the disk.

        Raises:
            StorageError: the file cannot be read.
        """
        return quarantine.some(self._file, limit, reason, behind)

    def keep(self, rows: Keep) -> None:
        """Queue rows of KPI history. They are on disk before any snapshot that is queued behind them is published.

        Nobody is answered: while the disk is full they wait in memory, and beyond a bound the oldest are given up and
        counted in `kept.dropped`.

        Raises:
            StorageError: the log is closed.
        """
        self._check_open()
        self._handed += rows.number
        if not self._writer.queue.put(rows, rows.size):
            self.kept.dropped += rows.number

    def keep_pace(self, rows: int) -> None:
        """Wait, no longer than `PATIENCE_S`, until at most so many rows of history wait for the disk."""
        self.kept.reach(self._handed - rows, PATIENCE_S)

    def history(self, asked: Asked) -> Page:
        """Rows of KPI history. Those on the way to the disk are waited for, but no longer than `PATIENCE_S`.

        Reads the disk: not for the event loop.

        Raises:
            StorageError: the file cannot be read.
        """
        self.kept.reach(self._handed, PATIENCE_S)
        return history.read_page(self._file, asked)

    def snapshot(self, position: int, blobs: Mapping[str, bytes], now: int, done: Done) -> None:
        """Queue a snapshot: `blobs` hold the effect of every row up to `position` and of none behind it.

        The blobs are written beside the appends, piece by piece, and appear with their position in one transaction:
        a crash shows all of it or none. The same transaction gives up all but the newest `keep_snapshots`; what may be
        trimmed then (see `open`) goes bit by bit with the transactions that follow. `done` as with `append`; the
        blobs must not change before it is called. When it fails, the older snapshots are still there.

        Raises:
            StorageError: the log is closed.
            ValueError: `position` is not that of a committed row (or 0).
        """
        self._check_open()
        if not 0 <= position <= self._writer.last_position:
            raise ValueError(f"position {position} is not committed; the last is {self._writer.last_position}")
        self._writer.queue.put(Save(position, blobs, now, done))

    def latest_snapshot(self) -> StoredSnapshot | None:
        """The newest snapshot that passes its CRCs. Ones that do not are passed over, and counted in `bad_snapshots`.

        Asked again, it gives the same one, unless that was refused.

        Reads it whole: for the start, not for the event loop.

        Raises:
            StorageError: the file cannot be read.
        """
        found = snapshots.newest_good(self._file, self._writer.bad_snapshots)
        self._given = None if found is None else found[0]
        return None if found is None else found[1]

    def refuse_snapshot(self) -> None:
        """The one that `latest_snapshot` gave last is of no use: it counts as bad, and the next one replaces it."""
        if self._given is not None:
            self._writer.bad_snapshots.add(self._given)
            self._given = None

    def trimmed(self) -> int:
        """The last position that retention took. Reads the disk.

        Raises:
            StorageError: the file cannot be read.
        """
        return rows.trimmed(self._file)

    def read(self, after: int, limit_bytes: int = 8 << 20) -> Iterator[LogRow]:
        """All rows behind position `after` that are committed now, in order, with about `limit_bytes` in memory.

        A row that its CRC does not prove is passed over, as is one that is not there; the exact range goes to
        `damage`. Rows that retention took away are simply not there. Runs in the caller's thread.

        Raises:
            StorageError: the file cannot be read, or its structure is damaged; raised while iterating.
        """
        return rows.read(self._file, after, self._writer.last_position, limit_bytes, self._report)

    def last_position(self) -> int:
        """Position of the newest committed row, 0 before the first. Never goes back, whatever is trimmed."""
        return self._writer.last_position

    def size_bytes(self) -> int:
        """Bytes of the files on disk, the write-ahead log included. Costs two system calls."""
        total = 0
        for file in (self._file, schema.wal_file(self._file)):
            try:
                total += file.stat().st_size
            except FileNotFoundError:
                continue
        return total

    def queued_bytes(self) -> int:
        """Payload bytes that wait for the writer thread."""
        return self._writer.queue.bytes

    def writable(self) -> bool:
        """Whether an append would be tried: no storage failure, and the disk above its low-water mark. Cheap."""
        return not self._closed and self._writer.failure is None and self.space.fits(0)

    @property
    def failure(self) -> StorageError | None:
        """The storage failure that ended writing, if there was one: exit with 74."""
        return self._writer.failure

    @property
    def bad_snapshots(self) -> int:
        """How many snapshots `latest_snapshot` found unreadable, or its caller refused."""
        return len(self._writer.bad_snapshots)

    def close(self) -> None:
        """Finish what is queued, fold the log into its file and give the folder up. Waits for the disk. Idempotent."""
        if not self._closed:
            self._closed = True
            self._writer.stop()
            self._lock.release()

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError(f"{self._file}: the log is closed")

    def _report(self, damage: Damage) -> None:
        if damage not in self.damage:
            self.damage.append(damage)


def _last_position(connection: sqlite3.Connection) -> int:
    row = connection.execute(
        "SELECT max((SELECT coalesce(max(position), 0) FROM log), (SELECT coalesce(max(position), 0) FROM snapshot),"
        " (SELECT coalesce(max(value), 0) FROM mark WHERE name = 'trimmed'))"
    ).fetchone()
    return int(row[0])
