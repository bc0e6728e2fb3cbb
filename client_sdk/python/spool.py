"""A spool: the producer's state in a SQLite file, so that events survive the process.

Each event is a row; sealing a batch gives its rows a number; an ack deletes them. A commit reaches the operating
system at once (it survives a killed process) and the disk at the next checkpoint (a power cut may take the newest).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from client_sdk.python.batch import Batch, Queued
from client_sdk.python.errors import SpoolError
from client_sdk.python.journal import Added, Gone, Raised, Record, Saved, Sealed, Settled
from client_sdk.python.ledger import Ledger

__all__ = ["Spool"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS producer (
    one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, id TEXT NOT NULL, epoch INTEGER NOT NULL,
    next_seq INTEGER NOT NULL, acked INTEGER NOT NULL, last_ordinal INTEGER NOT NULL,
    sent INTEGER NOT NULL, accepted INTEGER NOT NULL, duplicate INTEGER NOT NULL,
    rejected INTEGER NOT NULL, expired INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS batch (seq INTEGER PRIMARY KEY, sent_at INTEGER NOT NULL, backlog INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS event (
    ordinal INTEGER PRIMARY KEY, uuid TEXT NOT NULL, low INTEGER NOT NULL, payload BLOB NOT NULL, seq INTEGER);
CREATE INDEX IF NOT EXISTS event_seq ON event (seq) WHERE seq IS NOT NULL;
"""
_VERSION = 1


class Spool:
    """One file, one process at a time. Use it from one thread."""

    def __init__(self, path: str | Path) -> None:
        """Open or create the file.

        Raises:
            SpoolError: another process has it, it cannot be written, or it is no spool.
        """
        self._path = str(path)
        try:
            self._db = sqlite3.connect(self._path, isolation_level=None, timeout=0)
            try:
                # The lock is taken by the first write and kept: two processes with one identity would fence each other.
                self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
                self._db.execute("BEGIN IMMEDIATE")
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute("COMMIT")
            except sqlite3.Error:
                self._db.close()
                raise
        except sqlite3.Error as error:
            raise SpoolError(f"{self._path}: {error}") from error

    def load(self, new_id: str) -> Saved:
        """The saved state; in a new file, a new producer with the identity `new_id`.

        Raises:
            SpoolError: the file is damaged, or of another version.
        """
        try:
            row = self._db.execute("SELECT * FROM producer").fetchone()
            if row is None:
                self._db.execute("INSERT INTO producer VALUES (1, ?, ?, 1, 1, 0, 0, 0, 0, 0, 0, 0)", (_VERSION, new_id))
                return Saved(new_id)
            (
                _,
                version,
                producer_id,
                epoch,
                next_seq,
                acked,
                last_ordinal,
                sent,
                accepted,
                duplicate,
                rejected,
                expired,
            ) = row
            if version != _VERSION:
                raise SpoolError(f"{self._path}: version {version}, not {_VERSION}")
            batches = tuple(self._batches())
            queued = tuple(self._events("seq IS NULL", ()))
        except sqlite3.Error as error:
            raise SpoolError(f"{self._path}: {error}") from error
        pending = sum(len(batch.events) for batch in batches) + len(queued)
        ledger = Ledger(sent, accepted, duplicate, rejected, expired, pending)
        if not ledger.balanced or any(not batch.events for batch in batches):
            raise SpoolError(f"{self._path}: events are missing: {ledger}")
        return Saved(producer_id, epoch, next_seq, bool(acked), ledger, batches, queued, last_ordinal)

    def write(self, records: Iterable[Record], ledger: Ledger) -> None:
        """Write down what happened and the account that results, in one transaction. About 30 us for one event.

        Raises:
            SpoolError: the disk refused; the file is as before.
        """
        try:
            self._db.execute("BEGIN")
            try:
                for record in records:
                    self._apply(record)
                self._db.execute(
                    "UPDATE producer SET sent = ?, accepted = ?, duplicate = ?, rejected = ?, expired = ?", ledger[:5]
                )
                self._db.execute("COMMIT")
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise SpoolError(f"{self._path}: {error}") from error

    def close(self) -> None:
        """Release the file. May be called twice."""
        self._db.close()

    def _apply(self, record: Record) -> None:
        db = self._db
        match record:
            case Added(event):
                db.execute(
                    "INSERT INTO event VALUES (?, ?, ?, ?, NULL)", (event.ordinal, event.uuid, event.low, event.payload)
                )
                db.execute("UPDATE producer SET last_ordinal = ?", (event.ordinal,))
            case Gone(ordinals):
                db.executemany("DELETE FROM event WHERE ordinal = ?", [(ordinal,) for ordinal in ordinals])
            case Sealed(batch):
                db.execute("INSERT INTO batch VALUES (?, ?, ?)", (batch.seq, batch.sent_at, batch.backlog))
                db.execute(
                    "UPDATE event SET seq = ? WHERE ordinal BETWEEN ? AND ?",
                    (batch.seq, batch.events[0].ordinal, batch.events[-1].ordinal),
                )
                db.execute("UPDATE producer SET next_seq = ?", (batch.seq + 1,))
            case Settled(seq):
                db.execute("DELETE FROM event WHERE seq <= ?", (seq,))
                db.execute("DELETE FROM batch WHERE seq <= ?", (seq,))
                db.execute("UPDATE producer SET acked = 1")
            case Raised(epoch):
                db.execute("UPDATE event SET seq = NULL WHERE seq IS NOT NULL")
                db.execute("DELETE FROM batch")
                db.execute("UPDATE producer SET epoch = ?, next_seq = 1, acked = 0", (epoch,))

    def _batches(self) -> Iterable[Batch]:
        for seq, sent_at, backlog in self._db.execute(
            "SELECT seq, sent_at, backlog FROM batch ORDER BY seq"
        ).fetchall():
            yield Batch(seq, sent_at, backlog, tuple(self._events("seq = ?", (seq,))))

    def _events(self, where: str, values: tuple[int, ...]) -> Iterable[Queued]:
        query = f"SELECT ordinal, uuid, low, payload FROM event WHERE {where} ORDER BY ordinal"  # noqa: S608 - constants
        for ordinal, uuid, low, payload in self._db.execute(query, values):
            # Captured in another process: due at once.
            yield Queued(ordinal, 0, uuid, bool(low), payload)
