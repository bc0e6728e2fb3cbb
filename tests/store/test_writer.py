"""The writer thread: one transaction for what waits, an answer for every call, and what it does about failures."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from gateway.errors import StorageError
from gateway.store import (
    Committed,
    DiskFullError,
    EventLog,
    Failed,
    Quarantined,
    Result,
    StoreBusyError,
    schema,
    writer,
)
from gateway.store.jobs import JobQueue
from tests.store.answers import Answers, Held, TestDisk, appended, failed, opened, saved


def broken(log: EventLog) -> Failed:
    """Break the log for good, by a row that no database takes, and return the answer."""
    answers = Answers()
    log.append(b"x", 1 << 70, 1, answers)
    return failed(answers.wait()[0])


def test_what_waits_shares_a_transaction(tmp_path: Path) -> None:
    """Calls queued while a commit runs are flushed together, each as a row of its own."""
    with opened(tmp_path) as log:
        held, answers = Held(log), Answers()
        for number in range(10):
            log.append(b"%d" % number, 1, 1, answers)
        held.release()
        together = answers.wait(10)
        assert len({answer.seconds for answer in together if isinstance(answer, Committed)}) == 1
        assert [row.payload for row in log.read(1)] == [b"%d" % number for number in range(10)]


def test_a_transaction_is_bounded(tmp_path: Path) -> None:
    """More than a transaction takes is split, in order."""
    with opened(tmp_path) as log:
        held, answers = Held(log), Answers()
        for _ in range(8):
            log.append(bytes(1 << 20), 1, 1, answers)
        held.release()
        times = [answer.seconds for answer in answers.wait(8) if isinstance(answer, Committed)]
        assert times[0] == times[3] != times[4] == times[7]


def test_a_refusal_fails_all_that_waits_behind_it(tmp_path: Path) -> None:
    """No queued call is committed behind one that was refused; rejected events among them are still counted."""
    disk = TestDisk()
    with opened(tmp_path, disk=disk) as log:
        held, answers = Held(log), Answers()
        for _ in range(200):
            log.append(b"x", 1, 1, answers)
        log.snapshot(0, {"engine": b"x"}, 1, answers)
        log.quarantine([Quarantined("late", 1, "p", b"x")])
        disk.free = 0
        held.release()
        assert {type(failed(answer).error) for answer in answers.wait(201)} == {DiskFullError}
        disk.free = 1 << 40
        assert appended(log, b"x") == [2]
        assert log.quarantine_counts() == {"late": 1}


def test_rejected_events_wait_for_room(tmp_path: Path) -> None:
    """While the disk is full the counts are kept in memory and reach the disk with the first row that does."""
    disk = TestDisk(free=0)
    with opened(tmp_path, disk=disk) as log:
        log.quarantine([Quarantined("nul", 1, "p", b"x")] * 3)
        answers = Answers()
        log.append(b"x", 1, 1, answers)
        failed(answers.wait()[0])
        assert log.quarantine_counts() == {}
        disk.free = 1 << 40
        appended(log, b"x")
        assert log.quarantine_counts() == {"nul": 3}


def test_a_full_queue_is_answered_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call beyond the queue's bytes fails, retryably, after those before it; its payload is not kept."""
    monkeypatch.setattr(writer, "QUEUE_BYTES", 1_000)
    with opened(tmp_path) as log:
        held, answers = Held(log), Answers()
        log.append(bytes(900), 1, 1, answers)
        log.append(bytes(900), 1, 1, answers)
        log.append(bytes(100), 1, 1, answers)
        log.quarantine([Quarantined("late", 1, "p", bytes(900))])
        assert log.queued_bytes() == 1_000
        held.release()
        first, second, third = answers.wait(3)
        assert isinstance(failed(first if isinstance(first, Failed) else second).error, StoreBusyError)
        assert {type(first), type(second), type(third)} == {Committed, Failed}
        appended(log, b"x")
        assert log.quarantine_counts() == {"late": 1}
        assert log.quarantined(5) == []


