"""Names for the few numpy array types that cross module borders, so that signatures say what they carry."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Column", "Floats", "Ints", "Numbers", "Reading", "Visits", "Words"]

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Words: TypeAlias = NDArray[np.uint64]
Column: TypeAlias = NDArray[Any]
"""Values of one aggregate: int64, float64 (NaN is null) or object."""


class Numbers(NamedTuple):
    """A numeric operand over all events of a batch."""

    values: Floats
    valid: Bools | None
    """Where the operand is not null; None: everywhere."""
    low: Floats | None = None
    """What `values` lost of integers beyond 2**53: the operand is `values + low`. None: nothing."""


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


def selected(array: Column, index: Ints | None) -> Column:
    """`array[index]`, or `array` itself when `index` is None, which stands for every event."""
    return array if index is None else array[index]
