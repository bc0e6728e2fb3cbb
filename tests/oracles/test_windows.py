"""Tumbling, sliding and cumulative windows against DuckDB, and exact counts and quantiles against ClickHouse."""

from __future__ import annotations

import random
from typing import Any

import duckdb
import pytest

from analytics import Batch, Engine, KpiSpec, Row
from tests.oracles.clickhouse import ask, table

# Window -> its start and end for an event at `t`, one row for each window that holds it.
WINDOWS = {
    "tumbling 7s": "SELECT *, t // 7000 * 7000 AS s, s + 7000 AS e FROM events",
    "sliding 10s every 3s": (
        "SELECT *, (t // 3000 - i) * 3000 AS s, s + 10000 AS e FROM events, range(4) r(i) WHERE e > t"
    ),
    "sliding 60s every 1s": "SELECT *, (t // 1000 - i) * 1000 AS s, s + 60000 AS e FROM events, range(60) r(i)",
    "cumulative 20s every 5s": (
        "SELECT *, t // 20000 * 20000 AS s, s + i * 5000 AS e FROM events, range(1, 5) r(i) WHERE e > t"
    ),
}
# KPI expression -> the same in DuckDB, and how close it has to be.
VALUES = {
    "count(*)": ("count(*)", 0.0),
    "sum(price)": ("fsum(price)", 1e-12),
    "avg(price)": ("favg(price)", 1e-12),
    "min(price) + max(price)": ("min(price) + max(price)", 1e-12),
    "uniq(distinct_id)": ("count(DISTINCT who)", 0.0),
    "quantile(price, 0.9)": ("list_sort(list(price))[1 + floor(0.9 * (count(price) - 1) + 1e-9)::INT]", 0.01 + 1e-9),
    "count(*) FILTER (WHERE event = 'buy') / uniq(distinct_id)": (
        "count(*) FILTER (what = 'buy') / count(DISTINCT who)", 1e-12
    ),
    "sum(CASE WHEN event = 'buy' THEN price END)": ("fsum(CASE WHEN what = 'buy' THEN price END)", 1e-12),
}  # fmt: skip


def recorded(seed: int, count: int = 4_000) -> list[dict[str, Any]]:
    """Two minutes of events in random order within 3 s."""
    rng = random.Random(seed)
    events = [
        {
            "event": rng.choice(["view", "buy"]),
            "distinct_id": f"u{rng.randrange(400)}",
            "timestamp": rng.choice([rng.randrange(120_000), rng.randrange(120) * 1_000]),
            "properties": {
                "price": rng.choice([rng.lognormvariate(3, 2), -rng.random(), rng.randrange(100)]),
                "country": rng.choice(["DE", "FR", "US"]),
            },
        }
        for _ in range(count)
    ]
    return sorted(events, key=lambda event: event["timestamp"] + rng.randrange(3_000))


EVENTS = recorded(1)


def finals(value: str, window: str, events: list[dict[str, Any]], **further: Any) -> list[Row]:
    """The rows of a KPI that saw the events in pieces of many sizes."""
    engine = Engine([KpiSpec("k", value, window, delay="3s", grace="0s", **further)], memory_budget=4 << 30)
    rng, at, found = random.Random(2), 0, list[Row]()
    while at < len(events):
        size = rng.choice([1, 7, 100, 900])
        assert engine.ingest(Batch.from_events(events[at : at + size]), 0) == []
        found += engine.advance(0).rows
        at += size
    return [row for row in found + engine.finish().rows if row.kind == "final"]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The events as a table of DuckDB."""
    file = tmp_path_factory.mktemp("events") / "events.csv"
    columns = ("timestamp", "distinct_id", "event")
    lines = [",".join([*(str(e[c]) for c in columns), *map(repr, e["properties"].values())]) for e in EVENTS]
    file.write_text("\n".join(lines).replace("'", ""))
    made = duckdb.connect()
    made.execute(
        f"CREATE TABLE events AS SELECT * FROM read_csv('{file}', header = false, columns = {{'t': 'BIGINT',"
        " 'who': 'VARCHAR', 'what': 'VARCHAR', 'price': 'DOUBLE', 'country': 'VARCHAR'})"
    )
    yield made
    made.close()


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("value", VALUES)
def test_rows_are_those_of_duckdb(window: str, value: str, database: Any) -> None:
    """Every window of every country: sums to 1e-12, quantiles within 1 % of the exact rank, counts exactly."""
    sql, near = VALUES[value]
    rows = database.execute(f"SELECT s, e, country, {sql} FROM ({WINDOWS[window]}) GROUP BY ALL").fetchall()
    found = {(r.start, r.end, r.dims["country"]): r.value for r in finals(value, window, EVENTS, by=("country",))}
    if window.startswith("cumulative"):
        # A step in which nothing new happened has its row as well; the query has one for each, too.
        assert len(found) == len(rows)
    assert found == pytest.approx({(s, e, country): n for s, e, country, n in rows}, rel=near, abs=0)


def test_exact_counts_and_quantiles_are_those_of_clickhouse() -> None:
    """`uniqExact` to 512 values, and of medians the lower one, within 1 %."""
    values = table(
        "t Int64, who String, price Float64",
        ((e["timestamp"], e["distinct_id"], repr(float(e["properties"]["price"]))) for e in EVENTS),
    )
    expected = {
        int(row["s"]): (int(row["n"]), row["low"])
        for row in ask(
            "SELECT intDiv(t, 10000) * 10000 AS s, uniqExact(who) AS n, quantileExactLow(0.5)(price) AS low"
            f" FROM {values} GROUP BY s"
        )
    }
    uniq = {row.start: row.value for row in finals("uniq(distinct_id)", "tumbling 10s", EVENTS)}
    assert uniq == {start: n for start, (n, _) in expected.items()}
    for row in finals("quantile(price, 0.5)", "tumbling 10s", EVENTS):
        assert row.value == pytest.approx(expected[row.start][1], rel=0.01 + 1e-9)


def test_estimated_counts_are_near_those_of_clickhouse() -> None:
    """20,000 users in a window: within four standard errors, and the row says that it is an estimate."""
    rng = random.Random(3)
    events = [{"event": "e", "timestamp": i, "distinct_id": f"user-{rng.randrange(30_000)}"} for i in range(30_000)]
    values = table("who String", ((event["distinct_id"],) for event in events))
    exact = int(ask(f"SELECT uniqExact(who) AS n FROM {values}")[0]["n"])
    (row,) = finals("uniq(distinct_id)", "tumbling 1m", events)
    assert row.error == 0.016
    assert row.value == pytest.approx(exact, rel=4 * row.error)
