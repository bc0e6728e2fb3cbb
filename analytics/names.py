"""The values behind the hashes that a top list counts, with a cap on how much text is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints, Words

__all__ = ["LONGEST", "Names", "dims_key", "sort_key"]

LONGEST: Final = 128
"""Bytes of UTF-8 kept of one text; its hash is of the whole."""
SHORT: Final = 64
"""Bytes kept of each once they take too much."""
TEXT_BYTES: Final = 140
"""Bytes in memory that a text may take, one with another: those of a short one at worst."""
WIDE_TEXT: Final = 16
"""Characters of four bytes each that are as large as that."""
ENTRY_BYTES: Final = 120
"""Of a value beside it: its hash, its number and its places in tables."""
FEW: Final = 1_024
"""Values of which the order of all is kept."""


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


def _longest(value: Any) -> Any:
    return _cut(value, LONGEST)


def _shortened(value: Any) -> Any:
    cut = _cut(value, SHORT)
    return cut if cut.__sizeof__() <= TEXT_BYTES else cut[:WIDE_TEXT]


class Names:
    """At most `most` values by number, and the numbers of hashes. `used` gives the numbers that are in use somewhere;
    the others go in a sweep, and `renumbered` is told the new number in the place of each.

    Number 0 stands for no value.
    """

    @staticmethod
    def budget(most: int) -> int:
        """Bytes at worst of so many values."""
        return (ENTRY_BYTES + TEXT_BYTES) * most

    def __init__(self, most: int, used: Callable[[], Words], renumbered: Callable[[Words], None]) -> None:
        self._room = TEXT_BYTES * most
        self._used = used
        self._renumbered = renumbered
        self._numbers: dict[int, int] = {}
        # By number.
        self.texts: list[Any] = [None]
        self._hashes: list[int] = [0]
        # Place of each in the order of all, as long as there are few; in step with `texts`, or out of date.
        self._ranks: Ints = np.zeros(0, np.int64)
        self._bytes = 0
        self._longest = LONGEST

    def learn(self, hashes: Sequence[int], values: Sequence[Any]) -> list[int]:
        """The numbers of hashes, whose values these are if they are new."""
        numbers, known, texts = list[int](), self._numbers, self.texts
        cut = _shortened if self._longest == SHORT else _longest
        for key, value in zip(hashes, values, strict=True):
            number = known.get(key)
            if number is None:
                number = known[key] = len(texts)
                kept = cut(value)
                texts.append(kept)
                self._hashes.append(key)
                self._bytes += kept.__sizeof__()
            numbers.append(number)
        if self._bytes > self._room and self._longest > SHORT:
            self._longest = SHORT
            self.texts = list(map(_shortened, self.texts))
            self._count_bytes()
        return numbers

    def sweep(self) -> None:
        """Forget what nobody uses. Cost: a look at all of them."""
        used = np.zeros(len(self.texts), np.bool_)
        used[self._used().astype(np.int64)] = True
        used[0] = True
        if used.all():
            return
        numbers = np.where(used, used.cumsum() - 1, 0).astype(np.uint64)
        self.texts = list(compress(self.texts, used.tolist()))
        self._hashes = list(compress(self._hashes, used.tolist()))
        self._numbers.clear()
        self._numbers.update(zip(self._hashes[1:], range(1, len(self._hashes)), strict=True))
        self._ranks = self._ranks[:0]
        self._count_bytes()
        self._renumbered(numbers)

    def _count_bytes(self) -> None:
        self._bytes = sum(text.__sizeof__() for text in self.texts)

    def ranks(self, numbers: Ints) -> Ints:
        """An order of these values: by value, those that were cut to the same text by hash. Cost: a sort of those that
        are different, or of all that are new if there are few.
        """
        if len(self.texts) <= FEW:
            if len(self._ranks) != len(self.texts):
                self._ranks = self._ranked(np.arange(len(self.texts)))
            return self._ranks[numbers]
        asked = np.zeros(len(self.texts), np.bool_)
        asked[numbers] = True
        return self._ranked(asked.nonzero()[0])[numbers]

    def _ranked(self, numbers: Ints) -> Ints:
        # In order of hash first, then kind by kind by the values: a key made for each would take ten times the memory.
        numbers = numbers[np.array(self._hashes, np.uint64)[numbers].argsort()]
        values = np.fromiter(self.texts, object, len(self.texts))[numbers]
        kinds = np.fromiter((sort_key(value)[0] for value in values.tolist()), np.int8, len(values))
        ranks = np.zeros(len(self.texts), np.int64)
        at = 0
        for kind in range(4):
            here = (kinds == kind).nonzero()[0]
            order = here if kind == 0 else here[values[here].argsort(kind="stable")]
            ranks[numbers[order]] = np.arange(at, at + len(here))
            at += len(here)
        return ranks

    def of(self, hashes: Sequence[int]) -> list[Any]:
        """The values of hashes, None of those that are not known."""
        return [self.texts[self._numbers.get(key, 0)] for key in hashes]

    def dump(self, hashes: Words) -> dict[str, NDArray[Any]]:
        """The names of these hashes as one buffer, in order of hash."""
        keys = np.unique(hashes)
        texts = json.dumps([self._longest, *self.of(keys.tolist())], separators=(",", ":"))
        return {"name_hashes": keys, "names": np.frombuffer(texts.encode(), np.uint8)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> Words:
        """Take back what `dump` gave; the numbers of its hashes."""
        self._longest, *values = json.loads(state["names"].tobytes())
        return np.array(self.learn(state["name_hashes"].tolist(), values), np.uint64)
