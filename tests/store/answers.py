"""A `done` for tests: collects what the writer thread answers, and waits for it with a deadline."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from gateway.store import Committed, Disk, EventLog, Failed, Result, Room

DEADLINE_S = 60


class Answers:
    """Call it as `done`; `wait(n)` returns the first n answers in their order."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.threads: set[str] = set()
        self.all: list[Result] = []

    def __call__(self, result: Result) -> None:
        with self._changed:
            self.threads.add(threading.current_thread().name)
            self.all.append(result)
            self._changed.notify_all()

    def wait(self, number: int = 1) -> list[Result]:
        """The first `number` answers, once they are there."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.all) >= number, DEADLINE_S), self.all
            return self.all[:number]


class TestDisk:
    """A disk whose free room the test sets."""

    __test__ = False

    def __init__(self, free: int = 1 << 40, total: int = 1 << 40) -> None:
        self.free = free
        self.total = total

    def room(self, folder: Path) -> Room:
        """What the test set."""
        return Room(self.free, self.total)


class Held:
    """Holds the writer thread inside the answer of a first append, so that a test can queue what it likes."""

    def __init__(self, log: EventLog) -> None:
        self._go = threading.Event()
        inside = threading.Event()

        def done(result: Result) -> None:
            inside.set()
            assert self._go.wait(DEADLINE_S)

        log.append(b"first", 1, 1, done)
        assert inside.wait(DEADLINE_S)

    def release(self) -> None:
        """Let it go."""
        self._go.set()


def opened(
    folder: Path,
    *,
    retention_ms: int = 10**12,
    max_bytes: int = 10**12,
    keep_snapshots: int = 2,
    quarantine_rows: int = 50,
    history_ms: Sequence[int] = (10**12,) * 3,
    history_bytes: int = 10**12,
    disk: Disk | None = None,
) -> EventLog:
    """A log with settings that trim nothing, but for those given."""
    return EventLog.open(
        folder,
        retention_ms=retention_ms,
        max_bytes=max_bytes,
        keep_snapshots=keep_snapshots,
        quarantine_rows=quarantine_rows,
        history_ms=history_ms,
        history_bytes=history_bytes,
        disk=disk or TestDisk(),
    )


def appended(log: EventLog, *payloads: bytes, now: int = 1) -> list[int]:
    """Append `payloads`, wait, and return their positions."""
    answers = Answers()
    for payload in payloads:
        log.append(payload, 1, now, answers)
    return [_position(answer) for answer in answers.wait(len(payloads))]


def saved(log: EventLog, position: int, blobs: dict[str, bytes], now: int = 1) -> Result:
    """Take a snapshot and wait for its answer."""
    answers = Answers()
    log.snapshot(position, blobs, now, answers)
    return answers.wait()[0]


def failed(result: Result) -> Failed:
    """`result`, which must be a failure."""
    assert isinstance(result, Failed), result
    return result


def _position(result: Result) -> int:
    assert isinstance(result, Committed), result
    return result.position
