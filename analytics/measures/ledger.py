"""How often something was counted in each pane: sheets of numbered rows with their counts, eight bytes a row.

What comes is put down as it is and added up later, many events at once: so an event costs a few bytes written one
behind the other, wherever in time it lies, and equal ones meet when they are sorted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analytics.arrays import Bools, Ints

__all__ = ["Entries", "Ledger"]

PAIR_BYTES: Final = 8
"""Of a row in a sheet. A sheet with a count beyond 32 bits takes half as much again."""
SHEET_BYTES: Final = 600
"""Of a sheet beside its rows."""
PART_BYTES: Final = 300
"""Of what was put down at once, beside its rows."""
WAITING: Final = 1 << 20
"""Bytes that are put down at most before they are added up."""
CROWDED: Final = 8
"""Known rows for each that waits, up to which there is a counter for all of them rather than a sort."""
LARGEST: Final = (1 << 32) - 1

Entries = tuple[NDArray[np.int32], NDArray[Any] | None]
"""Rows and how often each was counted, in step; None: once. The rows of a sheet are different ones, ascending."""


class _Sheet:
    """The entries of a pane: those that are added up, and what came since."""

    __slots__ = ("bytes", "counts", "parts", "rows")

    def __init__(self) -> None:
        self.rows: NDArray[np.int32] = np.zeros(0, np.int32)
        self.counts: NDArray[Any] = np.zeros(0, np.uint32)
        self.parts: list[Entries] = []
        self.bytes = 0


class Ledger:
    """Pane -> its sheet. A pane has one once something was counted in it."""

    def __init__(self) -> None:
        self._sheets: dict[int, _Sheet] = {}
        # Panes with parts that wait; the values mean nothing.
        self._unsettled: dict[int, None] = {}
        self._waiting = 0
        # Entries of all sheets that are added up.
        self.pairs = 0

    @staticmethod
    def budget(panes: int, pairs: int) -> int:
        """Bytes at worst of so many entries in all panes together."""
        return PAIR_BYTES * pairs + SHEET_BYTES * panes + WAITING

    @property
    def full(self) -> bool:
        """Whether it is time to add up."""
        return self._waiting > WAITING

    def add(self, panes: Ints, rows: Ints, counts: Ints | int) -> None:
        """Count these rows in these panes, in step; `counts` may be negative as long as no sum is."""
        if not len(rows):
            return
        added = rows.astype(np.int32)
        numbers = None if isinstance(counts, int) and counts == 1 else np.broadcast_to(counts, len(rows))
        if (panes == panes[0]).all():
            self.put_down(int(panes[0]), added, None if numbers is None else numbers.astype(np.int64))
            return
        order = panes.argsort(kind="stable")
        panes, added = panes[order], added[order]
        starts = np.append(0, (panes[1:] != panes[:-1]).nonzero()[0] + 1)
        stops = np.append(starts[1:], len(panes))
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            part = None if numbers is None else numbers[order[start:stop]].astype(np.int64)
            self.put_down(int(panes[start]), added[start:stop].copy(), part)

    def put_down(self, pane: int, rows: NDArray[np.int32], counts: NDArray[Any] | None) -> None:
        """Count rows in one pane; the arrays are not changed any more."""
        if not len(rows):
            return
        sheet = self._sheets.get(pane)
        if sheet is None:
            sheet = self._sheets[pane] = _Sheet()
        sheet.parts.append((rows, counts))
        size = PART_BYTES + rows.nbytes + (0 if counts is None else counts.nbytes)
        sheet.bytes += size
        self._waiting += size
        self._unsettled[pane] = None

    def settle(self, known: int) -> list[int]:
        """Add up what waits; returns the panes of it. `known`: all rows are below."""
        panes, self._unsettled = list(self._unsettled), {}
        for pane in panes:
            sheet = self._sheets[pane]
            found, counts = _summed(sheet.parts, known)
            before = len(sheet.rows)
            _put_together(sheet, found, counts)
            self.pairs += len(sheet.rows) - before
            self._waiting -= sheet.bytes
            sheet.parts, sheet.bytes = [], 0
        return panes

    def of(self, pane: int) -> tuple[NDArray[np.int32], NDArray[Any]]:
        """The sheet of a pane, where nothing waits."""
        sheet = self._sheets.get(pane) or _Sheet()
        return sheet.rows, sheet.counts

    def entries(self, pane: int) -> Iterator[Entries]:
        """All entries of a pane, in which rows may repeat."""
        sheet = self._sheets.get(pane)
        if sheet is not None:
            if len(sheet.rows):
                yield sheet.rows, sheet.counts
            yield from sheet.parts

    def put(self, pane: int, rows: NDArray[np.int32], counts: NDArray[Any]) -> None:
        """Let these be the sheet of a pane, where nothing waits."""
        sheet = self._sheets[pane]
        self.pairs += len(rows) - len(sheet.rows)
        sheet.rows, sheet.counts = rows, counts

    def close(self, pane: int) -> None:
        """Take the sheet of a pane away."""
        sheet = self._sheets.pop(pane, None)
        if sheet is not None:
            self.pairs -= len(sheet.rows)
            self._waiting -= sheet.bytes
            self._unsettled.pop(pane, None)

    def rename(self, numbers: NDArray[np.int32]) -> None:
        """Rows have other numbers, those in their places, in the same order; of a row that has -1 nothing is left."""
        for pane, sheet in self._sheets.items():
            renamed = numbers[sheet.rows]
            stay = renamed >= 0
            if stay.all():
                sheet.rows = renamed
            else:
                self.put(pane, renamed[stay], sheet.counts[stay])
            for i, (rows, counts) in enumerate(sheet.parts):
                renamed = numbers[rows]
                stay = renamed >= 0
                sheet.parts[i] = renamed[stay], None if counts is None else counts[stay]

    def held(self, known: int) -> Bools:
        """Which of so many rows are in some sheet. Cost: a look at all of them."""
        held = np.zeros(known, np.bool_)
        for sheet in self._sheets.values():
            held[sheet.rows] = True
            for rows, _ in sheet.parts:
                held[rows] = True
        return held


def _summed(parts: list[Entries], known: int) -> tuple[NDArray[np.int32], Ints]:
    """The different rows, ascending, and the sum of the counts of each."""
    rows = np.concatenate([part for part, _ in parts])
    if not len(rows):  # they were forgotten meanwhile
        return rows, np.zeros(0, np.int64)
    once = all(counts is None for _, counts in parts)
    each = None
    if not once:
        each = np.concatenate([np.ones(len(part), np.int64) if c is None else c.astype(np.int64) for part, c in parts])
    if known <= CROWDED * len(rows):
        if each is None:
            sums: Ints = np.bincount(rows, minlength=known)
        else:
            sums = np.zeros(known, np.int64)
            np.add.at(sums, rows, each)
        found = sums.nonzero()[0]
        return found.astype(np.int32), sums[found]
    if each is None:
        rows = np.sort(rows)
    else:
        order = rows.argsort()
        rows, each = rows[order], each[order]
    starts = np.append(0, (rows[1:] != rows[:-1]).nonzero()[0] + 1)
    sums = np.diff(np.append(starts, len(rows))) if each is None else np.add.reduceat(each, starts)
    return rows[starts], sums


def _put_together(sheet: _Sheet, found: NDArray[np.int32], counts: Ints) -> None:
    """Add these sums, whose rows ascend, to a sheet."""
    rows = found
    if len(sheet.rows):
        at = sheet.rows.searchsorted(found)
        hit = sheet.rows.take(at, mode="clip") == found
        rows, sums = sheet.rows, sheet.counts.astype(np.int64)
        sums[at[hit]] += counts[hit]
        new = (~hit).nonzero()[0]
        if new.size:
            rows, sums = np.insert(rows, at[new], found[new]), np.insert(sums, at[new], counts[new])
        counts = sums
    if len(counts) and int(counts.min()) <= 0:
        some = counts > 0
        rows, counts = rows[some], counts[some]
    wide = len(counts) > 0 and int(counts.max()) > LARGEST
    sheet.rows, sheet.counts = rows, counts if wide else counts.astype(np.uint32)
