"""How far users got in the windows that were read lately, so that only those with a change are judged again.

A sliding window is read several times, and the next one shares nearly all of its panes. What is known of a window, or
of the nearest one, holds for all users except those with events that came since and those with events in the panes that
only one of the two has. These are judged from their events in the window, as all would be. It is no state.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.aggregation import FunnelSetting
from analytics.arrays import Bools, Ints
from analytics.chains import entries, reach
from analytics.journal import Journal
from analytics.measures.rising import PIECE
from analytics.pairs import PairTable

__all__ = ["Judged"]

WINDOWS: Final = 4
"""Windows that are remembered: those that are shown at once, and the one that becomes final."""
ABSENT: Final = -1
GROUP_BYTES: Final = 32
"""Of a user in a pane: who it is and which pane, and as much again while the arrays grow."""


class _Window(NamedTuple):
    """What is known of a window."""

    levels: NDArray[np.int16]
    """Per person the level reached, or ABSENT."""
    counts: Ints
    """Keys x levels: persons at each."""
    upto: int
    """Events of the journal that are taken into account."""


class Judged:
    """Levels in windows, over the events of `journal`. A person is a user of one key, in whatever pane."""

    def __init__(self, journal: Journal, keys: int, setting: FunnelSetting) -> None:
        self._journal = journal
        self._keys = keys
        self._setting = setting._replace(times=False)
        self.drop()

    @staticmethod
    def budget(keys: int, most: int, steps: int) -> int:
        """Bytes at worst."""
        window = 2 * most + 8 * keys * (steps + 1)
        return (WINDOWS + 1) * window + PairTable.budget(most) + GROUP_BYTES * most

    def drop(self) -> None:
        """Events were dropped, or groups have other numbers: forget everything."""
        # (first, last) pane -> what is known of that window.
        self._windows: dict[tuple[int, int], _Window] = {}
        # (key, user) -> person.
        self._people = PairTable(_all_matter, self._journal.capacity)
        self._key: Ints = np.zeros(0, np.int64)
        # Per group.
        self._person: Ints = np.zeros(0, np.int64)
        self._pane: Ints = np.zeros(0, np.int64)

    def close(self, pane: int) -> None:
        """The events of this pane do not count any more."""
        self._windows = {
            (first, last): window for (first, last), window in self._windows.items() if not first <= pane <= last
        }

    def counts(self, first: int, last: int, inside: Bools) -> Ints:
        """Users by key and level over the panes `first` .. `last`; `inside`: the groups in those of them that are open.

        Cost: a pass over the groups, one over the events, and the judgement of the users with a change.
        """
        self._meet()
        base = self._nearest(first, last)
        if base is None:
            window = _Window(np.zeros(0, np.int16), np.zeros((self._keys, self._setting.steps + 1), np.int64), 0)
            changed = np.ones(len(self._key), np.bool_)
        else:
            window = self._windows[base]
            changed = self._changed(window, base, (first, last))
        levels = np.full(len(self._key), ABSENT, np.int16)
        levels[: len(window.levels)] = window.levels
        counts = window.counts.copy()
        people = changed.nonzero()[0]
        if people.size:
            was, now = levels[people].astype(np.int64), self._judge(people, changed, inside)
            known, there = was != ABSENT, now != ABSENT
            np.add.at(counts, (self._key[people[known]], was[known]), -1)
            np.add.at(counts, (self._key[people[there]], now[there]), 1)
            levels[people] = now
        self._windows[first, last] = _Window(levels, counts, len(self._journal))
        if len(self._windows) > WINDOWS:
            del self._windows[min(self._windows)]
        return counts

    def _meet(self) -> None:
        """Learn who the users of new groups are."""
        for start in range(len(self._person), len(self._journal.cells), PIECE):  # all take several times their memory
            piece = slice(start, start + PIECE)
            cells, users = self._journal.cells[piece], self._journal.users[piece]
            panes = cells // self._keys
            keys = cells - panes * self._keys
            places, fresh = self._people.place(keys, users)
            new = fresh.nonzero()[0]
            self._people.counts[places[new]] = len(self._key) + np.arange(len(new))
            self._key = np.append(self._key, keys[new])
            self._person = np.append(self._person, self._people.counts[places])
            self._pane = np.append(self._pane, panes)

    def _nearest(self, first: int, last: int) -> tuple[int, int] | None:
        """The window that shares the most panes, at least half of them."""
        known = [((abs(a - first) + abs(b - last)), (a, b)) for a, b in self._windows]
        if not known:
            return None
        distance, window = min(known)
        return window if 2 * distance <= last - first + 1 else None

    def _changed(self, window: _Window, base: tuple[int, int], now: tuple[int, int]) -> Bools:
        """The people whose events in the window are other ones than in what is known."""
        changed = np.zeros(len(self._key), np.bool_)
        changed[self._person[self._journal.rows.groups[window.upto :]]] = True
        (first, last), (was_first, was_last) = now, base
        for low, high in (sorted((first, was_first)), sorted((last + 1, was_last + 1))):
            if low < high:
                changed[self._person[(self._pane >= low) & (self._pane < high)]] = True
        return changed

    def _judge(self, people: Ints, changed: Bools, inside: Bools) -> Ints:
        """Levels of these people, ABSENT where they have no event inside."""
        chosen = inside & changed[self._person]
        return np.concatenate([self._judge_part(part, chosen) for part in self._pieces(people, chosen)])

    def _pieces(self, people: Ints, chosen: Bools) -> list[Ints]:
        """These people, some at a time: all at once take several times the memory of their events."""
        groups = self._journal.rows.groups
        sizes = np.bincount(self._person[groups[chosen[groups]]], minlength=len(self._key))
        piece = (np.cumsum(sizes) // PIECE)[people]
        return np.split(people, (piece[1:] != piece[:-1]).nonzero()[0] + 1)

    def _judge_part(self, people: Ints, chosen: Bools) -> Ints:
        """The same of some, by their events in the chosen groups."""
        number = np.full(len(self._key), -1, np.int64)
        number[people] = np.arange(len(people))
        rows = self._journal.of_groups(chosen & (number >= 0)[self._person])
        who = number[self._person[rows.groups]]
        present = np.zeros(len(people), np.bool_)
        present[who] = True
        levels = reach(entries(who, rows.times, rows.marks, self._setting), len(people), self._setting).levels
        return np.where(present, levels, ABSENT)


def _all_matter(cells: Ints) -> Bools:
    return np.ones(len(cells), np.bool_)
