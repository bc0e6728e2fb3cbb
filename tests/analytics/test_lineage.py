"""Which events and properties feed a KPI."""

from __future__ import annotations

import pytest

from analytics import Batch, Engine, KpiSpec
from analytics.lineage import Lineage


def fed(value: str, where: str | None = None, by: tuple[str, ...] = ()) -> Lineage:
    """The lineage of a KPI, as viewers are told it."""
    meta = KpiSpec("k", value, "tumbling 1m", where=where, by=by).meta()
    source = meta["lineage"]
    events = None if source["events"] is None else tuple(source["events"])
    return Lineage(events, tuple(source["properties"]), tuple(source["fields"]), tuple(meta["measures"]), meta["error"])


@pytest.mark.parametrize(
    ("value", "where", "events"),
    [
        ("count(*)", None, None),
        ("count(*) FILTER (WHERE event = 'a')", None, ("a",)),
        ("count(*)", "event IN ('b', 'a')", ("a", "b")),
        ("count(*)", "event IN ('c', 'b', 'a')", ("a", "b", "c")),
        ("count(*) FILTER (WHERE event = 'a' AND price > 3)", None, ("a",)),
        ("count(*) FILTER (WHERE event = 'a' OR price > 3)", None, None),
        ("count(*) FILTER (WHERE event = 'a' OR event = 'b')", "event <> 'c'", ("a", "b")),
        ("count(*) FILTER (WHERE event = 'a')", "event = 'b'", ()),
        ("count(*) FILTER (WHERE NOT event = 'a')", None, None),
        ("count(*) FILTER (WHERE event LIKE 'a%')", None, None),
        ("count(*) FILTER (WHERE event = 'a') / count(*)", None, None),
        ("count(*) FILTER (WHERE event = 'a') / count(*)", "event IN ('a', 'b')", ("a", "b")),
        ("funnel(event = 'view', event = 'buy' AND price > 3, within => '1h')", None, ("buy", "view")),
        ("funnel(event = 'view', price > 3, within => '1h')", None, None),
        ("sum(price) FILTER (WHERE \"name\" = 'a')", None, None),
    ],
)
def test_the_events_that_can_count_are_named(value: str, where: str | None, events: tuple[str, ...] | None) -> None:
    """Only what the conditions let through; None when they do not say."""
    assert fed(value, where).events == events


def test_columns_are_properties_or_fields() -> None:
    """Columns of values, conditions and dimensions; the pseudo-columns of the definition are none."""
    found = fed("sum(price) / rate()", "plan = 'pro' AND event = 'buy'", ("$country",))
    assert (found.properties, found.fields) == (("$country", "plan", "price"), ("event",))
    assert fed("funnel(a = 1, within => '1h')").fields == ("distinct_id", "timestamp")
    assert fed("sessions()").fields == ("distinct_id", "timestamp")


def test_measures_state_their_error() -> None:
    """The largest one counts; exact measures have none."""
    assert fed("count(*) + sum(x)")[3:] == (("count", "sum"), None)
    assert fed("uniq(x)").error == pytest.approx(1.04 / 64, abs=1e-3)
    assert fed("quantile(x, 0.5)").error == 0.01
    assert fed("uniq(x) / quantile(y, 0.5)").error == fed("uniq(x)").error


@pytest.mark.parametrize("value", ["count(*) FILTER (WHERE event IN ('a', 'b', 'c') AND n > 1)", "sum(n)"])
def test_an_event_that_is_not_named_changes_nothing(value: str) -> None:
    """What lineage leaves out, the engine does not count: the same value with and without such events."""
    spec = KpiSpec("k", value, "tumbling 1m", where="event <> 'c'")
    named = spec.meta()["lineage"]["events"]
    events = [{"event": name, "timestamp": 1_000 + i, "n": i} for i, name in enumerate("abcdabcdabcd")]
    kept = [event for event in events if named is None or event["event"] in named]

    def total(fed_with: list[dict[str, object]]) -> list[object]:
        engine = Engine([spec])
        engine.ingest(Batch.from_events(fed_with), 2_000)
        return [row.value for row in engine.advance(2_000).rows]

    assert total(kept) == total(events)
