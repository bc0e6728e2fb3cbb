"""What users did, kept in order: events by group, a group being one user in one pane and key.

New events are appended and put in their places all at once, when somebody asks. Only the groups that got new ones are
sorted again. Groups are found by a 64-bit mix of their cell and user.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from analytics.arrays import Bools, Ints, Visits, Words

__all__ = ["Journal", "Ordered", "Rows", "group_of"]

ROW_BYTES: Final = 40
COPIES: Final = 3
"""How many times all rows are in memory while they are put in order."""
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_2: Final = np.uint64(0xBF58476D1CE4E5B9)


class Rows(NamedTuple):
    """Events in step: whose, when, and which conditions they meet."""

    cells: Ints
    users: Words
    times: Ints
    marks: Ints

    def part(self, which: Ints | Bools) -> Rows:
        """Some of the events."""
        return Rows(self.cells[which], self.users[which], self.times[which], self.marks[which])


class Ordered:
    """Events sorted by (group, time, marks), with the groups' bounds."""

    def __init__(self, owners: Words, rows: Rows) -> None:
        """The rows have to be in order."""
        self.owners = owners
        self.cells, self.users, self.times, self.marks = rows
        starts = np.flatnonzero(np.append(True, owners[1:] != owners[:-1])) if len(owners) else np.zeros(0, np.int64)
        self.bounds: Ints = np.append(starts, len(owners))
        self.group_owners: Words = owners[starts]
        self.group_cells: Ints = self.cells[starts]
        self.group_users: Words = self.users[starts]

    @classmethod
    def of(cls, owners: Words, rows: Rows) -> Ordered:
        """Sort these events."""
        order = np.lexsort((rows.marks, rows.times, owners))
        return cls(owners[order], rows.part(order))

    def __len__(self) -> int:
        return len(self.owners)

    def groups(self) -> Ints:
        """The number of each event's group."""
        return np.repeat(np.arange(len(self.group_owners)), np.diff(self.bounds))

    def places(self, cells: Ints, users: Words) -> Ints:
        """The numbers of groups that exist."""
        owners = owner_of(cells, users)
        order = np.argsort(self.group_owners)
        places: Ints = order[np.searchsorted(self.group_owners, owners, sorter=order)]
        return places

    def thin(self, first: int, last: int) -> int:
        """Keep the first and the last events of each group; returns how many were dropped."""
        sizes = np.diff(self.bounds)
        if not (sizes > first + last).any():
            return 0
        groups = self.groups()
        rank = np.arange(len(self)) - self.bounds[:-1][groups]
        kept = (rank < first) | (rank >= sizes[groups] - last)
        before = len(self)
        self._select(kept)
        return before - len(self)

    def keep(self, groups: Bools) -> None:
        """Keep these groups only."""
        self._select(groups[self.groups()])

    def _select(self, kept: Bools) -> None:
        Ordered.__init__(self, self.owners[kept], self.rows().part(kept))

    def rows(self) -> Rows:
        """All events."""
        return Rows(self.cells, self.users, self.times, self.marks)


class Journal(Ordered):
    """Ordered events, and new ones that still have to find their places."""

    def __init__(self) -> None:
        super().__init__(np.zeros(0, np.uint64), _nothing())
        self._new: list[Rows] = []
        self.pending = 0

    @staticmethod
    def budget(most: int) -> int:
        """Bytes at worst for so many events."""
        return COPIES * ROW_BYTES * most

    def append(self, cells: Ints, visits: Visits) -> None:
        """Take new events; `cells` are those of panes. Cost: none to speak of."""
        self._new.append(Rows(cells, *visits))
        self.pending += len(cells)

    def touched(self) -> Bools:
        """Which groups have new events."""
        new = _joined(self._new)
        self._new = [new]
        owners = np.unique(owner_of(new.cells, new.users))
        at = np.minimum(np.searchsorted(owners, self.group_owners), len(owners) - 1)
        touched: Bools = owners[at] == self.group_owners
        return touched

    def take_up(self, kept: Bools) -> Ordered:
        """Take out all groups but these; returns the events of those with new ones, the new ones among them.

        Groups that are neither kept nor have new events are forgotten.
        """
        new = _joined(self._new)
        owners = owner_of(new.cells, new.users)
        taken = self.touched() & ~kept
        out = taken[self.groups()]
        fresh = Ordered.of(np.concatenate([self.owners[out], owners]), _joined([self.rows().part(out), new]))
        self.keep(kept)
        self._new, self.pending = [], 0
        return fresh

    def put(self, fresh: Ordered) -> None:
        """Append ordered groups, none of which is here."""
        owners = np.concatenate([self.owners, fresh.owners])
        Ordered.__init__(self, owners, _joined([self.rows(), fresh.rows()]))

    def first_groups(self, most: int) -> Bools:
        """As many groups, oldest first, as have `most` events together."""
        fitting: Bools = self.bounds[1:] <= most
        return fitting

    def of_panes(self, panes: Ints, keys: int) -> Rows:
        """Events of these panes, ascending; a cell is `pane * keys + key`."""
        found = self.cells // keys
        at = np.minimum(np.searchsorted(panes, found), len(panes) - 1)
        return self.rows().part(panes[at] == found)


def owner_of(cells: Ints, users: Words) -> Words:
    """One number for each combination of cell and user, as good as unique."""
    mixed = (users ^ (cells.view(np.uint64) * _MIX)) * _MIX_2
    owners: Words = (mixed ^ (mixed >> np.uint64(31))) * _MIX
    return owners


def group_of(keys: Ints, users: Words) -> tuple[Ints, Ints]:
    """Number of each event's (key, user) combination, and the position of one event of each."""
    _, firsts, groups = np.unique(owner_of(keys, users), return_index=True, return_inverse=True)
    return groups.astype(np.int64), firsts.astype(np.int64)


def _joined(parts: list[Rows]) -> Rows:
    if not parts:
        return _nothing()
    return parts[0] if len(parts) == 1 else Rows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _nothing() -> Rows:
    empty = np.zeros(0, np.int64)
    return Rows(empty, np.zeros(0, np.uint64), empty, empty)
