"""Rows of sessions in columns: they become rows when they are handed out, and not before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Column, Floats, Ints
from analytics.history import KINDS
from analytics.names import dims_key
from analytics.packed import plain_each
from analytics.row import Dims, Row

__all__ = ["Lines", "Objects", "as_column", "as_objects", "in_order", "joined", "plain_values"]

Objects: TypeAlias = NDArray[np.object_]

NAMES: Objects = np.array(KINDS, object)


class Lines(NamedTuple):
    """Rows of sessions of one KPI, whose name goes without saying. The arrays are shared and never written."""

    dims: Objects
    starts: Ints
    ends: Ints
    values: Column
    """As the measure gave it: numbers, NaN being null, or objects: bytes, see `packed.py`, else a number or None."""
    kinds: NDArray[np.int8]
    revs: NDArray[np.int32]
    errors: Floats
    """0 when exact."""
    at: Ints
    """Number of the event that caused each, where the engine is exact."""

    @property
    def n(self) -> int:
        """How many rows; `len` counts the columns."""
        return len(self.starts)

    def part(self, places: Any) -> Lines:
        """The rows at these places."""
        return Lines(*[column[places] for column in self])

    def rows(self, kpi: str) -> list[Row]:
        """The rows themselves, about 0.3 us each."""
        values = plain_values(self.values)
        if self.values.dtype == object:
            values = plain_each(values)
        errors: Iterable[Any] = [e or None for e in self.errors.tolist()] if self.errors.any() else repeat(None)
        columns = (self.dims.tolist(), self.starts.tolist(), self.ends.tolist(), values, NAMES[self.kinds].tolist())
        each = zip(repeat(kpi), *columns, self.revs.tolist(), errors, repeat(None), strict=False)
        # Row(*fields) without a Python call for each.
        return list(map(tuple.__new__, repeat(Row), each))


def as_objects(values: Column) -> Objects:
    """The same values as objects, null being None."""
    objects: Objects = values.astype(object)
    if values.dtype.kind in "fO":
        objects[values != values] = None
    return objects


def plain_values(values: Column) -> list[Any]:
    """The same values as a list, null being None."""
    if values.dtype.kind == "f" and np.isnan(values).any():
        values = as_objects(values)
    plain: list[Any] = values.tolist()
    return plain


def as_column(values: Sequence[Any]) -> Column:
    """Values of a list as an array that gives the same list back: of numbers where they are of one kind."""
    kinds = set(map(type, values))
    if kinds == {int}:
        try:
            return np.array(values, np.int64)
        except OverflowError:
            pass
    elif kinds == {float} or kinds == {float, type(None)}:
        return np.array(values, np.float64)
    return np.fromiter(values, object, len(values))


def joined(parts: Sequence[Lines]) -> Lines:
    """Rows one after the other; there is at least one part."""
    if len(parts) == 1:
        return parts[0]
    if len({part.values.dtype for part in parts}) > 1:
        parts = [part._replace(values=as_objects(part.values)) for part in parts]
    return Lines(*map(np.concatenate, zip(*parts, strict=True)))


def in_order(dims: Objects, *columns: Ints) -> Ints:
    """Positions of rows by these columns and then by dims; those that agree in everything stay as they came."""
    columns = tuple(column for column in columns if column[0] != column[-1] or (column != column[0]).any())
    order = np.lexsort(columns[::-1]) if columns else np.arange(len(dims))
    same = np.ones(len(dims) - 1, np.bool_)
    for column in columns:
        ordered = column[order]
        same &= ordered[1:] == ordered[:-1]
    if same.any():
        edges = np.diff(same, prepend=False, append=False).nonzero()[0]
        tied = np.append(same, False)
        tied[1:] |= same
        places = order[tied]
        lengths = edges[1::2] - edges[::2] + 1
        order[tied] = places[_by_dims(dims[places].tolist(), lengths)]
    return order


def _by_dims(dims: list[Dims], lengths: Ints) -> list[int]:
    """Positions of rows by dims, each run of them, of these lengths, by itself."""
    keys: list[Any] = list(chain.from_iterable(map(dict.values, dims))) if len(dims[0]) == 1 else []
    if set(map(type, keys)) != {str}:
        keys = list(map(dims_key, dims))
    found: list[int] = []
    start = 0
    for length in lengths.tolist():
        found += sorted(range(start, start + length), key=keys.__getitem__)
        start += length
    return found
