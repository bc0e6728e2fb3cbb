"""What the state of an engine comes to, in a few hashes: to tell whether two engines know the same.

Each part has two. `counted` covers what events and their times of receipt alone decide: what is in the windows, what is
final, how far each source has come. Two runs over the same events have it equal, however often either published, and
whatever order open sessions lie in. `whole` covers every byte, also what was published and how often it was corrected:
only a copy has it equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.snapshot import Snapshot, under

__all__ = ["Part", "fingerprint"]

_SAID: Final = ("#book/", "#pending/", "#coarse/", "#dirty")
"""Buffers that depend on when somebody published."""
_SAID_META: Final = ("books", "pending", "coarse", "touched", "published_to", "late_for")

_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode

_WORD: Final = np.uint64
_FACTORS: Final = tuple(map(_WORD, (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)))


class Part(NamedTuple):
    """The hashes of one part, in hexadecimal."""

    counted: str
    whole: str


def fingerprint(snapshot: Snapshot) -> dict[str, Part]:
    """The clock, and the windows of each plan by what they are of. About 1 ms a MB, in any thread."""
    meta = snapshot.meta
    sources = [source[:3] for source in sorted(meta["clock"]["sources"])]
    known = [meta["clock"]["base"], meta["clock"]["maximum"], sources, meta["counts"]]
    parts = {"clock": Part(_hex([_json(known)]), _hex([_json([meta["clock"], meta["counts"]])]))}
    for number, grid in enumerate(meta["grids"]):
        buffers = under(snapshot.buffers, f"{number}:")
        name = f"windows {_hex([_json([grid['key'], grid['generation'], grid['kpis']])])}"
        counted = _sessions(grid, buffers) if "#cell" in buffers else _panes(grid, buffers)
        parts[name] = Part(_hex(counted), _hex([_json(grid), *_named(buffers)]))
    return parts


def _panes(grid: Mapping[str, Any], buffers: Mapping[str, NDArray[Any]]) -> Iterator[Any]:
    yield _json({name: value for name, value in grid.items() if name not in _SAID_META})
    yield from _named({name: array for name, array in buffers.items() if not name.startswith(_SAID)})


def _sessions(grid: Mapping[str, Any], buffers: Mapping[str, NDArray[Any]]) -> Iterator[Any]:
    """Whose sessions are open, from when to when, and how many events each has."""
    yield _json([grid[name] for name in ("final_to", "late", "closed_early")])
    cells = buffers["#cell"]
    keys = np.zeros(1 + max((key for key, *_ in grid["keys"]), default=0), _WORD)
    for key, *dims in grid["keys"]:
        keys[key] = int.from_bytes(blake2b(_json(dims), digest_size=8).digest(), "little")
    mixed = keys[buffers["#key"]]
    for factor, name in zip(_FACTORS, ("#first", "#last", "#final", "#presence/count"), strict=True):
        column = buffers[name].reshape(-1).astype(np.int64).view(_WORD)
        mixed = (mixed ^ column) * factor
        mixed ^= mixed >> _WORD(29)
    # A sum, since the order of the cells says nothing.
    yield _json([len(cells), int(mixed.sum(dtype=_WORD))])


def _named(buffers: Mapping[str, NDArray[Any]]) -> Iterator[Any]:
    for name in sorted(buffers):
        array = np.ascontiguousarray(buffers[name])
        yield _json([name, array.dtype.newbyteorder("<").str, list(array.shape)])
        yield array.astype(array.dtype.newbyteorder("<"), copy=False).view(np.uint8).data if array.size else b""


def _json(value: Any) -> bytes:
    return _encode(value).encode()


def _hex(parts: Any) -> str:
    hashed = blake2b(digest_size=16)
    for part in parts:
        hashed.update(part)
    return hashed.hexdigest()
