"""retention(..) against ClickHouse: its documentation's own case, and many random users."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from analytics import Batch, Engine, KpiSpec
from tests.oracles.clickhouse import ask

DAY, MINUTE = 86_400_000, 60_000
PERIODS = 4
Visit = tuple[int, int, str]
"""User, time, event."""


def cohorts(visits: Sequence[Visit], start: str, back: str, periods: int, unit: str = "d") -> dict[int, list[int]]:
    """Day (or minute) of the cohort -> its size and returns, by Tidegate; the visits come in this order."""
    value = f"retention(event = '{start}', event = '{back}', period => '1{unit}', periods => {periods})"
    window, delay, grace = f"tumbling 1{unit}", f"3{unit}", f"7{unit}"
    engine = Engine([KpiSpec(name="k", value=value, window=window, delay=delay, grace=grace)])
    events = [{"event": event, "distinct_id": f"u{user}", "timestamp": time} for user, time, event in visits]
    rows = []
    for place in range(0, len(events), 700):
        assert engine.ingest(Batch.from_events(events[place : place + 700]), 0) == []
        rows += engine.advance(0).rows
    rows += engine.finish().rows
    length = {"d": DAY, "m": MINUTE}[unit]
    return {row.start // length: [row.value["size"], *row.value["returned"]] for row in rows}


def test_the_case_of_the_clickhouse_documentation() -> None:
    """Users 0-4 on the first day, 0-9 on the second, 0-14 on the third: 5, 5, 5 of the first day's."""
    visits = [(user, day * DAY, "visit") for day, users in enumerate([5, 10, 15]) for user in range(users)]
    table = ",".join(f"({user},{time // DAY})" for user, time, _ in visits)
    (expected,) = ask(
        "SELECT sum(r[1]) AS r1, sum(r[2]) AS r2, sum(r[3]) AS r3 "
        "FROM (SELECT retention(day = 0, day = 1, day = 2) AS r "
        f"FROM values('uid UInt32, day UInt32', {table}) GROUP BY uid)"
    )
    found = cohorts(visits, "visit", "visit", 2)
    assert list(map(int, expected.values())) == found[0] == [5, 5, 5]
    assert found[1] == [5, 5, 0]
    assert found[2] == [5, 0, 0]


@pytest.mark.parametrize(("unit", "length"), [("d", DAY), ("m", MINUTE)])
def test_random_users_are_those_of_clickhouse(unit: str, length: int) -> None:
    """14 days of 400 users, or minutes, out of order by up to three: first starts by minIf, returns by period."""
    rng = random.Random(5)
    visits = [
        (user, rng.randrange(14 * length), rng.choice(["signup", "visit", "visit", "other"]))
        for user in range(400)
        for _ in range(rng.randrange(9))
    ]
    visits.sort(key=lambda visit: visit[1] + rng.randrange(3 * length))
    table = ",".join(f"({user},{time},'{event}')" for user, time, event in visits)
    later = ", ".join(f"countIf(has(days, first + {i})) AS r{i}" for i in range(1, PERIODS + 1))
    rows: list[dict[str, Any]] = ask(
        f"SELECT first, count() AS size, {later} "
        f"FROM (SELECT intDiv(minIf(time, event = 'signup'), {length}) AS first, "
        f"groupUniqArrayIf(intDiv(time, {length}), event = 'visit') AS days "
        f"FROM values('uid UInt32, time UInt64, event String', {table}) "
        "GROUP BY uid HAVING countIf(event = 'signup') > 0) GROUP BY first"
    )
    expected = {int(row.pop("first")): [int(count) for count in row.values()] for row in rows}
    found = cohorts(visits, "signup", "visit", PERIODS, unit)
    assert len(expected) == 14
    assert {day: counts for day, counts in found.items() if counts[0]} == expected
