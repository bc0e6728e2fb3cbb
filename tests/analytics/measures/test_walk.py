"""How events go on with the sessions of their users."""

from __future__ import annotations

import numpy as np

from analytics.measures.sessions import COLUMNS
from analytics.measures.walk import Walk
from analytics.roster import Roster


def users() -> Roster:
    """User 0 is new, user 1 has a session from 100 to 200 in pane 7."""
    made = Roster(10, COLUMNS)
    made.rows(np.zeros(2, np.int64), np.array([5, 6], np.uint64))
    for name, value in (("start", 100), ("last", 200), ("pane", 7), ("several", 1)):
        made.columns[name][1] = value
    return made


def walked(rows: list[int], times: list[int]) -> Walk:
    """With a gap of 50."""
    found = Walk.along(np.array(rows), np.array(times), users().columns, 50)
    assert found is not None
    return found


def test_a_session_begins_after_a_gap() -> None:
    """The first event of a new user, and what is more than the gap behind the latest one."""
    walk = walked([0, 0, 0, 1, 1, 1], [0, 50, 101, 250, 240, 301])
    assert walk.opens.tolist() == [True, False, True, False, False, True]
    assert walk.since.tolist() == [0, 0, 2, 3, 3, 5]
    assert not walk.odd.any()
    spans = walk.spans(np.arange(6), users().columns)
    assert spans.rows.tolist() == [0, 0, 1, 1]
    assert spans.starts.tolist() == [0, 101, 100, 301]
    assert spans.lasts.tolist() == [50, 101, 250, 301]
    assert spans.panes.tolist() == [0, 2, 7, 5]
    assert spans.several.tolist() == [1, 0, 1, 0]


def test_a_user_who_goes_back_is_odd() -> None:
    """An event before the start of what is under way: nothing is said of that user, all of the other."""
    walk = walked([0, 0, 1, 1], [0, 10, 150, 99])
    assert walk.odd.tolist() == [False, False, True, True]
    assert set(walk.steps(np.zeros(4, np.int64), users()).events.tolist()) == {0, 1}
    assert walk.spans(np.zeros(4, np.int64), users().columns).rows.tolist() == [0]


def test_a_user_ahead_of_all_times_is_told_apart() -> None:
    """The last time of one user lies beyond all events; the next user's are not taken for later ones of that."""
    made = users()
    made.columns["last"][0], made.columns["start"][0] = 1_000_000, 990_000
    walk = Walk.along(np.array([0, 1]), np.array([990_010, 210]), made.columns, 50)
    assert walk is not None
    assert walk.opens.tolist() == [False, False]
    assert walk.before.tolist() == [1_000_000, 200]
