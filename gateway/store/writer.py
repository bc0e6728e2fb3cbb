"""The one thread that writes: it takes what waits, puts it in one transaction, flushes it, and only then answers.

    queue -> [room?] -> BEGIN, rows, quarantine, a piece of a snapshot, a slice of retention, COMMIT -> answers
          -> when the WAL is long: checkpoint

States, and what leads out of them:
    serving  each transaction is tried
    refusing a transaction found no room (or a foreign lock): its calls and all that were queued failed, retryably;
             the next call is tried afresh
    failed   a write or a flush failed: every call fails, for good. The thread keeps the connection open until the
             process ends, for closing it would checkpoint, and so copy pages that the disk may not have
"""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from collections import Counter, deque
from pathlib import Path
from typing import NoReturn

from gateway.errors import StorageError, TidegateError
from gateway.store import rows, snapshots
from gateway.store.faults import translate
from gateway.store.quarantine import Quarantine
from gateway.store.queue import Append, Job, JobQueue, Reject, Save, Stop, Turned
from gateway.store.results import Committed, DiskFullError, Done, Failed, Result, StoreBusyError
from gateway.store.retention import Retention
from gateway.store.rows import LogRow
from gateway.store.schema import PAGE_BYTES
from gateway.store.snapshots import Staging
from gateway.store.space import Space

__all__ = ["Writer"]

TRANSACTION_BYTES = 4 << 20
"""Appended bytes of one transaction, about: bounds the WAL and the wait of what comes behind."""

CHECKPOINT_BYTES = 2 << 20
"""Length of the WAL that is folded into the file. Measured at 60 MB/s: 2 ms each and p99 of a commit 1.4 ms; with
4 MiB p99 is 7-10 ms and with 16 MiB 13-45 ms, for no less CPU, and a second thread for it gains nothing."""

QUEUE_BYTES = 128 << 20
"""Twice the default credit pool: credit is the brake, this is the wall behind it."""

RETRY_S = 1.0
"""After a refusal, background work (a slice of retention) is tried again this often when nothing is appended."""


