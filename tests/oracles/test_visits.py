"""sessions(), session_seconds() and bounce_rate() against DuckDB, which finds sessions by `lag`."""

from __future__ import annotations

import random
from typing import Any

import duckdb
import pytest

from analytics import Batch, Engine, KpiSpec

VIEWS = ("sessions", "session_seconds", "bounce_rate")
GAP = 30_000
QUERY = """
WITH marked AS (
    SELECT *, coalesce(ts - lag(ts) OVER (PARTITION BY country, who ORDER BY ts) > ?, true) AS new FROM events
), numbered AS (
    SELECT *, sum(new::int) OVER (PARTITION BY country, who ORDER BY ts ROWS UNBOUNDED PRECEDING) AS number FROM marked
), sessions AS (
    SELECT country, min(ts) AS started, max(ts) - min(ts) AS ms, count(*) AS n FROM numbered
    GROUP BY country, who, number
), windows AS (
    SELECT DISTINCT country, (ts // ? - i) * ? AS start FROM events, range(?) AS hops(i)
)
SELECT w.start, w.country, count(s.started), avg(s.ms) / 1000, avg((s.n = 1)::int)
FROM windows w LEFT JOIN sessions s ON s.country = w.country AND s.started >= w.start AND s.started < w.start + ?
GROUP BY ALL ORDER BY ALL
"""


def recorded(seed: int) -> list[dict[str, Any]]:
    """Two hours of 60 users who come and go, in random order."""
    rng = random.Random(seed)
    return [
        {
            "event": "view",
            "timestamp": rng.choice([rng.randrange(7_200_000), rng.randrange(240) * GAP]),
            "distinct_id": f"u{min(rng.randrange(60), rng.randrange(60))}",
            "properties": {"country": rng.choice(["DE", "FR", "US"])},
        }
        for _ in range(4_000)
    ]


@pytest.mark.parametrize(("size", "hop"), [(300_000, 300_000), (600_000, 120_000)])
def test_rows_are_those_of_duckdb(size: int, hop: int) -> None:
    """In any order of arrival, every window has what DuckDB finds in the whole table."""
    events = recorded(size)
    window = f"tumbling {size}ms" if size == hop else f"sliding {size}ms every {hop}ms"
    common: dict[str, Any] = {"window": window, "by": ("country",), "delay": "0s", "grace": "3h"}
    engine = Engine([KpiSpec(name=view, value=f"{view}(gap => '{GAP}ms')", **common) for view in VIEWS])
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for start in range(0, len(events), 500):
        assert engine.ingest(Batch.from_events(events[start : start + 500]), 0) == []
    for row in engine.finish().rows:
        found.setdefault((row.start, row.dims["country"]), {})[row.kpi] = row.value
    with duckdb.connect() as db:
        db.execute("CREATE TABLE events (country TEXT, who TEXT, ts BIGINT)")
        rows = [(e["properties"]["country"], e["distinct_id"], e["timestamp"]) for e in events]
        db.executemany("INSERT INTO events VALUES (?, ?, ?)", rows)
        expected = db.execute(QUERY, [GAP, hop, hop, size // hop, size]).fetchall()
    assert len(found) == len(expected) > 60
    for start, country, *values in expected:
        mine = found[start, country]
        assert [mine[view] for view in VIEWS] == [values[0], *(pytest.approx(v, rel=1e-12) for v in values[1:])]
