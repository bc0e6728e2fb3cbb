"""What users did: their events by group, a group being one user in one pane and key.

Events are kept in order of arrival, so that taking some costs a look-up of their groups and nothing else; who needs
the order of time sorts the groups that it asks for. Of a group the first and the last events to arrive are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from analytics.arrays import Bools, Ints, Visits, Words
from analytics.pairs import PairTable

__all__ = ["Journal", "Rows", "group_of"]

ROW_BYTES: Final = 32
GROUP_BYTES: Final = 40
COPIES: Final = 3
"""How many times the rows are in memory while some are dropped."""
LONG_AGO: Final = np.iinfo(np.int64).min
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_2: Final = np.uint64(0xBF58476D1CE4E5B9)


class Rows(NamedTuple):
    """Events in step: of which group, when, which conditions they meet, the how manieth of their group they are."""

    groups: Ints
    times: Ints
    marks: Ints
    numbers: Ints

    def part(self, which: Ints | Bools) -> Rows:
        """Some of the events."""
        return Rows(self.groups[which], self.times[which], self.marks[which], self.numbers[which])


class Journal:
    """Groups and their events. `alive` says of cells, which are `pane * keys + key`, whether they still matter."""

    def __init__(self, alive: Callable[[Ints], Bools], most_groups: int) -> None:
        self._alive = alive
        self._most = most_groups
        self._table = PairTable(alive, most_groups)
        # Per group: its cell, its user, the latest time, how many events it had.
        self.cells: Ints = np.zeros(0, np.int64)
        self.users: Words = np.zeros(0, np.uint64)
        self.latest: Ints = np.zeros(0, np.int64)
        self.counts: Ints = np.zeros(0, np.int64)
        self.rows = _nothing()
        # Events of groups for which there was no room.
        self.refused = 0

    @staticmethod
    def budget(most_rows: int, most_groups: int) -> int:
        """Bytes at worst."""
        return COPIES * ROW_BYTES * most_rows + 2 * GROUP_BYTES * most_groups + PairTable.budget(most_groups)

    def __len__(self) -> int:
        """Events kept."""
        return len(self.rows.groups)

    def take(self, cells: Ints, visits: Visits) -> Rows:
        """Append events; returns them. Those of new groups beyond the cap are refused and counted."""
        places, fresh = self._table.place(cells, visits.users)
        new = fresh.nonzero()[0]
        if new.size:
            room, number = max(self._most - len(self.cells), 0), np.arange(len(new))
            if len(new) > room:  # first come, first served
                firsts = np.unique(places, return_index=True)[1]
                new = np.sort(firsts[np.isin(places[firsts], places[new])])
            self._table.counts[places[new]] = np.where(number < room, len(self.cells) + number, -1)
            new = new[:room]
            self.cells = np.append(self.cells, cells[new])
            self.users = np.append(self.users, visits.users[new])
            self.latest = np.append(self.latest, np.full(len(new), LONG_AGO))
            self.counts = np.append(self.counts, np.zeros(len(new), np.int64))
        groups = self._table.counts[places]
        times, marks = visits.times, visits.marks
        if new.size < fresh.sum() or (groups < 0).any():
            kept = groups >= 0
            self.refused += int((~kept).sum())
            groups, times, marks = groups[kept], times[kept], marks[kept]
        numbers = self.counts[groups] + _ranks(groups)
        np.add.at(self.counts, groups, 1)
        taken = Rows(groups, times, marks, numbers)
        self.rows = Rows(*map(np.concatenate, zip(self.rows, taken, strict=True)))
        return taken

    def thin(self, first: int, last: int) -> int:
        """Keep the first and the last events of each group; returns how many were dropped."""
        numbers = self.rows.numbers
        kept = (numbers < first) | (numbers >= self.counts[self.rows.groups] - last)
        dropped = len(kept) - int(kept.sum())
        if dropped:
            self.rows = self.rows.part(kept)
        return dropped

    def forget(self) -> Bools:
        """Drop the groups that do not matter any more; returns which stayed, in the order they keep."""
        stay = self._alive(self.cells)
        number = np.cumsum(stay) - 1
        kept = stay[self.rows.groups]
        rows = self.rows.part(kept)
        self.rows = rows._replace(groups=number[rows.groups])
        self.cells, self.users = self.cells[stay], self.users[stay]
        self.latest, self.counts = self.latest[stay], self.counts[stay]
        self._table = PairTable(self._alive, self._most)
        if len(self.cells):
            places, _ = self._table.place(self.cells, self.users)
            self._table.counts[places] = np.arange(len(self.cells))
        return stay

    def of_groups(self, chosen: Bools) -> Rows:
        """All events of these groups. Cost: one pass over all events."""
        return self.rows.part(chosen[self.rows.groups])

    def find(self, cells: Ints, users: Words) -> Ints:
        """Numbers of groups that exist."""
        found: Ints = self._table.counts[self._table.find(cells, users)]
        return found


def group_of(keys: Ints, users: Words) -> tuple[Ints, Ints]:
    """Number of each event's (key, user) combination, and the position of one event of each."""
    mixed = (users ^ (keys.view(np.uint64) * _MIX)) * _MIX_2
    _, firsts, groups = np.unique(mixed ^ (mixed >> np.uint64(31)), return_index=True, return_inverse=True)
    return groups.astype(np.int64), firsts.astype(np.int64)


def _ranks(groups: Ints) -> Ints:
    """The how manieth of its group each event is, from 0."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(groups) else np.zeros(0, np.int64)
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))
    return ranks


def _nothing() -> Rows:
    empty = np.zeros(0, np.int64)
    return Rows(empty, empty, empty, empty)
