"""The measures of a plan: who takes which events, and in which order they are read."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics import Batch, KpiSpec
from analytics.aggregates import PRESENCE, Aggregates
from analytics.dictionary import Dictionary
from analytics.frame import Frame
from analytics.plan import make_plan

EVENTS = [("buy", 3.0), ("view", None), ("buy", 5.0), ("view", 7.0)]
ONE = np.zeros(1, np.int64)


def at_work(value: str, index: list[int] | None = None) -> tuple[Aggregates, list[str]]:
    """The aggregates of a value in one cell after some of the events, and the names of the measures that took any."""
    plan = make_plan([KpiSpec("k", value, "tumbling 1m")], {}, 1 << 40)
    aggregates = Aggregates(plan.grids[0], 1, 1)
    for measure in aggregates.own.values():
        measure.open(0, 0)
    columns: dict[str, list[Any]] = {"event": [event for event, _ in EVENTS], "price": [price for _, price in EVENTS]}
    frame = Frame(Batch(4, np.arange(4), columns, [("s", 4)]), {key: Dictionary() for key in plan.coded})
    events = None if index is None else np.array(index)
    took = aggregates.add(frame, events, np.zeros(4 if index is None else len(index), np.int64))
    return aggregates, [type(measure).__name__ for measure in took]


def test_readings_are_in_the_order_of_the_aggregates() -> None:
    """Also where several are views of one state, and where one is the count that is kept anyway."""
    aggregates, took = at_work("quantile(price, 1) - count(*) + sum(price) - quantile(price, 0)")
    readings = [float(reading.values[0]) for reading in aggregates.read(ONE, ONE)]
    assert readings[1:3] == [4, 15]
    assert abs(readings[0] - 7) <= 0.07
    assert abs(readings[3] - 3) <= 0.03
    assert took == ["Quantile", "Sum"]


def test_only_those_that_take_an_event_are_named() -> None:
    """A filter that lets nothing of the chosen events through leaves its measure alone; all are counted."""
    value = "sum(price) FILTER (WHERE event = 'buy') / max(price)"
    aggregates, took = at_work(value, [1, 3])
    assert took == ["Max"]
    assert aggregates.presence.read(ONE, ONE).values.tolist() == [2]
    assert at_work(value, [0])[1] == ["Sum", "Max"]


def test_presence_is_a_state_like_the_others() -> None:
    """It is there once, whether a KPI reads it or not, and never among the plan's own."""
    for value in ("count(*)", "sum(price)"):
        aggregates, _ = at_work(value)
        assert aggregates.state()[PRESENCE] is aggregates.presence
        assert aggregates.presence not in aggregates.own.values()
