"""Session windows against DuckDB: sessions by lag(), and aggregates over them."""

from __future__ import annotations

import random
from typing import Any

import duckdb
import pytest

from analytics import Batch, Engine, KpiSpec
from analytics.ddsketch import ACCURACY

QUESTION = """
WITH steps AS (
    SELECT *, coalesce(ts - lag(ts) OVER (PARTITION BY who ORDER BY ts) > {gap}, true) AS starts FROM events
), numbered AS (
    SELECT *, sum(starts::INT) OVER (PARTITION BY who ORDER BY ts ROWS UNBOUNDED PRECEDING) AS nth FROM steps
)
SELECT who, min(ts), max(ts) + {gap}, {value} FROM numbered GROUP BY who, nth
"""
# KPI expression -> the same in DuckDB.
VALUES = {
    "count(*)": "count(*)",
    "sum(v)": "sum(v)",
    "min(v)": "min(v)",
    "max(v) FILTER (WHERE v < 50)": "max(v) FILTER (WHERE v < 50)",
    "uniq(page)": "count(DISTINCT page)",
    "avg(v)": "avg(v)",
    "quantile(v, 0.5)": "quantile_disc(v, 0.5)",
    "rate()": "count(*) / ((max(ts) + {gap} - min(ts)) / 1000)",
}


def stream(seed: int, n: int, users: int, disorder: int) -> list[tuple[str, int, int, str]]:
    """(who, ts, v, page) in order of arrival: gaps of all lengths around 100 ms, arrival out of order by `disorder`."""
    rng = random.Random(seed)
    clock = dict.fromkeys(range(users), 0)
    events = []
    for _ in range(n):
        user = rng.randrange(users)
        clock[user] += rng.choice([0, 5, 50, 99, 100, 101, 150, 1_000])
        events.append((f"u{user}", clock[user], rng.randint(1, 99), f"/{rng.randrange(5)}"))
    return sorted(events, key=lambda event: event[1] + rng.randint(0, disorder))


def asked(events: list[tuple[str, int, int, str]], gap: int, value: str) -> dict[Any, Any]:
    """DuckDB's sessions: (who, start, end) -> value."""
    with duckdb.connect() as db:
        db.execute("CREATE TABLE events (who VARCHAR, ts BIGINT, v BIGINT, page VARCHAR)")
        columns = [list(column) for column in zip(*events, strict=True)]
        db.execute("INSERT INTO events SELECT unnest(?), unnest(?), unnest(?), unnest(?)", columns)
        rows = db.execute(QUESTION.format(gap=gap, value=value.format(gap=gap))).fetchall()
    return {tuple(row[:3]): row[3] for row in rows}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("disorder", [0, 60, 2_000])
def test_sessions_are_those_of_duckdb(value: str, disorder: int) -> None:
    """All sessions with their values, in time or late within grace, whatever was retracted on the way."""
    events = stream(disorder, 4_000, 25, disorder)
    spec = KpiSpec(name="k", value=value, window="session 100ms", by=("who",), delay="50ms", grace="5s")
    engine = Engine([spec])
    rows = []
    for start in range(0, len(events), 333):
        made = [
            {"event": "x", "timestamp": ts, "properties": {"who": who, "v": v, "page": page}}
            for who, ts, v, page in events[start : start + 333]
        ]
        assert engine.ingest(Batch.from_events(made), 0) == []
        rows += engine.advance(0).rows
    found: dict[Any, Any] = {}
    for row in rows + engine.finish().rows:
        identity = (row.dims["who"], row.start)
        found[identity] = row
        if row.kind == "retract":
            del found[identity]
    sessions = {(who, start, row.end): row.value for (who, start), row in found.items()}
    expected = asked(events, 100, VALUES[value])
    assert len(expected) > 800
    assert sessions.keys() == expected.keys()
    tolerance = ACCURACY + 1e-9 if value.startswith("quantile") else 1e-12
    for place, want in expected.items():
        got = sessions[place]
        assert got == want or abs(got - want) <= tolerance * abs(want), (place, got, want)
