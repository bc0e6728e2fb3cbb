"""Aggregates of sessions: counted, joined and vacated cell by cell."""

from __future__ import annotations

import numpy as np

from analytics import Batch, KpiSpec
from analytics.dictionary import Dictionary
from analytics.frame import Frame
from analytics.plan import SessionPlan, make_plan
from analytics.sessions.cells import SessionCells

SPECS = [
    KpiSpec(name="n", value="count(*)", window="session 1s", max_keys=4),
    KpiSpec(name="m", value="sum(v) FILTER (WHERE v > 1) / uniq(v)", window="session 1s", max_keys=4),
]
PLAN = make_plan(SPECS, {}, 1 << 30)


def counted() -> SessionCells:
    """Values 1, 2, 3, 3 in the cells 0, 2, 2, 3."""
    [grid] = PLAN.grids
    assert isinstance(grid, SessionPlan)
    cells = SessionCells(grid, grid.sessions)
    events = [{"event": "x", "timestamp": 0, "properties": {"v": v}} for v in (1, 9, 2, 3, 3)]
    frame = Frame(Batch.from_events(events), {name: Dictionary() for name in PLAN.coded})
    cells.count(frame, np.array([0, 2, 3, 4]), np.array([0, 2, 2, 3]))
    return cells


def values(cells: SessionCells) -> list[list[float | None]]:
    """Count, filtered sum and distinct values of the cells 0, 2 and 3."""
    found = []
    for reading in cells.read(np.array([0, 2, 3])):
        valid = np.ones(3, np.bool_) if reading.valid is None else reading.valid
        found.append([v if ok else None for v, ok in zip(reading.values.tolist(), valid.tolist(), strict=True)])
    return found


def test_each_session_has_its_own_values() -> None:
    """Events that are left out count nowhere; filters are per aggregate."""
    cells = counted()
    assert values(cells) == [[1, 2, 1], [None, 5, 3], [1, 2, 1]]
    assert cells.dirty.tolist() == [True, False, True, True]


def test_joined_sessions_are_one() -> None:
    """The target holds both, distinct values once; the source is empty and clean."""
    cells = counted()
    cells.dirty[:] = False
    cells.join(np.array([3]), np.array([2]))
    assert values(cells) == [[1, 3, 0], [None, 8, None], [1, 2, 0]]
    assert cells.dirty.tolist() == [False, False, True, False]


def test_a_dump_is_loaded_into_the_same_cells() -> None:
    """State and dirty marks survive; vacated cells are in it as empty."""
    cells, other = counted(), SessionCells(PLAN.grids[0], 4)
    cells.vacate(np.array([0]))
    other.load(np.array([2, 3]), cells.dump(np.array([2, 3])))
    assert values(other) == values(cells) == [[0, 2, 1], [None, 5, 3], [0, 2, 1]]
    assert other.dirty.tolist() == cells.dirty.tolist()
    assert other.notes() == cells.notes()
