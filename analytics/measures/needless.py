"""Events of a funnel that can change nothing, whatever else comes, since the user did the same before.

In a funnel in which no event takes a level back, and whose windows all are no longer than `within`: when a user has
reached a step in a pane, a later event of that pane that meets the same step is of no use, since whatever goes on from
it goes on from the earlier one; and one that meets the last step is of none before a later one. That is most of what
people do: they view one page after the other.

Known is a time at which each step was reached, by events that are there. It may be later than the earliest, when these
came in another order; then more is kept than has to be.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.columns import roomy
from analytics.journal import Rows

__all__ = ["Needless"]

LATE: Final = np.iinfo(np.int64).max
EARLY: Final = np.iinfo(np.int64).min


class Needless:
    """How far each group got, a user in a pane and key. There are at most `most` groups."""

    def __init__(self, steps: int, most: int) -> None:
        self._steps = steps
        self._most = most
        self._n = 0
        # Per group, with room for more: when each step but the last was reached, and the latest event of the last.
        self._reached: Ints = np.zeros((0, steps - 1), np.int64)
        self._last: Ints = np.zeros(0, np.int64)

    @staticmethod
    def budget(most: int, steps: int) -> int:
        """Bytes at worst."""
        return 8 * steps * most

    def note(self, rows: Rows, groups: int) -> None:
        """There were these events; so many groups are known. All events at once give the earliest times."""
        if groups > self._n:
            old, self._n = self._n, groups
            self._reached = roomy(self._reached, old, groups - old, self._most)
            self._last = roomy(self._last, old, groups - old, self._most)
            self._reached[old:groups], self._last[old:groups] = LATE, EARLY
        for step in range(self._steps - 1):
            met = (rows.marks & 1 << step).nonzero()[0]
            owners, times = rows.groups[met], rows.times[met]
            if step:
                in_order = times >= self._reached[owners, step - 1]
                owners, times = owners[in_order], times[in_order]
            np.minimum.at(self._reached[:, step], owners, times)
        met = (rows.marks & 1 << self._steps - 1).nonzero()[0]
        np.maximum.at(self._last, rows.groups[met], rows.times[met])

    def among(self, rows: Rows) -> Bools:
        """Which of these events, which were noted, are needless."""
        needless = np.ones(len(rows.groups), np.bool_)
        for step in range(self._steps):
            met = rows.marks & 1 << step != 0
            if step < self._steps - 1:
                needless &= ~met | (rows.times > self._reached[rows.groups, step])
            else:
                needless &= ~met | (rows.times < self._last[rows.groups])
        return needless

    def anew(self, rows: Rows, groups: int) -> None:
        """These events are left of so many groups, which may have other numbers."""
        self._n = 0
        self.note(rows, groups)
