"""What may go: log rows that no snapshot needs and that are old or too many, and the pieces of given-up snapshots.

Deleting a row means walking the pages it lies on, so a backlog goes in slices that ride on the writer's transactions.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Collection
from typing import NamedTuple

from gateway.store.snapshots import replaced

__all__ = ["Plan", "Retention"]

SLICE_BYTES = 1 << 20
"""What a slice may delete at least: finding and deleting it takes 0.3 ms, and makes its commit longer.

Behind a large append it may be twice the append, and so keeps up."""

_ROWS = 128


class Plan(NamedTuple):
    """What a published snapshot frees, once it is on disk."""

    identities: list[int]
    """Snapshots whose pieces may go."""
    floor: int
    """Log rows up to here may go, if they are old or too many."""
    cutoff: int
    """Rows written before this, epoch milliseconds, are old."""


class Retention:
    """Decides and deletes; lives in the writer thread, always inside its open transaction.

    A log row goes only if BOTH hold: its position is not above that of the oldest kept snapshot, with all
    `keep_snapshots` of them there (so that a restart from any kept one finds every row it must replay), AND it is
    older than `retention_ms` or the file, KPI history apart, holds more than `max_bytes` in use. Rows go from the
    oldest position on, and the first that must stay ends it. Without snapshots nothing is ever trimmed, whatever the
    age and the size.

    Freed pages are used again; the file itself does not shrink.
    """

    def __init__(
        self, connection: sqlite3.Connection, *, retention_ms: int, max_bytes: int, keep_snapshots: int
    ) -> None:
        self._retention_ms = retention_ms
        self._max_bytes = max_bytes
        self._keep = keep_snapshots
        # Rows up to here are in every kept snapshot; 0 once all that may go is gone.
        self._floor = 0
        # Rows written before this, epoch milliseconds, are old.
        self._cutoff = 0
        # Snapshots without a row whose pieces are still there. Those of a run that crashed are among them.
        self._given_up: deque[int] = deque(
            int(row[0])
            for row in connection.execute(
                "SELECT DISTINCT snapshot FROM snapshot_piece WHERE snapshot NOT IN (SELECT id FROM snapshot)"
            )
        )

    @property
    def pending(self) -> bool:
        """Whether a slice would find something to delete, as far as is known."""
        return bool(self._floor or self._given_up)

    def give_up(self, identity: int) -> None:
        """The pieces of this snapshot, which was never published, may go."""
        self._given_up.append(identity)

    def withdraw(self, connection: sqlite3.Connection, bad: Collection[int], now: int) -> Plan:
        """In the transaction that publishes at `now`: take away the rows of the snapshots that the new one replaces."""
        identities = replaced(connection, self._keep, bad)
        connection.executemany("DELETE FROM snapshot WHERE id = ?", [(identity,) for identity in identities])
        count, floor = connection.execute("SELECT count(*), min(position) FROM snapshot").fetchone()
        return Plan(identities, int(floor) if count >= self._keep else 0, now - self._retention_ms)

    def follow(self, plan: Plan) -> None:
        """The publishing transaction is on disk: let the coming slices delete what it freed."""
        self._given_up.extend(plan.identities)
        self._floor, self._cutoff = plan.floor, plan.cutoff

    def trim(self, connection: sqlite3.Connection, appended: int) -> None:
        """Delete one slice in the open transaction, in which `appended` bytes were added.

        What is done is forgotten only when a later slice finds nothing left, so a rolled-back slice is not missed.
        """
        budget = max(SLICE_BYTES, 2 * appended)
        if self._given_up:
            self._trim_pieces(connection, budget)
        elif self._floor:
            self._trim_rows(connection, budget)

    def _trim_pieces(self, connection: sqlite3.Connection, budget: int) -> None:
        identity = self._given_up[0]
        found = connection.execute(
            "SELECT rowid, length(data) FROM snapshot_piece WHERE snapshot = ? LIMIT ?", (identity, _ROWS)
        ).fetchall()
        if not found:
            self._given_up.popleft()
        doomed: list[tuple[int]] = []
        for rowid, size in found:
            doomed.append((rowid,))
            budget -= size
            if budget <= 0:
                break
        connection.executemany("DELETE FROM snapshot_piece WHERE rowid = ?", doomed)

    def _trim_rows(self, connection: sqlite3.Connection, budget: int) -> None:
        excess = self._in_use(connection) - _of_history(connection) - self._max_bytes
        last = 0
        # Sizes and ages are compared by SQLite, which takes what a damaged row holds in their place without a fuss.
        for position, size, old in connection.execute(
            "SELECT position, coalesce(length(payload), 0), written_at < ? FROM log WHERE position <= ?"
            " ORDER BY position LIMIT ?",
            (self._cutoff, self._floor, _ROWS),
        ).fetchall():
            if (not old and excess <= 0) or budget <= 0:
                break
            last = position
            excess -= size
            budget -= size
        if not last:
            self._floor = 0
            return
        connection.execute("DELETE FROM log WHERE position <= ?", (last,))
        connection.execute("UPDATE mark SET value = ? WHERE name = 'trimmed'", (last,))

    @staticmethod
    def _in_use(connection: sqlite3.Connection) -> int:
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)


def _of_history(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM mark WHERE name = 'history_bytes'").fetchone()
    return int(row[0]) if row else 0
