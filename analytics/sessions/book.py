"""Rows of sessions in columns, and those of closed sessions that are still known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from analytics.names import sort_key
from analytics.row import Dims

__all__ = ["SESSION_BYTES", "Line", "SessionBook", "dims_key"]

SESSION_BYTES: Final = 600
"""Bytes of a closed session of one KPI, its dims included, values that are no numbers apart."""
CHUNK: Final = 1_024


class Line(NamedTuple):
    """The row of one session of one KPI, whose name goes without saying."""

    dims: Dims
    start: int
    end: int
    value: Any
    """As the measure gave it: JSON text as bytes, else a number or None."""
    kind: int
    rev: int
    error: float
    """0 when exact."""
    at: int = 0
    """Number of the event that caused it, where the engine is exact."""


def dims_key(dims: Dims) -> list[Any]:
    """Where a row stands among those of other keys."""
    return [sort_key(value) for value in dims.values()]


class SessionBook:
    """The newest closed sessions of one KPI, up to a number of bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        # Lines in order of closing, in pieces so that a query can pass over those of another time.
        self._chunks: deque[list[Line]] = deque()
        self._spans: deque[tuple[int, int]] = deque()
        self._bytes = 0

    def put(self, lines: list[Line]) -> None:
        """Sessions have closed."""
        for start in range(0, len(lines), CHUNK):
            self._put(lines[start : start + CHUNK])

    def _put(self, lines: list[Line]) -> None:
        low, high = min(line.start for line in lines), max(line.end for line in lines)
        if self._chunks and len(self._chunks[-1]) + len(lines) <= CHUNK:
            self._chunks[-1] += lines
            before = self._spans[-1]
            self._spans[-1] = min(before[0], low), max(before[1], high)
        else:
            self._chunks.append(lines)
            self._spans.append((low, high))
        self._bytes += _size(lines)
        while self._bytes > self._max_bytes and len(self._chunks) > 1:
            self._spans.popleft()
            self._bytes -= _size(self._chunks.popleft())

    def overlapping(self, start: int, end: int) -> Iterator[Line]:
        """Sessions that overlap [start, end), in order of closing."""
        for (low, high), chunk in zip(self._spans, self._chunks, strict=True):
            if low < end and high > start:
                yield from (line for line in chunk if line.start < end and line.end > start)

    def knows(self, dims: Dims, start: int) -> bool:
        """Whether a closed session of this key has this start. Cost: a scan of the sessions of that time."""
        return any(line.start == start and line.dims == dims for line in self.overlapping(start, start + 1))

    def lines(self) -> list[Line]:
        """All of them, in order of closing."""
        return [line for chunk in self._chunks for line in chunk]


def _size(lines: list[Line]) -> int:
    texts = [line.value for line in lines if type(line.value) is bytes]
    return SESSION_BYTES * len(lines) + sum(33 + len(text) for text in texts)
