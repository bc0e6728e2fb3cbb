"""Long windows in fewer rows: the panes of whole stretches of time, added up once.

A window of 2,100 panes is read each hop, and nearly all of its panes are as they were. So the open panes of an aligned
stretch of `LENGTH` panes are added up in a slot of their own, and a window is read from those slots and from the panes
at its two ends. An event in a stretch makes its slot invalid; it is filled again when the stretch has had no event
between two ticks. No value is taken back, so this holds for a maximum as well as for a sum, and for any order of
arrival; sums are exact, so the rows are the same. It is no state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final

import numpy as np

from analytics.arrays import Ints
from analytics.panes import PanePool

__all__ = ["LENGTH", "Stretches", "room"]

LENGTH: Final = 32
"""Panes of a stretch."""
WORTH: Final = 4 * LENGTH
"""Panes of a window from which on it is read from stretches."""
FEWEST: Final = LENGTH // 4
"""Open panes that are worth a slot."""


def room(panes: int) -> int:
    """Slots for stretches that so many open panes, of which most follow each other, need."""
    return panes // LENGTH + 2 if panes >= WORTH else 0


class Stretches:
    """Slots `first` .. `first + count - 1`; `fold` makes one of them the sum of other slots."""

    def __init__(self, pool: PanePool, first: int, count: int, fold: Callable[[Ints, int], None]) -> None:
        self._pool = pool
        self._fold = fold
        self._count = count
        self._free = list(range(first + count - 1, first - 1, -1))
        # Stretch -> its slot, the one that was filled longest ago first.
        self._slot_of: dict[int, int] = {}

    def forget(self, panes: Iterable[int]) -> None:
        """These panes change. Cost: a look-up each."""
        if self._slot_of:
            for pane in panes:
                slot = self._slot_of.pop(pane // LENGTH, None)
                if slot is not None:
                    self._free.append(slot)

    def rows(self, slots: Ints, busy: Collection[int]) -> Ints:
        """Slots that hold together what `slots` do, which are all open panes between the first and the last of them.

        Stretches with a pane in `busy` are not added up now. Cost: LENGTH rows for each stretch that is new.
        """
        if not self._count or len(slots) < WORTH:
            return slots
        stretches = self._pool.pane_of[slots] // LENGTH
        starts = np.append(0, np.flatnonzero(np.diff(stretches)) + 1)
        stops = np.append(starts[1:], len(slots))
        avoided = {pane // LENGTH for pane in busy}
        rows, single = list[int](), np.ones(len(slots), np.bool_)
        for number, start, stop in zip(stretches[starts].tolist(), starts.tolist(), stops.tolist(), strict=True):
            slot = self._slot_of.get(number)
            if (slot is None and number in avoided) or stop - start < FEWEST:
                continue
            if (not start or stop == len(slots)) and not self._whole(number, stop - start):
                continue
            if slot is None:
                slot = self._take(rows)
                if slot is None:
                    continue
                self._slot_of[number] = slot
                self._fold(slots[start:stop], slot)
            rows.append(slot)
            single[start:stop] = False
        return np.append(np.array(rows, np.int64), slots[single])

    def _whole(self, stretch: int, count: int) -> bool:
        """Whether that many panes are all of the stretch that are open."""
        return len(self._pool.between(stretch * LENGTH, (stretch + 1) * LENGTH)) == count

    def _take(self, used: list[int]) -> int | None:
        """A slot that is free, or the one that was filled longest ago and is not in `used`."""
        if not self._free:
            oldest = next((stretch for stretch, slot in self._slot_of.items() if slot not in used), None)
            if oldest is None:
                return None
            self._free.append(self._slot_of.pop(oldest))
        return self._free.pop()
