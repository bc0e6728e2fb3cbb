"""What there is for a moment only is in the budget, once for a set."""

from __future__ import annotations

from dataclasses import replace

from analytics.dictionary import Dictionary
from analytics.journal import Journal
from analytics.measures import tracker
from analytics.measures.visited import GROUP_MEMORY
from analytics.outlet import MOST, ROW_BYTES
from analytics.pairs import REBUILDING
from analytics.passing import PIECE, handed_bytes, passing_bytes
from analytics.plan import GridPlan, make_plan
from analytics.spec import KpiSpec
from analytics.time import MAX_SOURCES, SOURCE_BYTES

BUDGET = 1 << 34
COUNT = KpiSpec(name="n", value="count(*)", window="tumbling 1s")


def grid_of(spec: KpiSpec) -> GridPlan:
    (grid,) = make_plan([spec], {}, BUDGET).grids
    return grid


def test_the_copy_of_the_largest_table_of_pairs_is_in_the_budget() -> None:
    """Cells, hashes and counts of all users that a measure remembers; it is made for one table at a time."""
    groups = Journal.capacity_of(GROUP_MEMORY // (16 * 2 + 80))
    assert 24 * max(groups, tracker.MOST + tracker.PIECE) <= REBUILDING
    for value in ("funnel(event = 'a', event = 'b', within => '5m')", "sessions()"):
        assert passing_bytes(grid_of(replace(COUNT, value=value))) >= REBUILDING


def test_of_a_set_the_largest_counts() -> None:
    """Funnels and sessions are not rebuilt at once, nor are rows made meanwhile."""
    specs = [COUNT, *(replace(COUNT, name=f"s{i}", value="sessions()", delay=f"{i}s") for i in range(3))]
    plan = make_plan(specs, {}, BUDGET)
    largest = max(map(passing_bytes, plan.grids))
    fixed = MAX_SOURCES * SOURCE_BYTES + Dictionary().budget
    assert plan.budget == sum(grid.budget for grid in plan.grids) + fixed + largest


def test_rows_on_their_way_out_are_those_that_may_wait_and_a_window() -> None:
    """Without such tables; of sessions a piece; values that are no numbers count as often as they are there."""
    assert passing_bytes(grid_of(COUNT)) == MOST + ROW_BYTES
    keyed = replace(COUNT, by=("page",), max_keys=99)
    assert passing_bytes(grid_of(keyed)) == MOST + 100 * ROW_BYTES
    assert passing_bytes(grid_of(replace(keyed, window="session 1m", max_keys=50_000))) == MOST + PIECE * ROW_BYTES
    top = grid_of(replace(keyed, value="top(page, 10)"))
    assert handed_bytes(top, top.kpis[0]) > ROW_BYTES + 3 * top.value_bytes(top.kpis[0]) > ROW_BYTES
