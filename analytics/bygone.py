"""Spans of time that a user left behind but that a late event can still reach: a chain for each, newest first.

The pool holds the chains of all users. Entries are only appended and marked as gone; when it is full, those that still
matter are moved together, and it grows if they are many.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints

__all__ = ["NEVER", "Bygone", "Spans"]

NEVER: Final = -(1 << 61)
"""Before every event time."""
SMALLEST: Final = 1_024
COLUMNS: Final = ("row", "start", "last", "pane", "several", "before")
ENTRY_BYTES: Final = 8 * len(COLUMNS)
TIDY_BYTES: Final = 24
"""Of an entry: its new number, that it is kept, and its part of the column that is moved."""


def capacity(most: int) -> int:
    """Entries of the arrays at worst."""
    size = SMALLEST
    while size < most + most // 4:
        size *= 2
    return size


class Spans(NamedTuple):
    """Stretches of events of users, in step."""

    rows: Ints
    """Whose."""
    starts: Ints
    lasts: Ints
    panes: Ints
    """The pane of the first event."""
    several: Ints
    """1 where there was more than one event, else 0."""

    def part(self, which: Ints | Bools) -> Spans:
        """Some of them."""
        return Spans(*(column[which] for column in self))


class Bygone:
    """At most `most` spans besides those added since the last `tidy`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._filled = 0
        self._columns: dict[str, Ints] = {name: np.zeros(SMALLEST, np.int64) for name in COLUMNS}

    @staticmethod
    def budget(most: int) -> int:
        """Bytes at worst of the pool."""
        return ENTRY_BYTES * capacity(most)

    @staticmethod
    def passing(most: int) -> int:
        """Bytes at worst of what there is for a moment only, while the pool is tidied: numbers, and a column."""
        return TIDY_BYTES * capacity(most)

    def add(self, spans: Spans, before: Ints) -> Ints:
        """Append spans; `before` is the entry that comes next in each one's chain, or -1. Returns their entries."""
        count = len(spans.rows)
        entries = np.arange(self._filled, self._filled + count)
        self._filled += count
        for name, values in zip(COLUMNS, (*spans, before), strict=True):
            self._columns[name][entries] = values
        return entries

    def link(self, entries: Ints) -> None:
        """Each of these comes right behind the entry that was added before it in its chain."""
        self._columns["before"][entries] = entries - 1

    def full(self, more: int) -> bool:
        """Whether so many more make `tidy` necessary."""
        return self._filled + more > len(self._columns["row"])

    def reach(self, heads: Ints, times: Ints) -> tuple[Ints, Ints]:
        """Entries of these chains up to the first that ended before the chain's `times`, and that one or -1."""
        rest = heads.copy()
        found = []
        going = np.arange(len(heads))
        lasts, before = self._columns["last"], self._columns["before"]
        while going.size:
            entries = rest[going]
            going = going[(entries >= 0) & (lasts[entries] >= times[going])]
            found.append(rest[going])
            rest[going] = before[rest[going]]
        return np.concatenate([np.zeros(0, np.int64), *found]), rest

    def spans(self, entries: Ints) -> Spans:
        """What these entries hold."""
        return Spans(*(self._columns[name][entries] for name in COLUMNS[:-1]))

    def drop(self, entries: Ints) -> None:
        """These are no longer in any chain."""
        self._columns["last"][entries] = NEVER

    def drop_of(self, rows: Bools) -> None:
        """These users are forgotten; `rows` says so of every row."""
        self._columns["last"][: self._filled][rows[self._columns["row"][: self._filled]]] = NEVER

    def mattering(self, earliest: int) -> Ints:
        """Entries that ended at `earliest` or later."""
        return (self._columns["last"][: self._filled] >= earliest).nonzero()[0]

    def rehome(self, panes: NDArray[Any], target: int) -> None:
        """What started in these panes started in another one."""
        column = self._columns["pane"]
        column[np.isin(column, panes)] = target

    def tidy(self, earliest: int, more: int) -> tuple[Ints, int]:
        """Make room for `more` entries: forget what ended before `earliest`, and the oldest beyond the cap.

        Returns the new number of every entry, -1 for those that are gone, and how many were forgotten for lack of room.
        """
        kept = self.mattering(earliest)
        lost = max(len(kept) - self._most, 0)
        if lost:
            lasts = self._columns["last"][kept]
            limit = np.partition(lasts, lost)[lost]
            lost = int((lasts < limit).sum())
            kept = kept[lasts >= limit]
            if len(kept) > self._most:  # one that ended with others goes with all of them
                lost += int((lasts == limit).sum())
                kept = kept[self._columns["last"][kept] > limit]
        numbers = np.full(self._filled, -1, np.int64)
        numbers[kept] = np.arange(len(kept))
        before = self._columns["before"][kept]
        self._columns["before"][kept] = np.where(before >= 0, numbers[before], -1)
        size = len(self._columns["row"])
        while size < (len(kept) + more) * 5 // 4:
            size *= 2
        for name, column in self._columns.items():
            moved = column[kept]
            if size != len(column):
                self._columns[name] = column = np.zeros(size, np.int64)
            column[: len(kept)] = moved
        self._filled = len(kept)
        return numbers, lost
