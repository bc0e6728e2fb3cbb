"""Rows that know in which panes their value was seen lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints
from analytics.measures.paned import VACANT
from analytics.measures.rows import Rows, moved

__all__ = ["BITS", "HELD", "NEWEST", "Seen"]

NEWEST: Final = 1
"""Place in a row of the newest pane that the value was seen in."""
BITS: Final = 2
"""Bit i is set if it was seen in the i-th pane before that one."""
HELD: Final = 3
"""How many open panes hold it."""


class Seen(Rows):
    """Those rows matter that a pane holds and whose keys are `alive`. New ones were seen nowhere yet."""

    def __init__(self, most: int, alive: Callable[[Ints], Bools], renamed: Callable[[NDArray[np.int32]], None]) -> None:
        super().__init__(most, renamed)
        self._alive = alive
        # Per row: the newest pane that the value was seen in before those that have a bit.
        self.before: Ints = np.zeros(self.room, np.int64)

    @staticmethod
    def budget(rows: int) -> int:
        return Rows.budget(rows) + 8 * Rows.room_for(rows)

    def matter(self) -> Bools:
        return (self.column(HELD) > 0) & self._alive(self.keys())

    def begin(self, new: slice) -> None:
        self.before[new] = VACANT
        self.column(NEWEST).view(np.int64)[new] = VACANT
        self.column(BITS)[new] = 0
        self.column(HELD)[new] = 0

    def move(self, known: int, kept: Bools | None, room: int) -> None:
        self.before = moved(self.before, known, kept, room)
