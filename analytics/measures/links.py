"""How many distinct values a window of several panes holds, without sorting or merging their sets.

Each (pane, key, value) remembers the last pane before it that holds the same value of the same key. A value of a window
counts where it occurs first: at the pair whose link points before the window. So a window is counted in one pass over
its pairs, and the next one, which shares nearly all of them, in another.

The links are made when first needed, and again after something that cannot be followed cheaply; they are no state.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analytics.arrays import Ints, Words
from analytics.pairs import PairTable

__all__ = ["Links"]

NEVER: Final = np.iinfo(np.int64).min
MOST_PANES: Final = 64
"""Panes of one batch that are linked one by one; more, and all links are made anew."""


class Links:
    """Links of the pairs in `table`, kept as their counts."""

    def __init__(self, table: PairTable, keys: int, most: int) -> None:
        self._table = table
        self._keys = keys
        self._most = most
        # (key, value) -> the latest pane that holds it; None while the links are not made.
        self._latest: PairTable | None = None

    @staticmethod
    def budget(most: int) -> int:
        """Bytes at worst."""
        return PairTable.budget(most)

    def drop(self) -> None:
        """Forget the links; they are made anew when needed."""
        self._latest = None

    def counted(self, first: int, last: int) -> tuple[Ints, Words, Ints]:
        """Keys and hashes of the pairs in the panes `first` .. `last`, and the keys of those that occur first there."""
        if self._latest is None:
            self._make()
        cells, hashes, links = self._table.between(first * self._keys, (last + 1) * self._keys)
        found = cells % self._keys
        return found, hashes, found[links < first]

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
