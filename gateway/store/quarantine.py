"""Rejected events: every one is counted by reason for ever, the newest are kept to be looked at."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from gateway.store.faults import translate
from gateway.store.schema import open_reader

__all__ = ["Quarantine", "Quarantined", "counted", "each", "some"]

PAYLOAD_BYTES = 16_384
"""A longer event is kept cut to this, with its true size beside it: the table is bounded in bytes too."""

PAGE = 256
"""Samples read at a time."""

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
    defaults: bytes = b""
    """JSON of what its connection said once for all its events; empty: nothing."""
    identity: int = 0
    """Set when read back: 1, 2, 3 .. in the order in which they were kept, never used again."""


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
            "INSERT INTO quarantine (reason, received_at, source, size, payload, defaults) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (
                    _writable(row.reason),
                    row.received_at,
                    _writable(row.source),
                    len(row.payload),
                    row.payload[:PAYLOAD_BYTES],
                    row.defaults,
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


def some(file: Path, limit: int, reason: str | None = None, behind: int | None = None) -> list[Quarantined]:
    """At most `limit` samples, of one reason or of all: the newest, newest first; or, oldest first, those `behind` one.

    Runs on a connection of its own, in the caller's thread.

    Args:
        behind: an identity; it need not be kept any more.

    Raises:
        StorageError: the file cannot be read.
    """
    wanted: list[tuple[str, int | str]] = []
    if reason is not None:
        wanted.append(("reason = ?", _writable(reason)))
    if behind is not None:
        wanted.append(("id > ?", behind))
    where = f"WHERE {' AND '.join(term for term, _ in wanted)}" if wanted else ""
    order = "DESC" if behind is None else "ASC"
    with _reading(file) as connection:
        return list(_found(connection, f"{where} ORDER BY id {order} LIMIT ?", *(value for _, value in wanted), limit))


def each(file: Path, after: int = 0) -> Iterator[Quarantined]:
    """All samples that are kept behind identity `after`, oldest first, a page of them in memory.

    Raises:
        StorageError: the file cannot be read; raised while iterating.
    """
    while True:
        with _reading(file) as connection:
            page = list(_found(connection, "WHERE id > ? ORDER BY id LIMIT ?", after, PAGE))
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].identity


def counted(file: Path) -> dict[str, int]:
    """Events ever rejected, by reason.

    Raises:
        StorageError: the file cannot be read.
    """
    with _reading(file) as connection:
        return {_text(reason): int(events) for reason, events in connection.execute("SELECT * FROM rejected")}


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    connection = open_reader(file)
    try:
        yield connection
    except sqlite3.Error as error:
        raise translate(error, file) from error
    finally:
        connection.close()


def _found(connection: sqlite3.Connection, how: str, *values: int | str) -> Iterator[Quarantined]:
    # A file that an older version wrote, and that none of ours has opened since, has no defaults.
    columns = {_text(row[1]) for row in connection.execute("PRAGMA table_info(quarantine)")}
    defaults = "defaults" if "defaults" in columns else "x''"
    query = f"SELECT reason, received_at, source, payload, size, {defaults}, id FROM quarantine {how}"  # noqa: S608
    for reason, received_at, source, *rest in connection.execute(query, values):
        yield Quarantined(_text(reason), received_at, _text(source), *rest)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
