"""`top(x, k)`: the k most frequent values, exact until a cap, then with bounds.

Every (pane, key) counts its values in one table of pairs. When one has more than 4,096 different values, the less
frequent half is forgotten, and the largest forgotten count is added to its `slack`: each value shown has been seen at
least n and at most n + slack times, and no value that is missing can have been seen more than slack times. (Lossy
counting, Manku and Motwani 2002, with the bucket chosen by size instead of time.)

Value, as JSON text: `{"items": [[value, n], ..]}` ordered by n, then value; once approximate also
`"bounds": [[n, n + slack], ..]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints, Reading, Words
from analytics.frame import Coded
from analytics.measures.counted import Counted, summed
from analytics.measures.measure import Arrays, over
from analytics.measures.since import Since
from analytics.names import LONGEST, Names, sort_key, written

__all__ = ["Top"]

MAX_VALUES: Final = 4_096
"""Values of one pane and key that are counted apart."""
MAX_PAIRS: Final = 1 << 17
VALUE_BYTES: Final = 120
STEADY: Final = 0.8
"""Of the least count shown, the share from which on values are looked at for the next window."""
NEVER_SHOWN: Final = np.iinfo(np.int64).max
ITEM_BYTES: Final = LONGEST + 24


class Top(Counted):
    """The most frequent values that are not null.

    >>> from analytics.dictionary import Dictionary
    >>> pages, names = Top(slots=1, keys=1, parameter=1), Dictionary()
    >>> pages.open(0, 7)
    >>> pages.add(np.zeros(3, int), Coded(names.encode(["/", "/a", "/"]), names))
    >>> pages.read(np.array([0]), np.array([0])).values[0]
    b'{"items":[["/",2]]}'
    """

    def __init__(self, slots: int, keys: int, parameter: int = 10) -> None:
        super().__init__(slots, keys, parameter, _max_pairs(slots, keys))
        # How often a forgotten value may have been seen.
        self._slack: Ints = np.zeros(slots * keys, np.int64)
        # Whether any was ever forgotten: then there may be slack.
        self._forgot = False
        self._slack_since = Since(self._slack.reshape(slots, keys), self._pane_of)
        # Per key the count from which on values are looked at: what a window showed of it last, and some room.
        self._limit: Ints = np.ones(keys, np.int64)
        self._names = Names(self._used_hashes)

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: int) -> int:  # noqa: ARG003  it bounds what is shown only
        pairs = _max_pairs(slots, keys)
        return 8 * (slots + 2) * keys + cls.counted_budget(slots, keys, pairs) + Names.budget(pairs)

    @classmethod
    def window_budget(cls, slots: int, keys: int, parameter: int) -> int:  # noqa: ARG003
        return cls.running_budget(_max_pairs(slots, keys))

    @classmethod
    def value_bytes(cls, parameter: int) -> int:
        return VALUE_BYTES + parameter * ITEM_BYTES

    def add(self, cells: Ints, values: Coded) -> None:
        codes, dictionary = values
        hashes = values.hashes()
        fresh = self._count(cells, hashes, 1)
        if fresh.size:
            named = dictionary.values_by_code
            self._names.learn(hashes[fresh].tolist(), [named[code] for code in codes[fresh].tolist()])
            self._keep_caps(cells[fresh], MAX_VALUES)

    def _shrink(self, cells: Ints) -> None:
        """Keep the more frequent half of the values of each cell; equal counts go by hash."""
        found, hashes, counts = self._pairs_in(cells)
        order = np.lexsort((hashes, -counts, found))
        found, hashes, counts = found[order], hashes[order], counts[order]
        kept = np.searchsorted(found, found) + self._n[found] // 2
        place = np.arange(len(found))
        largest = place == kept
        self._slack[found[largest]] += counts[largest]
        self._slack_since.add(found[largest] // self.keys, found[largest] % self.keys, counts[largest])
        self._forgot = True
        self._take_out(found[place >= kept], hashes[place >= kept])

    def _used_hashes(self) -> Words:
        return self._table.pairs().hashes

    def read(self, slots: Ints, keys: Ints) -> Reading:
        slack = self._slack_in(slots)[keys].tolist() if self._forgot else None
        found, hashes, counts = self._contenders(*self._leading(slots, keys))
        # Each of the names is written and put in order once, however many keys show it.
        known, which = np.unique(hashes, return_inverse=True)
        names = self._names.of(known.tolist())
        rank = np.empty(len(names), np.int64)
        rank[sorted(range(len(names)), key=[sort_key(name) for name in names].__getitem__)] = np.arange(len(names))
        order = np.lexsort((rank[which], -counts, found))
        found, texts = found[order], [written(name) for name in names]
        starts = np.searchsorted(found, keys)
        ends = np.minimum(np.searchsorted(found, keys, side="right"), starts + self.parameter).tolist()
        shown, sums = [texts[i] for i in which[order].tolist()], counts[order].tolist()
        items = [f"[{text},{n}]" for text, n in zip(shown, sums, strict=True)]
        values = np.empty(len(keys), object)
        # As JSON: a tenth of the memory of the objects, compared at once, and nothing for the garbage collector.
        for i, start in enumerate(starts.tolist()):
            text = '{"items":[' + ",".join(items[start : ends[i]])
            if slack is not None and slack[i]:
                text += '],"bounds":[' + ",".join([f"[{n},{n + slack[i]}]" for n in sums[start : ends[i]]])
            values[i] = (text + "]}").encode("utf-8", "surrogatepass")
        return Reading(values)

    def _slack_in(self, slots: Ints) -> Ints:
        if len(slots) == 1 or self._turns is not None:
            slack: Ints = self._slack.reshape(self.slots, self.keys)[slots].sum(axis=0)
            return slack
        panes = self._pane_of[slots]
        return self._slack_since.sums(int(panes.min()), int(panes.max()))

    def _contenders(self, found: Ints, hashes: Words, counts: Ints) -> tuple[Ints, Words, Ints]:
        """Of each key the values that count no less than its k-th: those that tie with it compete by name."""
        order = np.lexsort((-counts, found))
        found, hashes, counts = found[order], hashes[order], counts[order]
        first = np.searchsorted(found, found)
        last = first + self.parameter - 1
        full = last < np.searchsorted(found, found, side="right")
        kept = counts >= np.where(full, counts[np.where(full, last, 0)], 0)
        return found[kept], hashes[kept], counts[kept]

    def _leading(self, slots: Ints, keys: Ints) -> tuple[Ints, Words, Ints]:
        """Keys, values and counts, at least of those that are shown."""
        totals = self._totals(slots)
        if totals is None:
            found, hashes, counts = self._pairs_of(slots, keys)
            return summed(found, hashes, counts) if len(slots) > 1 else (found, hashes, counts)
        # What counts as little as could not be shown last time is left out, unless too few remain of a key.
        running, asked = self._running, np.zeros(self.keys, np.bool_)
        asked[keys] = True
        limit = np.where(asked, self._limit, NEVER_SHOWN)
        rows = (totals >= limit[running.keys]).nonzero()[0]
        short = asked & (np.bincount(running.keys[rows], minlength=self.keys) < self.parameter) & (limit > 1)
        if short.any():
            limit[short] = 1
            rows = (totals >= limit[running.keys]).nonzero()[0]
        found, counts = running.keys[rows], totals[rows]
        order = np.lexsort((-counts, found))
        found, counts, rows = found[order], counts[order], rows[order]
        last = np.searchsorted(found, keys) + self.parameter - 1
        full = last < np.searchsorted(found, keys, side="right")
        self._limit[keys] = 1
        self._limit[keys[full]] = np.maximum(counts[last[full]] * STEADY, 1)
        return found, running.marks[rows], counts

    def merge(self, sources: Ints, target: int) -> None:
        found, hashes, counts = summed(*self._pairs_of(sources))
        cells = found + target * self.keys
        new = self._count(cells, hashes, counts)
        slack = self._slack.reshape(self.slots, self.keys)
        slack[target] += slack[sources].sum(axis=0)
        self._slack_since.drop()
        self._keep_caps(cells[new], MAX_VALUES)

    def join(self, sources: Ints, targets: Ints) -> None:
        cells, _, hashes, counts = self._moving(sources, targets)
        np.add.at(self._slack, targets, self._slack[sources])
        self._slack_since.drop()
        new = self._count(cells, hashes, counts)
        self._keep_caps(cells[new], MAX_VALUES)

    def vacate(self, cells: Ints) -> None:
        self._slack[cells] = 0
        self._slack_since.drop()
        super().vacate(cells)

    def clear(self, slot: int) -> None:
        self._slack_since.leave(slot)
        self._slack[slot * self.keys : (slot + 1) * self.keys] = 0
        super().clear(slot)

    def dump(self, slots: Ints, keys: Ints) -> Arrays:
        cells, hashes, counts = self._dump_pairs(slots)
        return {
            "cells": cells,
            "hashes": hashes,
            "counts": counts,
            "slack": over(self._slack.reshape(self.slots, self.keys), slots, keys),
        } | self._names.dump(hashes)

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:
        self._slack.reshape(self.slots, self.keys)[np.ix_(slots, keys)] = state["slack"]
        self._slack_since.drop()
        self._forgot |= bool(state["slack"].any())
        cells = self._placed(slots, state["cells"])
        if cells.size:
            self._count(cells, state["hashes"], state["counts"])
        self._names.load(state)


def _max_pairs(slots: int, keys: int) -> int:
    return min(slots * keys * MAX_VALUES, MAX_PAIRS)
