"""Events by group, in order of arrival, within bounds."""

from __future__ import annotations

import numpy as np
import pytest

from analytics import journal as journals
from analytics.arrays import Bools, Ints
from analytics.journal import LONG_AGO, Journal, Rows, group_of
from analytics.restoration import taken


def everything(cells: Ints) -> Bools:
    """All cells matter."""
    return np.ones(len(cells), np.bool_)


def take(journal: Journal, *events: tuple[int, int, int]) -> Rows:
    """Take (cell, user, time), as far as there is room; the marks are 1."""
    cells, users, times = (np.array(column) for column in zip(*events, strict=True))
    groups = journal.place(cells, users.astype(np.uint64))
    assert groups is not None
    rows = Rows(groups, times, np.ones(len(events), np.int64)).part(groups >= 0)
    journal.append(rows)
    return rows


def find(journal: Journal, cells: list[int], users: list[int]) -> list[int]:
    """Groups that are there."""
    before = len(journal.cells)
    groups = journal.place(np.array(cells), np.array(users, np.uint64))
    assert groups is not None
    assert len(journal.cells) == before
    return list(groups)


def listed(journal: Journal) -> set[tuple[int, int, tuple[int, ...]]]:
    """Cell, user and times of each group, in order of arrival."""
    rows = journal.rows
    return {
        (int(journal.cells[group]), int(journal.users[group]), tuple(rows.times[rows.groups == group].tolist()))
        for group in range(len(journal.cells))
    }


def thinned(journal: Journal) -> int | None:
    """Keep two and three events of each group: how many were dropped."""
    return taken(journal.thinning(2, 3))


def test_events_find_their_groups() -> None:
    """A group is a cell and a user, and knows the latest of its events."""
    journal = Journal(everything, 100, 1_000)
    groups = take(journal, (7, 1, 50), (7, 2, 10), (8, 1, 30), (7, 1, 20)).groups.tolist()
    assert sorted(groups[:3]) == [0, 1, 2]
    assert take(journal, (7, 1, 60), (9, 9, 1)).groups.tolist() == [groups[0], 3]
    assert groups[3] == groups[0]
    assert listed(journal) == {(7, 1, (50, 20, 60)), (7, 2, (10,)), (8, 1, (30,)), (9, 9, (1,))}
    assert find(journal, [7, 8], [1, 1]) == [groups[0], groups[2]]
    assert journal.latest[[*groups[:3], 3]].tolist() == [60, 10, 30, 1]
    journal.place(np.array([5]), np.array([5], np.uint64))
    assert journal.latest.tolist()[4:] == [LONG_AGO]
    assert len(journal) == 6


def test_groups_are_found_again() -> None:
    """By cell and user, also after some were forgotten."""
    dead: set[int] = set()
    journal = Journal(lambda cells: ~np.isin(cells, list(dead)), 100, 1_000)
    take(journal, (1, 1, 1), (2, 1, 2), (3, 1, 3), (2, 2, 4))
    assert find(journal, [3, 2], [1, 2]) == [2, 3]
    assert journal.alive().all()
    dead.add(2)
    assert journal.forget().tolist() == [True, False, True, False]
    assert listed(journal) == {(1, 1, (1,)), (3, 1, (3,))}
    assert find(journal, [3], [1]) == [1]
    take(journal, (3, 1, 9))
    assert listed(journal) == {(1, 1, (1,)), (3, 1, (3, 9))}


def test_thinning_keeps_both_ends() -> None:
    """The first and the last events of a group stay; small groups are left alone."""
    journal = Journal(everything, 100, 1_000)
    take(journal, *[(1, 1, time) for time in range(10)], (1, 2, 5))
    assert thinned(journal) == 5
    assert listed(journal) == {(1, 1, (0, 1, 7, 8, 9)), (1, 2, (5,))}
    assert thinned(journal) == 0
    take(journal, (1, 1, 10))
    thinned(journal)
    assert listed(journal) == {(1, 1, (0, 1, 8, 9, 10)), (1, 2, (5,))}


