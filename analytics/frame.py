"""A batch being evaluated: encoded columns and sub-expressions, each computed once however many KPIs ask."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from analytics.arrays import Floats, Ints, Numbers, Remembering, Words
from analytics.batch import Batch
from analytics.dictionary import Dictionary, Encoded

__all__ = ["Coded", "Frame"]

_EXACT = float(1 << 53)
_NUMBERS = {int, float}
_PLAIN_NUMBERS = _NUMBERS | {type(None)}

T = TypeVar("T")


class _Coded(NamedTuple):
    codes: Ints
    dictionary: Dictionary


class Coded(_Coded, Remembering):
    """A column of values of any kind, as codes of a dictionary."""

    def hashes(self) -> Words:
        """The 64-bit hash of each value."""
        return self.keep("hashes", lambda: self.dictionary.hashes(self.codes))


class Frame:
    """Evaluation of one batch. `clashes` counts values a numeric use met that are no numbers."""

    def __init__(self, batch: Batch, dictionaries: Mapping[str, Dictionary]) -> None:
        self.n = batch.n
        self.timestamp = batch.timestamp
        self.clashes = 0
        self._batch = batch
        self._columns = batch.columns
        self._dictionaries = dictionaries
        self._kept: dict[Any, Any] = {}
        # What it was joined of; empty: it is one batch.
        self._parts: Sequence[Frame] = ()

    @classmethod
    def joined(cls, frames: Sequence[Frame]) -> Frame:
        """Several batches as one, in this order; numbers that one of them has read already are not read again."""
        frame = cls(Batch.joined([part._batch for part in frames]), frames[0]._dictionaries)
        frame._parts = frames
        return frame

    def keep(self, key: Any, make: Callable[[], T]) -> T:
        """What `make` returned when it was first asked for under this key."""
        try:
            kept: T = self._kept[key]
        except KeyError:
            kept = self._kept[key] = make()
        return kept

    def raw(self, name: str) -> Sequence[Any]:
        """The plain values of a column; a column the batch does not carry is absent everywhere."""
        if name == "timestamp":
            return self.keep("timestamp", self.timestamp.tolist)
        column = self._columns.get(name)
        if isinstance(column, Encoded):
            return self.keep(("column", name), column.values)
        return [None] * self.n if column is None else column

    def coded(self, name: str) -> Coded:
        """A column as codes of its dictionary."""
        # Not under the word of computed expressions: a column may be called like one, such as 1 or None.
        return self.keep(("codes", name), lambda: self._encode(name))

    def _encode(self, name: str) -> Coded:
        if name != "timestamp" and name not in self._columns:
            return Coded(np.zeros(self.n, np.int64), self._dictionaries[name])
        column = self._columns.get(name)
        if isinstance(column, Encoded) and column.dictionary is self._dictionaries[name]:
            column.check()
            return Coded(column.codes, column.dictionary)
        return self.encode(name, self.raw(name))

    def encode(self, key: str, column: Sequence[Any]) -> Coded:
        """Values as codes of the dictionary under `key`."""
        dictionary = self._dictionaries[key]
        return Coded(dictionary.encode(column), dictionary)

    def numbers(self, name: str) -> Numbers:
        """A column as numbers; texts, booleans and nested values are null and counted as clashes."""
        return self.keep(("numbers", name), lambda: self._joined_numbers(name) or self._shared(name))

    def _shared(self, name: str) -> Numbers:
        """The numbers, also given to the parts: these may be joined to others as well, for other windows."""
        values, valid, low = made = self._numbers(name)
        start = 0
        for part in self._parts:
            own = slice(start, start := start + part.n)
            there, rest = None if valid is None else valid[own], None if low is None else low[own]
            part._kept["numbers", name] = Numbers(values[own], there, rest)
        return made

    def _joined_numbers(self, name: str) -> Numbers | None:
        """The numbers of the parts, if they were asked for before: a clash is counted once."""
        if not any(("numbers", name) in part._kept for part in self._parts):
            return None
        before = sum(part.clashes for part in self._parts)
        read = [part.numbers(name) for part in self._parts]
        self.clashes += sum(part.clashes for part in self._parts) - before
        values = np.concatenate([numbers.values for numbers in read])
        valid = low = None
        if any(numbers.valid is not None for numbers in read):
            valid = np.concatenate([np.ones(len(r.values), np.bool_) if r.valid is None else r.valid for r in read])
        if any(numbers.low is not None for numbers in read):
            low = np.concatenate([np.zeros(len(r.values)) if r.low is None else r.low for r in read])
        return Numbers(values, valid, low)

    def _numbers(self, name: str) -> Numbers:
        if name == "timestamp":
            return Numbers(self.timestamp.astype(np.float64), None)
        column = self._columns.get(name)
        if isinstance(column, Encoded):
            column = self.raw(name)
        if column is None:
            return Numbers(np.full(self.n, np.nan), np.zeros(self.n, np.bool_))
        kinds: set[type] = set(map(type, column))
        if not kinds <= _PLAIN_NUMBERS:
            numbers = [value if type(value) in _PLAIN_NUMBERS else None for value in column]
            self.clashes += numbers.count(None) - list(column).count(None)
            column = numbers
        try:
            # As most are: packed, they are read at twice the speed.
            packed = struct.pack(f"{self.n}d", *column) if kinds <= _NUMBERS else None
            values: Floats = np.array(column, np.float64) if packed is None else np.frombuffer(packed, np.float64)
        except (OverflowError, struct.error):  # an integer beyond every float
            values = np.array([_to_float(value) for value in column], np.float64)
        valid = np.isfinite(values)
        if valid.all():
            return Numbers(values, None, _low(column, values) if int in kinds else None)
        low = _low(column, np.where(valid, values, 0.0)) if int in kinds else None
        return Numbers(values, valid, low)


def _to_float(value: Any) -> float:
    try:
        return float("nan") if value is None else float(value)
    except OverflowError:
        return float("nan")


def _low(column: Sequence[Any], values: Floats) -> Floats | None:
    if not len(values) or float(np.abs(values).max()) < _EXACT:
        return None
    rest = [float(v - int(f)) if type(v) is int and f else 0.0 for v, f in zip(column, values.tolist(), strict=True)]
    return np.array(rest, np.float64)
