"""Which keys have an open session. A key gets a number when its first session opens and gives it back with the last."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from analytics.arrays import Ints
from analytics.dictionary import typed_key
from analytics.frame import Frame
from analytics.keys import CODE_BITS
from analytics.row import Dims

__all__ = ["UNKNOWN", "SessionKeys"]

UNKNOWN: Final = -1


class SessionKeys:
    """Numbers 0 .. `most` - 1 for combinations of the `by` columns; the lowest free number is given first."""

    def __init__(self, by: tuple[str, ...], most: int) -> None:
        self.by = by
        # Number -> what its rows say; None: the number is free.
        self.dims: list[Dims | None] = [None] * most
        self.used = np.zeros(most, np.bool_)
        self._known: dict[Any, int] = {}
        self._identity: list[Any] = [None] * most
        # Where `find` looks a number up: by code for one column, by the packed codes for several.
        self._by_code: Ints = np.full(64, UNKNOWN, np.int64)
        self._by_packed: dict[int, int] = {}
        self._code_of: Ints = np.full(most, UNKNOWN, np.int64)
        self._dictionaries: list[Any] = []
        self._generations: list[int] = []

    def __len__(self) -> int:
        return len(self._known)

    def codes(self, frame: Frame, index: Ints | None) -> Ints:
        """What stands for the key of each event in this batch; equal keys have equal codes."""
        coded = [frame.coded(column) for column in self.by]
        self._dictionaries = [c.dictionary for c in coded]
        generations = [d.generation for d in self._dictionaries]
        if generations != self._generations:
            self._generations = generations
            self._by_code.fill(UNKNOWN)
            self._by_packed.clear()
            self._code_of.fill(UNKNOWN)
        packed = coded[0].codes
        for column in coded[1:]:
            packed = (packed << CODE_BITS) | column.codes
        if len(coded) == 1:
            size = len(self._dictionaries[0].values_by_code)
            if size > len(self._by_code):
                grown = np.full(2 * size, UNKNOWN, np.int64)
                grown[: len(self._by_code)] = self._by_code
                self._by_code = grown
        return packed if index is None else packed[index]

    def find(self, codes: Ints) -> Ints:
        """The number of each code's key, UNKNOWN where it has none."""
        keys = self._looked_up(codes)
        missed = (keys == UNKNOWN).nonzero()[0]
        if missed.size and len(self._known) > self._cached():
            for code in np.unique(codes[missed]).tolist():
                key = self._known.get(self._identity_of(code))
                if key is not None:
                    self._remember(code, key)
            keys = self._looked_up(codes)
        return keys

    def key_of(self, code: int) -> int:
        """`find` for one code."""
        key = int(self._by_code[code]) if len(self.by) == 1 else self._by_packed.get(code, UNKNOWN)
        return key if key != UNKNOWN else int(self.find(np.array([code], np.int64))[0])

    def _looked_up(self, codes: Ints) -> Ints:
        if len(self.by) == 1:
            return self._by_code[codes]
        get = self._by_packed.get
        return np.array([get(code, UNKNOWN) for code in codes.tolist()], np.int64)

    def _cached(self) -> int:
        return int((self._code_of[: len(self.dims)] != UNKNOWN).sum())

    def _remember(self, code: int, key: int) -> None:
        if len(self.by) == 1:
            self._by_code[code] = key
        else:
            self._by_packed[code] = key
        self._code_of[key] = code

    def _values_of(self, code: int) -> list[Any]:
        codes = []
        for _ in self.by[1:]:
            codes.append(code & ((1 << CODE_BITS) - 1))
            code >>= CODE_BITS
        codes.append(code)
        return [d.values_by_code[c] for d, c in zip(self._dictionaries, reversed(codes), strict=True)]

    def _identity_of(self, code: int) -> Any:
        return tuple(map(typed_key, self._values_of(code)))

    def make(self, codes: Ints) -> None:
        """Give numbers to keys that have none, in this order; there are enough free ones."""
        free = (~self.used).nonzero()[0][: len(codes)].tolist()
        for code, key in zip(codes.tolist(), free, strict=True):
            self._put(key, self._values_of(code))
            self._remember(code, key)

    def _put(self, key: int, values: list[Any]) -> None:
        identity = tuple(map(typed_key, values))
        self._known[identity] = key
        self._identity[key] = identity
        self.used[key] = True
        self.dims[key] = dict(zip(self.by, values, strict=True))

    def free(self, keys: Ints) -> None:
        """Take numbers back."""
        codes = self._code_of[keys]
        self._code_of[keys] = UNKNOWN
        self.used[keys] = False
        if len(self.by) == 1:
            self._by_code[codes[codes != UNKNOWN]] = UNKNOWN
        for key, code in zip(keys.tolist(), codes.tolist(), strict=True):
            del self._known[self._identity[key]]
            self._by_packed.pop(code, None)
            self._identity[key] = self.dims[key] = None

    def dims_of(self, keys: Ints) -> list[Dims]:
        """What the rows of these keys say, the same object for each row of a key."""
        dims = self.dims
        return [dims[key] or {} for key in keys.tolist()]

    def load(self, state: list[list[Any]]) -> None:
        """Take keys back: number, then the values."""
        for key, *values in state:
            self._put(key, values)
