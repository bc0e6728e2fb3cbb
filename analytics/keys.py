"""Which keys (combinations of `by` values) a grid has met: first come, first kept, the rest is `__other__`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from analytics.arrays import Ints, Words
from analytics.dictionary import Dictionary, typed_key
from analytics.frame import Frame
from analytics.label import label
from analytics.names import sort_key
from analytics.row import Dims

__all__ = ["OTHER", "KeyTable"]

OTHER: Final = "__other__"
CODE_BITS: Final = 21
MAX_PACKED: Final = 1 << 17
TABLE_BITS: Final = 16
"""Combinations of codes that are looked up in an array; more than 2**16 possible ones, and it is a dictionary."""
KEY_BYTES: Final = 1_200
"""Bytes of one key at worst, its dims and their texts included."""
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)


class _Packed(dict[int, int]):
    """Packed codes -> key; a combination that is not known is resolved by its values, in order of arrival."""

    def __init__(self, table: KeyTable) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, packed: int) -> int:
        key = self[packed] = self._table.resolve_codes(packed)
        return key


class KeyTable:
    """Keys 0 .. `max_keys` - 1 are combinations, key `max_keys` stands for all others. Without `by` key 0 is all."""

    def __init__(self, by: tuple[str, ...], max_keys: int) -> None:
        self.by = by
        self.max_keys = max_keys
        # Number of cells a pane has: without `by` nothing can overflow.
        self.width = max_keys + 1 if by else 1
        # Key -> what its rows say; the same object in all of them.
        self.dims: list[Dims] = [] if by else [{}]
        self._known: dict[Any, int] = {}
        # Code -> key, or -1, for one column; for several the packed codes.
        self._key_of_code: Ints = np.full(64, -1, np.int64)
        self._packed = _Packed(self)
        # Packed codes -> key, or -1, while few combinations are possible; and how many bits each column's codes take.
        self._key_of_packed: Ints = np.zeros(0, np.int64)
        self._widths: list[int] = []
        # Whose codes these are, and in which generation.
        self._dictionaries: list[Dictionary] = []
        self._generations: list[int] = []
        self._ranks: Ints | None = None
        # Whether there was a combination without a key of its own.
        self.overflows = False

    @property
    def full(self) -> bool:
        """Whether a new combination gets no key of its own."""
        return bool(self.by) and len(self.dims) >= self.max_keys

    def resolve(self, frame: Frame, index: Ints | None) -> Ints:
        """The key of each event; only those in `index` (None: all) can make a new key."""
        coded = [frame.coded(column) for column in self.by]
        dictionaries = [c.dictionary for c in coded]
        generations = [d.generation for d in dictionaries]
        same = generations == self._generations and all(map(operator.is_, dictionaries, self._dictionaries))
        if not same or len(self._packed) > MAX_PACKED:
            self._dictionaries, self._generations = dictionaries, generations
            self._key_of_code.fill(-1)
            self._packed.clear()
            self._widths = []
        if len(coded) == 1:
            return self._resolve_one(coded[0].codes, index)
        widths = [(len(d.values_by_code) - 1).bit_length() for d in dictionaries]
        if sum(widths) <= TABLE_BITS:
            return self._resolve_few([c.codes for c in coded], widths, index)
        packed = coded[0].codes
        for column in coded[1:]:
            packed = (packed << CODE_BITS) | column.codes
        if index is None:
            return np.fromiter(map(self._packed.__getitem__, packed.tolist()), np.int64, len(packed))
        keys = np.zeros(len(packed), np.int64)
        keys[index] = [self._packed[code] for code in packed[index].tolist()]
        return keys

    def _resolve_one(self, codes: Ints, index: Ints | None) -> Ints:
        size = len(self._dictionaries[0].values_by_code)
        if size > len(self._key_of_code):
            grown = np.full(2 * size, -1, np.int64)
            grown[: len(self._key_of_code)] = self._key_of_code
            self._key_of_code = grown
        return self._looked_up(self._key_of_code, codes, index, self.resolve_codes)

    def _resolve_few(self, columns: list[Ints], widths: list[int], index: Ints | None) -> Ints:
        if widths != self._widths:
            self._widths = widths
            self._key_of_packed = np.full(1 << sum(widths), -1, np.int64)
        packed = columns[0]
        for column, width in zip(columns[1:], widths[1:], strict=True):
            packed = (packed << width) | column
        return self._looked_up(self._key_of_packed, packed, index, lambda code: self.resolve_codes(self._widened(code)))

    @staticmethod
    def _looked_up(table: Ints, codes: Ints, index: Ints | None, resolve: Callable[[int], int]) -> Ints:
        """Keys by code. Those that `table` does not know yet are resolved in the order in which they came."""
        keys = table[codes]
        if int(keys.min(initial=0)) < 0:
            asked = codes if index is None else codes[index]
            new = asked[table[asked] < 0]
            distinct, first = np.unique(new, return_index=True)
            for code in distinct[np.argsort(first)].tolist():
                table[code] = resolve(code)
            keys = table[codes]
        return keys

    def _widened(self, packed: int) -> int:
        """Codes packed as tightly as they are now, packed as in the dictionary."""
        result = shift = 0
        for place, width in enumerate(reversed(self._widths)):
            result |= (packed >> shift & ((1 << width) - 1)) << place * CODE_BITS
            shift += width
        return result

    def resolve_codes(self, packed: int) -> int:
        """The key of one combination of codes, made if there is room."""
        codes = []
        for _ in self.by[1:]:
            codes.append(packed & ((1 << CODE_BITS) - 1))
            packed >>= CODE_BITS
        codes.append(packed)
        pairs = zip(self._dictionaries, reversed(codes), strict=True)
        return self._key_of([label(dictionary.values_by_code[code]) for dictionary, code in pairs])

    def _key_of(self, values: list[Any]) -> int:
        identity = tuple(map(typed_key, values))
        key = self._known.get(identity)
        if key is not None:
            return key
        # One that reads like the overflow row is part of it: its rows could not be told apart from those.
        if len(self.dims) >= self.max_keys or all(value == OTHER for value in values):
            self.overflows = True
            return self.max_keys
        return self._add(identity, values)

    def _add(self, identity: tuple[Any, ...], values: list[Any]) -> int:
        key = self._known[identity] = len(self.dims)
        self.dims.append(dict(zip(self.by, values, strict=True)))
        self._ranks = None
        return key

    def hashes(self, frame: Frame, index: Ints) -> Words:
        """A 64-bit hash of the combination of each event in `index`, to count those that have no key."""
        result = np.zeros(len(index), np.uint64)
        for column in self.by:
            coded = frame.coded(column)
            result = (result ^ coded.dictionary.hashes(coded.codes[index])) * _MIX
            result ^= result >> np.uint64(29)
        return result

    def dims_of(self, key: int) -> Dims:
        """The dimensions of a key's rows."""
        if self.by and key == self.max_keys:
            return dict.fromkeys(self.by, OTHER)
        return self.dims[key]

    def dims_of_all(self, keys: Ints) -> Iterable[Dims]:
        """The same of each of these keys."""
        known = int(keys.max(initial=0)) < len(self.dims)
        return map(self.dims.__getitem__ if known else self.dims_of, keys.tolist())

    def ranks(self) -> Ints:
        """Position of each key in the order of dims; `__other__` is last."""
        if self._ranks is None:
            order = sorted(range(len(self.dims)), key=lambda key: [sort_key(v) for v in self.dims[key].values()])
            self._ranks = np.full(self.width, len(order), np.int64)
            self._ranks[order] = np.arange(len(order))
        return self._ranks

    def dump(self) -> list[list[Any]]:
        """JSON-able state."""
        return [list(dims.values()) for dims in self.dims] if self.by else []

    def load(self, state: list[list[Any]]) -> None:
        """Take back what `dump` gave."""
        for values in state:
            identity = tuple(map(typed_key, values))
            if identity not in self._known:
                self._add(identity, values)
