"""`quantile(x, q)`: a quantile with a relative error of at most 1 %, in a sketch that merges and subtracts exactly.

Counts per bin of a DDSketch, see `ddsketch.py`, are all the state, so any order, split and merge gives the same sketch,
bit for bit. The quantile is the number of rank floor(q (n - 1)) in ascending order, 0 being the first.

Counters are in rows, see `histograms.py`, which are added up for windows of several panes, see `slide.py`. Numbers that
do not fit there are counted in the table of pairs; so are all of them once a window of several panes is asked for and
there is no room for a row for each pane and key.

A (pane, key) that meets more than 4,200 bins - more than the magnitudes from 1e-6 to 1e12 of both signs have - or the
fullest one when the bins of all together run out, joins neighbouring bins, and the error that its rows then have, about
2 %, is published with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Ints, Numbers, Reading
from analytics.ddsketch import accuracy, answers, bins_of, coarser, exact_answers
from analytics.measures.counted import PART, Caps, Counted
from analytics.measures.histograms import WIDE, WIDEST, Bins, Histograms
from analytics.measures.measure import Arrays, Takes, over
from analytics.measures.paned import VACANT
from analytics.measures.rows import TIDYING
from analytics.measures.slide import Slide

__all__ = ["Quantile"]

MAX_BINS: Final = 4_200
"""Bins of one pane and key."""
MAX_PAIRS: Final = 1 << 19
"""Bins of all panes and keys, unless there are more of these: each can have one."""
MAX_ROWS: Final = 1 << 17
"""Bins of all keys, each once however many panes count it."""
KEY_ROWS: Final = 4
"""Of a key at least: what is left when bins are as coarse as can be."""
COARSEST: Final = 24
"""How often bins are joined at most: then there is one for each sign."""
LEVEL: Final = 1 << 32
"""Keeps bins of different coarseness apart: more than there are bins."""
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
    estimates = True
    _fewest = 1

    def __init__(self, slots: int, keys: int, parameter: int = 0) -> None:
        super().__init__(slots, keys, parameter, _caps(slots, keys))
        # How often the bins of each cell were joined in twos.
        self._level: NDArray[np.int8] = np.zeros(slots * keys, np.int8)
        self._joined = 0
        # Cells that are not counted by bin; None: all are. Sessions are too many, and each too small.
        self._rows = Histograms(slots * keys) if slots > 1 else None
        # The rows over windows of several panes; None: there are none, or windows are of one pane.
        self._slide: Slide | None = None

    @classmethod
    def window_budget(cls, slots: int, keys: int, parameter: int) -> int:  # noqa: ARG003
        # In rows, or else by bin, with what there was before windows were read.
        rows = Histograms.budget(slots * keys, WIDE) + Slide.budget(keys, WIDEST)
        caps = _caps(slots, keys)
        bins = cls.counted_budget(slots, caps) + Histograms.budget(slots * keys) + TIDYING * caps.rows
        return max(rows - bins, 0)

    @classmethod
    def budget(cls, slots: int, keys: int, parameter: int) -> int:  # noqa: ARG003  a sketch has no parameter
        rows, caps = Histograms.budget(slots * keys) if slots > 1 else 0, _caps(slots, keys)
        return slots * keys + cls.counted_budget(slots, caps) + rows + TIDYING * caps.rows

    def add(self, cells: Ints, values: Numbers) -> None:
        if len(cells):
            self._add_bins(cells, values.keep("bins", lambda: Bins.of(bins_of(values.values))), 1)

    def _add_bins(self, cells: Ints, found: Bins, counts: Ints | int) -> None:
        """Count these bins, which are not joined."""
        bins = found.bins
        if self._rows is not None:
            left = self._rows.count(cells, found, counts)
            if left is None:
                if self._slide is not None:
                    self._slide.add(cells, found, counts)
                return
            cells, bins = cells[left], bins[left]
            counts = counts if isinstance(counts, int) else counts[left]
            if self._slide is not None:  # a window is read from rows alone, or from none
                self._leave_rows()
            else:
                self._add_pairs(*self._rows.evict(cells))
        self._add_pairs(cells, bins, counts)

    def _add_pairs(self, cells: Ints, bins: Ints, counts: Ints | int) -> None:
        if self._joined:
            levels = self._level[cells].astype(np.int64)
            bins = coarser(bins, levels) + levels * LEVEL
        self._count_all(cells, bins.view(np.uint64), counts)

    def _leave_rows(self) -> None:
        """Windows of several panes are read from the table of pairs."""
        if self._rows is not None:
            rows, self._rows, self._slide = self._rows, None, None
            for found in rows.leaving():
                self._add_pairs(*found)

    def _slides(self, rows: Histograms) -> Slide | None:
        """The sums of windows of several panes; None where some cell has no row."""
        if rows.any_barred or not rows.narrow:
            self._leave_rows()
        elif self._slide is None:
            rows.allow(WIDE)
            self._slide = Slide(rows, self.keys, self._pane_of)
        return self._slide

    def _shrink(self, cells: Ints) -> None:
        self._join(cells, np.ones(len(cells), np.int64))

    def _fullest(self, excess: float) -> Ints:
        found = super()._fullest(excess)
        if not found.size and self._counts.rows.n > self._caps.rows:  # each has one bin, but all have others
            some = (self._level < COARSEST).nonzero()[0]
            some = some[np.isin(self._pane_of[some // self.keys], VACANT, invert=True)]
            found = some[self._level[some].argsort(kind="stable")][:PART]
        return found

    def _join(self, cells: Ints, times: Ints) -> None:
        """Join the bins of these cells in twos, each so many times."""
        times_of = np.zeros(self.slots * self.keys, np.int64)
        times_of[cells] = times
        found, rows, counts = self._take_out(cells)
        bins, levels = _decoded(self._counts.rows.hashes(rows).view(np.int64))
        self._level[cells] += times.astype(np.int8)
        self._joined += int(times.sum())
        bins = coarser(bins, times_of[found]) + (levels + times_of[found]) * LEVEL
        self._count_again(found, bins.view(np.uint64), counts)

    def read(self, slots: Ints, keys: Ints) -> Reading:
        return self.read_views([0.5], slots, keys)[0]

    def read_views(self, views: Sequence[float], slots: Ints, keys: Ints) -> list[Reading]:
        if len(slots) > 1:
            if self._rows is not None and (slide := self._slides(self._rows)) is not None:
                panes = self._pane_of[slots]
                return _readings(*slide.ranked(int(panes.min()), int(panes.max()), keys, views, ROUNDING))
        elif self._rows is not None and not self._rows.barred(slots[0] * self.keys + keys):
            return _readings(*self._rows.ranked(slots[0] * self.keys + keys, views, ROUNDING))
        self._settle()
        level_of = np.zeros(len(keys), np.int64)
        if self._joined:
            level_of = over(self._level.reshape(self.slots, self.keys), slots, keys).max(axis=0).astype(np.int64)
        found, bins, counts = self._alike(slots, keys, level_of)
        sums = np.append(0, np.cumsum(counts))
        before, after = (sums[np.searchsorted(found, keys, side=side)] for side in ("left", "right"))
        known = after > before
        error = np.where(level_of > 0, accuracy(level_of), 0.0) if level_of.any() else None
        readings = []
        for share in views:
            values = np.full(len(keys), np.nan)
            rank = np.floor(share * (after - before - 1)[known] + ROUNDING).astype(np.int64)
            at = np.searchsorted(sums, before[known] + rank, side="right") - 1
            values[known] = answers(bins[at], level_of[known])
            readings.append(Reading(values, known, error))
        return readings

    def _alike(self, slots: Ints, keys: Ints, level_of: Ints) -> tuple[Ints, Ints, Ints]:
        """Keys, bins and counts of these slots in order, each bin at the coarsest level its key has in any of them."""
        if len(slots) == 1 or self._rows is not None:
            cells, marks, counts = self._all_in((slots[:, None] * self.keys + keys).reshape(-1))
            found = cells % self.keys
        else:
            panes = self._pane_of[slots]
            totals, rows = self._counts.totals(int(panes.min()), int(panes.max())), self._counts.order()
            rows = rows[totals[rows] > 0]
            found, counts = self._counts.rows.keys()[rows], totals[rows]
            marks = self._counts.rows.hashes(rows).view(np.int64)
            if not level_of.any():
                return found, marks, counts
        bins, levels = _decoded(marks)
        wanted = np.zeros(self.keys, np.int64)
        wanted[keys] = level_of
        bins = coarser(bins, np.maximum(wanted[found] - levels, 0))  # keys that are not asked for may be coarser
        order = np.lexsort((bins, found))
        return found[order], bins[order], counts[order]

    def merge(self, sources: Ints, target: int) -> None:
        self._settle()
        for source in sources.tolist():
            self._move(source, target, 1)

    def subtract(self, source: int, target: int) -> None:
        self._settle()
        self._move(source, target, -1)

    def _all_in(self, cells: Ints) -> tuple[Ints, Ints, Ints]:
        """Cells, bins marked by their level, and counts of these cells, wherever they are counted."""
        found, hashes, counts = self._pairs_in(cells)
        marks = hashes.view(np.int64)
        if self._rows is None or not (held := self._rows.held(cells)).size:
            return found, marks, counts
        more = self._rows.pairs(held)
        return np.append(found, more[0]), np.append(marks, more[1]), np.append(counts, more[2])

    def _move(self, source: int, target: int, sign: int) -> None:
        found, marks, counts = self._all_in(source * self.keys + np.arange(self.keys))
        found -= source * self.keys
        bins, at = _decoded(marks)
        shift, levels = target * self.keys, self._level.reshape(self.slots, self.keys).astype(np.int64)
        finer = (levels[source] > levels[target]).nonzero()[0]
        if finer.size:
            if self._rows is not None:
                self._add_pairs(*self._rows.evict(shift + finer))
                self._settle()
            self._join(shift + finer, levels[source, finer] - levels[target, finer])
        fine = at == 0
        if fine.any():
            self._add_bins(found[fine] + shift, Bins.of(bins[fine]), sign * counts[fine])
        if not fine.all():
            found, bins, at, counts = found[~fine], bins[~fine], at[~fine], counts[~fine]
            level = self._level[found + shift].astype(np.int64)
            marks = coarser(bins, level - at) + level * LEVEL
            self._count_all(found + shift, marks.view(np.uint64), sign * counts)
        self._settle()

    def join(self, sources: Ints, targets: Ints) -> None:
        self._settle()
        coarsest = self._level.copy()
        np.maximum.at(coarsest, targets, self._level[sources])
        finer = (coarsest > self._level).nonzero()[0]
        if finer.size:
            self._join(finer, (coarsest - self._level)[finer].astype(np.int64))
            self._add_up()
        cells, _, rows, counts = self._moving(sources, targets)
        bins, levels = _decoded(self._counts.rows.hashes(rows).view(np.int64))
        level = self._level[cells].astype(np.int64)
        marks = coarser(bins, level - levels) + level * LEVEL
        self._count_all(cells, marks.view(np.uint64), counts)

    def vacate(self, cells: Ints) -> None:
        self._level[cells] = 0
        super().vacate(cells)

    def clear(self, slot: int) -> None:
        self._level[slot * self.keys : (slot + 1) * self.keys] = 0
        if self._slide is not None:
            self._slide.leave(slot)
        if self._rows is not None:
            self._rows.clear(slot * self.keys, (slot + 1) * self.keys)
        super().clear(slot)

    def dump(self, slots: Ints, keys: Ints) -> Arrays:
        self._settle()
        cells, hashes, counts = self._dump_pairs(slots)
        bins, _ = _decoded(hashes.view(np.int64))
        if self._rows is not None:
            held = self._rows.held((slots[:, None] * self.keys + np.arange(self.keys)).reshape(-1))
            place = np.zeros(self.slots, np.int64)
            place[slots] = np.arange(len(slots))
            here, more, numbers = self._rows.pairs(held)
            here = place[here // self.keys] * self.keys + here % self.keys
            cells, bins, counts = np.append(cells, here), np.append(bins, more), np.append(counts, numbers)
        order = np.lexsort((bins.view(np.uint64), cells))
        level = over(self._level.reshape(self.slots, self.keys), slots, keys).astype(np.int64)
        return {
            "cells": cells[order],
            "bins": bins.view(np.uint64)[order],
            "counts": counts[order],
            "level": level,
        }

    def load(self, slots: Ints, keys: Ints, state: Mapping[str, NDArray[Any]]) -> None:
        self._level.reshape(self.slots, self.keys)[np.ix_(slots, keys)] = state["level"]
        self._joined += int(state["level"].sum())
        cells, bins = self._placed(slots, state["cells"]), state["bins"].view(np.int64)
        levels = self._level[cells].astype(np.int64)
        fine = levels == 0
        if fine.any():
            self._add_bins(cells[fine], Bins.of(bins[fine]), state["counts"][fine])
        if not fine.all():
            if self._rows is not None:
                self._rows.evict(cells[~fine])
            marks = bins[~fine] + levels[~fine] * LEVEL
            self._count_all(cells[~fine], marks.view(np.uint64), state["counts"][~fine])

    def note(self) -> Mapping[str, int]:
        return {"quantiles_coarser": self._joined}


def _readings(counts: Ints, found: Sequence[Ints]) -> list[Reading]:
    """Of these numbers of numbers, and the bins that hold the quantiles."""
    known = counts > 0
    return [Reading(np.where(known, exact_answers(bins), np.nan), known) for bins in found]


def _decoded(marks: Ints) -> tuple[Ints, Ints]:
    """The bins, and how often they were joined, of bins that are marked by that."""
    levels = (marks + LEVEL // 2) // LEVEL
    return marks - levels * LEVEL, levels


def _caps(slots: int, keys: int) -> Caps:
    cells = slots * keys
    rows = max(MAX_ROWS, KEY_ROWS * keys)
    return Caps(min(cells * MAX_BINS, max(MAX_PAIRS, cells)), min(cells * MAX_BINS, rows), MAX_BINS)