class Writer:
    """Owns the writing connection from `start` on. All its methods but the thread's own may be called anywhere."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        file: Path,
        *,
        last_position: int,
        space: Space,
        quarantine: Quarantine,
        retention: Retention,
    ) -> None:
        self._connection = connection
        self._file = file
        self._space = space
        self._quarantine = quarantine
        self._retention = retention
        self.queue = JobQueue(QUEUE_BYTES)
        # Position of the newest committed row.
        self.last_position = last_position
        # Set once and for ever by the first storage failure.
        self.failure: StorageError | None = None
        # Identities of snapshots that a reader found unreadable.
        self.bad_snapshots: set[int] = set()
        self._saves: deque[Save] = deque()
        # The snapshot under way and the call it answers.
        self._staging: tuple[Staging, Save] | None = None
        # Bytes that went into the WAL since it was last folded in, about.
        self._wal_bytes = 0
        self._refusing = False
        self._stopping = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidegate-store", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, a snapshot under way included, then close the connection. Waits for it."""
        self.queue.put(Stop(), 0)
        self._ended.wait()
        if self.failure is None:
            self._thread.join()

    def _run(self) -> None:
        while self.failure is None and not (self._stopping and self._staging is None and not self._saves):
            jobs = self.queue.take(TRANSACTION_BYTES, self._patience())
            try:
                self._serve(jobs)
            except Exception as error:  # a defect of ours must not leave calls without an answer
                self.failure = StorageError(f"{self._file}: {error!r}")
                self._answer_all(jobs, self.failure)
        if self.failure is None:
            self._close()
        if self.failure is not None:
            self._refuse_for_ever(self.failure)
        self._ended.set()

    def _patience(self) -> float | None:
        """Seconds to wait for a job: none with work at hand, for ever without any."""
        if self._stopping or self._staging is not None or self._saves:
            return 0
        if self._retention.pending or self._quarantine.owes:
            return RETRY_S if self._refusing else 0
        return None

    def _serve(self, jobs: list[Job]) -> None:
        appends: list[Append] = []
        for job in jobs:
            match job:
                case Append():
                    appends.append(job)
                case Save():
                    self._saves.append(job)
                case Reject():
                    self._quarantine.add(job.rows)
                case Turned():
                    self._answer(job.done, Failed(StoreBusyError(f"{self._file}: the queue is full")))
                case Stop():
                    self._stopping = True
        if self._staging is None and self._saves:
            self._begin_snapshot(self._saves.popleft())
        size = sum(len(append.payload) for append in appends)
        if not self._space.fits(size + self._piece_bytes()) and (appends or self._staging is not None):
            self._refuse(appends, DiskFullError(f"{self._file.parent}: the disk is at its low-water mark"))
            appends, size = [], 0
        if appends or self._staging or self._quarantine.owes or self._retention.pending:
            self._transact(appends, size)

    def _begin_snapshot(self, save: Save) -> None:
        try:
            identity = snapshots.next_id(self._connection)
        except sqlite3.Error as error:
            self._break(translate(error, self._file))
            self._answer(save.done, Failed(translate(error, self._file)))
            return
        self._staging = (Staging(identity, save.position, save.blobs, save.now), save)

    def _piece_bytes(self) -> int:
        return snapshots.PIECE_BYTES if self._staging is not None else 0

    def _transact(self, appends: list[Append], size: int) -> None:
        """One transaction, then its answers. Calls that come to nothing are answered too."""
        connection = self._connection
        staging = self._staging[0] if self._staging is not None else None
        first = self.last_position + 1
        new = [LogRow(first + n, append.now, append.events, append.payload) for n, append in enumerate(appends)]
        withdrawn: list[int] = []
        published = False
        started = time.perf_counter()
        try:
            alone = not (staging or self._quarantine.owes or self._retention.pending)
            if not alone:
                connection.execute("BEGIN IMMEDIATE")
            if new:
                rows.insert(connection, new)
            if self._quarantine.owes:
                self._quarantine.write(connection)
            if staging is not None:
                published = staging.write(connection)
            if published:
                withdrawn = self._retention.withdraw(connection, self.bad_snapshots)
            elif self._retention.pending:
                self._retention.trim(connection, size)
            if not alone:
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._refuse(appends, self._rolled_back(error))
            return
        seconds = time.perf_counter() - started
        self._refusing = False
        self.last_position += len(new)
        self._quarantine.settle()
        for row, append in zip(new, appends, strict=True):
            self._answer(append.done, Committed(row.position, seconds, len(row.payload)))
        self._advance_snapshot(published, withdrawn, started)
        self._fold(size + (self._piece_bytes() if staging is not None else 0))

    def _advance_snapshot(self, published: bool, withdrawn: list[int], started: float) -> None:
        if self._staging is None:
            return
        staging, save = self._staging
        if not published:
            staging.advance()
            return
        self._staging = None
        self._retention.plan(self._connection, withdrawn, save.now)
        self._answer(save.done, Committed(save.position, time.perf_counter() - started, staging.size))

    def _rolled_back(self, error: sqlite3.Error) -> TidegateError:
        """Undo the open transaction, and say in our words why."""
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
        """Fail this transaction's calls, and all that wait behind it: no later call slips past a failed one."""
        self._refusing = True
        for append in appends:
            self._answer(append.done, Failed(error))
        if self._staging is not None:
            staging, save = self._staging
            self._staging = None
            self._retention.give_up(staging.identity)
            self._answer(save.done, Failed(error))
        while jobs := self.queue.take(TRANSACTION_BYTES, 0):
            self._answer_all(jobs, error)

    def _answer_all(self, jobs: list[Job], error: TidegateError) -> None:
        for job in jobs:
            if isinstance(job, (Append, Save, Turned)):
                self._answer(job.done, Failed(error))
            elif isinstance(job, Reject):
                self._quarantine.add_counts(Counter(row.reason for row in job.rows))
            else:
                self._stopping = True

    def _answer(self, done: Done, result: Result) -> None:
        try:
            done(result)
        except Exception:  # the caller's defect: shown, and no reason to leave the others unanswered
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self._thread)))

    def _fold(self, written: int) -> None:
        """Checkpoint when the WAL has grown long. Comes behind the answers: nobody waits for it but the next call."""
        self._wal_bytes += written + 4 * PAGE_BYTES
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
        for save in self._saves:
            self._answer(save.done, Failed(error))
        while True:
            if self._stopping:
                self._ended.set()
            self._answer_all(self.queue.take(TRANSACTION_BYTES, None), error)
