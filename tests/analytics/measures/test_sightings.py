"""Values by pane and windows of several panes, against sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.arrays import Bools, Ints
from analytics.measures import sightings as module
from analytics.measures.marks import SMALLEST
from analytics.measures.paned import VACANT
from analytics.measures.sightings import SPAN, Sightings
from tests.analytics.measures.values import cells

KEYS = 3
SLOTS = 4 * SPAN
NEAR = [0, 1, 2, 3, 4, 5, 6, 7]
FAR = [0, 1, SPAN - 1, SPAN, SPAN + 1, 2 * SPAN, 2 * SPAN + 1, 3 * SPAN]
"""Panes that the bits of a row reach over, and ones that they do not."""
Seen = set[tuple[int, int, int]]


class Walk:
    """Sightings and a plain set of (pane, key, value) beside them. A pane is in the slot of its number."""

    def __init__(self) -> None:
        self.pane_of: Ints = np.full(SLOTS, VACANT, np.int64)
        self.sightings = Sightings(self.pane_of, KEYS, 100, self.slots_of, self.alive)
        self.seen: Seen = set()

    def slots_of(self, panes: Ints) -> Ints:
        held = (panes >= 0) & (panes < SLOTS)
        return np.where(held & (self.pane_of[np.where(held, panes, 0)] != VACANT), panes, -1)

    def alive(self, keys: Ints) -> Bools:
        return np.ones(len(keys), np.bool_)

    def see(self, events: list[tuple[int, int, int]]) -> None:
        """Take events; those that are new are said to be so, once each."""
        for pane, _, _ in events:
            self.pane_of[pane] = pane
        hashes = np.array([value * 7_919 for _, _, value in events], np.uint64)
        panes, keys = cells(*(pane for pane, _, _ in events)), cells(*(key for _, key, _ in events))
        fresh = [events[i] for i in self.sightings.see(panes, keys, hashes).tolist()]
        assert sorted(fresh) == sorted(set(events) - self.seen)
        self.seen |= set(events)

    def close(self, pane: int) -> None:
        self.sightings.close(pane, pane)
        self.pane_of[pane] = VACANT
        self.seen = {each for each in self.seen if each[0] != pane}

    def take_out(self, parts: list[tuple[int, int]]) -> None:
        places, keys, hashes = self.sightings.take_out([(pane, cells(key)) for pane, key in parts])
        taken = [
            (parts[place][0], key, int(value) // 7_919)
            for place, key, value in zip(places.tolist(), keys.tolist(), hashes.tolist(), strict=True)
        ]
        gone = {each for each in self.seen if each[:2] in parts}
        assert sorted(taken) == sorted(gone)
        self.seen -= gone

    def check(self, first: int, last: int) -> None:
        """The window has the sizes of its sets, and the rows and lists are those of the open panes."""
        opened = [pane for pane, _, _ in self.seen if first <= pane <= last]
        if opened:  # as it is asked for: from an open pane on
            inside = [{v for pane, k, v in self.seen if k == key and first <= pane <= last} for key in range(KEYS)]
            expected = [len(values) for values in inside]
            assert self.sightings.distinct(min(opened), last).tolist() == expected
            assert self.sightings._scanned(first, last).tolist() == expected
        assert self.sightings.rows == len({each[1:] for each in self.seen})
        panes = sorted({pane for pane, _, _ in self.seen})
        places, keys, hashes = self.sightings.pairs(panes)
        found = zip(cells(*panes)[places].tolist(), keys.tolist(), (hashes // 7_919).tolist(), strict=True)
        assert sorted(found) == sorted(self.seen)


def steps(panes: list[int]) -> st.SearchStrategy[list[Any]]:
    """Batches of events, panes that close, (pane, key) cells that are taken out, windows that are read."""
    pane, key = st.sampled_from(panes), st.integers(0, KEYS - 1)
    batch = st.lists(st.tuples(pane, key, st.integers(0, 5)), min_size=1, max_size=12)
    return st.lists(
        st.one_of(
            st.tuples(st.just("see"), batch),
            st.tuples(st.just("close"), pane),
            st.tuples(st.just("take"), st.lists(st.tuples(pane, key), min_size=1, max_size=3, unique=True)),
            st.tuples(st.just("read"), st.tuples(pane, pane).map(sorted)),
        ),
        max_size=14,
    )


@pytest.mark.parametrize("panes", [NEAR, FAR])
@given(data=st.data())
def test_any_window_counts_what_sets_count(panes: list[int], data: Any) -> None:
    """For events in any order, panes closed and cells taken out in between, every window has the sizes of its sets."""
    walk, closed, taken = Walk(), set[int](), set[tuple[int, int]]()
    for what, how in data.draw(steps(panes)):
        if what == "see":  # a pane that was closed never comes again, nor does a cell that was taken out
            events = [each for each in how if each[0] not in closed and each[:2] not in taken]
            if events:
                walk.see(events)
        elif what == "close":
            closed.add(how)
            walk.close(how)
        elif what == "take":
            taken |= set(how)
            walk.take_out(how)
        else:
            walk.check(*how)
    for first in panes:
        walk.check(first, panes[-1])


@pytest.mark.parametrize(("closed", "late"), [(1, 0), (63, 1), (SPAN, 0), (SPAN, SPAN - 1)])
def test_a_pane_before_a_closed_one_counts_what_only_that_had(closed: int, late: int) -> None:
    """A window that was read follows values into an older pane when the one they were in is closed."""
    walk = Walk()
    walk.see([(closed, 0, 0)])
    walk.check(0, closed)
    walk.close(closed)
    walk.see([(late, 0, 0)])
    for last in (closed, FAR[-1]):
        walk.check(0, last)


def test_rows_that_no_pane_holds_make_room() -> None:
    """Values without end, a window of four panes: there are never more arrays than was said, and all is still right."""
    walk = Walk()
    for pane in range(60):
        walk.see([(pane, value % KEYS, 50 * pane + value) for value in range(75)])
        if pane >= 4:
            walk.close(pane - 4)
        walk.check(max(pane - 3, 0), pane)
        walk.check(max(pane - 3, 0), pane - 1)
    assert walk.sightings._rows.room == SMALLEST


def test_a_full_table_grows() -> None:
    """While values matter there is room for them, and what was known of the others stays."""
    walk = Walk()
    walk.see([(0, 0, value) for value in range(900)])
    walk.see([(1, 0, value) for value in range(600, 1_500)])
    walk.check(0, 1)
    walk.check(1, 1)
    walk.check(0, 0)
    walk.see([(0, 1, 3), (2, 0, 700)])
    walk.check(1, 2)


def test_values_of_keys_that_are_not_alive_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their rows are given to others, and they are not listed."""
    walk = Walk()
    walk.see([(0, key, 5) for key in range(KEYS)])
    monkeypatch.setattr(walk.sightings._rows, "_alive", lambda keys: keys != 1)
    monkeypatch.setattr(walk.sightings, "_alive", lambda keys: keys != 1)
    walk.sightings.forget(1)
    assert walk.sightings.rows == KEYS - 1
    keys, _, members = walk.sightings.listed([0])
    assert (sorted(keys.tolist()), members[0].tolist()) == ([0, 2], [0, 1])
    walk.seen = {(0, 0, 5), (0, 2, 5)}
    walk.see([(0, 0, value) for value in range(6, 6 + SMALLEST)])
    walk.check(0, 0)


def test_lists_do_not_depend_on_the_order_of_events() -> None:
    """The same values, seen in another order, are listed in the same one."""
    events = [(pane, value % KEYS, value) for pane in range(3) for value in range(pane, 20)]
    there, back = Walk(), Walk()
    there.see(events)
    for each in reversed(events):
        back.see([each])
    (*values, members), (*others, other) = (walk.sightings.listed([2, 0, 1]) for walk in (there, back))
    assert [array.tolist() for array in values] == [array.tolist() for array in others]
    assert [part.tolist() for part in members] == [part.tolist() for part in other]


def test_a_window_far_back_is_read_from_its_panes() -> None:
    """With a pane behind it that the bits of a row do not reach back from, a scan of the lists answers."""
    walk = Walk()
    walk.see([(0, 0, 1), (1, 0, 1), (1, 0, 2), (SPAN + 5, 0, 1), (SPAN + 5, 0, 3)])
    walk.check(0, 1)
    walk.check(0, SPAN + 5)
    assert module.SPAN == SPAN
