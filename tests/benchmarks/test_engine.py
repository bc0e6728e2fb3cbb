"""The twenty aggregates: the engine and the loop agree, and the comparison finds where they would not."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.engine import same_rows
from benchmarks.peers.twenty_flows import FLOWS, SPECS
from benchmarks.streams import shop, write


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Of every flow, over two windows."""
    contest = write(shop(6_000, rate=400), 6_000, tmp_path_factory.mktemp("shop"), "shop")
    return {name: flow.run(flow.load(str(contest.file))) for name, flow in FLOWS.items()}


@pytest.mark.parametrize("name", FLOWS)
def test_the_flows_agree(rows: dict[str, list[Any]], name: str) -> None:
    """All twenty KPIs, with and without decoding."""
    assert same_rows(rows["loop"], rows[name]) == []
    assert {row[0] for row in rows[name]} == {spec.name for spec in SPECS}
    assert len(SPECS) == 20


@pytest.mark.parametrize("kpi", [spec.name for spec in SPECS])
def test_what_is_wrong_is_found(rows: dict[str, list[Any]], kpi: str) -> None:
    """A value that is off by more than its KPI's error, a row too few, and a row that is there twice."""
    right = rows["loop"]
    at = next(i for i, row in enumerate(right) if row[0] == kpi)
    wrong = [*right[at][:3], right[at][3] * 1.1]
    assert len(same_rows(right, [*right[:at], wrong, *right[at + 1 :]])) == 1
    assert len(same_rows(right, [*right[:at], *right[at + 1 :]])) == 1
    assert same_rows(right, [*right, right[at]]) == ["1 rows too many"]


def test_rivers_estimates_may_be_off_by_what_is_said_and_nothing_else_may() -> None:
    """Its quantiles by a quarter where a group has a thousand events; distinct counts by four standard errors."""
    right = [["n_page", ["/1"], 0, 1_000], ["p95_load_page", ["/1"], 0, 100.0], ["uniq_users_page", ["/1"], 0, 100]]
    assert same_rows(right, [right[0], [*right[1][:3], 124.0], [*right[2][:3], 106]], river=True) == []
    assert len(same_rows(right, [[*right[0][:3], 999], *right[1:]], river=True)) == 1
    assert len(same_rows(right, [right[0], [*right[1][:3], 126.0], right[2]], river=True)) == 1
    assert len(same_rows(right, [*right[:2], [*right[2][:3], 107]], river=True)) == 1
    few = [["n_page", ["/1"], 0, 999], *right[1:]]
    assert same_rows(few, [few[0], [*few[1][:3], 300.0], few[2]], river=True) == []