def test_a_foreign_lock_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the database's write lock calls fail retryably, and go on when it lets go."""
    monkeypatch.setattr(schema, "_BUSY_S", 0.01)
    with opened(tmp_path) as log:
        foreign = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        answers = Answers()
        log.append(b"x", 1, 1, answers)
        assert isinstance(failed(answers.wait()[0]).error, StoreBusyError)
        assert log.writable()
        foreign.execute("ROLLBACK")
        foreign.close()
        assert appended(log, b"x") == [1]


def test_after_a_storage_failure_every_call_fails(tmp_path: Path) -> None:
    """The failure is kept, later calls of each kind fail with it, rows before it are readable, and closing returns."""
    log = opened(tmp_path)
    appended(log, b"good")
    first = broken(log)
    assert isinstance(first.error, StorageError)
    assert not first.retryable
    assert log.failure is first.error
    assert not log.writable()
    answers = Answers()
    log.append(b"later", 1, 1, answers)
    log.snapshot(1, {}, 1, answers)
    assert [failed(answer).error for answer in answers.wait(2)] == [first.error, first.error]
    assert [row.payload for row in log.read(0)] == [b"good"]
    log.close()


def test_a_storage_failure_answers_what_was_queued(tmp_path: Path) -> None:
    """Appends and snapshots that wait when the failure comes are answered with it."""
    log = opened(tmp_path)
    held, answers = Held(log), Answers()
    log.snapshot(1, {"engine": bytes(5 << 20)}, 1, answers)
    log.snapshot(1, {"engine": b"second"}, 1, answers)
    log.append(b"x", 1 << 70, 1, answers)
    log.append(b"y", 1, 1, answers)
    held.release()
    assert len({id(failed(answer).error) for answer in answers.wait(4)}) == 1
    log.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_callers_defect_is_its_own(tmp_path: Path) -> None:
    """A `done` that raises is shown through `threading.excepthook` and harms no other call."""
    with opened(tmp_path) as log:

        def done(result: Result) -> None:
            raise ZeroDivisionError

        log.append(b"a", 1, 1, done)
        assert appended(log, b"b") == [2]


def test_a_defect_of_the_writer_ends_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error nobody thought of becomes a storage failure, is shown, and calls are still answered."""
    shown: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: shown.append(arguments.exc_type))
    log = opened(tmp_path)
    appended(log, b"a")
    take = JobQueue.take

    def defect(queue: JobQueue, limit: int, timeout: float | None) -> list[object]:
        monkeypatch.setattr(JobQueue, "take", take)
        raise RuntimeError("defect")

    held = Held(log)
    monkeypatch.setattr(JobQueue, "take", defect)
    held.release()
    answers = Answers()
    log.append(b"b", 1, 1, answers)
    assert isinstance(failed(answers.wait()[0]).error, StorageError)
    assert shown == [RuntimeError]
    log.close()


def test_the_write_ahead_log_is_bounded(tmp_path: Path) -> None:
    """However much is appended, and with a large snapshot, the write-ahead log stays within a few checkpoints."""
    with opened(tmp_path) as log:
        answers = Answers()
        for _ in range(300):
            log.append(bytes(100_000), 1, 1, answers)
        saved(log, 0, {"engine": bytes(20 << 20)})
        answers.wait(300)
        assert schema.wal_file(tmp_path / "events.db").stat().st_size < 4 * writer.CHECKPOINT_BYTES + (4 << 20)


def test_snapshots_are_taken_one_after_the_other(tmp_path: Path) -> None:
    """Snapshots called for together are all published, in the order of the calls."""
    with opened(tmp_path) as log:
        answers = Answers()
        for number in range(4):
            log.snapshot(0, {"engine": bytes([number]) * 1_000_000}, number, answers)
        assert all(isinstance(answer, Committed) for answer in answers.wait(4))
        newest = log.latest_snapshot()
        assert newest is not None
        assert newest.written_at == 3
