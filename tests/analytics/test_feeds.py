"""Which KPIs an event counts in: what the engine counts, told for a few events."""

from __future__ import annotations

import random
from typing import Any

import pytest

from analytics import Batch, Engine, KpiSpec
from analytics.feeds import Feeds

SPECS = {
    "all": KpiSpec("all", "count(*)", "tumbling 1m"),
    "views": KpiSpec("views", "count(*) FILTER (WHERE event = 'view')", "tumbling 1m"),
    "german": KpiSpec("german", "count(*)", "tumbling 1m", where="country = 'DE'"),
    "sales": KpiSpec("sales", "sum(price)", "tumbling 1m"),
    "mean": KpiSpec("mean", "avg(price)", "sliding 2m every 1m"),
    "users": KpiSpec("users", "uniq(distinct_id)", "tumbling 1m", by=("country",)),
    "path": KpiSpec("path", "funnel(event = 'view', event = 'buy', within => '1m')", "tumbling 1m"),
    "pages": KpiSpec("pages", "top(page, 3)", "cumulative 1d every 1m"),
    "visits": KpiSpec("visits", "sessions()", "tumbling 1m"),
}


def event(name: str = "view", user: str | None = "u1", **properties: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": user, "timestamp": 30_000, "properties": properties}


def named(*events: dict[str, Any]) -> list[list[str]]:
    return Feeds(list(SPECS.values())).names(Batch.from_events(events))


@pytest.mark.parametrize(
    ("one", "names"),
    [
        (event(), ["all", "views", "users", "path", "visits"]),
        (event("buy", price=3, country="DE"), ["all", "german", "sales", "mean", "users", "path", "visits"]),
        (event("buy", price="three"), ["all", "users", "path", "visits"]),
        (event("other", None, page="/"), ["all", "pages"]),
        (event("other", "u1"), ["all", "users", "visits"]),
    ],
)
def test_an_event_is_named_with_the_kpis_that_take_it(one: dict[str, Any], names: list[str]) -> None:
    """Filters, conditions of a KPI, arguments that are there, users that are known: each decides for its KPI."""
    assert named(one) == [names]


def test_events_do_not_mix() -> None:
    """Of several events each has its own names, whatever stands beside it."""
    one, two = event("buy", price=3), event("other", None)
    assert named(one, two, one) == [*named(one), *named(two), *named(one)]


def test_what_is_skipped_counts_nowhere() -> None:
    """A duplicate feeds nothing."""
    batch = Batch.from_events([event(), event()])
    batch.skip = Batch.from_events([event(), event()]).timestamp > 0
    batch.skip[0] = False
    assert [bool(names) for names in Feeds(list(SPECS.values())).names(batch)] == [True, False]


@pytest.mark.parametrize("seed", range(40))
def test_it_names_what_an_engine_counts(seed: int) -> None:
    """One event alone moves a KPI of an engine from nothing to a row with a value just when it is named."""
    chance = random.Random(seed)
    properties: dict[str, Any] = {}
    for name, values in (("price", [3, 0.5, "x", None, True]), ("country", ["DE", "FR"]), ("page", ["/", 7, None])):
        if chance.random() < 0.6:
            properties[name] = chance.choice(values)
    one = event(chance.choice(["view", "buy", "other"]), chance.choice(["u1", None]), **properties)
    moved = []
    for name, spec in SPECS.items():
        engine = Engine([spec])
        engine.ingest(Batch.from_events([one]), now=0)
        values = [row.value for row in engine.advance(now=0).rows]
        empty: list[Any] = [0, None, {"items": []}, {"steps": [0, 0]}]
        if any(value not in empty for value in values) or (
            name == "path" and one["event"] == "buy" and one["distinct_id"]
        ):
            moved.append(name)  # a second step without the first leaves no trace in a row, and is taken all the same
    assert named(one) == [moved]
