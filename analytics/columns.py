"""Columns of numbers in step: put in order, and with room to grow."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints

__all__ = ["ordered", "roomy"]

WIDEST: Final = 1 << 62
"""Combinations that one number can tell apart."""
FEWEST: Final = 1_024

S = TypeVar("S", bound=np.generic)


def ordered(*columns: Ints, stable: bool = False) -> Ints:
    """Positions by the first column, then by the second, ..; those that agree in all of them come in any order, or as
    they are where it is `stable`.

    Cost: one sort of one number each, about 10 ns a row, as long as these can tell all combinations apart, or else one
    for each column.

    >>> ordered(np.array([2, 1, 2]), np.array([5, 9, 4])).tolist()
    [1, 2, 0]
    """
    if not len(columns[0]):
        return np.zeros(0, np.int64)
    lows = [int(column.min()) for column in columns]
    spans = [int(column.max()) - low + 1 for column, low in zip(columns, lows, strict=True)]
    width = 1
    for span in spans:
        width *= span
    if width > WIDEST:
        return np.lexsort(columns[::-1])
    packed = columns[0] - lows[0]
    for column, low, span in zip(columns[1:], lows[1:], spans[1:], strict=True):
        packed = packed * span + (column - low)
    order: Ints
    if width <= WIDEST // len(packed):
        # Numbers are sorted ten times as fast as their positions: these go along in them.
        packed *= len(packed)
        packed += np.arange(len(packed))
        packed.sort()
        order = packed % len(packed)
    else:
        order = packed.argsort(kind="stable" if stable else None)
    return order


def roomy(array: NDArray[S], used: int, more: int, most: int) -> NDArray[S]:
    """The array itself if `more` rows fit behind the first `used`; else these in one that is at least half as long
    again, so that each row is copied a few times at most. There are hardly ever more than `most` rows.
    """
    if used + more <= len(array):
        return array
    made = np.zeros((max(used + more, min(max(FEWEST, used * 3 // 2), most)), *array.shape[1:]), array.dtype)
    made[:used] = array[:used]
    return made
