"""An event log whose commits happen when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.errors import StorageError
from gateway.store import Committed, Failed


class HeldLog:
    """A log whose commits happen when the test says so."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.waiting: list[tuple[bytes, Callable[[Any], None]]] = []
        self.snapshots: list[tuple[int, Mapping[str, bytes]]] = []
        self.rejected: list[Any] = []
        self.full = False
        self.failure: StorageError | None = None

    def append(self, payload: bytes, events: int, now: int, done: Callable[[Any], None]) -> None:
        self.waiting.append((payload, done))

    def commit(self) -> None:
        payload, done = self.waiting.pop(0)
        self.rows.append(payload)
        done(Committed(len(self.rows), 0.001, len(payload)))

    def refuse(self, error: Any) -> None:
        _, done = self.waiting.pop(0)
        done(Failed(error))

    def snapshot(self, position: int, blobs: Mapping[str, bytes], now: int, done: Callable[[Any], None]) -> None:
        self.snapshots.append((position, blobs))
        done(Committed(position, 0.001, 1))

    def quarantine(self, rejected: Sequence[Any], further: Mapping[str, int]) -> None:
        self.rejected.append((rejected, further))

    def last_position(self) -> int:
        return len(self.rows)

    def writable(self) -> bool:
        return not self.full
