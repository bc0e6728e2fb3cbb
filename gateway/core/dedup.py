"""Event ids seen within the horizon: what catches a repeat that comes by another path.

An event without an id has one all the same, out of producer, epoch, sequence and its place in the batch. Of those, one
key stands for all such events of a batch, for they come and come again together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np

from analytics.arrays import Words

__all__ = ["UuidHorizon", "batch_key", "uuid_key"]

_WORD: Final = 2**64 - 1
_STEP: Final = 0x9E3779B97F4A7C15
"""Odd, so that the keys of one producer differ for 2^64 batches; the golden ratio spreads them best."""

MERGES = 32
"""Times that the newest ids are merged into a generation while it fills."""
SET_BYTES = 110
"""Of an id in a set: 48 of its number and its share of a hash table that is between 15 % and 60 % full."""

_NONE: Words = np.zeros(0, np.uint64)


def uuid_key(text: str) -> int:
    """64 bits of an event id. Spellings of one UUID (dashes, case) are one id; any other text is hashed as it stands.

    At a million remembered ids the chance that a new one collides is 5e-14. About 1 us.
    """
    digits = text.replace("-", "")
    try:
        raw = bytes.fromhex(digits) if len(digits) == 32 else b""
    except ValueError:
        raw = b""
    # Fewer than 16 bytes: there was white space among the digits, which no UUID has.
    return int.from_bytes(blake2b(raw if len(raw) == 16 else b"text:" + text.encode(), digest_size=8).digest(), "big")


def batch_key(producer: str, epoch: int, seq: int) -> int:
    """64 bits for the events of a batch that have no id of their own. No event id is ever made to give the same.

    The chance that two producers' keys meet is that of `uuid_key`; if they do, they do for many batches. About 0.2 us.
    """
    return (_salt(producer, epoch) + seq * _STEP) & _WORD


@lru_cache(16_384)
def _salt(producer: str, epoch: int) -> int:
    return int.from_bytes(blake2b(f"{epoch}:{producer}".encode(), digest_size=8, person=b"batch").digest(), "big")


class UuidHorizon:
    """Remembers at least the last `capacity / 2` event ids and at most `capacity`.

    Two generations: when the young one is full, the old one is forgotten. Each is one sorted array, 8 bytes an id; the
    newest ids, a thirty-second of a generation at most, wait in a set until it is worth merging them in. About 10 MB
    for a million ids.
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        # How many ids the set takes: an id costs 100 bytes there, and a merge a pass over the generation.
        self._most_newest = max(1, self._half // MERGES)
        self._newest: set[int] = set()
        # These arrays are replaced and never changed: a snapshot under way may be reading them.
        self._young = _NONE
        self._old = _NONE
        # Ids forgotten since the start; a repeat of one of them is counted twice, as the guarantees page says.
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._newest) + len(self._young) + len(self._old)

    @property
    def memory_bytes(self) -> int:
        """Bytes it takes now, those of the set as measured."""
        return self._young.nbytes + self._old.nbytes + SET_BYTES * len(self._newest)

    @property
    def room(self) -> int:
        """How many ids it takes before the older half is forgotten, which happens between two calls of `claim`."""
        return self._half - len(self._newest) - len(self._young)

    def claim(self, keys: Sequence[int]) -> list[int]:
        """Remember `keys`; the positions of those that were there before, earlier in `keys` included.

        About 10 us a call and 0.6 us a key; `MERGES` times in a generation a pass over it, 5 ms at 500,000 ids.
        """
        if not keys:
            return []
        # In order, so that the searches walk through memory in one direction.
        asked = np.sort(np.fromiter(keys, np.uint64, len(keys)))
        known = _among(self._young, asked) | _among(self._old, asked)
        fresh = set(keys)
        if len(fresh) == len(keys) and self._newest.isdisjoint(fresh) and not known:
            self._newest |= fresh
            repeats: list[int] = []
        else:
            repeats = self._claim_each(keys, known)
        if len(self._newest) >= self._most_newest or len(self._newest) + len(self._young) >= self._half:
            self._settle()
        return repeats

    def _claim_each(self, keys: Sequence[int], known: set[int]) -> list[int]:
        repeats = []
        for position, key in enumerate(keys):
            if key in known or key in self._newest:
                repeats.append(position)
            else:
                self._newest.add(key)
        return repeats

    def _settle(self) -> None:
        self._young, self._newest = _merge(self._young, self._sorted_newest()), set()
        if len(self._young) >= self._half:
            self.forgotten += len(self._old)
            self._old, self._young = self._young, _NONE

    def _sorted_newest(self) -> Words:
        return np.sort(np.fromiter(self._newest, np.uint64, len(self._newest)))

    def frozen(self) -> Callable[[], bytes]:
        """A copy: of the newest ids only, as the arrays never change. Calling it makes its bytes, in any thread.

        About 1 ms for the copy and 5 ms for the bytes of a million ids.
        """
        newest, young, old = self._sorted_newest(), self._young, self._old

        def encode() -> bytes:
            merged = _merge(young, newest)
            return b"".join([len(merged).to_bytes(8, "little"), merged.data, old.data])

        return encode

    def to_bytes(self) -> bytes:
        """Both generations, sorted: the same ids give the same bytes."""
        return self.frozen()()

    def load(self, data: bytes) -> None:
        """Take the place of what `to_bytes` gave."""
        split = 8 + 8 * int.from_bytes(data[:8], "little")
        self._newest = set()
        self._young = np.sort(np.frombuffer(data[8:split], np.uint64))
        self._old = np.sort(np.frombuffer(data[split:], np.uint64))


def _merge(young: Words, newest: Words) -> Words:
    """Both in order. A stable sort of two sorted runs is a merge."""
    merged = np.concatenate([young, newest])
    merged.sort(kind="stable")
    return merged


def _among(held: Words, asked: Words) -> set[int]:
    """Those of `asked` that are in `held`, both in order."""
    if not len(held):
        return set()
    found = held.take(held.searchsorted(asked), mode="clip") == asked
    return set(asked[found].tolist()) if found.any() else set()
