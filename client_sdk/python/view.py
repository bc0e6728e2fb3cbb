"""One subscription as the viewer sees it: a table of rows kept equal to the server's by snapshots and deltas.

Law: a delta counts only when its `prev` is this view's offset. A conflated one (40 -> 47) is as good as seven; a hole
is never bridged, it asks for a new snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

import orjson

from client_sdk.python.messages import Delta, Origin, Row, Snapshot, Subscribe

__all__ = ["Change", "Outcome", "View"]

Key = tuple[int, int, bytes]
"""Identity of a row in the order of display: start, end (only where windows share a start, else 0), dimensions."""


class Outcome(Enum):
    """What a message did to a view."""

    CHANGED = "changed"
    NOTHING = "nothing"
    RESYNC = "resync"
    """The view missed something: ask for a snapshot."""


class Change(NamedTuple):
    """What happened to a view since it was last asked. Each row appears once, however often it changed."""

    rows: tuple[Row, ...]
    """New and changed rows."""
    gone: tuple[Row, ...]
    """Rows that are no longer true, or older than the history asked for; as they were."""
    watermark: int | None
    fresh: bool
    """A snapshot took the place of everything before; `rows` is the whole view, and `gone` is empty."""


class View:
    """The state of one subscription. Pure."""

    def __init__(
        self, number: int, kpi: str, *, last: int, max_hz: float | None, where: Mapping[str, Any] | None
    ) -> None:
        """`last` is seconds of history; rows that ended before that, measured from the newest, are forgotten."""
        self.id = number
        self.kpi = kpi
        self.meta: dict[str, Any] = {}
        self.watermark: int | None = None
        # The server's epoch and this view's place in it; None until the first snapshot.
        self.origin: Origin | None = None
        # The slug with which the server refused the subscription; None while it did not.
        self.error: str | None = None
        self._last = last
        self._max_hz = max_hz
        self._where = dict(where) if where else None
        self._rows: dict[Key, Row] = {}
        # Newest `end` of any row: what `last` is measured from.
        self._newest = 0
        # Parts of a snapshot that is not complete yet, by number.
        self._parts: dict[int, Snapshot] = {}
        # True from asking for a snapshot until it comes: deltas in between are for a state that is given up.
        self._resyncing = False
        # What `take` reports next: key -> the row that was there before the first of the changes, if any.
        self._before: dict[Key, Row | None] = {}
        self._fresh = False
        self._changed = False

    @property
    def name(self) -> str:
        """What errors call it."""
        return self.kpi

    @property
    def rows(self) -> list[Row]:
        """All rows, by start and dimensions. O(n log n)."""
        return [self._rows[key] for key in sorted(self._rows)]

    @property
    def _shared(self) -> bool:
        """Whether windows of this KPI share their start, so that the end belongs to a row's identity."""
        return str(self.meta.get("window", "")).startswith("cumulative")

    def subscribe(self) -> Subscribe:
        """The message that begins the subscription, or goes on from where it was."""
        self._parts = {}
        self._resyncing = False
        return Subscribe(
            id=self.id, kpi=self.kpi, last=self._last, max_hz=self._max_hz, where=self._where, origin=self.origin
        )

    def refuse(self, code: str) -> None:
        """The server answered the subscription with an error."""
        self.error = code
        self._changed = True

    def snapshot(self, message: Snapshot) -> Outcome:
        """Take a snapshot or a part of one. The view changes when the last part is there."""
        first = next(iter(self._parts.values()), message)
        if (first.epoch, first.offset, first.parts) != (message.epoch, message.offset, message.parts):
            self._parts = {}
        self._parts[message.part or 1] = message
        if len(self._parts) < (message.parts or 1):
            return Outcome.NOTHING
        parts, self._parts = self._parts, {}
        self.error = None
        self.meta = message.meta
        self.watermark = message.watermark
        self.origin = Origin(message.epoch, message.offset)
        self._rows = {self._key(row): row for _, part in sorted(parts.items()) for row in part.rows}
        self._newest = max((row.end for row in self._rows.values()), default=0)
        self._resyncing = False
        self._before = {}
        self._fresh = self._changed = True
        return Outcome.CHANGED

    def delta(self, message: Delta) -> Outcome:
        """Take a delta."""
        if self._resyncing or self._parts:
            return Outcome.NOTHING
        if self.origin is None or message.prev != self.origin.offset:
            self._resyncing = True
            return Outcome.RESYNC
        self.origin = Origin(self.origin.epoch, message.offset)
        self.watermark = message.watermark
        for dims, start, *rest in message.gone:
            self._remove((start, rest[0] if rest and self._shared else 0, _dims(dims)))
        for row in message.put:
            if row.kind == "retract":
                self._remove(self._key(row))
            else:
                self._put(self._key(row), row)
        self._forget()
        self._changed = True
        return Outcome.CHANGED

    def take(self) -> Change | None:
        """What changed since the last call; None when nothing did."""
        if not self._changed:
            return None
        if self._fresh:
            change = Change(tuple(self.rows), (), self.watermark, fresh=True)
        else:
            rows = tuple(self._rows[key] for key in sorted(self._before) if key in self._rows)
            gone = tuple(
                before
                for key, before in sorted(self._before.items(), key=lambda item: item[0])
                if before is not None and key not in self._rows
            )
            change = Change(rows, gone, self.watermark, fresh=False)
        self._before = {}
        self._fresh = self._changed = False
        return change

    def _key(self, row: Row) -> Key:
        return row.start, row.end if self._shared else 0, _dims(row.dims)

    def _put(self, key: Key, row: Row) -> None:
        self._before.setdefault(key, self._rows.get(key))
        self._rows[key] = row

    def _remove(self, key: Key) -> None:
        row = self._rows.pop(key, None)
        if row is not None:
            self._before.setdefault(key, row)

    def _forget(self) -> None:
        """Drop what has become older than `last`. O(n), when time went on."""
        newest = max((row.end for row in self._rows.values()), default=0)
        if newest > self._newest:
            self._newest = newest
            horizon = newest - self._last * 1_000
            for key in [key for key, row in self._rows.items() if row.end <= horizon]:
                self._remove(key)


def _dims(dims: dict[str, Any]) -> bytes:
    return orjson.dumps(dims, option=orjson.OPT_SORT_KEYS)
