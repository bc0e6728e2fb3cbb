"""The values behind the hashes that a top list counts, with a cap on how much text is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Words

__all__ = ["LONGEST", "Names", "dims_key", "sort_key"]

LONGEST: Final = 128
"""Bytes of UTF-8 kept of one text; its hash is of the whole."""
SHORT: Final = 64
"""Bytes kept of each once they fill `MAX_TEXT`."""
MAX_TEXT: Final = 16 << 20
ENTRY_BYTES: Final = 180


def sort_key(value: Any) -> tuple[int, Any]:
    """Orders values of different JSON types: null, false, true, numbers, strings."""
    if value is None:
        return (0, 0)
    if type(value) is bool:
        return (1, value)
    return (3, value) if type(value) is str else (2, value)


def dims_key(dims: Mapping[str, Any]) -> list[tuple[int, Any]]:
    """Where a row stands among those of other keys."""
    return [sort_key(value) for value in dims.values()]


def _cut(value: Any, size: int) -> Any:
    if type(value) is not str or len(value) * 4 <= size:
        return value
    return value.encode("utf-8", "surrogatepass")[:size].decode("utf-8", "ignore")


class Names:
    """Hash -> value. `used` gives the hashes that are still counted somewhere; the others go when it fills up."""

    @staticmethod
    def budget(used: int) -> int:
        """Bytes it may take at worst when at most so many hashes are in use."""
        return MAX_TEXT + (ENTRY_BYTES + SHORT) * used

    def __init__(self, used: Callable[[], Words]) -> None:
        self._used = used
        self._values: dict[int, Any] = {}
        self._bytes = 0
        self._longest = LONGEST
        # Beyond this size the names that nobody uses are looked for.
        self._sweep_at = MAX_TEXT // 4

    def learn(self, hashes: Sequence[int], values: Sequence[Any]) -> None:
        """Take the values of hashes, known ones included."""
        for key, value in zip(hashes, values, strict=True):
            if key not in self._values:
                kept = _cut(value, self._longest)
                self._values[key] = kept
                self._bytes += 64 + (len(kept) if type(kept) is str else 0)
        if self._bytes > self._sweep_at:
            self._sweep()

    def _sweep(self) -> None:
        used = set(self._used().tolist())
        self._values = {key: value for key, value in self._values.items() if key in used}
        if self._count_bytes() > MAX_TEXT // 2:
            self._longest = SHORT
            self._values = {key: _cut(v, SHORT) for key, v in self._values.items()}
        self._sweep_at = max(MAX_TEXT // 4, 2 * self._count_bytes())

    def _count_bytes(self) -> int:
        self._bytes = sum(64 + (len(v) if type(v) is str else 0) for v in self._values.values())
        return self._bytes

    def of(self, hashes: Sequence[int]) -> list[Any]:
        """The values of hashes that were learned and are in use."""
        return [self._values.get(key) for key in hashes]

    def dump(self, hashes: Words) -> dict[str, NDArray[Any]]:
        """The names of these hashes as one buffer, in order of hash."""
        keys = np.unique(hashes)
        texts = json.dumps([self._longest, *self.of(keys.tolist())], separators=(",", ":"))
        return {"name_hashes": keys, "names": np.frombuffer(texts.encode(), np.uint8)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `dump` gave."""
        self._longest, *values = json.loads(state["names"].tobytes())
        self.learn(state["name_hashes"].tolist(), values)
