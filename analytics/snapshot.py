"""The state of an engine as bytes: a versioned header, raw buffers, a checksum. No pickle, so no code in it."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["VERSION", "Snapshot", "under"]

MAGIC: Final = b"TGST"
VERSION: Final = 1
_HEAD: Final = struct.Struct("<4sHxxQ")
_TAIL: Final = struct.Struct("<I")
_KINDS: Final = frozenset({"<i8", "<u8", "<f8", "<i4", "|i1", "|u1", "|b1"})


class Snapshot:
    """`meta` is JSON-able, `buffers` are arrays by name. Equal engines make equal bytes.

    >>> snapshot = Snapshot({"a": 1}, {"x": np.arange(3)})
    >>> Snapshot.from_bytes(snapshot.to_bytes()).buffers["x"]
    array([0, 1, 2])
    """

    def __init__(self, meta: Mapping[str, Any], buffers: Mapping[str, NDArray[Any]]) -> None:
        self.meta = meta
        self.buffers = buffers

    def to_bytes(self) -> bytes:
        """Layout: magic, version, length of the header, header (JSON), the buffers in order, CRC-32 of all before."""
        listed, parts = [], []
        for name in sorted(self.buffers):
            array = np.ascontiguousarray(self.buffers[name])
            little = array.astype(array.dtype.newbyteorder("<"), copy=False)
            listed.append([name, little.dtype.str, list(array.shape)])
            parts.append(little.tobytes())
        header = {"meta": self.meta, "buffers": listed}
        text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
        body = b"".join([_HEAD.pack(MAGIC, VERSION, len(text)), text, *parts])
        return body + _TAIL.pack(zlib.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> Snapshot:
        """Read back what `to_bytes` wrote.

        Raises:
            ValueError: not a snapshot, of another version, or damaged.
        """
        if len(data) < _HEAD.size + _TAIL.size or data[:4] != MAGIC:
            raise ValueError("not an engine snapshot")
        _, version, length = _HEAD.unpack_from(data)
        if version != VERSION:
            raise ValueError(f"engine snapshot of version {version}, this is version {VERSION}")
        body, (crc,) = data[: -_TAIL.size], _TAIL.unpack_from(data, len(data) - _TAIL.size)
        if zlib.crc32(body) != crc:
            raise ValueError("damaged engine snapshot: CRC mismatch")
        header = json.loads(body[_HEAD.size : _HEAD.size + length])
        buffers, at = {}, _HEAD.size + length
        for name, kind, shape in header["buffers"]:
            if kind not in _KINDS:
                raise ValueError(f"damaged engine snapshot: buffer of kind {kind}")
            dtype = np.dtype(kind)
            size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
            buffers[name] = np.frombuffer(body[at : at + size], dtype).reshape(shape).copy()
            at += size
        return cls(header["meta"], buffers)


def under(buffers: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """The buffers whose names begin so, by the rest of their names."""
    return {name[len(prefix) :]: array for name, array in buffers.items() if name.startswith(prefix)}
