"""Rejected events: every one is counted by reason for ever, the newest are kept to be looked at."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from gateway.store.faults import translate
from gateway.store.schema import open_reader

__all__ = ["Quarantine", "Quarantined", "newest"]

PAYLOAD_BYTES = 16_384
"""A longer event is kept cut to this, with its true size beside it: the table is bounded in bytes too."""

BURST = 256
"""Samples written by one transaction; a flood beyond it is counted and not kept."""


class Quarantined(NamedTuple):
    """One rejected event: why, when (epoch milliseconds), whose, and its bytes. `size` is the true length."""

    reason: str
    received_at: int
    source: str
    payload: bytes
    size: int = -1
    """Set when read back; -1 means the length of `payload`."""


class Quarantine:
    """The writer thread's side. `limit` is the number of samples kept, oldest evicted first; counts are never lost."""

    def __init__(self, connection: sqlite3.Connection, limit: int) -> None:
        self._limit = limit
        # reason -> events, as on disk; replaced, never changed, so that other threads may read it.
        self.counts: dict[str, int] = {
            str(reason): int(events) for reason, events in connection.execute("SELECT reason, events FROM rejected")
        }
        # What the next transaction writes. A failed transaction leaves it here.
        self._owed: Counter[str] = Counter()
        self._samples: list[Quarantined] = []

    @property
    def owes(self) -> bool:
        """Whether something waits to be written."""
        return bool(self._owed)

    def add(self, counts: Counter[str], rows: Sequence[Quarantined]) -> None:
        """Take events for the next transaction: how many of each reason, and those to keep."""
        for reason, events in counts.items():
            self._owed[_writable(reason)] += events
        self._samples.extend(islice(rows, max(0, BURST - len(self._samples))))

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what is owed into the open transaction; `settle` after its commit."""
        connection.executemany(
            "INSERT INTO rejected VALUES (?, ?) ON CONFLICT (reason) DO UPDATE SET events = events + excluded.events",
            self._owed.items(),
        )
        connection.executemany(
            "INSERT INTO quarantine (reason, received_at, source, size, payload) VALUES (?, ?, ?, ?, ?)",
            (
                (
                    _writable(row.reason),
                    row.received_at,
                    _writable(row.source),
                    len(row.payload),
                    row.payload[:PAYLOAD_BYTES],
                )
                for row in self._samples
            ),
        )
        connection.execute("DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", (self._limit,))

    def settle(self) -> None:
        """The transaction is on disk: nothing is owed any more."""
        self.counts = dict(Counter(self.counts) + self._owed)
        self._owed.clear()
        self._samples.clear()


def _writable(text: str) -> str:
    """`text` without lone surrogates, which a hostile source may hold and no database takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def newest(file: Path, limit: int) -> list[Quarantined]:
    """At most `limit` samples, newest first. Runs on a connection of its own, in the caller's thread.

    Raises:
        StorageError: the file cannot be read.
    """
    connection = open_reader(file)
    try:
        found = connection.execute(
            "SELECT reason, received_at, source, payload, size FROM quarantine ORDER BY id DESC LIMIT ?", (limit,)
        ).fetchall()
    except sqlite3.Error as error:
        raise translate(error, file) from error
    finally:
        connection.close()
    return [
        Quarantined(reason.decode("utf-8", "replace"), received_at, source.decode("utf-8", "replace"), payload, size)
        for reason, received_at, source, payload, size in found
    ]
