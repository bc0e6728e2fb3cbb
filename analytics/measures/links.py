"""How many distinct values a window of several panes holds, without sorting or merging their sets.

Each cell counts the values of its key that occurred in its pane for the last time. Summed up over all panes from some
pane on, that is how many values there have been since: a value counts once, where it occurred last. A window that ends
before the newest pane has to leave out the values that occurred only behind it. To tell those, each (pane, key, value)
remembers the last pane before it that holds the same value of the same key, which then lies before the window.

So reading a window costs what reading a count does, and a look at the pairs in the few panes behind it.

All this is made when first needed, and again after something that cannot be followed cheaply; it is no state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from analytics.arrays import Ints, Words
from analytics.measures.since import Since
from analytics.pairs import PairTable

__all__ = ["Links"]

NEVER: Final = np.iinfo(np.int64).min
NO_END: Final = np.iinfo(np.int64).max
MOST_PANES: Final = 64
"""Panes of one batch that are linked one by one; more, and all links are made anew."""


class Links:
    """Links of the pairs in `table`, kept as their counts. `slots_of` gives the slots of panes, -1 if closed."""

    def __init__(self, table: PairTable, keys: int, most: int, pane_of: Ints, slots_of: Callable[[Ints], Ints]) -> None:
        self._table = table
        self._keys = keys
        self._pane_of = pane_of
        self._most = most
        self._slots_of = slots_of
        # (key, value) -> the latest pane that holds it; None while the links are not made.
        self._latest: PairTable | None = None
        # Slots x keys: values of the key whose latest pane is the one in the slot. None: not known.
        self._last: Ints | None = None
        self._since = Since(np.zeros((0, keys), np.int64), pane_of)

    @staticmethod
    def budget(cells: int, most: int) -> int:
        """Bytes at worst."""
        return PairTable.budget(most) + 8 * cells

    def drop(self) -> None:
        """Forget the links; they are made anew when needed."""
        self._latest = self._last = None

    def close(self, slot: int, *, oldest: bool) -> None:
        """The pane in this slot is closed. Values of any but the oldest may have been in a pane before it as well."""
        if not oldest:
            self._last = None
        elif self._last is not None:
            self._since.leave(slot)
            self._last[slot * self._keys : (slot + 1) * self._keys] = 0

    def distinct(self, first: int, last: int, keys: Ints) -> Ints:
        """How many values `keys` have in the panes `first` .. `last`.

        Cost: a row for each pane that the window left behind since, and the pairs in those behind it.
        """
        if self._latest is None:
            self._make()
        if self._last is None:
            return self.scanned(first, last, keys)
        sizes = self._since.sums(first, NO_END)[keys]
        if (self._pane_of > last).any():
            cells, _, links = self._table.between((last + 1) * self._keys, NO_END)
            sizes -= self._by_key(cells[links < first])[keys]
        return sizes

    def scanned(self, first: int, last: int, keys: Ints) -> Ints:
        """The same where pairs behind the window are missing. Cost: a scan of the table and the window's pairs."""
        if self._latest is None:
            self._make()
        cells, _, links = self._table.between(first * self._keys, (last + 1) * self._keys)
        return self._by_key(cells[links < first])[keys]

    def _by_key(self, cells: Ints) -> Ints:
        return np.bincount(cells % self._keys, minlength=self._keys).astype(np.int64)

    def _make(self) -> None:
        cells, hashes, _ = self._table.pairs()
        panes = cells // self._keys
        keys = cells - panes * self._keys
        order = np.lexsort((panes, hashes, keys))
        cells, hashes, panes, keys = cells[order], hashes[order], panes[order], keys[order]
        links = np.full(len(cells), NEVER)
        same = (keys[1:] == keys[:-1]) & (hashes[1:] == hashes[:-1])
        links[1:][same] = panes[:-1][same]
        places = self._table.find(cells, hashes)
        self._table.counts[places] = links
        newest = np.append(~same, True)[: len(cells)]
        self._latest = PairTable(lambda cells: np.ones(len(cells), np.bool_), self._most)
        places, _ = self._latest.place(keys[newest], hashes[newest])
        self._latest.counts[places] = panes[newest]
        self._last = np.zeros(len(self._pane_of) * self._keys, np.int64)
        self._since = Since(self._last.reshape(-1, self._keys), self._pane_of)
        self._count_last(panes[newest], keys[newest], 1)

    def _count_last(self, panes: Ints, keys: Ints, by: int) -> None:
        if self._last is None:
            return
        slots = self._slots_of(panes)
        held = slots >= 0
        np.add.at(self._last, slots[held] * self._keys + keys[held], by)
        self._since.add(slots[held], keys[held], by)

    def add(self, cells: Ints, hashes: Words, places: Ints) -> None:
        """Link new pairs, which lie at `places` of the table."""
        if self._latest is None:
            return
        panes = cells // self._keys
        present = np.unique(panes)
        if len(present) > MOST_PANES or len(self._latest) + len(cells) > self._most:
            self.drop()
            return
        for pane in present.tolist():
            chosen = (panes == pane).nonzero()[0]
            if not self._link(pane, cells[chosen] - pane * self._keys, hashes[chosen], places[chosen]):
                self.drop()
                return

    def _link(self, pane: int, keys: Ints, hashes: Words, places: Ints) -> bool:
        """Link the new pairs of one pane; False if a pair that one has to follow is gone."""
        assert self._latest is not None
        at, fresh = self._latest.place(keys, hashes)
        latest = self._latest.counts[at]
        latest[fresh] = NEVER
        ahead = latest < pane
        self._table.counts[places[ahead]] = latest[ahead]
        self._latest.counts[at[ahead]] = pane
        self._count_last(np.full(int(ahead.sum()), pane), keys[ahead], 1)
        left = ahead & ~fresh
        self._count_last(latest[left], keys[left], -1)
        behind = (~ahead).nonzero()[0]
        then = latest[behind]
        while behind.size:  # out of order: go back from the latest pane to the first one after this
            later = self._table.find(then * self._keys + keys[behind], hashes[behind])
            if (later < 0).any():
                return False
            link = self._table.counts[later]
            found = link < pane
            self._table.counts[places[behind[found]]] = link[found]
            self._table.counts[later[found]] = pane
            behind, then = behind[~found], link[~found]
        return True
