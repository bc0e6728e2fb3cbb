"""Users counted by the panes in which something of theirs began that is still going on, step by step.

Over a window that goes on until now it is then a sum of counters how many of them began something in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from analytics.arrays import Ints
from analytics.measures.since import Since

__all__ = ["Tally"]

NO_END: Final = np.iinfo(np.int64).max


class Tally:
    """Counters by slot, key and step; `pane_of` are the panes of the slots, `slots_of` the slots of panes or -1."""

    def __init__(self, keys: int, steps: int, pane_of: Ints, slots_of: Callable[[Ints], Ints]) -> None:
        self._keys = keys
        self._steps = steps
        self._slots_of = slots_of
        # Slots x (keys x steps).
        self._table: Ints = np.zeros((len(pane_of), keys * steps), np.int64)
        self._since = Since(self._table, pane_of)

    def count(self, keys: Ints, panes: Ints, signs: Ints) -> None:
        """Count users of these keys, or take them out; `panes` has one row for each, by step. Closed panes do not
        count.
        """
        slots = self._slots_of(panes.reshape(-1))
        held = (slots >= 0).nonzero()[0]
        users = held // self._steps
        columns = keys[users] * self._steps + held - users * self._steps
        slots, signs = slots[held], signs[users]
        np.add.at(self._table.reshape(-1), slots * self._table.shape[1] + columns, signs)
        self._since.add(slots, columns, signs)

    def leave(self, slot: int) -> None:
        """The pane in this slot is about to be closed."""
        self._since.leave(slot)
        self._table[slot] = 0

    def since(self, first: int) -> Ints:
        """Keys x steps: what began in the pane `first` or later. Cost: a row for each pane that was left behind."""
        return self._since.sums(first, NO_END).reshape(self._keys, self._steps)
