"""What was published of each window, so that changes can be told from repetitions and the past can be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sortedcontainers import SortedDict

from analytics.arrays import Bools, Column, Floats, Ints

__all__ = ["CORRECTION", "FINAL", "KINDS", "PARTIAL", "RETRACT", "Book", "Record", "Values"]

PARTIAL: Final = 0
FINAL: Final = 1
CORRECTION: Final = 2
RETRACT: Final = 3
KINDS: Final = ("partial", "final", "correction", "retract")
RECORD_BYTES: Final = 940
"""Of a record beside its rows."""
ROW_BYTES: Final = 21
ERROR_BYTES: Final = 8
"""Of a row more, where some row of its record has a stated error."""


class Values(NamedTuple):
    """What one KPI says of one window for some keys; nulls are NaN in float arrays and None in object arrays."""

    keys: Ints
    values: Column
    errors: Floats | None
    others: int | None
    """How many keys the overflow row stands for."""


class Record:
    """The rows of one window of one KPI as last published, ordered by key."""

    __slots__ = ("end", "errors", "keys", "kinds", "others", "revs", "start", "values")

    def __init__(self, start: int, end: int, said: Values, kind: int) -> None:
        self.start = start
        self.end = end
        self.keys = said.keys
        self.values = said.values
        self.errors = said.errors
        self.others = said.others
        self.kinds = np.full(len(said.keys), kind, np.int8)
        self.revs = np.zeros(len(said.keys), np.int32)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def bytes(self) -> int:
        """Bytes it takes, estimated."""
        texts = _sizes(self.values.tolist()) if self.values.dtype == object else 0
        row = ROW_BYTES + (0 if self.errors is None else ERROR_BYTES)
        return RECORD_BYTES + row * len(self.keys) + texts

    def kind_names(self) -> Iterable[str]:
        """The kind of each row; mostly all have the same."""
        kinds = self.kinds.tobytes()
        if kinds.count(kinds[:1]) == len(kinds) > 0:
            return repeat(KINDS[kinds[0]], len(kinds))
        return map(KINDS.__getitem__, kinds)

    def update(self, said: Values, *, final: bool) -> Record | None:
        """Take new values of some keys, known or new; return the rows that changed.

        A change of a final row is a correction with the next revision; a row first seen in a final window is final.
        """
        self.values, values = _alike(self.values, said.values)
        said = said._replace(values=values)
        if len(said.keys) == len(self.keys) and np.array_equal(said.keys, self.keys):
            at = old = places = np.arange(len(self.keys))
            moved, new = ~_same(self.values, said.values), places[:0]
            if moved.all():
                return self._replace_all(said, final=final)
        else:
            at = np.searchsorted(self.keys, said.keys)
            known = np.zeros(len(said.keys), np.bool_)
            inside = at < len(self.keys)
            known[inside] = self.keys[at[inside]] == said.keys[inside]
            places, old, new = at[known], np.flatnonzero(known), np.flatnonzero(~known)
            moved = ~_same(self.values[places], said.values[old])
        if said.others is not None and said.others != self.others and len(places):
            moved |= self.keys[places] == said.keys.max()
        changed = places[moved]
        if not (len(changed) or len(new)):
            return None
        self.values = self.values.copy()
        self.values[changed] = said.values[old[moved]]
        if said.errors is not None or self.errors is not None:
            self.errors = np.zeros(len(self.keys)) if self.errors is None else self.errors.copy()
            fresh = np.zeros(len(said.keys)) if said.errors is None else said.errors
            self.errors[places] = fresh[old]
            self.errors = np.insert(self.errors, at[new], fresh[new])
        self.others = said.others if said.others is not None else self.others
        self.kinds, self.revs = self.kinds.copy(), self.revs.copy()
        if final:
            self.kinds[changed] = CORRECTION
            self.revs[changed] += 1
        marks = np.zeros(len(self.keys), np.bool_)
        marks[changed] = True
        if len(new):
            self.keys = np.insert(self.keys, at[new], said.keys[new])
            self.values = np.insert(self.values, at[new], said.values[new])
            self.kinds = np.insert(self.kinds, at[new], FINAL if final else PARTIAL)
            self.revs = np.insert(self.revs, at[new], 0)
            marks = np.insert(marks, at[new], True)
        return self.part(np.flatnonzero(marks))

    def knows(self, keys: Ints) -> bool:
        """Whether there is a row for each of these keys, ascending."""
        at = self.keys.searchsorted(keys)
        return bool(len(keys) == 0 or (int(at[-1]) < len(self.keys) and (self.keys[at] == keys).all()))

    def revise(self, keys: Ints, of: Ints, values: Column, errors: Floats | None) -> tuple[Record, Ints]:
        """Take values of known keys of a final window that follow each other, each in place of the one before.

        `of` says which of `keys` each is of, ascending. Returns a row for each value that was another than the one
        before, as corrections, and which values these are.
        """
        places = self.keys.searchsorted(keys)
        starts = np.append(True, of[1:] != of[:-1]).nonzero()[0]
        self.values, values = _alike(self.values, values)
        before = np.empty(len(of), values.dtype)
        before[1:] = values[:-1]
        before[starts] = self.values[places]
        changed = ~_same(before, values)
        at = np.flatnonzero(changed)
        if not at.size:
            return self, at
        nth = changed.cumsum()
        nth -= (nth[starts] - changed[starts])[of]
        rows = places[of[at]]
        error = np.zeros(len(of)) if errors is None else errors
        said = Values(self.keys[rows], values[at], None if errors is self.errors is None else error[at], self.others)
        result = Record(self.start, self.end, said, CORRECTION)
        result.revs = (self.revs[rows] + nth[at]).astype(np.int32)
        last = np.append(starts[1:], len(of)) - 1
        some = nth[last] > 0
        places, last = places[some], last[some]
        self.values = self.values.copy()
        self.values[places] = values[last]
        if said.errors is not None:
            self.errors = np.zeros(len(self.keys)) if self.errors is None else self.errors.copy()
            self.errors[places] = error[last]
        self.kinds, self.revs = self.kinds.copy(), self.revs.copy()
        self.kinds[places] = CORRECTION
        self.revs[places] += nth[last]
        return result, at

    def _replace_all(self, said: Values, *, final: bool) -> Record:
        """`update` where every row changed, as in a busy window."""
        self.values = said.values
        if said.errors is not None or self.errors is not None:
            self.errors = np.zeros(len(self)) if said.errors is None else said.errors
        self.others = said.others if said.others is not None else self.others
        if final:
            self.kinds, self.revs = np.full_like(self.kinds, CORRECTION), self.revs + np.int32(1)
        return self.copy()

    def copy(self) -> Record:
        """The rows as they are now. The arrays are shared: `update` replaces them and never writes to them."""
        return self._with(Values(self.keys, self.values, self.errors, self.others), self.kinds, self.revs)

    def part(self, places: Ints | Bools) -> Record:
        """A copy that holds only some rows."""
        errors = None if self.errors is None else self.errors[places]
        said = Values(self.keys[places], self.values[places], errors, self.others)
        return self._with(said, self.kinds[places], self.revs[places])

    def _with(self, said: Values, kinds: NDArray[np.int8], revs: NDArray[np.int32]) -> Record:
        made = Record.__new__(Record)
        made.start, made.end = self.start, self.end
        made.keys, made.values, made.errors, made.others = said
        made.kinds, made.revs = kinds, revs
        return made


def _alike(a: Column, b: Column) -> tuple[Column, Column]:
    """Both as one kind of array: a null is NaN among floats, and None among objects."""
    dtype = np.result_type(a, b)
    return _as(a, dtype), _as(b, dtype)


def _as(values: Column, dtype: np.dtype[Any]) -> Column:
    if values.dtype == dtype:
        return values
    made = values.astype(dtype)
    if dtype.kind == "O" and values.dtype.kind == "f":
        made[np.isnan(values)] = None
    return made


def _same(a: Column, b: Column) -> Bools:
    if a.dtype == object or b.dtype == object:
        pairs = zip(a.tolist(), b.tolist(), strict=True)
        return np.array([x == y or (x != x and y != y) for x, y in pairs], np.bool_)
    same: Bools = (a == b) | ((a != a) & (b != b))
    return same


def _sizes(values: list[Any]) -> int:
    try:
        return 33 * len(values) + sum(map(len, values))
    except TypeError:  # some are no texts
        return sum(33 + len(value) if isinstance(value, bytes | str) else 32 for value in values)


Span: TypeAlias = tuple[int, int]
"""Start and end of a window, which tell it from all others of its KPI."""


class Book:
    """Records of one KPI at one resolution: the newest `windows`, up to a number of bytes. Open windows always stay."""

    def __init__(self, width: int, windows: int, max_bytes: int) -> None:
        self.width = width
        self._windows = windows
        self._max_bytes = max_bytes
        self.records: SortedDict[Span, Record] = SortedDict()
        # The bytes each record was counted with.
        self._sizes: dict[Span, int] = {}
        self._bytes = 0

    def put(self, record: Record) -> None:
        """Add a record, replace the one of the same window, or count the same one anew after a change."""
        size, span = record.bytes, (record.start, record.end)
        self._bytes += size - self._sizes.get(span, 0)
        self._sizes[span] = size
        self.records[span] = record

    @property
    def full(self) -> bool:
        """Whether it is beyond its caps."""
        return len(self.records) > self._windows or self._bytes > self._max_bytes

    def trim(self, closed_to: int) -> None:
        """Drop the oldest records beyond the caps, as far as their windows are closed."""
        while self.full and self.records:
            span, record = self.records.peekitem(0)
            if record.end > closed_to:
                return
            self._bytes -= self._sizes.pop(span)
            del self.records[span]

    def oldest(self) -> Span | None:
        """The window of the oldest record."""
        return self.records.peekitem(0)[0] if self.records else None

    def newest(self) -> Span | None:
        """The window of the newest record."""
        return self.records.peekitem(-1)[0] if self.records else None

    def overlapping(self, start: int, end: int, longest: int) -> Iterator[Record]:
        """Records of windows that overlap [start, end); no window is longer than `longest`."""
        for span in self.records.irange((start - longest + 1,), (end,), inclusive=(True, False)):
            if span[1] > start:
                yield self.records[span]
