"""Events in order of (group, time), new ones put in their places when somebody asks."""

from __future__ import annotations

import numpy as np

from analytics.arrays import Bools, Ints, Visits
from analytics.journal import Journal, Ordered, group_of


def visits(*events: tuple[int, int, int]) -> tuple[Ints, Visits]:
    """Cells and visits of (cell, user, time); the marks are 1."""
    cells, users, times = (np.array(column) for column in zip(*events, strict=True))
    return cells, Visits(users.astype(np.uint64), times, np.ones(len(events), np.int64))


def settled(journal: Journal) -> Ordered:
    """Put everything in order, all groups kept but those with new events; returns what those are now."""
    fresh = journal.take_up(~journal.touched())
    journal.put(fresh)
    return fresh


def listed(ordered: Ordered) -> set[tuple[int, int, tuple[int, ...]]]:
    """Cell, user and times of each group."""
    bounds = ordered.bounds.tolist()
    return {
        (int(cell), int(user), tuple(ordered.times[start:end].tolist()))
        for cell, user, start, end in zip(ordered.group_cells, ordered.group_users, bounds, bounds[1:], strict=False)
    }


def test_late_events_take_their_places() -> None:
    """Each group is in order of time, and only groups with new events are taken up."""
    journal = Journal()
    journal.append(*visits((7, 1, 50), (7, 2, 10), (8, 1, 30)))
    assert listed(settled(journal)) == {(7, 1, (50,)), (7, 2, (10,)), (8, 1, (30,))}
    journal.append(*visits((7, 1, 20)))
    journal.append(*visits((7, 1, 60), (9, 9, 1)))
    assert journal.pending == 3
    assert listed(settled(journal)) == {(7, 1, (20, 50, 60)), (9, 9, (1,))}
    assert journal.pending == 0
    assert listed(journal) == {(7, 1, (20, 50, 60)), (7, 2, (10,)), (8, 1, (30,)), (9, 9, (1,))}


def test_groups_that_are_not_kept_are_forgotten() -> None:
    """What has neither new events nor a reason to stay is gone."""
    journal = Journal()
    journal.append(*visits((1, 1, 1), (2, 1, 1), (3, 1, 1)))
    settled(journal)
    journal.append(*visits((3, 1, 2)))
    kept: Bools = (journal.group_cells == 2) & ~journal.touched()
    journal.put(journal.take_up(kept))
    assert listed(journal) == {(2, 1, (1,)), (3, 1, (1, 2))}


def test_thinning_keeps_both_ends() -> None:
    """The first and the last events of a group stay; small groups are left alone."""
    journal = Journal()
    journal.append(*visits(*[(1, 1, time) for time in range(10)], (1, 2, 5)))
    settled(journal)
    assert journal.thin(2, 3) == 5
    assert listed(journal) == {(1, 1, (0, 1, 7, 8, 9)), (1, 2, (5,))}
    assert journal.thin(2, 3) == 0


def test_events_of_some_panes() -> None:
    """A cell is pane * keys + key; panes may be negative."""
    journal = Journal()
    journal.append(*visits((-4, 1, 1), (-3, 1, 2), (0, 1, 3), (9, 1, 4)))
    settled(journal)
    assert sorted(journal.of_panes(np.array([-2, 4]), 2).times.tolist()) == [1, 2, 4]
    assert journal.of_panes(np.array([7]), 2).times.tolist() == []


def test_groups_are_numbered_with_one_event_each() -> None:
    """The same key and user, the same number."""
    groups, firsts = group_of(np.array([0, 1, 0, 1]), np.array([5, 5, 5, 6], np.uint64))
    assert groups[0] == groups[2]
    assert len({groups[0], groups[1], groups[3]}) == 3
    assert groups[firsts].tolist() == [0, 1, 2]


def test_places_and_first_groups() -> None:
    """Groups are found by cell and user; the first ones are those whose events fit."""
    journal = Journal()
    journal.append(*visits((1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)))
    settled(journal)
    at = journal.places(np.array([2, 1]), np.array([1, 2], np.uint64))
    assert list(zip(journal.group_cells[at].tolist(), journal.group_users[at].tolist(), strict=True)) == [
        (2, 1),
        (1, 2),
    ]
    fitting = journal.first_groups(3)
    assert fitting.any()
    assert not fitting.all()
    journal.keep(fitting)
    assert len(journal) <= 3
