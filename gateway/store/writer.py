"""The one thread that writes: it takes what waits, puts it in one transaction, flushes it, and only then answers.

    queue -> [room?] -> BEGIN, rows, quarantine, history, a piece of a snapshot, a slice of retention, COMMIT -> answers
          -> when the WAL is long: checkpoint

States, and what leads out of them:
    serving  each transaction is tried
    refusing no room (or a foreign lock): that transaction's calls and all that were queued failed, retryably; the
             next call is tried afresh
    failed   a write or a flush failed, or a file is gone: every call fails, for good. The thread keeps the connection
             open until the process ends, for closing it would checkpoint, and so copy pages that the disk may not have
"""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, assert_never

from gateway.errors import StorageError, TidegateError
from gateway.store import rows, snapshots
from gateway.store.faults import translate
from gateway.store.jobs import Append, Job, JobQueue, Keep, Reject, Save, Stop, Turned
from gateway.store.keeper import Keeper
from gateway.store.presence import Presence
from gateway.store.quarantine import Quarantine
from gateway.store.results import Committed, DiskFullError, Done, Failed, Result, StoreBusyError
from gateway.store.retention import Plan, Retention
from gateway.store.rows import LogRow
from gateway.store.schema import PAGE_BYTES
from gateway.store.snapshots import Staging
from gateway.store.space import Space

__all__ = ["Writer"]

TRANSACTION_BYTES = 4 << 20
"""Appended bytes of one transaction, about: bounds the WAL and the wait of what comes behind."""

CHECKPOINT_BYTES = 2 << 20
"""Length of the WAL that is folded into the file: short, so that the call behind a checkpoint does not wait long.
16 MiB costs 5-10 % less CPU and about twice the p99. Runs on a shared machine do not tell 2 MiB from 4 MiB."""

QUEUE_BYTES = 128 << 20
"""Twice the default credit pool: credit is the brake, this is the wall behind it."""

