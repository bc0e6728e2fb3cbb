"""Event ids seen within the horizon: what catches a repeat that comes by another path."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

__all__ = ["UuidHorizon", "uuid_key"]


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


class UuidHorizon:
    """Remembers at least the last `capacity / 2` event ids and at most `capacity`.

    Two generations: when the young one is full, the old one is forgotten. About 60 MB for a million ids.
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: set[int] = set()
        self._old: set[int] = set()
        # Ids forgotten since the start; a repeat of one of them is counted twice, as the guarantees page says.
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def claim(self, keys: Sequence[int]) -> list[int]:
        """Remember `keys`; the positions of those that were there before, earlier in `keys` included."""
        fresh = set(keys)
        if len(fresh) == len(keys) and self._young.isdisjoint(fresh) and self._old.isdisjoint(fresh):
            self._young |= fresh
            repeats: list[int] = []
        else:
            repeats = self._claim_each(keys)
        if len(self._young) >= self._half:
            self.forgotten += len(self._old)
            self._old, self._young = self._young, set()
        return repeats

    def _claim_each(self, keys: Sequence[int]) -> list[int]:
        repeats = []
        for position, key in enumerate(keys):
            if key in self._young or key in self._old:
                repeats.append(position)
            else:
                self._young.add(key)
        return repeats

    def to_bytes(self) -> bytes:
        """Both generations, sorted: the same ids give the same bytes."""
        young = np.sort(np.fromiter(self._young, np.uint64, len(self._young)))
        old = np.sort(np.fromiter(self._old, np.uint64, len(self._old)))
        return len(young).to_bytes(8, "little") + young.tobytes() + old.tobytes()

    def load(self, data: bytes) -> None:
        """Take the place of what `to_bytes` gave."""
        split = 8 + 8 * int.from_bytes(data[:8], "little")
        self._young = set(np.frombuffer(data[8:split], np.uint64).tolist())
        self._old = set(np.frombuffer(data[split:], np.uint64).tolist())
