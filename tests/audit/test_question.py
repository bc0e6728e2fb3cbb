"""A KPI asked of DuckDB; tests/audit/test_run.py asks every kind of it beside the engine."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from analytics import Batch, KpiSpec
from analytics.label import label
from gateway.audit.question import Answer, Question, dims_of
from gateway.audit.table import EventTable
from gateway.errors import ConfigError

HOUR, DAY = 3_600_000, 86_400_000


def asked(spec: KpiSpec, events: list[dict[str, Any]], *, on_time: bool = False) -> dict[Any, Answer]:
    """Windows by (start, key)."""
    question = Question(spec, on_time=on_time)
    with duckdb.connect() as database:
        table = EventTable(database, question.columns, question.delay)
        for event in events:
            table.add(Batch.from_events([event]), 0)
        table.close()
        answers = question.answer(database)
    return {(place[0], *dims_of(place, question.by).values()): answer for place, answer in answers.items()}


def test_keys_beyond_the_cap_are_pooled_first_come_first_kept() -> None:
    """By arrival, not by time; and what came too late for every window makes no key."""
    events = [{"event": e, "timestamp": t} for e, t in (("a", 9_000), ("late", 100), ("b", 5_000), ("c", 9_000))]
    spec = KpiSpec("k", "count(*)", "tumbling 1s", by=("event",), delay="0s", grace="6s", max_keys=2)
    found = asked(spec, events)
    assert {key: answer.value for key, answer in found.items()} == {
        (9_000, "a"): 1,
        (0, "__other__"): 1,
        (5_000, "b"): 1,
        (9_000, "__other__"): 1,
    }
    assert found[0, "__other__"].late == 1
    assert (0, "__other__") not in asked(spec, events, on_time=True)


def test_a_value_that_reads_like_the_pooled_row_is_part_of_it() -> None:
    """As live: it takes no place of those there are."""
    events = [{"event": e, "timestamp": t} for t, e in enumerate(("__other__", "a", "b", "c", "__other__"))]
    spec = KpiSpec("k", "count(*)", "tumbling 1s", by=("event",), max_keys=2)
    found = {key[1]: answer.value for key, answer in asked(spec, events).items()}
    assert found == {"a": 1, "b": 1, "__other__": 3}


def test_long_texts_are_dimensions_as_rows_have_them() -> None:
    """By their labels, one for each text."""
    names = ["x" * 500, "x" * 501]
    spec = KpiSpec("k", "count(*)", "tumbling 1s", by=("event",))
    found = asked(spec, [{"event": name, "timestamp": 0} for name in names])
    assert found.keys() == {(0, label(name)) for name in names}


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_cohorts_are_of_calendar_days(zone: str) -> None:
    """The first start decides; the same day is no return; a day begins at midnight of the zone."""
    value = "retention(event = 'in', event = 'back', periods => 2)"
    times = {
        "ann": [("in", 10 * HOUR), ("back", 11 * HOUR), ("back", DAY + 1 * HOUR), ("back", DAY + 2 * HOUR)],
        "bob": [("back", 0), ("in", 10 * HOUR), ("in", 2 * DAY + HOUR), ("back", 2 * DAY + 2 * HOUR)],
        "cat": [("in", DAY + HOUR), ("back", DAY + 23 * HOUR + HOUR // 2)],
    }
    events = [{"event": event, "distinct_id": user, "timestamp": time} for user in times for event, time in times[user]]
    found = asked(KpiSpec("k", value, "tumbling 1d", tz=zone), events)
    first = next(answer.value for place, answer in sorted(found.items()) if answer.value["size"] == 2)
    assert first == {"size": 2, "returned": [1, 1]}
    second = next(answer.value for answer in found.values() if answer.value["size"] == 1)
    # Half past eleven at night is the next day in Berlin.
    assert second == {"size": 1, "returned": [1 if zone == "Europe/Berlin" else 0, 0]}


def test_cohorts_of_minutes() -> None:
    """A period may be shorter than a day: it follows the clock."""
    value = "retention(event = 'in', event = 'back', period => '5m', periods => 2)"
    minute = 60_000
    events = [
        {"event": event, "distinct_id": user, "timestamp": at * minute}
        for user, event, at in [
            ("ann", "in", 1),
            ("ann", "back", 4),
            ("ann", "back", 5),
            ("bob", "in", 4),
            ("bob", "back", 14),
        ]
    ]
    found = asked(KpiSpec("k", value, "tumbling 5m"), events)
    assert found[(0,)].value == {"size": 2, "returned": [1, 1]}


def test_what_cannot_be_audited_is_refused_by_name() -> None:
    """When the question is made."""
    mixed = KpiSpec("k", "CASE WHEN count(*) > 1 THEN 'many' ELSE 1 END", "tumbling 1s")
    with pytest.raises(ConfigError, match="sometimes a number"):
        Question(mixed, on_time=False)


def test_texts_of_a_definition_stay_texts() -> None:
    """A quote in it ends nothing, and a column may have any name that can be read."""
    spec = KpiSpec("k", """count(*) FILTER (WHERE "a'b'; DROP" = 'x''; --')""", "tumbling 1s")
    events = [{"event": "e", "timestamp": 0, "properties": {"a'b'; DROP": text}} for text in ("x'; --", "x")]
    assert asked(spec, events)[(0,)].value == 1
