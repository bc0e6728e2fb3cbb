"""Sums that follow the newest window, against sums of its panes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.measures import MEASURES, Measure, marks, quantile, rows, topk
from analytics.measures.counted import Counted
from analytics.measures.counts import Counts
from analytics.measures.quantile import Quantile
from analytics.measures.topk import Top
from tests.analytics.measures.values import add, cells, opened, plain

KINDS = pytest.mark.parametrize("kind", [k for k in MEASURES.values() if issubclass(k, Counted)])
KEYS = 3
SLOTS = 12
EVENTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, KEYS - 1), st.integers(-6, 6)), max_size=8)
# Events by how far they are behind the newest pane, whether time moves on, and which window is read.
STEPS = st.lists(st.tuples(EVENTS, st.integers(0, 2), st.integers(0, 4)), max_size=10)
ALL = cells(*range(KEYS))


class Walk:
    """A measure and a plain copy of what it was given, over panes that are opened and closed one by one."""

    def __init__(self, kind: type[Measure], parameter: int) -> None:
        self.kind = kind
        self.parameter = parameter
        self.measure = self.fresh()
        self.newest = 0
        self.panes: dict[int, list[tuple[int, Any]]] = {}

    def fresh(self) -> Measure:
        return self.kind(SLOTS, KEYS, self.parameter)

    def put(self, pane: int, key: int, value: int) -> None:
        pane = max(pane, self.newest - SLOTS + 1)
        if pane not in self.panes:
            self.panes[pane] = []
            self.measure.open(pane % SLOTS, pane)
        self.panes[pane].append((key, value))
        add(self.measure, [pane % SLOTS * KEYS + key], [value])

    def move(self, by: int) -> None:
        self.newest += by
        for pane in [pane for pane in self.panes if pane <= self.newest - SLOTS]:
            self.measure.clear(pane % SLOTS)
            del self.panes[pane]

    def fill(self, measure: Measure, pane: int, slot: int) -> None:
        """Count the events of a pane in a slot."""
        add(measure, [slot * KEYS + key for key, _ in self.panes[pane]], [value for _, value in self.panes[pane]])

    def check(self, first: int, last: int) -> None:
        """The window reads as that of a measure that never read one before."""
        inside = sorted(pane for pane in self.panes if first <= pane <= last)
        if not inside:
            return
        other = self.fresh()
        for pane in self.panes:
            other.open(pane % SLOTS, pane)
            self.fill(other, pane, pane % SLOTS)
        slots = cells(*(pane % SLOTS for pane in inside))
        found, expected = self.measure.read(slots, ALL), other.read(slots, ALL)
        assert plain(found) == plain(expected)
        merged = self.kind(1, KEYS, self.parameter)
        merged.open(0, 7)
        for pane in inside:
            self.fill(merged, pane, 0)
        assert plain(found) == plain(merged.read(cells(0), ALL))


@KINDS
@given(steps=STEPS)
def test_any_windows_read_as_the_sums_of_their_panes(kind: type[Measure], steps: Any) -> None:
    """Sliding on, ending early, reaching back, with late events and a jump: every window is the sum of its panes."""
    walk = Walk(kind, 2 if kind is Top else 0)
    for events, by, back in steps:
        walk.move(by if by < 2 else 9)
        for behind, key, value in events:
            walk.put(walk.newest - behind, key, value)
        end = walk.newest - back // 2
        walk.check(end - 5, end)
        walk.check(end - 4, end + 1)


@KINDS
def test_values_that_come_and_go_stay_right(kind: type[Measure], monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are forgotten and others get their numbers, again and again; the windows stay right."""
    monkeypatch.setattr(marks, "SMALLEST", 64)
    monkeypatch.setattr(rows, "SMALLEST", 64)
    monkeypatch.setattr(topk, "MAX_ROWS", 60)
    monkeypatch.setattr(quantile, "MAX_ROWS", 60)
    tidied: list[None] = []
    tidy = rows.Rows.tidy
    monkeypatch.setattr(rows.Rows, "tidy", lambda self, more=0: tidied.append(tidy(self, more)))
    walk = Walk(kind, 2 if kind is Top else 0)
    for step in range(60):
        walk.move(1)
        for i in range(4):
            walk.put(walk.newest, i % KEYS, 1.3 ** (step * 4 + i))  # type: ignore[arg-type]
        walk.check(walk.newest - 6, walk.newest)
    assert tidied


def test_coarser_bins_stay_apart_from_finer_ones() -> None:
    """Panes whose bins were joined are added up with others at the coarsest level, as their pairs one by one."""
    sketch, shares = opened(Quantile, 4, 2), [0.0, 0.3, 0.5, 1.0]
    assert isinstance(sketch, Quantile)
    add(sketch, [0, 2, 4], [1.0, 2.0, 3.0])
    slots = cells(0, 1, 2)
    sketch.read_views(shares, slots, cells(0, 1))
    add(sketch, [2] * 5_000, np.geomspace(1e-150, 1e150, 5_000).tolist())
    add(sketch, [4] * 50, np.geomspace(-1, -50, 50).tolist())
    found = [plain(reading) for reading in sketch.read_views(shares, slots, cells(0, 1))]
    sketch.merge(cells(0, 1, 2), 3)
    assert found == [plain(reading) for reading in sketch.read_views(shares, cells(3), cells(0, 1))]
    assert sketch.note()["quantiles_coarser"] > 0


def test_a_count_beyond_32_bits_is_exact() -> None:
    """In one pane, over several, and less again when a pane is left."""
    counts = Counts(cells(7, 8), 100, 10, lambda keys: np.ones(len(keys), np.bool_))
    hashes, many = np.array([5], np.uint64), cells(1 << 33)
    for pane in (7, 8):
        counts.count(cells(pane), cells(0), hashes, many)
    assert counts.totals(7, 8).tolist() == [1 << 34]
    counts.settle()
    assert [counts.of(pane)[1].tolist() for pane in (7, 8)] == [[1 << 33], [1 << 33]]
    assert counts.totals(8, 8).tolist() == [1 << 33]
