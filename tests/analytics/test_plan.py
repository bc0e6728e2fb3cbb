"""Which KPIs share a grid, and what it may take."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from analytics.engine import DEFAULT_BUDGET
from analytics.plan import is_presence, make_plan
from analytics.spec import KpiError, KpiSpec

BUDGET = 1 << 34
COUNT = KpiSpec(name="n", value="count(*)", window="tumbling 1s")
RATIO = replace(COUNT, name="r", value="sum(price) / count(*)")


def test_kpis_of_one_shape_share_a_grid_and_its_aggregates() -> None:
    """Equal aggregates of two KPIs are one, and each KPI knows which are its own."""
    (grid,) = make_plan([COUNT, RATIO], {}, BUDGET).grids
    assert len(grid.aggregates) == 2
    ratio = [grid.aggregates[i] for i in grid.kpis[1].aggregates]
    assert {a.measure for a in ratio} == {"sum", "count"}
    assert [is_presence(grid.aggregates[i]) for i in grid.kpis[0].aggregates] == [True]


@pytest.mark.parametrize(
    "other",
    [
        replace(COUNT, name="m", window="tumbling 2s"),
        replace(COUNT, name="m", delay="3s"),
        replace(COUNT, name="m", grace="1m"),
        replace(COUNT, name="m", where="price > 1"),
        replace(COUNT, name="m", by=("country",)),
    ],
    ids=["window", "delay", "grace", "where", "by"],
)
def test_kpis_that_differ_in_shape_do_not_share(other: KpiSpec) -> None:
    """Another window, delay, grace, condition or dimension makes another grid."""
    assert len(make_plan([COUNT, other], {}, BUDGET).grids) == 2


def test_a_generation_keeps_kpis_apart() -> None:
    """A KPI that was added later has a grid of its own, though its shape is that of an older one."""
    assert len(make_plan([COUNT, RATIO], {"r": 1}, BUDGET).grids) == 2
    assert len(make_plan([COUNT, RATIO], {"r": 1, "n": 1}, BUDGET).grids) == 1


def test_max_keys_only_matters_with_dimensions() -> None:
    """Without `by` a pane has one cell whatever `max_keys` says; with it, one more than `max_keys`."""
    (grid,) = make_plan([replace(COUNT, max_keys=7), RATIO], {}, BUDGET).grids
    assert grid.width == 1
    (grid,) = make_plan([replace(COUNT, max_keys=7, by=("country",))], {}, BUDGET).grids
    assert grid.width == 8


def test_coarser_resolutions_are_multiples_of_the_step() -> None:
    """Only resolutions that are coarser than the step and that it divides are kept beside the grid's own."""
    widths = {
        window: [ms for ms, _ in make_plan([replace(COUNT, window=window)], {}, BUDGET).grids[0].tiers]
        for window in ("tumbling 1s", "tumbling 3s", "tumbling 1m")
    }
    assert widths == {"tumbling 1s": [10_000, 60_000], "tumbling 3s": [60_000], "tumbling 1m": []}


def test_there_are_panes_for_window_delay_and_grace() -> None:
    """A grid has panes for all that can be open at once, and keeps every window that can."""
    (grid,) = make_plan([replace(COUNT, window="sliding 10s every 1s", delay="5s", grace="15s")], {}, BUDGET).grids
    assert grid.panes * grid.window.pane > 30_000
    assert grid.kept >= grid.open_windows >= 30


def test_a_cumulative_grid_has_panes_for_delay_and_grace_only() -> None:
    """A day of minutes needs no more of them than its grace does, and room for all its steps at once."""
    daily = replace(COUNT, window="cumulative 1d every 1m", delay="1m", grace="10m", by=("country",))
    (grid,) = make_plan([daily], {}, BUDGET).grids
    assert 12 < grid.panes < 60
    assert grid.geometry.hop == 1
    assert [ms for ms, _ in grid.tiers] == []
    parts = dict(grid.parts())
    assert parts["steps at once"] >= 1_440 * 1_001 * 13


def test_zones_share_a_grid_only_where_they_move_nothing() -> None:
    """Days of two zones are different windows, hours are the same."""
    for window, grids in (("tumbling 1d", 2), ("tumbling 1h", 1), ("cumulative 1d every 1h", 2)):
        specs = [replace(COUNT, name=name, window=window, tz=name) for name in ("UTC", "Asia/Kolkata")]
        assert len(make_plan([replace(s, name=f"k{i}") for i, s in enumerate(specs)], {}, BUDGET).grids) == grids


def test_the_board_of_the_benchmarks_fits_into_the_budget_that_is_set_by_default() -> None:
    """Twelve KPIs, six of them by country with a thousand keys."""
    entries = tomllib.loads((Path(__file__).parents[2] / "benchmarks" / "board.toml").read_text("utf-8"))["kpi"]
    specs = [KpiSpec(**{**entry, "by": tuple(entry.get("by", ()))}) for entry in entries]
    assert make_plan(specs, {}, DEFAULT_BUDGET).budget <= DEFAULT_BUDGET


def test_the_budget_is_the_sum_of_its_parts_and_a_limit() -> None:
    """A set that may need more than the budget is refused under the name of its hungriest grid's KPI."""
    big = replace(COUNT, name="big", value="uniq(distinct_id)", by=("country",))
    plan = make_plan([COUNT, big], {}, BUDGET)
    assert all(grid.budget == sum(size for _, size in grid.parts()) > 0 for grid in plan.grids)
    assert make_plan([COUNT, big], {}, plan.budget).budget == plan.budget
    with pytest.raises(KpiError, match="more than the budget") as refusal:
        make_plan([COUNT, big], {}, plan.budget - 1)
    assert refusal.value.kpi == "big"
