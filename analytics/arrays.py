"""Names for the few numpy array types that cross module borders, so that signatures say what they carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Column", "Floats", "Ints", "Numbers", "Reading", "Remembering", "Visits", "Words"]

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Words: TypeAlias = NDArray[np.uint64]
Column: TypeAlias = NDArray[Any]
"""Values of one aggregate: int64, float64 (NaN is null) or object."""

T = TypeVar("T")


class Remembering:
    """A column that remembers what was worked out of it: several measures take the same one, in whatever cells."""

    def keep(self, key: str, make: Callable[[], T]) -> T:
        """What `make` returned when it was first asked for under this key."""
        kept: dict[str, Any] = self.__dict__.setdefault("_kept", {})
        if key not in kept:
            kept[key] = make()
        found: T = kept[key]
        return found


class _Numbers(NamedTuple):
    values: Floats
    valid: Bools | None
    """Where the operand is not null; None: everywhere."""
    low: Floats | None = None
    """What `values` lost of integers beyond 2**53: the operand is `values + low`. None: nothing."""


class Numbers(_Numbers, Remembering):
    """A numeric operand over all events of a batch."""


class Visits(NamedTuple):
    """What users did: one entry an event, in order of arrival."""

    users: Words
    """64-bit hash of who it was."""
    times: Ints
    """Event time, epoch ms."""
    marks: Ints
    """Bit i is set where the i-th condition of the aggregate is true."""


class Reading(NamedTuple):
    """What a measure says of one window for some keys, in the order of those keys."""

    values: Column
    valid: Bools | None = None
    """Where there is a value; None: everywhere."""
    error: Floats | None = None
    """Relative standard error of approximate values, 0 where exact; None: all exact."""

    def part(self, which: Ints) -> Reading:
        """The same of some keys, in this order."""
        values, valid, error = self
        return Reading(values[which], None if valid is None else valid[which], None if error is None else error[which])


def selected(array: Column, index: Ints | None) -> Column:
    """`array[index]`, or `array` itself when `index` is None, which stands for every event."""
    return array if index is None else array[index]
