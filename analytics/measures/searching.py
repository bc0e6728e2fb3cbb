"""How far users got in a funnel in which an event can take a level back: each user in each pane is searched alone.

A user whose events are later than all before goes on; with an earlier one the search begins again. Of `strict_once` no
search can go on: those with new events are judged anew.
"""

from __future__ import annotations

import numpy as np

from analytics.aggregation import FunnelSetting
from analytics.arrays import Bools, Ints
from analytics.chains import Search, entries, reach
from analytics.journal import LONG_AGO, Journal, Rows
from analytics.measures.moved import Moved

__all__ = ["Searching", "renumbered"]


class Searching:
    """Levels of the groups of `journal`, in which a group is a user in a pane and key."""

    def __init__(self, journal: Journal, setting: FunnelSetting) -> None:
        self._journal = journal
        self._setting = setting._replace(times=False)
        self._always_again = "strict_once" in setting.modes
        # Per group its search so far, the latest time that it took, and the level.
        self._search = Search(0, self._setting)
        self._latest: Ints = np.zeros(0, np.int64)
        self.levels: Ints = np.zeros(0, np.int64)

    @staticmethod
    def budget(most: int, steps: int) -> int:
        """Bytes at worst; as many more for a moment, while there come to be more groups."""
        return (16 * steps + 25) * most

    def meet(self) -> None:
        """There may be new groups."""
        more = len(self._journal.cells) - len(self.levels)
        if more:
            self._search.grow(more)
            self._latest = np.append(self._latest, np.full(more, LONG_AGO))
            self.levels = np.append(self.levels, np.zeros(more, np.int64))

    def take(self, rows: Rows) -> Moved:
        """Events came, which the journal has: whose levels are others now."""
        touched = np.zeros(len(self.levels), np.bool_)
        touched[rows.groups] = True
        earliest = np.full(len(touched), np.iinfo(np.int64).max)
        np.minimum.at(earliest, rows.groups, rows.times)
        late = touched & ((earliest <= self._latest) | self._always_again)
        np.maximum.at(self._latest, rows.groups, rows.times)
        moved = [self._go_on(rows.part(~late[rows.groups]), touched & ~late)]
        if late.any():
            moved.append(self.again(late))
        return Moved.joined(moved)

    def _go_on(self, rows: Rows, chosen: Bools) -> Moved:
        groups = chosen.nonzero()[0]
        return self._run(self._search.part(groups), rows, groups)

    def again(self, chosen: Bools) -> Moved:
        """Judge all events of these groups."""
        rows, groups = self._journal.of_groups(chosen), chosen.nonzero()[0]
        if self._always_again:
            found = entries(renumbered(rows.groups, groups, len(chosen)), rows.times, rows.marks, self._setting)
            return self._moved(groups, reach(found, len(groups), self._setting).levels)
        return self._run(Search(len(groups), self._setting), rows, groups)

    def _run(self, search: Search, rows: Rows, groups: Ints) -> Moved:
        owners = renumbered(rows.groups, groups, len(self.levels))
        search.run(entries(owners, rows.times, rows.marks, self._setting))
        moved = self._moved(groups, search.levels())
        self._search.put(groups, search)
        return moved

    def _moved(self, groups: Ints, levels: Ints) -> Moved:
        changed = (levels != self.levels[groups]).nonzero()[0]
        groups = groups[changed]
        moved = Moved(groups, self.levels[groups], levels[changed])
        self.levels[groups] = moved.now
        return moved

    def note_latest(self, groups: Ints) -> None:
        """There were events of these groups as late as the journal says, whatever is left of them."""
        np.maximum.at(self._latest, groups, self._journal.latest[groups])

    def forget(self, stay: Bools) -> None:
        """The journal dropped all other groups."""
        self._search = self._search.part(stay)
        self._latest, self.levels = self._latest[stay], self.levels[stay]


def renumbered(groups: Ints, chosen: Ints, count: int) -> Ints:
    """Group numbers by their place among the chosen ones."""
    number = np.full(count, -1, np.int64)
    number[chosen] = np.arange(len(chosen))
    return number[groups]