def test_thinning_in_steps_keeps_what_comes_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group's events are ranked over all pieces; those appended between two steps are not judged."""
    monkeypatch.setattr(journals, "PIECE", 4)
    made = Journal(everything, 100, 1_000)
    take(made, *[(1, 1 + time % 2, time) for time in range(22)], (1, 3, 5))
    steps = made.thinning(2, 3)
    for number in range(3):
        next(steps)
        take(made, (1, 1, 100 + number), (2, 1, number))
    assert taken(steps) == 12
    assert listed(made) == {
        (1, 1, (0, 2, 16, 18, 20, 100, 101, 102)),
        (1, 2, (1, 3, 17, 19, 21)),
        (1, 3, (5,)),
        (2, 1, (0, 1, 2)),
    }


def test_thinning_gives_way_to_who_dropped_events_meanwhile() -> None:
    """Its places mean nothing any more then."""
    made = Journal(everything, 100, 1_000)
    take(made, *[(1, 1, time) for time in range(10)])
    steps = made.thinning(2, 3)
    next(steps)
    made.keep(made.rows.times > 1)
    assert taken(steps) is None
    assert listed(made) == {(1, 1, (2, 3, 4, 5, 6, 7, 8, 9))}


def test_new_groups_beyond_the_cap_are_refused() -> None:
    """Their events are counted; groups that are there go on."""
    journal = Journal(everything, 2, 1_000)
    taken = take(journal, (1, 1, 1), (1, 2, 1), (1, 3, 1), (1, 3, 2), (1, 1, 2))
    assert taken.times.tolist() == [1, 1, 2]
    assert take(journal, (1, 3, 3), (1, 2, 3)).times.tolist() == [3]


def test_groups_that_are_refused_take_up_no_room() -> None:
    """However many come: the table stays what it was, and who is known is still found. Those of one batch that are new
    are taken in the order in which they came.
    """
    journal = Journal(everything, 1_000, 1_000)
    take(journal, *[(1, user, 1) for user in range(998)])
    groups = journal.place(np.full(6, 1), np.array([5, 2_000, 2_000, 7_000, 6_000, 7_000], np.uint64))
    assert groups is not None
    assert groups.tolist() == [5, 998, 998, 999, -1, 999]
    before = journal._table.bytes
    for first in range(10_000, 40_000, 1_000):
        groups = journal.place(np.full(1_001, 1), np.append(3, np.arange(first, first + 1_000)).astype(np.uint64))
        assert groups is not None
        assert groups.tolist() == [3] + 1_000 * [-1]
    assert journal._table.bytes == before
    assert len(journal.cells) == 1_000


def test_dead_groups_do_not_count_until_they_are_too_many() -> None:
    """One in eight may be dead beyond the cap; then they have to be dropped."""
    dead: set[int] = set()
    journal = Journal(lambda cells: ~np.isin(cells, list(dead)), 16, 1_000)
    take(journal, *[(1, user, 1) for user in range(16)])
    dead.add(1)
    assert take(journal, (2, 1, 1), (2, 2, 1)).groups.tolist() == [16, 17]
    assert journal.place(np.array([2]), np.array([3], np.uint64)) is None
    assert journal.forget().sum() == 2
    assert take(journal, *[(2, user, 1) for user in range(20)]).groups.tolist() == [2, 0, 1, *range(3, 16)]


def test_events_of_some_groups() -> None:
    """One pass over all events, in order of arrival."""
    journal = Journal(everything, 100, 1_000)
    take(journal, (1, 1, 1), (2, 1, 2), (1, 1, 3))
    assert journal.of_groups(journal.cells == 1).times.tolist() == [1, 3]
    assert journal.of_groups(journal.cells == 7).times.tolist() == []


def test_combinations_are_numbered_with_one_event_each() -> None:
    """The same key and user, the same number."""
    groups, firsts = group_of(np.array([0, 1, 0, 1]), np.array([5, 5, 5, 6], np.uint64))
    assert groups[0] == groups[2]
    assert len({groups[0], groups[1], groups[3]}) == 3
    assert groups[firsts].tolist() == [0, 1, 2]