RETRY_S = 1.0  # after a refusal, background work is tried again this often when nothing is appended


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The snapshot under way: what is written, the call it answers, and when it began (`perf_counter`)."""

    staging: Staging
    save: Save
    began: float


class Writer:
    """Owns the writing connection from `start` on. All its methods but the thread's own may be called anywhere."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        file: Path,
        *,
        last_position: int,
        next_snapshot: int,
        space: Space,
        quarantine: Quarantine,
        keeper: Keeper,
        retention: Retention,
    ) -> None:
        self._connection = connection
        self._file = file
        self._presence = Presence(file, connection)
        self._space = space
        self._quarantine = quarantine
        self._keeper = keeper
        self._retention = retention
        self.queue = JobQueue(QUEUE_BYTES)
        self.last_position = last_position  # of the newest committed row
        # Set once and for ever by the first storage failure.
        self.failure: StorageError | None = None
        # Identities of snapshots that a reader found unreadable.
        self.bad_snapshots: set[int] = set()
        # Identity of the snapshot that begins next; snapshots that wait for the one under way, and that one.
        self._next_snapshot = next_snapshot
        self._saves: deque[Save] = deque()
        self._snapshot: _Snapshot | None = None
        self._wal_bytes = 0  # that went into the WAL since it was last folded in, about
        # Whether the disk had room when last asked, and whether the last transaction failed: no hurry then.
        self._roomy, self._refusing = True, False
        self._stopping = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidegate-store", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, a snapshot under way included, then close the connection. Waits for it."""
        self.queue.put(Stop())
        self._ended.wait()
        if self.failure is None:
            self._thread.join()

    def _run(self) -> None:
        while self.failure is None and not (self._stopping and self._idle()):
            self.step(self._patience())
        if self.failure is None:
            self._close()
        if self.failure is not None:
            self._refuse_for_ever(self.failure)
        self._ended.set()

    @property
    def _owes(self) -> bool:
        return self._quarantine.owes or self._keeper.owes

    def step(self, patience: float | None) -> None:
        """One turn of the thread: take what waits, or what comes within `patience` seconds, and do it."""
        try:
            self._serve(self.queue.take(TRANSACTION_BYTES, patience))
        except Exception as error:  # a defect of ours: what comes later must still get an answer
            self._break(StorageError(f"{self._file}: {error!r}"))
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self._thread)))

    def _idle(self) -> bool:
        """Whether nothing is left to do; rows of history that find no room are not waited for."""
        roomy = self._roomy and not self._refusing
        return self._snapshot is None and not self._saves and not (roomy and self._keeper.behind)

    def _patience(self) -> float | None:
        """Seconds to wait for a job: none with work at hand, for ever without any."""
        if self._stopping or self._snapshot is not None or self._saves:
            return 0
        if self._retention.pending and not self._refusing:
            return 0
        if self._owes or self._retention.pending:
            return RETRY_S if self._refusing or not self._roomy else 0
        return None

    def _serve(self, jobs: list[Job]) -> None:
        appends: list[Append] = []
        for job in jobs:
            match job:
                case Append():
                    appends.append(job)
                case Save():
                    self._saves.append(job)
                case Reject(counts, rejected):
                    self._quarantine.add(counts, rejected)
                case Keep():
                    self._keeper.add(job)
                case Turned(done):
                    self._answer(done, Failed(StoreBusyError(f"{self._file}: the queue is full")))
                case Stop():
                    self._stopping = True
                case _:
                    assert_never(job)
        if self._snapshot is None and self._saves:
            self._begin_snapshot(self._saves.popleft())
        size = sum(len(append.payload) for append in appends)
        self._roomy = self._space.fits(size + self._piece_bytes())
        if not self._roomy and (appends or self._snapshot is not None):
            self._refuse(appends, self._full())
            appends = []
        if appends or self._snapshot is not None or self._owes or self._retention.pending:
            self._transact(appends)

    def _begin_snapshot(self, save: Save) -> None:
        staging = Staging(self._next_snapshot, save.position, save.blobs, save.now)
        if self._space.fits(staging.size):
            self._next_snapshot += 1
            self._snapshot = _Snapshot(staging, save, time.perf_counter())
        else:  # not begun, rather than given up when the disk is full of half of it
            self._answer(save.done, Failed(self._full()))

    def _full(self) -> DiskFullError:
        return DiskFullError(f"{self._file.parent}: the disk is at its low-water mark")

    def _piece_bytes(self) -> int:
        return self._keeper.slice_bytes + (snapshots.PIECE_BYTES if self._snapshot is not None else 0)

    def _transact(self, appends: list[Append]) -> None:
        """One transaction, then its answers, then perhaps a checkpoint."""
        first = self.last_position + 1
        new = [LogRow(first + n, append.now, append.events, append.payload) for n, append in enumerate(appends)]
        size = sum(len(row.payload) for row in new)
        aside = self._piece_bytes()
        owes = self._owes and self._roomy
        started = time.perf_counter()
        try:
            plan = self._write(new, size, owes)
            self._presence.check()
        except Exception as error:  # besides SQLite's: a value that no row can hold
            self._refuse(appends, self._rolled_back(error))
            return
        seconds = time.perf_counter() - started
        self._refusing = False
        self.last_position += len(new)
        if owes:
            self._quarantine.settle()
            self._keeper.settle()
        for row, append in zip(new, appends, strict=True):
            self._answer(append.done, Committed(row.position, seconds, len(row.payload)))
        self._advance_snapshot(plan)
        self._fold(size + aside)

    def _write(self, new: list[LogRow], size: int, owes: bool) -> Plan | None:
        """The transaction itself, flushed on return. A plan: the snapshot under way is published."""
        connection = self._connection
        snapshot = self._snapshot
        if snapshot is None and not owes and not self._retention.pending:
            if new:
                rows.insert(connection, new)  # one statement commits itself
            return None
        plan: Plan | None = None
        connection.execute("BEGIN IMMEDIATE")
        if new:
            rows.insert(connection, new)
        if owes:
            self._quarantine.write(connection)
            self._keeper.write(connection)
        # Published behind every row of history that came before it: what it stands for is not said again.
        if snapshot is not None and snapshot.staging.write(connection, publish=not self._keeper.behind):
            plan = self._retention.withdraw(connection, self.bad_snapshots, snapshot.save.now)
        if self._retention.pending:
            self._retention.trim(connection, size)
        connection.execute("COMMIT")
        return plan

    def _advance_snapshot(self, plan: Plan | None) -> None:
        if self._snapshot is None:
            return
        if plan is None:
            self._snapshot.staging.advance()
            return
        self._retention.follow(plan)
        snapshot, self._snapshot = self._snapshot, None
        seconds = time.perf_counter() - snapshot.began
        self._answer(snapshot.save.done, Committed(snapshot.save.position, seconds, snapshot.staging.size))

    def _rolled_back(self, error: Exception) -> TidegateError:
        """Undo the open transaction, and say in our words why."""
        fault: TidegateError = error if isinstance(error, StorageError) else StorageError(f"{self._file}: {error!r}")
        if isinstance(error, sqlite3.Error):
            fault = translate(error, self._file)
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as second:
            fault = StorageError(f"{self._file}: {second} while undoing a transaction")
        self._break(fault)
        return fault

    def _break(self, fault: TidegateError) -> None:
        if isinstance(fault, StorageError) and self.failure is None:
            self.failure = fault

    def _refuse(self, appends: list[Append], error: TidegateError) -> None:
        """Fail this transaction's calls and all that wait behind it: no queued call slips past a failed one."""
        self._refusing = True
        self._answer_all(appends, error)
        if self._snapshot is not None:
            snapshot, self._snapshot = self._snapshot, None
            self._retention.give_up(snapshot.staging.identity)
            self._answer(snapshot.save.done, Failed(error))
        while jobs := self.queue.take(TRANSACTION_BYTES, 0):
            self._answer_all(jobs, error)

    def _answer_all(self, jobs: Sequence[Job], error: TidegateError) -> None:
        for job in jobs:
            match job:
                case Append() | Save() | Turned():
                    self._answer(job.done, Failed(error))
                case Reject(counts):
                    self._quarantine.add(counts, ())
                case Stop():
                    self._stopping = True

    def _answer(self, done: Done, result: Result) -> None:
        try:
            done(result)
        except Exception:  # the caller's defect: shown, and no reason to leave the others unanswered
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self._thread)))

    def _fold(self, written: int) -> None:
        """Checkpoint when the WAL has grown long. Comes behind the answers: nobody waits for it but the next call."""
        self._wal_bytes += written + PAGE_BYTES  # a page is written again for each small row that joins it
        if self._wal_bytes < CHECKPOINT_BYTES:
            return
        self._wal_bytes = 0
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            self._break(translate(error, self._file))  # for want of room it is simply tried again, a WAL later

    def _close(self) -> None:
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            self._break(translate(error, self._file))
        if self.failure is None:
            self._connection.close()

    def _refuse_for_ever(self, error: StorageError) -> NoReturn:
        self._refuse([], error)
        self._answer_all(self._saves, error)
        while True:
            if self._stopping:
                self._ended.set()
            self._answer_all(self.queue.take(TRANSACTION_BYTES, None), error)
