"""The state of a grid: which cells events go to, what is dirty, and dumps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from analytics.arrays import Ints
from analytics.batch import Batch
from analytics.cells import Cells
from analytics.dictionary import Dictionary
from analytics.frame import Frame
from analytics.plan import Plan, make_plan
from analytics.spec import KpiSpec


def _plan(**more: Any) -> Plan:
    spec = KpiSpec(name="k", value="sum(x) / count(*)", window="tumbling 1s", delay="0s", grace="0s", **more)
    return make_plan([spec], {}, 1 << 30)


def _frames(plan: Plan) -> Callable[..., Frame]:
    """Makes frames of (time, c, x) over the same dictionaries, as the batches of an engine are."""
    dictionaries = {name: Dictionary() for name in plan.coded}
    return lambda *events: _frame(dictionaries, events)


def _frame(dictionaries: dict[str, Dictionary], events: Iterable[tuple[int, str, int]]) -> Frame:
    made = [{"timestamp": t, "properties": {"c": c, "x": x}} for t, c, x in events]
    return Frame(Batch.from_events(made), dictionaries)


def _slots(cells: Cells, *times: int) -> Ints:
    return np.array([cells.pool.slot(t // cells.plan.window.pane) for t in times], np.int64)


def _sums(cells: Cells, slots: Ints, keys: Ints) -> list[float]:
    names = [aggregate.measure for aggregate in cells.plan.aggregates]
    values: list[float] = cells.read(slots, keys)[names.index("sum")].values.tolist()
    return values


def test_events_go_to_the_cell_of_their_pane_and_key() -> None:
    """Each pane has the keys it saw, and a union of panes has the sums of all."""
    plan = _plan(by=("c",))
    cells, frame = Cells(plan.grids[0]), _frames(plan)
    cells.apply(frame((0, "a", 1), (10, "b", 2), (1_000, "a", 4), (1_001, "a", 8)), None)
    first, second, both = _slots(cells, 0), _slots(cells, 1_000), _slots(cells, 0, 1_000)
    assert cells.present(first).tolist() == [0, 1]
    assert cells.present(second).tolist() == [0]
    keys = cells.present(both)
    assert _sums(cells, first, keys) == [1, 2]
    assert _sums(cells, both, keys) == [13, 2]


def test_only_events_in_the_index_are_counted() -> None:
    """What a grid does not take opens no pane and adds to no sum."""
    plan = _plan()
    cells, frame = Cells(plan.grids[0]), _frames(plan)
    cells.apply(frame((0, "a", 1), (5, "a", 2), (9_000, "a", 4)), np.array([1], np.int64))
    assert len(cells.pool) == 1
    assert _sums(cells, _slots(cells, 0), np.zeros(1, np.int64)) == [2]


def test_dirty_is_what_changed_since_clean() -> None:
    """After `clean` only the keys of newer events are changed, while all stay present."""
    plan = _plan(by=("c",))
    cells, frame = Cells(plan.grids[0]), _frames(plan)
    cells.apply(frame((0, "a", 1), (0, "b", 1)), None)
    slots = _slots(cells, 0)
    assert cells.changed(slots).tolist() == [0, 1]
    cells.clean()
    assert cells.changed(slots).tolist() == []
    cells.apply(frame((1, "b", 1)), None)
    assert cells.changed(slots).tolist() == [1]
    assert cells.present(slots).tolist() == [0, 1]


def test_keys_beyond_the_cap_share_the_overflow_row() -> None:
    """The row after the last key holds them all, and says how many there are."""
    plan = _plan(by=("c",), max_keys=2)
    cells, frame = Cells(plan.grids[0]), _frames(plan)
    cells.apply(frame((0, "a", 1)), None)
    assert cells.others_in(_slots(cells, 0)) is None
    cells.apply(frame((0, "b", 2), (0, "c", 4), (0, "d", 8), (0, "c", 16)), None)
    slots = _slots(cells, 0)
    assert cells.present(slots).tolist() == [0, 1, 2]
    assert _sums(cells, slots, cells.present(slots)) == [1, 2, 28]
    assert cells.others_in(slots) == 2


def test_a_closed_pane_leaves_nothing_behind() -> None:
    """A pane opened after it, in whichever slot, starts empty and clean."""
    plan = _plan()
    cells, frame = Cells(plan.grids[0]), _frames(plan)
    cells.apply(frame((0, "a", 5)), None)
    old = _slots(cells, 0)
    cells.close(0)
    assert len(cells.pool) == 0
    assert cells.present(old).tolist() == []
    assert cells.changed(old).tolist() == []
    cells.apply(frame((2_000, "a", 7)), None)
    assert _sums(cells, _slots(cells, 2_000), np.zeros(1, np.int64)) == [7]


def test_merged_panes_outlive_their_slots() -> None:
    """A coarser slot keeps the sum of the panes that were merged into it."""
    plan = _plan()
    cells, frame = Cells(plan.grids[0]), _frames(plan)
    cells.apply(frame((0, "a", 1), (1_000, "a", 2)), None)
    coarse = cells.plan.panes
    cells.open_slot(coarse, -1)
    cells.merge(_slots(cells, 0, 1_000), coarse)
    cells.close(0)
    cells.close(1)
    assert _sums(cells, np.array([coarse], np.int64), np.zeros(1, np.int64)) == [3]


def test_gathered_panes_are_one_with_their_sums_and_dirt() -> None:
    """The target has what all of them had, is opened if need be, and is as dirty as they were."""
    plan = _plan(by=("c",))
    cells, frames = Cells(plan.grids[0]), _frames(plan)
    cells.apply(frames((5_000, "a", 1), (7_000, "b", 2)), None)
    cells.clean()
    cells.apply(frames((6_000, "b", 4), (8_000, "a", 8)), None)
    cells.gather([5, 6, 7], 0)
    assert list(cells.pool) == [0, 8]
    assert cells.touched == {0, 8}
    slots = _slots(cells, 0)
    assert _sums(cells, slots, cells.present(slots)) == [1, 6]
    assert cells.changed(slots).tolist() == [1]
    cells.gather([8], 0)
    assert _sums(cells, slots, cells.present(slots)) == [9, 6]


def test_given_panes_count_instead_of_those_of_the_times() -> None:
    """Events of closed panes are counted where they are told to."""
    plan = _plan()
    cells, frame = Cells(plan.grids[0]), _frames(plan)((1_000, "a", 1), (9_000, "a", 2))
    cells.apply(frame, np.arange(2), np.array([9, 9]))
    assert list(cells.pool) == [9]
    assert _sums(cells, _slots(cells, 9_000), np.zeros(1, np.int64)) == [3]


def test_a_dump_loads_into_other_slots() -> None:
    """Values and dirty marks come back, and the dump of the copy is the same."""
    plan = _plan()
    cells, copy, frame = Cells(plan.grids[0]), Cells(plan.grids[0]), _frames(plan)
    cells.apply(frame((0, "a", 1), (1_000, "a", 2)), None)
    dump = cells.freeze(_slots(cells, 0, 1_000))()
    copy.restore_panes([7])
    slots = copy.restore_panes([0, 1])
    copy.load(slots, dump)
    one = np.zeros(1, np.int64)
    assert [_sums(copy, slots[i : i + 1], one) for i in (0, 1)] == [[1], [2]]
    again = copy.freeze(slots)()
    assert {name: array.tobytes() for name, array in again.items()} == {n: a.tobytes() for n, a in dump.items()}


@pytest.mark.parametrize(
    ("window", "within", "kept"),
    [
        ("tumbling 1s", "1m", 1),
        ("tumbling 1s", "59s", 2),  # seconds are added up to minutes, too
        ("tumbling 5m", "5m", 1),
        ("tumbling 5m", "299s", 2),
        ("sliding 30s every 10s", "30s", 1),
        ("sliding 30s every 10s", "29s", 2),
    ],
)
def test_measures_know_the_longest_window_that_is_read(window: str, within: str, kept: int) -> None:
    """A funnel keeps one view after the other only where a window may be longer than a chain."""
    spec = KpiSpec(
        "way", f"funnel(event = 'view', event = 'buy', within => '{within}')", window, delay="0s", grace="0s"
    )
    plan = make_plan([spec], {}, 1 << 30)
    cells = Cells(plan.grids[0])
    dictionaries = {name: Dictionary() for name in plan.coded}
    views = [{"event": "view", "distinct_id": "ann", "timestamp": time} for time in (1, 2)]
    cells.apply(Frame(Batch.from_events(views), dictionaries), None)
    (state,) = [name for name in cells.state() if name.startswith("funnel")]
    assert len(cells.freeze(_slots(cells, 0))()[f"{state}/times"]) == kept
