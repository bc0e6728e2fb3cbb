"""Snapshots: what goes in comes out, and what is damaged is refused."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from analytics.snapshot import VERSION, Snapshot


def test_buffers_and_meta_come_back() -> None:
    """Every kind of buffer keeps its values, shape and type, and can be written to."""
    buffers = {
        "ints": np.arange(6, dtype=np.int64).reshape(2, 3),
        "floats": np.array([0.5, np.inf, -0.0]),
        "bools": np.array([True, False]),
        "bytes": np.frombuffer(b"abc", np.uint8),
        "empty": np.zeros((0, 4), np.int32),
    }
    meta = {"names": ["ä", "\ud800"], "none": None, "n": 1 << 62}
    back = Snapshot.from_bytes(Snapshot(meta, buffers).to_bytes())
    assert back.meta == meta
    assert set(back.buffers) == set(buffers)
    for name, array in buffers.items():
        assert back.buffers[name].dtype == array.dtype
        np.testing.assert_array_equal(back.buffers[name], array)
        assert back.buffers[name].shape == array.shape
        assert back.buffers[name].flags.writeable


def test_equal_states_make_equal_bytes() -> None:
    """Neither the order of names, nor byte order, nor memory layout shows in the bytes."""
    grid = np.arange(6, dtype=np.int64).reshape(2, 3)
    one = Snapshot({"a": 1, "b": 2}, {"x": grid, "y": np.arange(2)})
    other = Snapshot({"b": 2, "a": 1}, {"y": np.arange(2), "x": np.asfortranarray(grid).astype(">i8")})
    assert one.to_bytes() == other.to_bytes()


@pytest.mark.parametrize("data", [b"", b"TGST", b"PK\x03\x04" + bytes(40)])
def test_foreign_bytes_are_refused(data: bytes) -> None:
    """What is too short or begins otherwise is not a snapshot."""
    with pytest.raises(ValueError, match="not an engine snapshot"):
        Snapshot.from_bytes(data)


def test_damage_is_noticed_at_every_byte_of_the_body() -> None:
    """One flipped bit anywhere makes the bytes unreadable."""
    data = Snapshot({"a": 1}, {"x": np.arange(2)}).to_bytes()
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1
        with pytest.raises(ValueError, match="engine snapshot"):
            Snapshot.from_bytes(bytes(damaged))
    with pytest.raises(ValueError, match="CRC mismatch"):
        Snapshot.from_bytes(data[:-1])


def test_other_version_is_named() -> None:
    """A snapshot of another version is refused with both versions."""
    data = bytearray(Snapshot({}, {}).to_bytes())
    struct.pack_into("<H", data, 4, VERSION + 1)
    with pytest.raises(ValueError, match=f"of version {VERSION + 1}, this is version {VERSION}"):
        Snapshot.from_bytes(bytes(data))


def test_unknown_kind_of_buffer_is_refused() -> None:
    """A well-formed snapshot with a buffer of objects or texts is not read."""
    body = Snapshot({}, {"x": np.arange(1)}).to_bytes()[:-4].replace(b"<i8", b"|O8")
    with pytest.raises(ValueError, match=r"buffer of kind \|O8"):
        Snapshot.from_bytes(body + struct.pack("<I", zlib.crc32(body)))
