"""Windows over several panes counted by links, against sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.arrays import Bools, Ints
from analytics.measures import links as module
from analytics.measures.links import Links
from analytics.pairs import PairTable
from tests.analytics.measures.values import cells

KEYS = 3
PANES = 10
STEPS = st.lists(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, KEYS - 1), st.integers(0, 6)), min_size=1, max_size=12),
    max_size=8,
)


def everything(cells: Ints) -> Bools:
    return np.ones(len(cells), np.bool_)


def made() -> tuple[PairTable, Links]:
    table = PairTable(everything, 10_000)
    return table, Links(table, KEYS, 10_000, np.arange(PANES), lambda panes: panes)


def put(table: PairTable, links: Links, events: list[tuple[int, int, int]]) -> None:
    """Add (pane, key, value) events as a measure does."""
    at = cells(*(pane * KEYS + key for pane, key, _ in events))
    hashes = np.array([value * 7_919 for _, _, value in events], np.uint64)
    places, fresh = table.place(at, hashes)
    links.add(at[fresh], hashes[fresh], places[fresh])


def sizes(links: Links, first: int, last: int) -> list[int]:
    """Distinct values of each key in the panes first .. last; each pane is in the slot of its number."""
    keys = cells(*range(KEYS))
    found = links.distinct(first, last, keys)
    assert links.scanned(first, last, keys).tolist() == found.tolist()
    return [int(size) for size in found]


@given(steps=STEPS, windows=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4))
def test_any_window_counts_what_sets_count(steps: Any, windows: list[tuple[int, int]]) -> None:
    """For events in any order, read after each batch, every window has the sizes of its sets."""
    table, links = made()
    events: set[tuple[int, int, int]] = set()
    for step in steps:
        put(table, links, step)
        events |= set(step)
        for first, last in map(sorted, windows):
            inside = [{v for pane, k, v in events if k == key and first <= pane <= last} for key in range(KEYS)]
            assert sizes(links, first, last) == [len(values) for values in inside]


def test_a_batch_over_many_panes_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """More panes than are linked one by one: all links are made anew, and the counts are right."""
    monkeypatch.setattr(module, "MOST_PANES", 2)
    table, links = made()
    put(table, links, [(0, 0, 1)])
    assert sizes(links, 0, 9) == [1, 0, 0]
    put(table, links, [(pane, 0, pane % 2) for pane in range(9)])
    assert sizes(links, 3, 8) == [2, 0, 0]


def test_a_pair_that_is_gone_is_not_followed() -> None:
    """When the pane that a late event has to be linked before is gone, the links are made anew."""
    table, links = made()
    put(table, links, [(1, 0, 5), (4, 0, 5), (8, 0, 5)])
    assert sizes(links, 0, 9) == [1, 0, 0]
    table.drop(cells(4 * KEYS), np.array([5 * 7_919], np.uint64))
    put(table, links, [(3, 0, 5)])
    assert [sizes(links, first, 9)[0] for first in range(10)] == [1] * 9 + [0]
    assert sizes(links, 4, 7) == [0, 0, 0]
