"""The write-ahead log as it lies on the disk, read without SQLite, which passes over what is behind a damaged frame.

The checksum of a frame goes on from that of the frame before. So the first frame that does not fit ends the log for
SQLite, without a word: it may be the torn end of a transaction that was never acknowledged, or a frame that was flushed
and damaged since, with acknowledged rows behind it. Frames behind it can still be proved, each from the checksum that
the one before it holds.

Format: https://sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import os
import struct
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.store.schema import PAGE_BYTES

__all__ = ["Frame", "Wal", "fold_in", "inspect", "parse", "write_anew"]

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGIC: Final = 0x377F0682
"""The last bit is set when checksums take words of 32 bits big end first."""

_PIECE: Final = 1 << 20
_ORDERS: Final = ("<u4", ">u4")
_PAGE_SIZES: Final = {1 << power for power in range(9, 17)}

_Sums = tuple[int, int]


class Frame(NamedTuple):
    """One page as it was written: which, and, at the end of a transaction, how many pages the database has then."""

    page: int
    size: int
    """0 within a transaction."""
    offset: int
    """Of the page in the file."""
    good: bool


class Wal(NamedTuple):
    """The frames of this turn of the log, in order; those of turns before are not there."""

    page_bytes: int
    frames: list[Frame]

    @property
    def broken_at(self) -> int | None:
        """Index of the first frame that is not what was written; None: all are."""
        return next((index for index, frame in enumerate(self.frames) if not frame.good), None)

    @property
    def hidden(self) -> int:
        """Transactions that were flushed and that SQLite would not show.

        A transaction begins when the one before it is flushed. So behind the first broken frame all but the last that
        ended well were. That one itself may be torn for want of a flush; and behind it may lie frames of longer ones
        that found no room and were rolled back, whose end was never written.
        """
        broken = self.broken_at
        ends = [] if broken is None else [frame.good for frame in self.frames[broken:] if frame.size]
        return len(ends) - 1 - ends[::-1].index(True) if True in ends else 0


def inspect(file: Path) -> Wal:
    """What the log holds. An empty or missing file holds nothing. About 1 ms a MB.

    Raises:
        OSError: it cannot be read.
    """
    try:
        return parse(file.read_bytes())
    except FileNotFoundError:
        return Wal(0, [])


def parse(data: bytes) -> Wal:
    """The same, of its bytes."""
    if len(data) < _HEADER.size:
        return Wal(0, [])
    magic, _, page_bytes, _, *salts, first, second = _HEADER.unpack_from(data)
    if magic & ~1 == _MAGIC and page_bytes in _PAGE_SIZES:
        checksum = _checksum(page_bytes, _ORDERS[magic & 1])
        if checksum.of((0, 0), data[:24]) == (first, second):
            return Wal(page_bytes, _frames(data, salts, checksum, (first, second)))
    if len(data) < _HEADER.size + _FRAME.size:
        return Wal(0, [])
    # The header is flushed before any frame: one that is not what was written was damaged, and hides them all.
    salts = list(_FRAME.unpack_from(data, _HEADER.size)[2:4])
    each = (_frames(data, salts, _checksum(PAGE_BYTES, order), None) for order in _ORDERS)
    return Wal(PAGE_BYTES, max(each, key=lambda frames: sum(frame.good for frame in frames)))


def _frames(data: bytes, salts: list[int], checksum: _Checksum, sums: _Sums | None) -> list[Frame]:
    """`sums` are those before the first frame; None: nothing proves it."""
    frames: list[Frame] = []
    step = _FRAME.size + checksum.page_bytes
    # Frames with other salts: of a turn before, unless frames of this one come behind them.
    unknown = 0
    for at in range(_HEADER.size, len(data) - step + 1, step):
        page, size, *own, first, second = _FRAME.unpack_from(data, at)
        if own != salts or not page:
            unknown, sums = unknown + 1, None
            continue
        frames += [Frame(0, 0, 0, good=False)] * unknown
        unknown = 0
        body = data[at : at + 8], data[at + _FRAME.size : at + step]
        good = sums is not None and checksum.of(sums, *body) == (first, second)
        frames.append(Frame(page, size, at + _FRAME.size, good))
        sums = (first, second)
    return frames


def write_anew(file: Path) -> None:
    """Write the log's own bytes over it, and flush them; nothing when there is no log.

    After a failed flush the kernel shows pages that are not on the disk, and takes them for clean: another flush brings
    none of them there. Were they folded into the database all the same, a power cut in the middle of that would leave
    it with pages of transactions that are in no log.

    Raises:
        OSError: the disk refused; the log is as it was.
    """
    try:
        log = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        at = 0
        while piece := os.pread(log, _PIECE, at):
            at += os.pwrite(log, piece, at)
        os.fsync(log)
    finally:
        os.close(log)


def fold_in(log: Path, wal: Wal, database: Path) -> None:
    """Put the proved pages into a copy of the database, up to the end of the last transaction that is there.

    Of a damaged page the older content stays: what the CRCs of its rows then say is what was lost.
    """
    ends = [index for index, frame in enumerate(wal.frames) if frame.size and frame.good]
    if not ends:
        return
    with log.open("rb") as source, database.open("r+b") as target:
        for frame in wal.frames[: ends[-1] + 1]:
            if frame.good:
                source.seek(frame.offset)
                target.seek((frame.page - 1) * wal.page_bytes)
                target.write(source.read(wal.page_bytes))
        target.truncate(wal.frames[ends[-1]].size * wal.page_bytes)


class _Checksum:
    """SQLite's, as two dot products: each pair of words (a, b) turns the sums (s, t) into (s + a + t, t + b + s').

    That is s, t -> M (s, t) + N (a, b) modulo 2^32, so a whole page is weighed by the powers of M at once.
    """

    def __init__(self, page_bytes: int, order: str) -> None:
        self.page_bytes = page_bytes
        self._order = order
        most = max(page_bytes // 8 + 1, 3)
        # Row n: M^n as (m00, m01, m10, m11); these are Fibonacci numbers modulo 2^32.
        powers = [(1, 0, 0, 1)]
        for _ in range(most):
            a, b, c, d = powers[-1]
            powers.append(tuple(value & 0xFFFFFFFF for value in (a + b, a + 2 * b, c + d, c + 2 * d)))  # type: ignore[arg-type]
        self._powers: NDArray[np.uint32] = np.array(powers, np.uint32)

    def of(self, sums: _Sums, *parts: bytes) -> _Sums:
        """The sums behind `parts`, whose lengths are multiples of 8."""
        words = np.frombuffer(b"".join(parts), self._order).astype(np.uint32)
        a, b = words[0::2], words[1::2]
        count = len(a)
        # The pair at i is followed by count - 1 - i others: N (a, b) = (a, a + b), weighed by that power.
        m00, m01, m10, m11 = self._powers[count - 1 :: -1][:count].T if count else self._powers[:0].T
        ab = a + b
        s = int((m00 * a + m01 * ab).sum(dtype=np.uint64))
        t = int((m10 * a + m11 * ab).sum(dtype=np.uint64))
        p00, p01, p10, p11 = (int(value) for value in self._powers[count])
        return (s + p00 * sums[0] + p01 * sums[1]) & 0xFFFFFFFF, (t + p10 * sums[0] + p11 * sums[1]) & 0xFFFFFFFF


@cache
def _checksum(page_bytes: int, order: str) -> _Checksum:
    """Its powers take 10 ms."""
    return _Checksum(page_bytes, order)
