"""A KPI as its viewers see it: numbered steps, a short ring of them, and a snapshot; each encoded once.

A viewer is one integer here. Whoever is at the head needs nothing, whoever is a few steps behind gets the latest row of
each identity in those steps, whoever is further behind gets the snapshot. The bytes are made for the first that asks
and shared by all others in the same place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import orjson

from analytics import Row
from gateway.wire.replies import Delta, SnapshotMessage, delta_head, delta_tail, encode

__all__ = ["EncodedRow", "Topic", "encode_row", "matches"]

RING_STEPS = 64
RING_BYTES = 262_144
PART_BYTES = 131_072
"""Rows of one snapshot frame: half of what may wait for a viewer."""

Where = dict[str, str | float | bool | None]


class EncodedRow(NamedTuple):
    """A row ready to be joined into frames. `identity` says which earlier row it replaces."""

    identity: tuple[Any, ...]
    json: bytes
    gone: bool
    """True for a retraction: the row stopped being true."""


class _Step(NamedTuple):
    version: int
    rows: dict[tuple[Any, ...], EncodedRow]
    size: int


def encode_row(row: Row) -> EncodedRow:
    """The JSON of a row, and its identity (dims, start). About 1.5 us."""
    body: dict[str, Any] = {
        "dims": row.dims,
        "start": row.start,
        "end": row.end,
        "value": row.value,
        "kind": row.kind,
        "rev": row.rev,
    }
    if row.error is not None:
        body["error"] = row.error
    if row.keys is not None:
        body["keys"] = row.keys
    return EncodedRow((*row.dims.values(), row.start), orjson.dumps(body), row.kind == "retract")


def matches(row: Row, where: Where | None) -> bool:
    """Whether the row's dimensions are those that a viewer asked for."""
    return not where or all(row.dims.get(name) == value for name, value in where.items())


class Topic:
    """One KPI, perhaps narrowed by dimensions, and everything that was said about it lately."""

    def __init__(
        self,
        kpi: str,
        where: Where | None,
        meta: bytes,
        epoch: str,
        frame: Callable[[bytes], bytes],
        version: int = 0,
    ) -> None:
        self.kpi = kpi
        self.where = where
        # Counts steps; the offset of the wire.
        self.version = version
        self.watermark: int | None = None
        # How many subscriptions point here; the hub drops the topic when there are none.
        self.subscribers = 0
        self._meta = meta
        self._epoch = epoch
        self._frame = frame
        self._ring: deque[_Step] = deque()
        self._ring_bytes = 0
        # Shared bytes of the current version, by the place the viewer is at; emptied at each step.
        self._tails: dict[int, bytes | None] = {}
        self._frames: dict[tuple[int, int], bytes] = {}
        self._rows: dict[int, list[bytes]] = {}

    def redefine(self, meta: bytes) -> None:
        """The KPI has another definition: earlier steps say nothing about it any more."""
        self._meta = meta
        self._ring.clear()
        self._ring_bytes = 0
        self.step((), None)

    def step(self, rows: Sequence[EncodedRow], watermark: int | None) -> None:
        """Publish the rows that changed. The last of one identity wins."""
        self.version += 1
        self.watermark = watermark
        latest = {row.identity: row for row in rows}
        size = sum(len(row.json) for row in latest.values())
        self._ring.append(_Step(self.version, latest, size))
        self._ring_bytes += size
        while self._ring and (len(self._ring) > RING_STEPS or self._ring_bytes > RING_BYTES):
            self._ring_bytes -= self._ring.popleft().size
        self._tails.clear()
        self._frames.clear()
        self._rows.clear()

    def delta(self, subscription: int, prev: int) -> bytes | None:
        """The frame that takes a viewer from `prev` to the head; None when the ring does not reach back that far.

        One concatenation when another viewer asked for the same before, a dictionary look-up when with the same id.
        """
        key = (subscription, prev)
        found = self._frames.get(key)
        if found is None:
            tail = self._tail(prev)
            if tail is None:
                return None
            found = self._frames[key] = self._frame(delta_head(subscription, prev) + tail)
        return found

    def _tail(self, prev: int) -> bytes | None:
        if prev in self._tails:
            return self._tails[prev]
        tail = None
        if prev == self.version or (self._ring and self._ring[0].version <= prev + 1 <= self.version):
            merged: dict[tuple[Any, ...], EncodedRow] = {}
            for step in self._ring:
                if step.version > prev:
                    merged.update(step.rows)
            present = b",".join([row.json for row in merged.values() if not row.gone])
            gone = b",".join([_gone(row) for row in merged.values() if row.gone])
            tail = delta_tail(Delta(0, prev, self.version, self.watermark, b"[%s]" % present, b"[%s]" % gone))
        self._tails[prev] = tail
        return tail

    def snapshot(self, subscription: int, last_ms: int, read: Callable[[], Sequence[Row]]) -> list[bytes]:
        """The frames of a snapshot. `read` gives the rows; it is called once for each version and history length."""
        chunks = self._rows.get(last_ms)
        if chunks is None:
            rows = [encode_row(row).json for row in read() if matches(row, self.where) and row.kind != "retract"]
            chunks = self._rows[last_ms] = list(_chunks(rows))
        return [
            self._frame(
                encode(
                    SnapshotMessage(
                        subscription,
                        self._epoch,
                        self.version,
                        self._meta,
                        self.watermark,
                        chunk,
                        part,
                        len(chunks),
                    )
                )
            )
            for part, chunk in enumerate(chunks, 1)
        ]


def _gone(row: EncodedRow) -> bytes:
    body = orjson.loads(row.json)
    return orjson.dumps([body["dims"], body["start"]])


def _chunks(rows: Sequence[bytes]) -> list[bytes]:
    """Rows joined into JSON arrays of at most PART_BYTES, a longer row alone; one empty array when there are none."""
    chunks: list[bytes] = []
    at = 0
    while at < len(rows) or not chunks:
        size, end = 0, at
        while end < len(rows) and (end == at or size + len(rows[end]) <= PART_BYTES):
            size += len(rows[end]) + 1
            end += 1
        chunks.append(b"[%s]" % b",".join(rows[at:end]))
        at = end
    return chunks
