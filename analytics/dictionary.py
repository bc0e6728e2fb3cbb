"""Values of one column to dense integer codes: a cache with caps, never a place where state lives.

Everything downstream of a column works on codes, so each distinct value is rendered, compared and hashed once. State
(keys of a KPI, members of a distinct count, items of a top list) holds 64-bit hashes or its own bounded tables, so a
full dictionary is simply emptied between two batches: a million distinct names cost time, not memory, and change no
result.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from typing import Any, Final

import numpy as np

from analytics.arrays import Ints, Words

__all__ = ["CROWDED", "NULL", "Dictionary", "Encoded", "hash_value", "hash_values", "plain", "text_of", "typed_key"]

NULL: Final = 0
"""The code of an absent value."""

MAX_ENTRIES: Final = 65_536
MAX_TEXT: Final = 8 << 20
CROWDED: Final = MAX_ENTRIES + 16_384
"""Entries from which on whoever encodes ahead of the engine should wait until the dictionary is trimmed."""
ENTRY_BYTES: Final = 146
"""A dictionary slot, the string's header, its code, its place in `values` and its hash with room for more."""
EMPTY_TEXT: Final = "".__sizeof__()
NO_TEXT: Final = 100
"""Bytes of a value that is no text, and of its key, beyond those."""
_WIDEST: Final = 2.0**63


def plain(value: Any) -> Any:
    """The JSON scalar a value stands for: whole floats as integers, non-finite ones as null, nested ones as their text.

    Those beyond 64 bits stay floats: few readers of JSON take such integers, and orjson writes none.

    >>> plain(2.0), plain(float("nan")), plain({"b": 1, "a": [2]})
    (2, None, '{"a":[2],"b":1}')
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is int:
        return value if -_WIDEST <= value < 2 * _WIDEST else plain(_rounded(value))
    if kind is float:
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and -_WIDEST <= value < _WIDEST else value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def _rounded(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def typed_key(value: Any) -> Any:
    """A hashable key under which 1, "1" and true stay apart, as they are in JSON. Takes what `plain` returns."""
    return value if type(value) is str or value is None else (type(value) is bool, value)


def text_of(value: Any) -> str | None:
    """How a text operation sees a value: numbers and booleans as JSON writes them.

    >>> text_of(True), text_of(9.5), text_of(None)
    ('true', '9.5', None)
    """
    value = plain(value)
    return value if value is None or type(value) is str else json.dumps(value)


def hash_value(value: Any) -> int:
    """A 64-bit hash that is the same in every process and on every machine (BLAKE2b; `hash()` is seeded per process).

    Takes what `plain` returns; values of different JSON types hash apart.
    """
    tag = b"s" if type(value) is str else b"b" if type(value) is bool else b"n"
    text = value if type(value) is str else json.dumps(value)
    return int.from_bytes(blake2b(tag + text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def hash_values(values: Sequence[Any]) -> Words:
    """`hash_value` of each; texts, which most values are, are done in one go."""
    if set(map(type, values)) == {str}:
        tagged = "s" + "\0s".join(values)
        texts = tagged.encode("utf-8", "surrogatepass").split(b"\0")
        if len(texts) == len(values):  # none of them holds a NUL
            return np.frombuffer(b"".join([_digest(text).digest() for text in texts]), "<u8").astype(np.uint64)
    return np.array([hash_value(value) for value in values], np.uint64)


_digest: Final = partial(blake2b, digest_size=8)


class Dictionary(dict[Any, int]):
    """Value -> code. Look-ups of known strings run at dictionary speed: `map(dictionary.__getitem__, column)`.

    Only strings and None are stored under themselves. Other values go through `__missing__` each time, because
    1 == 1.0 == True as dictionary keys.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES, max_text: int = MAX_TEXT) -> None:
        super().__init__()
        self._max_entries = max_entries
        self._max_text = max_text
        # Rises whenever codes change their meaning; whoever keeps arrays indexed by code compares it.
        self.generation = 0
        # How many values were dropped from the cache because it was full; each costs a look-up more.
        self.evicted = 0
        self._start()

    def _start(self) -> None:
        self.clear()
        # Code -> value as JSON has it.
        self.values_by_code: list[Any] = [None]
        # Whether a value that is not a string was met, so that comparing codes is not comparing texts.
        self.mixed = False
        self._text_bytes = 0
        self._hashes: Words = np.zeros(64, np.uint64)
        self._hashed = 1
        self[None] = NULL

    def __missing__(self, value: Any) -> int:
        if type(value) is str:
            code = len(self.values_by_code)
            self[value] = code
            self.values_by_code.append(value)
            self._text_bytes += value.__sizeof__() - EMPTY_TEXT
            return code
        value = plain(value)
        key = typed_key(value)
        known = self.get(key)
        if known is not None:
            return known
        self.mixed = True
        if type(value) is str:
            return self.__missing__(value)
        code = self[key] = len(self.values_by_code)
        self.values_by_code.append(value)
        self._text_bytes += NO_TEXT
        return code

    def encode(self, column: Sequence[Any]) -> Ints:
        """Codes of a column, new values included. About 25 million known strings a second."""
        try:
            return np.fromiter(map(self.__getitem__, column), np.int64, len(column))
        except TypeError:  # a list or an object among the values
            return np.array([self[value if _hashable(value) else plain(value)] for value in column], np.int64)

    def hashes(self, codes: Ints) -> Words:
        """The 64-bit hash of each code; each value is hashed once (about 0.4 us)."""
        count = len(self.values_by_code)
        if self._hashed < count:
            if count > len(self._hashes):
                grown = np.zeros(max(count, 2 * len(self._hashes)), np.uint64)
                grown[: self._hashed] = self._hashes[: self._hashed]
                self._hashes = grown
            self._hashes[self._hashed : count] = hash_values(self.values_by_code[self._hashed :])
            self._hashed = count
        return self._hashes[codes]

    def trim(self) -> None:
        """Empty the cache if it is over its caps. Call it between batches only: it takes codes back."""
        if self.full:
            self.evicted += len(self.values_by_code)
            self.generation += 1
            self._start()

    @property
    def full(self) -> bool:
        """Whether it is over its caps."""
        return len(self.values_by_code) > self._max_entries or self._text_bytes > self._max_text

    @property
    def budget(self) -> int:
        """Bytes it may take at worst, beside what one batch brings."""
        return self._max_entries * ENTRY_BYTES + self._max_text


class Encoded:
    """A column that was encoded ahead of its batch, while its values were at hand. The values themselves are gone.

    It holds as long as the dictionary is not trimmed.
    """

    __slots__ = ("codes", "dictionary", "generation")

    def __init__(self, codes: Ints, dictionary: Dictionary, generation: int | None = None) -> None:
        self.codes = codes
        self.dictionary = dictionary
        self.generation = dictionary.generation if generation is None else generation

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, part: slice) -> Encoded:
        return Encoded(self.codes[part], self.dictionary, self.generation)

    def goes_with(self, other: Encoded) -> bool:
        """Whether the codes of both mean the same."""
        return self.dictionary is other.dictionary and self.generation == other.generation

    def check(self) -> None:
        """Raises ValueError when the codes have lost their meaning."""
        if self.generation != self.dictionary.generation:
            raise ValueError("a column outlived the dictionary that it was encoded with")

    def values(self) -> list[Any]:
        """The values, as JSON has them."""
        self.check()
        values = self.dictionary.values_by_code
        return [values[code] for code in self.codes.tolist()]


def _hashable(value: Any) -> bool:
    return not isinstance(value, list | dict)
