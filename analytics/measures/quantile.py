"""`quantile(x, q)`: a quantile with a relative error of at most 1 %, in a sketch that merges and subtracts exactly.

DDSketch (Masson, Rim and Lee, VLDB 2019): a number x > 0 falls into the bin i = ceil(log(x) / log(gamma)) with
gamma = 1.01 / 0.99, and the bin answers 2 gamma^i / (gamma + 1), which is within 1 % of all that it holds. Negative
numbers have bins of their own, zero has one. Counts per bin are all the state, so any order, split and merge gives the
same sketch, bit for bit. The quantile is the number of rank floor(q (n - 1)) in ascending order, 0 being the first.

A (pane, key) that meets more than 4,200 bins - more than the magnitudes from 1e-6 to 1e12 of both signs have - or the
fullest one when the bins of all together run out, joins neighbouring bins (UDDSketch, Epicoco et al. 2020): its gamma
is squared, and the error that its rows then have, about 2 %, is published with them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Floats, Ints, Numbers, Reading, Words
from analytics.measures.counted import Counted
from analytics.measures.measure import Arrays, Takes, over

__all__ = ["ACCURACY", "Quantile"]

ACCURACY: Final = 0.01
GAMMA: Final = (1 + ACCURACY) / (1 - ACCURACY)
LOG_GAMMA: Final = math.log(GAMMA)
OFFSET: Final = 1 << 17
"""Added to the bin of a magnitude, so that it is positive whatever float it is; the sign is then that of the number."""
MAX_BINS: Final = 4_200
"""Bins of one pane and key."""
MAX_PAIRS: Final = 1 << 18
LEVEL: Final = 1 << 32
"""Keeps bins of different coarseness apart where they are added up over panes: more than there are bins."""
ROUNDING: Final = 1e-9
"""What a rank may be off by because q (n - 1) is computed in floats."""


class Quantile(Counted):
    """Quantiles of numbers; of none they are null. A view is the q, from 0 to 1; `read` is the median.

    >>> sizes = Quantile(slots=1, keys=1)
    >>> sizes.open(0, 7)
    >>> sizes.add(np.zeros(5, int), Numbers(np.array([1.0, 2.0, 3.0, 4.0, 100.0]), None))
    >>> median, largest = sizes.read_views([0.5, 1.0], np.array([0]), np.array([0]))
    >>> bool(abs(median.values[0] - 3) <= 0.03), bool(abs(largest.values[0] - 100) <= 1)
    (True, True)
    """

    takes: ClassVar[Takes] = "number"
    invertible = True
    _fewest = 1

    def __init__(self, slots: int, keys: int, parameter: int = 0) -> None:
        super().__init__(slots, keys, parameter, _max_pairs(slots, keys))
        # How often the bins of each cell were joined in twos.
        self._level: Ints = np.zeros(slots * keys, np.int64)
        self._joined = 0

    @classmethod
    def window_budget(cls, slots: int, keys: int, parameter: int) -> int:  # noqa: ARG003
        return cls.running_budget(_max_pairs(slots, keys))

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: int) -> int:  # noqa: ARG003  a sketch has no parameter
        return 8 * slots * keys + cls.counted_budget(slots, keys, _max_pairs(slots, keys))

    def add(self, cells: Ints, values: Numbers) -> None:
        if len(cells):
            self._add_bins(cells, _bins(values.values), 1)

    def _add_bins(self, cells: Ints, bins: Ints, counts: Ints | int) -> None:
        levels = self._level[cells]
        if levels.any():
            bins = _coarser(bins, levels)
        new = self._count(cells, bins.view(np.uint64), counts)
        if new.size:
            self._keep_caps(cells[new], MAX_BINS)

    def _shrink(self, cells: Ints) -> None:
        self._join(cells, np.ones(len(cells), np.int64))

    def _join(self, cells: Ints, times: Ints) -> None:
        """Join the bins of these cells in twos, each so many times."""
        times_of = np.zeros(self.slots * self.keys, np.int64)
        times_of[cells] = times
        found, hashes, counts = self._pairs_in(cells)
        self._take_out(found, hashes)
        self._level[cells] += times
        self._joined += int(times.sum())
        self._count(found, _coarser(hashes.view(np.int64), times_of[found]).view(np.uint64), counts)

    def read(self, slots: Ints, keys: Ints) -> Reading:
        return self.read_views([0.5], slots, keys)[0]

    def read_views(self, views: Sequence[float], slots: Ints, keys: Ints) -> list[Reading]:
        level_of = over(self._level.reshape(self.slots, self.keys), slots, keys).max(axis=0)
        found, bins, counts = self._alike(slots, keys, level_of)
        sums = np.append(0, np.cumsum(counts))
        before, after = (sums[np.searchsorted(found, keys, side=side)] for side in ("left", "right"))
        known = after > before
        error = np.where(level_of > 0, _accuracy(level_of), 0.0) if level_of.any() else None
        readings = []
        for share in views:
            values = np.full(len(keys), np.nan)
            rank = np.floor(share * (after - before - 1)[known] + ROUNDING).astype(np.int64)
            at = np.searchsorted(sums, before[known] + rank, side="right") - 1
            values[known] = _values(bins[at], level_of[known])
            readings.append(Reading(values, known, error))
        return readings

    def _alike(self, slots: Ints, keys: Ints, level_of: Ints) -> tuple[Ints, Ints, Ints]:
        """Keys, bins and counts of these slots in order, each bin at the coarsest level its key has in any of them."""
        wanted = np.zeros(self.keys, np.int64)
        wanted[keys] = level_of
        totals = self._totals(slots)
        if totals is None:
            cells, hashes, counts = self._pairs_in((slots[:, None] * self.keys + keys).reshape(-1))
            found, bins, levels = cells % self.keys, hashes.view(np.int64), self._level[cells]
        else:
            rows = self._running.order()
            rows = rows[totals[rows] > 0]
            found, counts, marks = self._running.keys[rows], totals[rows], self._running.marks[rows].view(np.int64)
            levels = (marks + LEVEL // 2) // LEVEL
            bins = marks - levels * LEVEL
            if not level_of.any():
                return found, bins, counts
        bins = _coarser(bins, np.maximum(wanted[found] - levels, 0))  # keys that are not asked for may be coarser
        order = np.lexsort((bins, found))
        return found[order], bins[order], counts[order]

    def _marks(self, panes: Ints, hashes: Words) -> Words:
        cells = self._slot_cells(panes)
        return (hashes.view(np.int64) + LEVEL * self._level[cells]).view(np.uint64)

    def merge(self, sources: Ints, target: int) -> None:
        for source in sources.tolist():
            self._move(source, target, 1)

    def subtract(self, source: int, target: int) -> None:
        self._move(source, target, -1)

    def _move(self, source: int, target: int, sign: int) -> None:
        found, hashes, counts = self._pairs_of(np.array([source]))
        shift, levels = target * self.keys, self._level.reshape(self.slots, self.keys)
        coarser = (levels[source] > levels[target]).nonzero()[0]
        if coarser.size:
            self._join(shift + coarser, levels[source, coarser] - levels[target, coarser])
        bins = _coarser(hashes.view(np.int64), levels[target, found] - levels[source, found])
        cells = found + shift
        new = self._count(cells, bins.view(np.uint64), sign * counts)
        self._keep_caps(cells[new], MAX_BINS)
        if sign < 0:
            self._drop_empty(target)

    def _drop_empty(self, slot: int) -> None:
        found, hashes, counts = self._pairs_of(np.array([slot]))
        empty = counts == 0
        self._take_out(slot * self.keys + found[empty], hashes[empty])

    def join(self, sources: Ints, targets: Ints) -> None:
        coarsest = self._level.copy()
        np.maximum.at(coarsest, targets, self._level[sources])
        coarser = (coarsest > self._level).nonzero()[0]
        if coarser.size:
            self._join(coarser, (coarsest - self._level)[coarser])
        cells, found, hashes, counts = self._moving(sources, targets)
        bins = _coarser(hashes.view(np.int64), self._level[cells] - self._level[found])
        new = self._count(cells, bins.view(np.uint64), counts)
        self._keep_caps(cells[new], MAX_BINS)

    def vacate(self, cells: Ints) -> None:
        self._level[cells] = 0
        super().vacate(cells)

    def clear(self, slot: int) -> None:
        self._level[slot * self.keys : (slot + 1) * self.keys] = 0
        super().clear(slot)

    def dump(self, slots: Ints, keys: Ints) -> Arrays:
        cells, hashes, counts = self._dump_pairs(slots)
        level = over(self._level.reshape(self.slots, self.keys), slots, keys)
        return {"cells": cells, "bins": hashes, "counts": counts, "level": level}

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:
        self._level.reshape(self.slots, self.keys)[np.ix_(slots, keys)] = state["level"]
        cells = self._placed(slots, state["cells"])
        if cells.size:
            self._count(cells, state["bins"], state["counts"])

    def note(self) -> Mapping[str, int]:
        return {"quantiles_coarser": self._joined}


def _bins(values: Floats) -> Ints:
    """The bin of each number: positive, negative or, for zero, 0; ascending with the numbers."""
    magnitudes = np.abs(values)
    bins: Ints = np.zeros(len(values), np.int64)
    some = magnitudes > 0
    bins[some] = np.ceil(np.log(magnitudes[some]) / LOG_GAMMA).astype(np.int64) + OFFSET
    return np.where(values < 0, -bins, bins)


def _coarser(bins: Ints, times: Ints | np.int64) -> Ints:
    """Bins joined in twos so many times: i becomes ceil(i / 2)."""
    magnitudes = -((OFFSET - np.abs(bins)) >> times) + OFFSET
    return np.where(bins == 0, 0, np.sign(bins) * magnitudes)


def _values(bins: Ints, levels: Ints) -> Floats:
    """What bins answer."""
    scale = np.exp2(levels) * LOG_GAMMA
    # In logarithms, since gamma^i of the largest floats is beyond them.
    log_value = (np.abs(bins) - OFFSET) * scale + math.log(2) - np.log1p(np.exp(scale))
    largest = math.log(np.finfo(np.float64).max)
    values: Floats = np.where(bins == 0, 0.0, np.sign(bins) * np.exp(np.minimum(log_value, largest)))
    return values


def _accuracy(levels: Ints) -> Floats:
    """Relative error at these levels."""
    accuracy: Floats = np.tanh(np.exp2(levels) * LOG_GAMMA / 2)
    return accuracy


def _max_pairs(slots: int, keys: int) -> int:
    return min(slots * keys * MAX_BINS, MAX_PAIRS)
