"""The twenty aggregates as other engines are told of them."""

from __future__ import annotations

from benchmarks.peers.twenty_flows import SPECS
from benchmarks.peers.twenty_queries import KPIS, PROPERTIES, Kpi


def test_they_are_those_that_our_engine_runs() -> None:
    """Name by name, with the same value and dimensions."""

    def value(kpi: Kpi) -> str:
        return f"{kpi.measure}({kpi.column}{f', {kpi.share:g}' if kpi.share else ''})"

    assert [(kpi.name, value(kpi), kpi.by) for kpi in KPIS] == [(spec.name, spec.value, spec.by) for spec in SPECS]


def test_their_columns_are_there() -> None:
    """Each is a field of the event or one of the properties that are read."""
    known = {"*", "event", "distinct_id", "session_id", *PROPERTIES}
    assert {column for kpi in KPIS for column in (kpi.column, *kpi.by)} <= known
