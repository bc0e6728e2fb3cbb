"""What waits for the writer thread, bounded in bytes and cheap for the thread that appends."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeAlias

from gateway.store.keeper import Keep
from gateway.store.quarantine import Quarantined
from gateway.store.results import Done

__all__ = ["Append", "Job", "JobQueue", "Keep", "Reject", "Save", "Stop", "Turned"]


class Append(NamedTuple):
    """A row for the log."""

    payload: bytes
    events: int
    now: int
    done: Done


class Save(NamedTuple):
    """A snapshot."""

    position: int
    blobs: Mapping[str, bytes]
    now: int
    done: Done


class Reject(NamedTuple):
    """Rejected events: how many of each reason, and those to keep."""

    counts: Counter[str]
    rows: Sequence[Quarantined]


class Turned(NamedTuple):
    """An append that found the queue full: only its answer goes through the queue, in its turn."""

    done: Done


class Stop(NamedTuple):
    """The end: what was queued before it is still done."""


Job: TypeAlias = Append | Save | Reject | Keep | Turned | Stop


MOST_JOBS = 64
"""Jobs of one transaction: SQLite compiles one statement for each number of rows and keeps it."""


class JobQueue:
    """Many threads put, one takes. `limit` bounds the payload bytes of appends and rejects that wait."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._jobs: SimpleQueue[tuple[Job, int]] = SimpleQueue()
        self._lock = threading.Lock()
        # Payload bytes put and not yet taken.
        self.bytes = 0

    def put(self, job: Job, size: int = 0) -> bool:
        """Queue `job`, which holds `size` bytes; False: it does not fit and was not taken. Cheap for the caller.

        A job without bytes always fits, and so does one that is alone: any size can be served.
        """
        with self._lock:
            if size and self.bytes and self.bytes + size > self._limit:
                return False
            self.bytes += size
        self._jobs.put((job, size))
        return True

    def take(self, limit: int, timeout: float | None) -> list[Job]:
        """What waits, in order: at least one job unless `timeout` seconds pass, and about `limit` bytes at most."""
        try:
            job, size = self._jobs.get(timeout=timeout) if timeout != 0 else self._jobs.get_nowait()
        except Empty:
            return []
        jobs, total = [job], size
        while total < limit and len(jobs) < MOST_JOBS and not isinstance(job, Stop):
            try:
                job, size = self._jobs.get_nowait()
            except Empty:
                break
            jobs.append(job)
            total += size
        with self._lock:
            self.bytes -= total
        return jobs
