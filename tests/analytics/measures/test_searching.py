"""Users searched pane by pane, piece by piece, against all of their events at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.aggregation import FunnelSetting
from analytics.chains import entries, reach
from analytics.journal import Journal, Rows
from analytics.measures.searching import Searching, renumbered
from tests.analytics.measures.values import cells

EVENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 7)), min_size=1, max_size=30)


def take(journal: Journal, searching: Searching, events: list[Any]) -> dict[int, int]:
    """Take (user, time, marks); the levels that became others, by user."""
    users, times, marks = (np.array(column, np.int64) for column in zip(*events, strict=True))
    groups = journal.place(np.zeros(len(users), np.int64), users.astype(np.uint64))
    assert groups is not None
    searching.meet()
    rows = Rows(groups, times, marks)
    journal.append(rows)
    moved = searching.take(rows)
    assert (moved.before != moved.now).all()
    return dict(zip(journal.users[moved.groups].tolist(), moved.now.tolist(), strict=True))


@pytest.mark.parametrize("modes", [("strict_order",), ("strict_deduplication",), ("strict_once",)])
@given(events=EVENTS, cut=st.integers(1, 29))
def test_levels_are_those_of_all_events(modes: tuple[str, ...], events: list[Any], cut: int) -> None:
    """In whatever pieces and order they come; and what moved is what is told."""
    setting = FunnelSetting(3, 12, modes)
    journal = Journal(lambda found: np.ones(len(found), np.bool_), 100, 1_000)
    searching, told = Searching(journal, setting), dict[int, int]()
    for part in (events[:cut], events[cut:]):
        if part:
            told |= take(journal, searching, part)
    users = journal.users.tolist()
    columns = zip(*((users.index(user), time, marks) for user, time, marks in events), strict=True)
    groups, times, marks = (np.array(column, np.int64) for column in columns)
    expected = reach(entries(groups, times, marks, setting), len(users), setting).levels.tolist()
    assert searching.levels.tolist() == expected
    assert [told.get(user, 0) for user in users] == expected


def test_groups_that_were_forgotten_are_gone() -> None:
    """The others go on where they were."""
    dead: set[int] = set()
    journal = Journal(lambda found: ~np.isin(found, list(dead)), 100, 1_000)
    searching = Searching(journal, FunnelSetting(2, 100, ("strict_increase",)))
    for cell in (4, 5):
        groups = journal.place(cells(cell), np.array([1], np.uint64))
        assert groups is not None
        searching.meet()
        rows = Rows(groups, cells(10), cells(1))
        journal.append(rows)
        searching.take(rows)
    dead.add(4)
    searching.forget(journal.forget())
    assert searching.levels.tolist() == [1]
    assert searching.take(Rows(cells(0), cells(20), cells(2))).now.tolist() == [2]


def test_numbers_are_places_among_the_chosen() -> None:
    """The others have none."""
    assert renumbered(cells(5, 2, 3, 5), cells(2, 5), 6).tolist() == [1, 0, -1, 1]
