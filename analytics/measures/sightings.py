"""In which panes each value of a key was seen.

Every (key, value) has a row: the newest pane that it was seen in, one bit for each of the 64 panes up to that one, and
the newest pane before those. So an event finds out in a few array operations whether its value was seen in its pane
before, however many panes hold that value, and in whatever order events come. Each pane has the list of its rows, four
bytes each, which answers all else.

A window that ends with the newest pane counts a value once: where it was seen last. So there is, per pane and key, the
number of rows whose newest pane this is, and a window is read as the sum of those from its first pane on. A window that
ends earlier has to leave out the values that were seen only behind it; which these are, the rows in the few panes there
say. These counts are made when a window of several panes is first read, and anew after something that cannot be
followed; they are no state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints, Words
from analytics.measures.lists import Lists
from analytics.measures.marks import WIDTH, hashes_of, marks_of
from analytics.measures.paned import VACANT
from analytics.measures.seen import BITS, HELD, NEWEST, Seen
from analytics.measures.since import Since

__all__ = ["Sightings"]

SPAN: Final = 64
"""Panes of which a row has a bit."""
NO_END: Final = np.iinfo(np.int64).max
_ONE: Final = np.uint64(1)


class Sightings:
    """At most `most` rows besides those that no open pane holds any more, for which there is some room.

    A pane that was closed is never seen again. In a grid that slides, none older than it is either; where panes become
    one, their values are in the older one before they are closed.

    `slots_of` gives the slots of panes, -1 if closed; `alive` says of keys whether they still matter. Keys are below
    `keys` where windows of several panes are read.
    """

    def __init__(
        self, pane_of: Ints, keys: int, most: int, slots_of: Callable[[Ints], Ints], alive: Callable[[Ints], Bools]
    ) -> None:
        self._pane_of = pane_of
        self._keys = keys
        self._slots_of = slots_of
        self._alive = alive
        # Rows that some open pane holds.
        self.rows = 0
        # The rows of each pane.
        self._lists = Lists()
        self._rows = Seen(most, alive, self._lists.rename)
        # Slots x keys: rows of the key whose newest pane is the one in the slot. None: not known.
        self._last: Ints | None = None
        self._since = Since(np.zeros((0, keys), np.int64), pane_of)

    @staticmethod
    def budget(slots: int, rows: int, pairs: int) -> int:
        """Bytes at worst of so many rows, which are seen in panes so often altogether."""
        return Seen.budget(rows) + Lists.budget(slots, pairs)

    @staticmethod
    def window_budget(cells: int) -> int:
        """Bytes more at worst when windows of several panes are read."""
        return 8 * cells

    # -- rows

    def see(self, panes: Ints, keys: Ints, hashes: Words) -> Ints:
        """Values were seen in panes: the positions of those that had not been seen there yet, each once."""
        rows = self._rows.place(keys, hashes)
        words = self._rows.words.view(np.int64)
        newest = WIDTH * rows + NEWEST
        fresh = []
        todo = (words.take(newest) != panes).nonzero()[0]
        while todo.size:
            here = newest[todo]
            was = words.take(here)
            words[here] = todo  # of several events of a row one is taken at a time: the last to write this
            chosen = (words.take(here) == todo).nonzero()[0]
            if len(chosen) < len(todo):
                here, was = here[chosen], was[chosen]
            words[here] = was
            now = todo[chosen]
            fresh.append(now[self._take(panes[now], keys[now], rows[now], was)])
            if len(now) == len(todo):
                break
            todo = np.delete(todo, chosen)
            todo = todo[words.take(newest[todo]) != panes[todo]]
        return fresh[0] if len(fresh) == 1 else np.concatenate([np.zeros(0, np.int64), *fresh])

    # -- panes

    def _take(self, panes: Ints, keys: Ints, rows: Ints, was: Ints) -> Bools:
        """Rows, each once, were seen in panes that are not their newest: which of them had not been seen there yet."""
        gap = panes - was
        fresh = gap > 0
        if fresh.all():
            self._advance(panes, keys, rows, was)
        else:
            ahead, behind = fresh.nonzero()[0], (~fresh).nonzero()[0]
            self._advance(panes[ahead], keys[ahead], rows[ahead], was[ahead])
            fresh[behind] = self._recall(panes[behind], rows[behind], -gap[behind])
            if self._last is not None and (self._slots_of(was[behind]) < 0).any():
                self._last = None  # the newest pane of a row is closed already: it counts in an older one now
            panes, rows = panes[fresh], rows[fresh]
        self._lists.add(panes, rows)
        words, held = self._rows.words, WIDTH * rows + HELD
        panes_of = words.take(held) + _ONE
        words[held] = panes_of
        self.rows += int(np.count_nonzero(panes_of == _ONE))
        return fresh

    def _advance(self, panes: Ints, keys: Ints, rows: Ints, was: Ints) -> None:
        """Rows of these keys are seen in a pane behind their newest one, `was`."""
        if not rows.size:
            return
        words, places = self._rows.words, WIDTH * rows
        bits = words.take(places + BITS)
        gap = np.minimum(panes - was, SPAN)
        steps = gap.view(np.uint64)
        words[places + BITS] = ((bits << (steps - _ONE)) << _ONE) | _ONE
        if int(panes.max()) - SPAN >= self._pane_of.min(where=self._pane_of != VACANT, initial=NO_END):
            lost = bits >> (np.uint64(SPAN) - steps)
            some = lost.nonzero()[0]
            lost = lost[some]
            lowest = np.bitwise_count((lost & (~lost + _ONE)) - _ONE).astype(np.int64)
            self._rows.before[rows[some]] = was[some] - (SPAN - gap[some]) - lowest
        words.view(np.int64)[places + NEWEST] = panes
        if self._last is not None:
            self._count_last(self._slots_of(panes), keys, 1)
            left = self._slots_of(was)
            held = (left >= 0).nonzero()[0]
            self._count_last(left[held], keys[held], -1)

    def _count_last(self, slots: Ints, keys: Ints, by: int) -> None:
        assert self._last is not None
        np.add.at(self._last, slots * self._keys + keys, by)
        self._since.add(slots, keys, by)

    def _recall(self, panes: Ints, rows: Ints, back: Ints) -> Bools:
        """Rows are seen in a pane before their newest one: which of them had not been seen there yet."""
        fresh = np.zeros(len(rows), np.bool_)
        near = (back < SPAN).nonzero()[0]
        words, places = self._rows.words, WIDTH * rows[near] + BITS
        bits = words[places]
        more = bits | (_ONE << back[near].view(np.uint64))
        fresh[near] = more != bits
        words[places] = more
        far = (back >= SPAN).nonzero()[0]
        if far.size:
            for pane in np.unique(panes[far]).tolist():
                here = far[panes[far] == pane]
                fresh[here] = ~np.isin(rows[here], self._lists.of(pane))
            self._rows.before[rows[far]] = np.maximum(self._rows.before[rows[far]], panes[far])
        return fresh

    def _release(self, rows: NDArray[np.int32]) -> None:
        """A pane does not hold these any more."""
        words, held = self._rows.words, WIDTH * rows.astype(np.int64) + HELD
        panes_of = words.take(held) - _ONE
        words[held] = panes_of
        self.rows -= int(np.count_nonzero(panes_of == 0))

    def pairs(self, panes: Sequence[int]) -> tuple[Ints, Ints, Words]:
        """What was seen in each of these panes: its place among them, key and hash. Cost: the rows in their lists."""
        lists = [self._lists.of(pane) for pane in panes]
        rows = np.concatenate([np.zeros(0, np.int32), *lists])
        places = np.arange(len(panes)).repeat([len(rows) for rows in lists])
        keys = self._rows.keys()[rows]
        return places, keys, self._hashes(rows, keys)

    def _hashes(self, rows: NDArray[np.int32], keys: Ints) -> Words:
        return hashes_of(keys, self._rows.marks()[rows])

    def listed(self, panes: Sequence[int]) -> tuple[Ints, Words, list[NDArray[np.int32]]]:
        """What was seen in these panes, each value of a key once, in an order that depends on nothing else: keys below
        `keys`, hashes, and of each pane which of them, ascending. Cost: a sort of the values, and of each list.
        """
        seen = np.zeros(self._rows.n, np.bool_)
        for pane in panes:
            seen[self._lists.of(pane)] = True
        rows = seen.nonzero()[0].astype(np.int32)
        rows = rows[self._alive(self._rows.keys()[rows])]
        keys = self._rows.keys()[rows]
        hashes, keys = self._hashes(rows, keys), keys % self._keys
        order = marks_of(keys, hashes).argsort()
        numbers = np.full(len(seen), -1, np.int32)
        numbers[rows[order]] = np.arange(len(rows), dtype=np.int32)
        members = []
        for pane in panes:
            part = numbers[self._lists.of(pane)]
            members.append(np.sort(part[part >= 0]))
        return keys[order], hashes[order], members

    def close(self, slot: int, pane: int) -> None:
        """The pane in this slot is about to be closed."""
        if pane not in self._lists:
            return
        self._release(self._lists.pop(pane))
        if self._last is not None:
            if min(self._lists, default=pane) < pane:
                self._last = None  # its rows may have been seen before
            else:
                self._since.leave(slot)
                self._last[slot * self._keys : (slot + 1) * self._keys] = 0

    def take_out(self, parts: Sequence[tuple[int, Ints]]) -> tuple[Ints, Ints, Words]:
        """Forget what was seen in panes of some keys each; none of it comes again. Returns, in step, places among
        `parts`, keys and hashes.

        Cost: the rows in the lists of these panes; of all panes once windows of several are read.
        """
        taken = []
        for pane, keys in parts:
            rows = self._lists.of(pane)
            gone = np.isin(self._rows.keys()[rows], keys)
            taken.append(rows[gone])
            self._lists.put(pane, rows[~gone])
            self._release(taken[-1])
        rows = np.concatenate([np.zeros(0, np.int32), *taken])
        if self._last is not None:
            self._relink(np.unique(rows))
        keys = self._rows.keys()[rows]
        return np.arange(len(parts)).repeat([len(t) for t in taken]), keys, self._hashes(rows, keys)

    def forget(self, count: int) -> None:
        """So many rows of keys that are not alive any more do not matter."""
        self.rows -= count

    # -- windows

    def distinct(self, first: int, last: int) -> Ints:
        """How many values each key has in the panes `first` .. `last`.

        Cost: the counts of each pane that the window left behind since, and the rows in the panes behind it.
        """
        if self._last is None:
            self._last = np.zeros(len(self._pane_of) * self._keys, np.int64)
            self._since = Since(self._last.reshape(-1, self._keys), self._pane_of)
            self._relink_all()
        behind = [pane for pane in self._lists if pane > last]
        if behind and max(behind) - last >= SPAN:
            return self._scanned(first, last)
        sizes = self._since.sums(first, NO_END)
        if behind:
            lists = [self._lists.of(pane) for pane in behind]
            rows, panes = np.concatenate(lists), np.array(behind).repeat([len(rows) for rows in lists])
            newest = self._rows.column(NEWEST).view(np.int64)[rows] == panes  # each row once
            rows, panes = rows[newest], panes[newest]
            bits = self._rows.column(BITS)[rows] >> (panes - last).view(np.uint64)
            if last - first + 1 < SPAN:
                bits &= (_ONE << np.uint64(last - first + 1)) - _ONE
            only = rows[(bits == 0) & (self._rows.before[rows] < first)]
            sizes -= np.bincount(self._rows.keys()[only], minlength=self._keys)
        return sizes

    def _scanned(self, first: int, last: int) -> Ints:
        """The same for a window far back. Cost: the rows in its panes."""
        seen = np.zeros(self._rows.n, np.bool_)
        for pane in self._lists:
            if first <= pane <= last:
                seen[self._lists.of(pane)] = True
        return np.bincount(self._rows.keys()[seen], minlength=self._keys).astype(np.int64)

    def _relink_all(self) -> None:
        """`_relink` of all rows, where nothing is counted yet."""
        self._rows.column(NEWEST).view(np.int64)[:] = VACANT
        self._rows.before[: self._rows.n] = VACANT
        self._rows.column(BITS)[:] = 0
        newest = self._rows.column(NEWEST).view(np.int64)
        for pane in sorted(self._lists):
            here = self._lists.of(pane)
            self._advance(np.full(len(here), pane), self._rows.keys()[here], here.astype(np.int64), newest[here])

    def _relink(self, rows: Ints | NDArray[np.int32]) -> None:
        """Work out anew, from the lists, where these were seen. Cost: a look at all lists."""
        newest = self._rows.column(NEWEST).view(np.int64)
        slots = self._slots_of(newest[rows])
        held = (slots >= 0).nonzero()[0]
        self._count_last(slots[held], self._rows.keys()[rows[held]], -1)
        newest[rows] = self._rows.before[rows] = VACANT
        self._rows.column(BITS)[rows] = 0
        which = np.zeros(self._rows.n, np.bool_)
        which[rows] = True
        for pane in sorted(self._lists):
            here = self._lists.of(pane)
            here = here[which[here]]
            self._advance(np.full(len(here), pane), self._rows.keys()[here], here.astype(np.int64), newest[here])
