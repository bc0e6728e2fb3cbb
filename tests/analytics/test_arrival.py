"""A batch in order of arrival: what is counted at once, and what waits for its moment."""

from __future__ import annotations

import numpy as np

from analytics import Batch, KpiSpec
from analytics.arrival import Arrival
from analytics.cells import Cells
from analytics.dictionary import Dictionary
from analytics.frame import Frame
from analytics.plan import make_plan

TIMES = [0, 1_500, 400, 2_500, 900]
"""Of one user, in panes 0, 1, 0, 2, 0 of a second."""


def arriving(value: str, slow: list[int]) -> tuple[Cells, Arrival]:
    """The events above, of which those at these positions fall into final windows."""
    plan = make_plan([KpiSpec("k", value, "tumbling 1s", by=("event",))], {}, 1 << 40)
    cells = Cells(plan.grids[0])
    columns = {"event": list("ababa"), "distinct_id": ["ann"] * 5}
    frame = Frame(Batch(5, np.array(TIMES), columns, [("s", 5)]), {key: Dictionary() for key in plan.coded})
    index = np.arange(5)
    return cells, Arrival(cells, frame, index, np.array(TIMES) // 1_000, np.isin(index, slow))


def counted(cells: Cells) -> int:
    """Events in all cells."""
    return int(cells.aggregates.presence.arrays()["count"].sum())


def test_what_is_in_no_final_window_is_counted_at_once() -> None:
    """The others are counted up to where time has come; their panes are opened then and not before."""
    cells, arrival = arriving("count(*)", [2, 4])
    assert counted(cells) == 3
    assert arrival.count_before(2) == set()
    assert arrival.count_before(3) == {0}
    assert counted(cells) == 4
    assert arrival.count_before(5) == {0}
    assert arrival.count_before(5) == set()
    assert counted(cells) == 5
    cells, arrival = arriving("count(*)", [3])
    assert list(cells.pool) == [0, 1]
    assert arrival.count_before(4) == {2}
    assert list(cells.pool) == [0, 1, 2]


def test_keys_are_taken_in_order_of_arrival() -> None:
    """Whenever their events are counted."""
    cells, arrival = arriving("count(*)", [0])
    assert cells.keys.dims == [{"event": "a"}, {"event": "b"}]
    assert [arrival.key(event).tolist() for event in range(5)] == [[0], [1], [0], [1], [0]]


def test_users_are_followed_step_by_step() -> None:
    """All events are in the counts of what remembers users when all have come, and none too early."""
    cells, arrival = arriving("sessions(gap => '10s')", [])
    (sessions,) = cells.aggregates.own.values()
    assert sessions.dump(cells.pool.slots([0, 1, 2]), np.arange(2))["n"].sum() == 0
    assert arrival.count_before(1) == {0}
    assert arrival.count_before(2) == {1}
    assert cells.touched == {0, 1, 2}
    assert arrival.count_before(3) == {0}
    assert arrival.count_before(3) == set()
    assert sessions.dump(cells.pool.slots([0, 1, 2]), np.arange(2))["n"].sum() == 2


def test_events_that_change_final_windows() -> None:
    """Those in one, and those that change what is seen of one."""
    nowhere, everywhere = np.full(5, -1), np.full(5, 1)
    for value, changing in (("sessions(gap => '10s')", {0}), ("session_seconds(gap => '10s')", {0, 2, 4})):
        _, arrival = arriving(value, [])
        geometry = make_plan([KpiSpec("k", value, "tumbling 1s")], {}, 1 << 40).grids[0].geometry
        assert set(arrival.changing(geometry, everywhere, nowhere).tolist()) == changing
        assert arrival.changing(geometry, everywhere, everywhere).tolist() == []
        assert arrival.changing(geometry, nowhere, nowhere).tolist() == []
    _, arrival = arriving("count(*)", [4])
    assert arrival.changing(geometry, nowhere, nowhere).tolist() == [4]
