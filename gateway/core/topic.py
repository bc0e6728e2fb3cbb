"""A KPI as its viewers see it: numbered steps, a short ring of them, and a snapshot; each encoded once.

A viewer is one integer here. Whoever is at the head needs nothing, whoever is a few steps behind gets the latest row of
each identity in those steps, whoever is further behind gets the snapshot. The bytes are made for the first that asks
and shared by all others in the same place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from analytics import Row
from gateway.core.encoding import EncodedRow, Where, name_gone
from gateway.core.rendering import Rendering
from gateway.wire.replies import Delta, delta_head, delta_tail

__all__ = ["Topic"]

RING_STEPS = 64
RING_BYTES = 262_144
KEPT_STEPS = 4
"""Steps that stay though they are larger than RING_BYTES: at 4 Hz, and ten steps a second, a viewer is three behind."""

DELTA_BYTES = 4 << 20
"""More goes in the parts of a snapshot: a delta is one frame, and clients take 16 MiB."""

RENDERINGS = 4
"""Snapshots of different lengths that a topic makes or has at a time; who wants another one waits."""


class _Step(NamedTuple):
    version: int
    rows: dict[tuple[Any, ...], EncodedRow]
    size: int


class Topic:
    """One KPI, perhaps narrowed by dimensions, and everything that was said about it lately.

    It keeps at most DELTA_BYTES of steps, twice as much of frames that viewers share, and RENDERINGS snapshots.
    """

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
        self._tails = _Shared()
        self._frames = _Shared()
        # By length of history: snapshots of the current version, and those of an earlier one that are not done.
        self._renderings: dict[int, Rendering] = {}

    def redefine(self, meta: bytes) -> None:
        """The KPI has another definition: earlier steps say nothing about it any more."""
        self._meta = meta
        self._ring.clear()
        self._ring_bytes = 0
        self._renderings.clear()
        self.step((), None)

    def step(self, rows: Sequence[EncodedRow], watermark: int | None) -> None:
        """Publish the rows that changed. The last of one identity wins."""
        self.version += 1
        self.watermark = watermark
        latest = {row.identity: row for row in rows}
        size = sum(len(row.json) for row in latest.values())
        self._ring.append(_Step(self.version, latest, size))
        self._ring_bytes += size
        while self._ring and self._overfull():
            self._ring_bytes -= self._ring.popleft().size
        self._tails.clear()
        self._frames.clear()
        self._renderings = {last_ms: r for last_ms, r in self._renderings.items() if not r.done}

    def _overfull(self) -> bool:
        steps = len(self._ring)
        return steps > RING_STEPS or self._ring_bytes > (RING_BYTES if steps > KEPT_STEPS else DELTA_BYTES)

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
            found = self._frame(delta_head(subscription, prev) + tail)
            self._frames.put(key, found)
        return found

    def _tail(self, prev: int) -> bytes | None:
        tail = self._tails.get(prev)
        if tail is None and (
            prev == self.version or (self._ring and self._ring[0].version <= prev + 1 <= self.version)
        ):
            merged: dict[tuple[Any, ...], EncodedRow] = {}
            for step in self._ring:
                if step.version > prev:
                    merged.update(step.rows)
            present = b",".join([row.json for row in merged.values() if not row.gone])
            gone = b",".join([name_gone(row) for row in merged.values() if row.gone])
            tail = delta_tail(Delta(0, prev, self.version, self.watermark, b"[%s]" % present, b"[%s]" % gone))
            self._tails.put(prev, tail)
        return tail

    def _reaches(self, prev: int) -> bool:
        return bool(self._ring) and self._ring[0].version <= prev + 1 <= self.version

    def snapshot(self, last_ms: int, read: Callable[[], Iterable[Row]]) -> Rendering | None:
        """The snapshot of so much history at this version, or one that is being made already; None: ask again later.

        A small one is done at once, a large one needs `work`. `read` begins the reading of its rows; it is called once
        for each version and length of history.
        """
        found = self._renderings.get(last_ms)
        if found is None:
            if len(self._renderings) >= RENDERINGS and not self._make_room():
                return None
            found = self._renderings[last_ms] = Rendering(
                iter(read()), self.where, self._epoch, self.version, self._meta, self.watermark, self._frame
            )
            found.work()
        return found

    def _make_room(self) -> bool:
        """Forget the oldest snapshot that is done; who waited for it has it."""
        done = next((last_ms for last_ms, rendering in self._renderings.items() if rendering.done), None)
        if done is not None:
            del self._renderings[done]
        return done is not None

    def work(self) -> bool:
        """Do one piece of a snapshot that is not done; False when there is none."""
        for last_ms, rendering in self._renderings.items():
            if not rendering.done:
                if rendering.work() and rendering.version != self.version:
                    del self._renderings[last_ms]
                return True
        return False


class _Shared(dict[Any, bytes]):
    """Bytes by key; emptied when they would be more than DELTA_BYTES, since they can all be made again."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = 0

    def put(self, key: Any, value: bytes) -> None:
        """Keep a value."""
        if self._bytes + len(value) > DELTA_BYTES:
            self.clear()
        self._bytes += len(value)
        self[key] = value

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self._bytes = 0
