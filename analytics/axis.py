"""The time line cut into panes, which are numbered without gaps: from times to numbers and back.

All that compares event times, watermarks and window ends does it in pane numbers. The numbering is monotone, so a
watermark has passed the end of a window exactly when its number has.

Panes lie in periods: the windows of a cumulative KPI, else any. On an `Even` axis they are multiples of their width
since the epoch. On an `Uneven` one the periods follow a table, as the days of a zone do with their 23 and 25 hours, and
the last pane of a period is as short as it must be.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Final

import numpy as np

from analytics.arrays import Ints

__all__ = ["Axis", "Even", "Uneven"]

WHOLE: Final = 1 << 62
"""Pane width that no period reaches: each period is one pane."""


class Even:
    """Panes of `width` ms; `per` of them make a period.

    >>> axis = Even(60_000, per=1_440)
    >>> axis.number(90_000), axis.ms(2), axis.period(2_000)
    (1, 120000, (1440, 2880))
    """

    def __init__(self, width: int, per: int = 1) -> None:
        self.width = width
        self._per = per

    @property
    def key(self) -> object:
        """Axes with equal keys number times alike."""
        return self.width

    def number(self, time: int) -> int:
        """The pane that holds a time."""
        return time // self.width

    def numbers(self, times: Ints) -> Ints:
        """The panes that hold these times. Cost: one division each."""
        return times // self.width

    def ms(self, number: int) -> int:
        """Where a pane starts, and the one before it ends."""
        return number * self.width

    def period(self, number: int) -> tuple[int, int]:
        """The first pane of the period that holds a pane, and the one behind its last."""
        first = number // self._per * self._per
        return first, first + self._per

    def ends(self, numbers: Ints) -> Ints:
        """For each pane the one behind the last of its period."""
        return (numbers // self._per + 1) * self._per


class Uneven:
    """Panes inside periods that begin at `starts`, ascending; before and behind that table periods are even.

    `nominal` is the length of an even period, `step` the width of a pane, which divides it; None: the whole period.

    >>> axis = Uneven("days", array("q", [0, 23, 48]), nominal=24)
    >>> axis.number(22), axis.number(47), axis.ms(1), axis.ms(3)
    (0, 1, 23, 72)
    """

    def __init__(self, key: object, starts: array[int], nominal: int, step: int | None = None) -> None:
        self.key = key
        self._starts = starts
        self._start_table: Ints = np.frombuffer(starts, np.int64)
        # Width of the panes in the table, and beyond it.
        self._inner = WHOLE if step is None else step
        self._outer = step or nominal
        self._per = nominal // self._outer
        counts = -(-np.diff(self._start_table) // self._inner)
        # Number of the first pane of each period.
        self._first_table: Ints = np.concatenate([np.zeros(1, np.int64), counts.cumsum()])
        self._firsts = array("q", self._first_table.tobytes())
        self._last = len(starts) - 1

    def number(self, time: int) -> int:
        """The pane that holds a time. Cost: a binary search."""
        at = bisect_right(self._starts, time) - 1
        if 0 <= at < self._last:
            return self._firsts[at] + (time - self._starts[at]) // self._inner
        at = max(at, 0)
        return self._firsts[at] + (time - self._starts[at]) // self._outer

    def numbers(self, times: Ints) -> Ints:
        """The panes that hold these times. Cost: as on an even axis as long as they lie in one period."""
        if not len(times):
            return times
        low = bisect_right(self._starts, int(times.min())) - 1
        high = bisect_right(self._starts, int(times.max())) - 1
        if low == high and 0 <= low < self._last:
            return self._firsts[low] + (times - self._starts[low]) // self._inner
        at = self._start_table.searchsorted(times, "right") - 1
        width = np.where((at >= 0) & (at < self._last), self._inner, self._outer)
        at = np.maximum(at, 0)
        numbers: Ints = self._first_table[at] + (times - self._start_table[at]) // width
        return numbers

    def ms(self, number: int) -> int:
        """Where a pane starts, and the one before it ends."""
        at = bisect_right(self._firsts, number) - 1
        if 0 <= at < self._last:
            return self._starts[at] + (number - self._firsts[at]) * self._inner
        at = max(at, 0)
        return self._starts[at] + (number - self._firsts[at]) * self._outer

    def period(self, number: int) -> tuple[int, int]:
        """The first pane of the period that holds a pane, and the one behind its last."""
        at = bisect_right(self._firsts, number) - 1
        if 0 <= at < self._last:
            return self._firsts[at], self._firsts[at + 1]
        edge = self._firsts[max(at, 0)]
        first = edge + (number - edge) // self._per * self._per
        return first, first + self._per

    def ends(self, numbers: Ints) -> Ints:
        """For each pane the one behind the last of its period."""
        if not len(numbers):
            return numbers
        low, high = self.period(int(numbers.min())), self.period(int(numbers.max()))
        if low == high:
            return np.full(len(numbers), low[1], np.int64)
        at = self._first_table.searchsorted(numbers, "right") - 1
        inside = (at >= 0) & (at < self._last)
        edges = self._first_table[np.maximum(at, 0)]
        outside = edges + ((numbers - edges) // self._per + 1) * self._per
        ends: Ints = np.where(inside, self._first_table[np.minimum(np.maximum(at, 0) + 1, self._last)], outside)
        return ends


Axis = Even | Uneven
