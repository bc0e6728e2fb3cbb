"""What users did: their events by group, a group being one user in one pane and key.

Events are kept in order of arrival, so that taking some costs a look-up of their groups and nothing else; who needs
the order of time sorts the groups that it asks for. Of a group the first and the last events to arrive are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final, NamedTuple

import numpy as np

from analytics.arrays import Bools, Ints, Words
from analytics.columns import ordered, roomy
from analytics.pairs import PairTable

__all__ = ["LONG_AGO", "Journal", "Rows", "group_of"]

ROW_BYTES: Final = 24
GROUP_BYTES: Final = 24
PIECE: Final = 1 << 14
"""Events that are looked at in one step, in about 1 ms."""
DEAD: Final = 8
"""One in so many groups may be dead before they are dropped, beyond the cap."""
LONG_AGO: Final = np.iinfo(np.int64).min
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_2: Final = np.uint64(0xBF58476D1CE4E5B9)


class Rows(NamedTuple):
    """Events in step: of which group, when, which conditions they meet."""

    groups: Ints
    times: Ints
    marks: Ints

    def part(self, which: Ints | Bools | slice) -> Rows:
        """Some of the events."""
        return Rows(self.groups[which], self.times[which], self.marks[which])


class Journal:
    """Groups and their events. `alive` says of cells, which are `pane * keys + key`, whether they still matter."""

    def __init__(self, alive: Callable[[Ints], Bools], most_groups: int, most_rows: int) -> None:
        self._alive = alive
        self._most = most_groups
        self._most_rows = most_rows
        self.capacity = self.capacity_of(most_groups)
        self._table = PairTable(alive, self.capacity)
        # Per group, with room for more behind them: its cell, its user, the latest time.
        self._n = 0
        self._cells: Ints = np.zeros(0, np.int64)
        self._users: Words = np.zeros(0, np.uint64)
        self._latest: Ints = np.zeros(0, np.int64)
        # Per event, in the same way.
        self._kept = 0
        self._rows = Rows(*(np.zeros(0, np.int64) for _ in Rows._fields))
        # How often events were dropped, or their groups given other numbers.
        self._drops = 0
        # Events of groups for which there was no room.
        self.refused = 0

    @staticmethod
    def capacity_of(most_groups: int) -> int:
        """Groups that there can be, dead ones included."""
        return most_groups + most_groups // DEAD

    @staticmethod
    def budget(most_rows: int, most_groups: int) -> int:
        """Bytes at worst."""
        groups = Journal.capacity_of(most_groups)
        return ROW_BYTES * most_rows + GROUP_BYTES * groups + PairTable.budget(groups)

    @property
    def cells(self) -> Ints:
        """The cell of each group."""
        return self._cells[: self._n]

    @property
    def users(self) -> Words:
        """The user of each group."""
        return self._users[: self._n]

    @property
    def latest(self) -> Ints:
        """The latest time of each group."""
        return self._latest[: self._n]

    @property
    def rows(self) -> Rows:
        """The events that are kept, in order of arrival."""
        return Rows(*(column[: self._kept] for column in self._rows))

    def alive(self) -> Bools:
        """Which groups still matter."""
        return self._alive(self.cells)

    def __len__(self) -> int:
        """Events kept."""
        return self._kept

    def place(self, cells: Ints, users: Words) -> Ints | None:
        """The group of each of these, made where it is missing; -1 for those of new groups beyond the cap.

        None: there is no room before `forget` was called.
        """
        taken = None
        if len(cells) > self._most - self._n:
            missing = (self._table.find(cells, users) < 0).nonzero()[0]
            if len(missing) > self._most - self._n:
                room = max(self._most - int(np.count_nonzero(self.alive())), 0)  # dead ones do not count
                groups, firsts = group_of(cells[missing], users[missing])
                if self._n + min(len(firsts), room) > self.capacity:
                    return None
                if len(firsts) > room:  # first come, first served; the others must not take up room in the table
                    served = np.zeros(len(firsts), np.bool_)
                    served[firsts.argsort()[:room]] = True
                    taken = np.ones(len(cells), np.bool_)
                    taken[missing[~served[groups]]] = False
        if taken is None:
            return self._placed(cells, users)
        placed = np.full(len(cells), -1, np.int64)
        placed[taken] = self._placed(cells[taken], users[taken])
        return placed

    def _placed(self, cells: Ints, users: Words) -> Ints:
        """The group of each; there is room for those that are new."""
        places, fresh = self._table.place(cells, users)
        new = fresh.nonzero()[0]
        if new.size:
            self._table.counts[places[new]] = self._n + np.arange(len(new))
            self._add(cells[new], users[new])
        return self._table.counts[places]

    def _add(self, cells: Ints, users: Words) -> None:
        old, self._n = self._n, self._n + len(cells)
        for name in ("_cells", "_users", "_latest"):  # one after the other, so that only one is there twice
            setattr(self, name, roomy(getattr(self, name), old, len(cells), self.capacity))
        self._cells[old : self._n], self._users[old : self._n] = cells, users
        self._latest[old : self._n] = LONG_AGO

    def append(self, rows: Rows) -> None:
        """Keep these events."""
        old, self._kept = self._kept, self._kept + len(rows.groups)
        for name in Rows._fields:
            grown = roomy(getattr(self._rows, name), old, len(rows.groups), self._most_rows)
            self._rows = self._rows._replace(**{name: grown})
        for column, values in zip(self._rows, rows, strict=True):
            column[old : self._kept] = values
        self.note(rows)

    def note(self, rows: Rows) -> None:
        """There were these events, kept or not."""
        np.maximum.at(self._latest, rows.groups, rows.times)

    def keep(self, which: Bools) -> None:
        """Drop the events that are not in `which`; those that came behind its end stay."""
        if len(which) < self._kept:
            which = np.append(which, np.ones(self._kept - len(which), np.bool_))
        for name in Rows._fields:
            kept = getattr(self._rows, name)[: self._kept][which]
            self._rows = self._rows._replace(**{name: kept})
        self._kept = len(self._rows.groups)
        self._drops += 1

    def sifting(self, needed: Callable[[Rows], Bools]) -> Generator[None, None, int | None]:
        """Keep the events that are `needed`, in steps between which events may be appended; those stay.

        Comes to how many were dropped; None: events were dropped by others meanwhile, and none by this.
        """
        drops, rows = self._drops, self.rows
        kept = np.ones(len(rows.groups), np.bool_)
        for start in range(0, len(kept), PIECE):
            piece = slice(start, start + PIECE)
            kept[piece] = needed(rows.part(piece))
            yield
            if self._drops != drops:
                return None
        return self._kept_since(drops, kept)

    def thinning(self, first: int, last: int) -> Generator[None, None, int | None]:
        """Keep the first and the last events of each group, in steps between which events may be appended; those stay.

        Comes to how many were dropped; None: events were dropped by others meanwhile, and none by this.
        """
        drops, groups = self._drops, self.rows.groups
        counts = np.bincount(groups, minlength=self._n)
        many = (counts > first + last)[groups].nonzero()[0]
        yield
        kept, seen = np.ones(len(groups), np.bool_), np.zeros(len(counts), np.int64)
        for start in range(0, len(many), PIECE):
            places = many[start : start + PIECE]
            here = groups[places]
            ranks = seen[here] + _ranks(here)
            kept[places[(ranks >= first) & (ranks < counts[here] - last)]] = False
            seen += np.bincount(here, minlength=len(seen))
            yield
        return self._kept_since(drops, kept)

    def _kept_since(self, drops: int, which: Bools) -> int | None:
        """`keep`, if nothing was dropped since there were so many `drops`; how many are dropped, None if that is so."""
        if self._drops != drops:
            return None
        dropped = len(which) - int(which.sum())
        if dropped:
            self.keep(which)
        return dropped

    def forget(self) -> Bools:
        """Drop the groups that do not matter any more; returns which stayed, in the order they keep."""
        stay = self.alive()
        number = np.cumsum(stay) - 1
        self.keep(stay[self.rows.groups])
        self._rows = self._rows._replace(groups=number[self._rows.groups])
        for name in ("cells", "users", "latest"):  # one after the other, so that only one is there twice
            setattr(self, f"_{name}", getattr(self, name)[stay])
        self._n = len(self._cells)
        self._table.hold(self._cells, self._users)
        return stay

    def of_groups(self, chosen: Bools) -> Rows:
        """All events of these groups. Cost: one pass over all events."""
        return self.rows.part(chosen[self.rows.groups])


def group_of(keys: Ints, users: Words) -> tuple[Ints, Ints]:
    """Number of each event's (key, user) combination, and the position of one event of each."""
    mixed = (users ^ (keys.view(np.uint64) * _MIX)) * _MIX_2
    _, firsts, groups = np.unique(mixed ^ (mixed >> np.uint64(31)), return_index=True, return_inverse=True)
    return groups.astype(np.int64), firsts.astype(np.int64)


def _ranks(groups: Ints) -> Ints:
    """The how manieth of its group each event is, from 0."""
    order = ordered(groups, stable=True)
    sorted_ = groups[order]
    starts = np.flatnonzero(np.append(True, sorted_[1:] != sorted_[:-1])) if len(groups) else np.zeros(0, np.int64)
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))
    return ranks
