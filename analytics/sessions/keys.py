"""Which keys have an open session. A key gets a number when its first session opens and gives it back with the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from analytics.arrays import Ints
from analytics.dictionary import typed_key
from analytics.frame import Frame
from analytics.keys import CODE_BITS
from analytics.label import label
from analytics.row import Dims
from analytics.sessions.lines import Objects

__all__ = ["UNKNOWN", "SessionKeys"]

UNKNOWN: Final = -1


class SessionKeys:
    """Numbers 0 .. `most` - 1 for combinations of the `by` columns; the lowest free number is given first."""

    def __init__(self, by: tuple[str, ...], most: int) -> None:
        self.by = by
        # Number -> what its rows say, the same object for each of them; None: the number is free.
        self.dims: Objects = np.full(most, None, object)
        self.used = np.zeros(most, np.bool_)
        # No number from here on was ever used.
        self._top = 0
        self._n = 0
        # Where `find` looks a number up: by code for one column, by the packed codes for several.
        self._by_code: Ints = np.full(64, UNKNOWN, np.int64)
        self._by_packed: dict[int, int] = {}
        self._code_of: Ints = np.full(most, UNKNOWN, np.int64)
        # Numbers of keys whose codes are not known, by the values: a dictionary was emptied, or they were restored.
        self._uncoded: dict[Any, int] = {}
        self._dictionaries: list[Any] = []
        self._generations: list[int] = []

    def __len__(self) -> int:
        return self._n

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
            keys = self.used.nonzero()[0]
            self._uncoded = dict(zip(map(_identity, self.dims[keys].tolist()), keys.tolist(), strict=True))
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
        if missed.size and self._uncoded:
            lost = np.unique(codes[missed])
            found = [self._uncoded.pop(_identity(dims), UNKNOWN) for dims in self._dims(self._values_of(lost))]
            again = np.array(found, np.int64)
            self._remember(lost[again != UNKNOWN], again[again != UNKNOWN])
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

    def _remember(self, codes: Ints, keys: Ints) -> None:
        """What numbers that had no code are looked up by."""
        if len(self.by) == 1:
            self._by_code[codes] = keys
        else:
            self._by_packed.update(zip(codes.tolist(), keys.tolist(), strict=True))
        self._code_of[keys] = codes

    def _values_of(self, codes: Ints) -> list[list[Any]]:
        """The values that codes stand for, column by column."""
        parts = []
        for _ in self.by[1:]:
            parts.append(codes & ((1 << CODE_BITS) - 1))
            codes = codes >> CODE_BITS
        parts.append(codes)
        values = [dictionary.values_by_code for dictionary in self._dictionaries]
        pairs = zip(values, reversed(parts), strict=True)
        return [[label(column[code]) for code in part.tolist()] for column, part in pairs]

    def _dims(self, columns: Sequence[Sequence[Any]]) -> list[Dims]:
        if len(self.by) == 1:
            name = self.by[0]
            return [{name: value} for value in columns[0]]
        return [dict(zip(self.by, values, strict=True)) for values in zip(*columns, strict=True)]

    def make(self, codes: Ints) -> None:
        """Give numbers to keys that have none, in this order; there are enough free ones."""
        n = len(codes)
        keys = (~self.used[: self._top]).nonzero()[0][:n]
        if len(keys) < n:
            keys = np.append(keys, np.arange(self._top, self._top + n - len(keys)))
        self._put(keys, self._values_of(codes))
        self._remember(codes, keys)

    def _put(self, keys: Ints, columns: Sequence[Sequence[Any]]) -> None:
        self.dims[keys] = self._dims(columns)
        self.used[keys] = True
        self._top = max(self._top, int(keys.max()) + 1)
        self._n += len(keys)

    def free(self, keys: Ints) -> None:
        """Take numbers back."""
        codes = self._code_of[keys]
        coded = codes != UNKNOWN
        if not coded.all():
            for dims in self.dims[keys[~coded]].tolist():
                del self._uncoded[_identity(dims)]
            codes = codes[coded]
        if len(self.by) == 1:
            self._by_code[codes] = UNKNOWN
        else:
            for code in codes.tolist():
                del self._by_packed[code]
        self._code_of[keys] = UNKNOWN
        self.used[keys] = False
        self.dims[keys] = None
        self._n -= len(keys)

    def dims_of(self, keys: Ints) -> Objects:
        """What the rows of these keys say, the same object for each row of a key."""
        return self.dims[keys]

    def load(self, state: list[list[Any]]) -> None:
        """Take keys back: number, then the values."""
        if state:
            numbers, *columns = zip(*state, strict=True)
            keys = np.array(numbers, np.int64)
            self._put(keys, columns)
            self._uncoded = dict(zip(map(_identity, self.dims[keys].tolist()), numbers, strict=True))


def _identity(dims: Dims) -> tuple[Any, ...]:
    """What tells a key from all others."""
    return tuple(map(typed_key, dims.values()))
