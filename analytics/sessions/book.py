"""Closed sessions that are still known, in columns."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from analytics.arrays import Column
from analytics.dictionary import typed_key
from analytics.row import Dims
from analytics.sessions.lines import Lines, as_objects, joined

__all__ = ["SESSION_BYTES", "SessionBook"]

SESSION_BYTES: Final = 600
"""Bytes of a closed session of one KPI, its dims included, values that are no numbers apart."""
CHUNK: Final = 1_024


class Chunk:
    """Up to `CHUNK` sessions in order of closing, with room for those that are still to come."""

    def __init__(self, lines: Lines) -> None:
        self.n = 0
        self.low, self.high = int(lines.starts.min()), int(lines.ends.max())
        self._room = Lines(*[np.empty(CHUNK, column.dtype) for column in lines])
        self.add(lines)

    def add(self, lines: Lines) -> None:
        """Write them behind the others; there is room."""
        if lines.values.dtype != self._room.values.dtype:
            lines = lines._replace(values=as_objects(lines.values))
            if self._room.values.dtype != object:
                self._room = self._room._replace(values=as_objects(self._room.values))
        end = self.n + lines.n
        rooms: tuple[Column, ...] = self._room
        for room, column in zip(rooms, lines, strict=True):
            room[self.n : end] = column
        self.n = end
        self.low, self.high = min(self.low, int(lines.starts.min())), max(self.high, int(lines.ends.max()))

    @property
    def lines(self) -> Lines:
        """What is in it now. It stays as it is: nothing is written where something was."""
        return self._room.part(slice(0, self.n))


class SessionBook:
    """The newest closed sessions of one KPI, up to a number of bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        # In pieces, so that a query can pass over those of another time and the oldest can go.
        self._chunks: deque[Chunk] = deque()
        self._bytes = 0

    def put(self, lines: Lines) -> None:
        """Sessions have closed."""
        if lines.n <= CHUNK:
            self._put(lines)
            return
        for start in range(0, lines.n, CHUNK):
            self._put(lines.part(slice(start, start + CHUNK)))

    def _put(self, lines: Lines) -> None:
        if not lines.n:
            return
        if self._chunks and self._chunks[-1].n + lines.n <= CHUNK:
            self._chunks[-1].add(lines)
        else:
            self._chunks.append(Chunk(lines))
        self._bytes += _size(lines)
        while self._bytes > self._max_bytes and len(self._chunks) > 1:
            self._bytes -= _size(self._chunks.popleft().lines)

    def overlapping(self, start: int, end: int) -> list[Lines]:
        """Sessions that overlap [start, end), in order of closing."""
        found = []
        for chunk in self._chunks:
            if chunk.low < end and chunk.high > start:
                lines = chunk.lines
                inside = (lines.starts < end) & (lines.ends > start)
                if inside.any():
                    found.append(lines if inside.all() else lines.part(inside))
        return found

    def knows(self, dims: Dims, start: int) -> bool:
        """Whether a closed session of this key has this start. Cost: a scan of the sessions of that time."""
        key = list(map(typed_key, dims.values()))
        return any(
            list(map(typed_key, found.values())) == key
            for lines in self.overlapping(start, start + 1)
            for found in lines.dims[lines.starts == start].tolist()
        )

    def lines(self) -> Lines | None:
        """All of them, in order of closing; None: there are none. What is put in later changes nothing in it."""
        return joined([chunk.lines for chunk in self._chunks]) if self._chunks else None


def _size(lines: Lines) -> int:
    size = SESSION_BYTES * lines.n
    if lines.values.dtype == object:
        size += sum(33 + len(value) for value in lines.values.tolist() if type(value) is bytes)
    return size
