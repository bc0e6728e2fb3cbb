"""The snapshot of a topic, made piece by piece so that no turn of the loop is long, and shared by all who wait for it.

It stands for the version that the topic had when it was begun. Rows that change while it is made may be in it already;
they come again with the steps behind that version, which its viewers get next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from analytics import Row
from gateway.core.encoding import Where, encode_row, matches
from gateway.wire.replies import SnapshotMessage, encode

__all__ = ["PART_BYTES", "PIECE_ROWS", "Rendering"]

PART_BYTES = 131_072
"""Rows of one snapshot frame: half of what may wait for a viewer."""

PIECE_ROWS = 1_000
"""Rows of one piece of work: about 3 ms."""


class Rendering:
    """Make it whole with `work`; once it is `done`, any number of viewers can have its frames.

    Args:
        rows: those of the KPI, made as they are asked for; of them, those that `where` asks for are taken.
        epoch, version, meta, watermark: what the snapshot says of itself.
        frame: makes a WebSocket frame of a payload.
    """

    __slots__ = ("_chunks", "_epoch", "_frame", "_meta", "_open", "_open_size", "_rows", "_watermark", "_where",
                 "done", "version")  # fmt: skip

    def __init__(
        self,
        rows: Iterator[Row],
        where: Where | None,
        epoch: str,
        version: int,
        meta: bytes,
        watermark: int | None,
        frame: Callable[[bytes], bytes],
    ) -> None:
        self.version = version
        self.done = False
        self._rows = rows
        self._where = where
        self._epoch = epoch
        self._meta = meta
        self._watermark = watermark
        self._frame = frame
        # JSON arrays of at most PART_BYTES, a longer row alone.
        self._chunks: list[bytes] = []
        # Rows that are to become the next one, and their bytes.
        self._open: list[bytes] = []
        self._open_size = 0

    def work(self, rows: int = PIECE_ROWS) -> bool:
        """Read and encode so many more rows, about 3 us each; whether it is done."""
        count = 0
        for row in islice(self._rows, rows):
            count += 1
            if matches(row, self._where) and row.kind != "retract":
                self._add(encode_row(row).json)
        if count < rows:
            if self._open or not self._chunks:
                self._cut()
            self.done = True
        return self.done

    def _add(self, row: bytes) -> None:
        if self._open and self._open_size + len(row) > PART_BYTES:
            self._cut()
        self._open.append(row)
        self._open_size += len(row) + 1

    def _cut(self) -> None:
        self._chunks.append(b"[%b]" % b",".join(self._open))
        self._open, self._open_size = [], 0

    def frames(self, subscription: int) -> list[Callable[[], bytes]]:
        """What makes the frames for a viewer, in order. A frame costs two copies of its part when it is made."""
        return [partial(self._part, subscription, part) for part in range(len(self._chunks))]

    def _part(self, subscription: int, part: int) -> bytes:
        chunks = self._chunks
        message = SnapshotMessage(
            subscription,
            self._epoch,
            self.version,
            self._meta,
            self._watermark,
            chunks[part],
            part + 1,
            len(chunks),
        )
        return self._frame(encode(message))
