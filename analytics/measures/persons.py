"""The users of a funnel, each over all panes of a key: which groups are theirs, and what goes on from pane to pane.

A group is a user in a pane and key, as the journal has them; a person is a user of a key. In coarser windows, which are
filled beside the panes, users are other persons.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analytics.arrays import Bools, Ints
from analytics.columns import ordered, roomy
from analytics.journal import LONG_AGO, Journal
from analytics.pairs import PairTable
from analytics.panes import COARSE
from analytics.starts import NEVER

__all__ = ["NONE", "Persons"]

NONE: Final = -1


class Persons:
    """The people behind the groups of `journal`."""

    def __init__(self, journal: Journal, keys: int, steps: int) -> None:
        self._journal = journal
        self._keys = keys
        self._steps = steps
        # Per group, with room for more: the level, whose it is, its pane, the person's group before it and, per step,
        # the pane in which the latest chain began that had reached it by then.
        self._n = 0
        self._level: Ints = np.zeros(0, np.int64)
        self._person: Ints = np.zeros(0, np.int64)
        self._pane: Ints = np.zeros(0, np.int64)
        self._before: Ints = np.zeros(0, np.int64)
        self._since: Ints = np.zeros((0, self._steps), np.int64)
        # (key, user) -> person, or (cell, user) for coarser windows; and per person, with room for more, the newest
        # group, the latest time and, per step, when and in which pane the latest chain began.
        self._people = PairTable(_all_matter, journal.capacity)
        self._known = 0
        self._newest: Ints = np.zeros(0, np.int64)
        self._latest: Ints = np.zeros(0, np.int64)
        self._began: Ints = np.zeros((0, self._steps), np.int64)
        self._at: Ints = np.zeros((0, self._steps), np.int64)
        # People whose panes do not follow each other in time.
        self._odd: Bools = np.zeros(0, np.bool_)

    @staticmethod
    def budget(most: int, steps: int) -> int:
        """Bytes at worst."""
        return (49 + 24 * steps) * most + PairTable.budget(most)

    @property
    def levels(self) -> Ints:
        """The level of each group in its pane."""
        return self._level[: self._n]

    def meet(self) -> None:
        """Learn who the users of new groups are."""
        old = self._n
        cells, users = self._journal.cells[old:], self._journal.users[old:]
        more = len(cells)
        if not more:
            return
        self._n += more
        for name in ("_level", "_person", "_pane", "_before", "_since"):  # one after the other, so that one is copied
            setattr(self, name, roomy(getattr(self, name), old, more, self._journal.capacity))
        new = slice(old, self._n)
        self._level[new], self._before[new], self._since[new] = 0, NONE, NEVER
        self._pane[new] = cells // self._keys
        places, fresh = self._people.place(self._worlds(cells), users)
        first = fresh.nonzero()[0]
        self._people.counts[places[first]] = self._known + np.arange(len(first))
        self._person[new] = self._people.counts[places]
        self._welcome(len(first))

    def _worlds(self, cells: Ints) -> Ints:
        """The key of each cell; the parts of a coarser window are apart from everything else."""
        panes = cells // self._keys
        return np.where(panes < COARSE // 2, cells, cells - panes * self._keys)

    def _welcome(self, more: int) -> None:
        old, self._known = self._known, self._known + more
        for name in ("_newest", "_latest", "_odd", "_began", "_at"):
            setattr(self, name, roomy(getattr(self, name), old, more, self._journal.capacity))
        new = slice(old, self._known)
        self._newest[new], self._latest[new], self._began[new], self._at[new] = NONE, LONG_AGO, NEVER, NEVER
        self._odd[new] = False

    def forget(self, stay: Bools) -> None:
        """The journal dropped all other groups."""
        number = np.append(np.where(stay, np.cumsum(stay) - 1, NONE), NONE)
        at = stay.nonzero()[0]
        self._n = len(at)
        for name in ("_level", "_pane", "_since", "_before"):  # one after the other, so that only one is there twice
            setattr(self, name, getattr(self, name)[at])
        self._before = number[self._before]
        left = np.zeros(self._known, np.bool_)
        left[self._person[at]] = True
        self._person = (np.cumsum(left) - 1)[self._person[at]]
        here = left.nonzero()[0]
        self._known = len(here)
        self._newest = number[self._newest[here]]
        for name in ("_latest", "_odd", "_began", "_at"):
            setattr(self, name, getattr(self, name)[here])
        if (self._newest == NONE).any():  # the newest pane of somebody went, and not the oldest
            order = ordered(self._person, self._pane)
            self._newest[self._person[order]] = order
        cells, users = self._journal.cells[self._newest], self._journal.users[self._newest]
        self._people.hold(self._worlds(cells), users)


def _all_matter(cells: Ints) -> Bools:
    return np.ones(len(cells), np.bool_)
