"""Who the users of groups are."""

from __future__ import annotations

import numpy as np

from analytics.journal import Journal
from analytics.measures.persons import NONE, Persons
from analytics.panes import COARSE
from tests.analytics.measures.values import cells

KEYS = 3


def met(persons: Persons, journal: Journal, panes: list[int], keys: list[int], users: list[int]) -> list[int]:
    """The person of each of these users in a pane and key."""
    groups = journal.place(cells(*panes) * KEYS + cells(*keys), np.array(users, np.uint64))
    assert groups is not None
    persons.meet()
    return list(persons._person[groups])


def test_a_person_is_a_user_of_a_key() -> None:
    """In whichever pane; but in each coarser window somebody else."""
    journal = Journal(lambda found: np.ones(len(found), np.bool_), 100, 1_000)
    persons = Persons(journal, KEYS, 2)
    coarse = COARSE - 4 * 7
    found = met(persons, journal, [5, 5, 6, -6, coarse, coarse + 4], [0, 1, 0, 0, 0, 0], [9] * 6)
    assert found[0] == found[2] == found[3]
    assert len({found[0], found[1], found[4], found[5]}) == 4
    assert met(persons, journal, [7, 7], [0, 0], [9, 8])[0] == found[0]
    assert persons.levels.tolist() == [0] * 8


def test_those_without_a_group_are_forgotten() -> None:
    """The others keep what is known of them under new numbers, and their newest group that is left."""
    dead: set[int] = set()
    journal = Journal(lambda found: ~np.isin(found // KEYS, list(dead)), 100, 1_000)
    persons = Persons(journal, KEYS, 2)
    one, other, gone = met(persons, journal, [5, 5, 6], [0, 1, 2], [1, 2, 3])
    met(persons, journal, [6], [0], [1])
    persons._newest[[one, other, gone]] = [3, 1, 2]
    persons._before[3] = 0
    persons._latest[[one, other, gone]] = [10, 20, 30]
    dead.add(6)
    persons.forget(journal.forget())
    assert met(persons, journal, [5, 5], [0, 1], [1, 2]) == persons._person[:2].tolist()
    assert persons._known == 2
    assert persons._latest[persons._person[:2]].tolist() == [10, 20]
    assert persons._newest[persons._person[:2]].tolist() == [0, 1]
    assert persons._before[:2].tolist() == [NONE, NONE]
    assert Persons.budget(1_000, 3) > 1_000 * 8 * 3 * 3
