"""`top(x, k)`: the k most frequent values, exact until a cap, then with bounds.

Every (pane, key) counts its values in one table of pairs. When one has more than 4,096 different values, the less
frequent half is forgotten, and the largest forgotten count is added to its `slack`: each value shown has been seen at
least n and at most n + slack times, and no value that is missing can have been seen more than slack times. (Lossy
counting, Manku and Motwani 2002, with the bucket chosen by size instead of time.)

Value, as JSON text: `{"items": [[value, n], ..]}` ordered by n, then value; once approximate also
`"bounds": [[n, n + slack], ..]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints, Reading, Words
from analytics.frame import Coded
from analytics.jsontext import as_json
from analytics.measures.counted import Counted, summed
from analytics.measures.measure import Arrays, over
from analytics.measures.since import Since
from analytics.names import LONGEST, Names, sort_key

__all__ = ["Top"]

MAX_VALUES: Final = 4_096
"""Values of one pane and key that are counted apart."""
MAX_PAIRS: Final = 1 << 17
VALUE_BYTES: Final = 120
STEADY: Final = 0.8
"""Of the least count shown, the share from which on values are looked at for the next window."""
LARGEST: Final = 1 << 31
"""Counts and keys below are sorted as one number."""
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
        found, hashes, counts = self._contenders(keys, *self._leading(slots, keys))
        names = self._names.of(hashes.tolist())
        order = _by_name(found, counts, hashes, names)
        names = [names[i] for i in order.tolist()]
        starts = np.searchsorted(found, keys)
        ends = np.minimum(np.searchsorted(found, keys, side="right"), starts + self.parameter)
        sums = counts.tolist()
        items = list(zip(names, sums, strict=True))
        values = np.empty(len(keys), object)
        # As JSON: a tenth of the memory of the objects, compared at once, and nothing for the garbage collector.
        for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            value: dict[str, Any] = {"items": items[start:end]}
            if slack is not None and slack[i]:
                value["bounds"] = [(n, n + slack[i]) for n in sums[start:end]]
            values[i] = as_json(value)
        return Reading(values)

    def _slack_in(self, slots: Ints) -> Ints:
        if len(slots) == 1 or self._turns is not None:
            slack: Ints = self._slack.reshape(self.slots, self.keys)[slots].sum(axis=0)
            return slack
        panes = self._pane_of[slots]
        return self._slack_since.sums(int(panes.min()), int(panes.max()))

    def _contenders(self, keys: Ints, found: Ints, hashes: Words, counts: Ints) -> tuple[Ints, Words, Ints]:
        """Of each key the values that count no less than its k-th, in order of key and count: those that tie with it
        compete by name.
        """
        order = _by_count(found, counts)
        found, hashes, counts = found[order], hashes[order], counts[order]
        last = np.searchsorted(found, keys) + self.parameter - 1
        full = last < np.searchsorted(found, keys, side="right")
        least = np.zeros(self.keys, np.int64)
        least[keys[full]] = counts[last[full]]
        self._limit[keys] = np.maximum(least[keys] * STEADY, 1)
        kept = counts >= least[found]
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
        return running.keys[rows], running.marks[rows], totals[rows]

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


def _by_count(found: Ints, counts: Ints) -> Ints:
    """An order by key and falling count, equal ones in any order."""
    largest = int(counts.max(initial=0))
    if largest < LARGEST and int(found.max(initial=0)) < LARGEST:  # one number is sorted several times as fast as two
        order: Ints = (found * LARGEST + (largest - counts)).argsort()
        return order
    return np.lexsort((-counts, found))


def _by_name(found: Ints, counts: Ints, hashes: Words, names: Sequence[Any]) -> Ints:
    """An order by key and falling count, in which these are, and of equal ones by name."""
    same = (found[1:] == found[:-1]) & (counts[1:] == counts[:-1])
    order = np.arange(len(found))
    if same.any():
        starts = np.append(True, ~same)
        # Only where there are several of a count names matter; each is put in order once, however many keys show it.
        several = (np.append(same, False) | ~starts).nonzero()[0]
        _, first, which = np.unique(hashes[several], return_index=True, return_inverse=True)
        known = [sort_key(names[i]) for i in several[first].tolist()]
        rank = np.empty(len(known), np.int64)
        rank[sorted(range(len(known)), key=known.__getitem__)] = np.arange(len(known))
        order[several] = several[(starts.cumsum()[several] * len(known) + rank[which]).argsort()]
    return order


def _max_pairs(slots: int, keys: int) -> int:
    return min(slots * keys * MAX_VALUES, MAX_PAIRS)
