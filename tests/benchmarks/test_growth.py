"""The growth benchmark: its boards, its costs, and what it concludes."""

from __future__ import annotations

import pytest

from analytics import KpiSpec
from benchmarks import growth
from benchmarks.ingest import BOARD_FILE
from benchmarks.process import python_server


def test_each_kpi_of_a_board_is_one_of_its_own() -> None:
    """As many as asked for, with different conditions, and as many keys."""
    with growth._board(3, 7, '["country"]') as file:
        specs = KpiSpec.load(str(file))
    assert [spec.name for spec in specs] == ["kpi_0", "kpi_1", "kpi_2"]
    assert len({spec.value for spec in specs}) == 3
    assert {(spec.by, spec.max_keys) for spec in specs} == {(("country",), 7)}


def test_a_cost_is_cpu_over_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a real server under a real load."""
    monkeypatch.setattr(growth, "gateway", lambda *_: python_server("loops", "benchmarks.peers.loops"))
    cost = growth._cost(BOARD_FILE, {}, 0.3, connections=2, warm_s=0.05, pool=8)
    assert 0.1 < cost < 1_000


@pytest.mark.parametrize(("high", "verdict"), [(1.2, "met"), (1.4, "missed: 1.4 is above 1.3")])
def test_growth_is_judged_round_by_round(monkeypatch: pytest.MonkeyPatch, high: float, verdict: str) -> None:
    """The sections asked for, and no others."""

    def section(_: float) -> dict[str, float]:
        return {"connections/100": 1.0, "connections/10000": high}

    monkeypatch.setitem(growth.SECTIONS, "connections", (section, "us"))
    report = growth.run(["connections"], rounds=2)
    assert [series.name for series in report.series] == [
        "connections/100",
        "connections/10000",
        "growth by connections, 100 to 10,000",
    ]
    assert report.to_json()["goals"]["R11 connections"]["verdict"] == verdict
