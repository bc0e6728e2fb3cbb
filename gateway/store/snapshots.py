"""Snapshots: named blobs and the log position they stand for, which appear together or not at all.

A snapshot of tens of megabytes in one transaction would hold up every append for its whole length. So its blobs go in
as pieces, a few with each transaction of the writer, and mean nothing until the one transaction that adds the row in
`snapshot`: position, manifest with every size and CRC, and the end of the snapshots it replaces. A crash before it
leaves pieces without a row, which no reader ever looks at and the next start sweeps away.
"""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from gateway.store.faults import translate
from gateway.store.schema import open_reader

__all__ = ["Staging", "StoredSnapshot", "load", "newest_good", "next_id"]

PIECE_BYTES = 512 << 10
"""What a transaction carries of a snapshot: 100 of them for 50 MB, each of which an append may have to wait for."""

_HEAD = struct.Struct("<qqq")


class StoredSnapshot(NamedTuple):
    """`blobs` as they were when every row up to `position`, and none behind it, was folded in."""

    position: int
    blobs: dict[str, bytes]
    written_at: int


class _Blob(NamedTuple):
    """A line of the manifest."""

    name: str
    size: int
    crc: int


class Staging:
    """One snapshot on its way to the disk. Lives in the writer thread."""

    def __init__(self, identity: int, position: int, blobs: Mapping[str, bytes], written_at: int) -> None:
        self.identity = identity
        self.position = position
        self.written_at = written_at
        self.size = sum(len(blob) for blob in blobs.values())
        # Pieces on disk so far, and the one that the next transaction carries (None: publish).
        self._written = 0
        self._manifest: list[_Blob] = []
        self._pieces = self._cut(blobs)
        self._current = next(self._pieces, None)

    def _cut(self, blobs: Mapping[str, bytes]) -> Iterator[memoryview]:
        for name, blob in blobs.items():
            view = memoryview(blob)
            crc = 0
            for start in range(0, len(view), PIECE_BYTES):
                piece = view[start : start + PIECE_BYTES]
                crc = zlib.crc32(piece, crc)
                yield piece
            self._manifest.append(_Blob(name, len(view), crc))

    def write(self, connection: sqlite3.Connection, *, publish: bool = True) -> bool:
        """Put the next piece, or behind the last one the row that publishes, into the open transaction.

        `publish`: whether that row may go in yet.

        Returns:
            Whether the row went in. Call `advance` once a transaction with a piece is committed.
        """
        if self._current is not None:
            connection.execute(
                "INSERT INTO snapshot_piece VALUES (?, ?, ?)", (self.identity, self._written, self._current)
            )
            return False
        if not publish:
            return False
        manifest = msgspec.json.encode(self._manifest)
        connection.execute(
            "INSERT INTO snapshot VALUES (?, ?, ?, ?, ?)",
            (
                self.identity,
                self.position,
                self.written_at,
                _crc(self.identity, self.position, self.written_at, manifest),
                manifest,
            ),
        )
        return True

    def advance(self) -> None:
        """The piece is on disk."""
        self._written += 1
        self._current = next(self._pieces, None)


def next_id(connection: sqlite3.Connection) -> int:
    """An identity that neither a snapshot nor a left-over piece has."""
    row = connection.execute(
        "SELECT max((SELECT coalesce(max(id), 0) FROM snapshot),"
        " (SELECT coalesce(max(snapshot), 0) FROM snapshot_piece))"
    ).fetchone()
    return int(row[0]) + 1


def newest_good(file: Path, bad: set[int]) -> tuple[int, StoredSnapshot] | None:
    """The newest snapshot that is not in `bad` and whose every CRC is right, and its identity.

    The identities of those that fail are added to `bad`.

    Costs the reading of one snapshot, and of each bad one before it. Holds it twice in memory for a moment.

    Raises:
        StorageError: the file cannot be read, or SQLite finds its structure damaged.
    """
    connection = open_reader(file)
    try:
        connection.execute("BEGIN")  # one view of both tables, while the writer may publish and sweep
        for (identity,) in connection.execute("SELECT id FROM snapshot ORDER BY id DESC").fetchall():
            loaded = None if identity in bad else load(connection, identity)
            if loaded is not None:
                return identity, loaded
            bad.add(identity)
    except sqlite3.Error as error:
        raise translate(error, file) from error
    finally:
        connection.close()
    return None


def replaced(connection: sqlite3.Connection, keep: int, bad: Collection[int]) -> list[int]:
    """Identities of snapshots to give up: those known to be bad, and the good ones behind the newest `keep`."""
    found = [int(row[0]) for row in connection.execute("SELECT id FROM snapshot ORDER BY id DESC")]
    good = [identity for identity in found if identity not in bad]
    return [identity for identity in found if identity in bad] + good[keep:]


def load(connection: sqlite3.Connection, identity: int) -> StoredSnapshot | None:
    """One snapshot; None when a CRC says that it is not what was written."""
    position, written_at, crc, manifest = connection.execute(
        "SELECT position, written_at, crc, manifest FROM snapshot WHERE id = ?", (identity,)
    ).fetchone()
    if not (isinstance(position, int) and isinstance(written_at, int) and isinstance(manifest, bytes)):
        return None
    if crc != _crc(identity, position, written_at, manifest):
        return None
    pieces = connection.execute("SELECT data FROM snapshot_piece WHERE snapshot = ? ORDER BY piece", (identity,))
    blobs: dict[str, bytes] = {}
    for name, size, blob_crc in msgspec.json.decode(manifest, type=list[_Blob]):
        blob = _join(pieces, size)
        if len(blob) != size or zlib.crc32(blob) != blob_crc:
            return None
        blobs[name] = blob
    return StoredSnapshot(position, blobs, written_at)


def _join(pieces: sqlite3.Cursor, size: int) -> bytes:
    parts: list[bytes] = []
    left = size
    while left > 0:
        row = pieces.fetchone()
        if row is None or not isinstance(row[0], bytes) or not row[0]:
            break
        parts.append(row[0])
        left -= len(row[0])
    return b"".join(parts)


def _crc(identity: int, position: int, written_at: int, manifest: bytes) -> int:
    return zlib.crc32(manifest, zlib.crc32(_HEAD.pack(identity, position, written_at)))
