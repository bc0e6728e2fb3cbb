"""Two recordings from elsewhere, as events, and as tables of DuckDB and ClickHouse over the same rows."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import duckdb

from analytics import Batch, Engine, KpiSpec, Row
from tests.oracles.wheels import file_of

__all__ = ["commits", "ms", "rows", "shop", "shop_clickhouse", "shop_file", "shop_table"]

SHOP_PROPERTIES: Final = ("platform", "acquisition_channel", "user_cohort", "user_lifecycle")


def shop_file() -> Path:
    """Half a year of a made-up shop, 31,106 rows, with incidents in it: `retentioneering` 5.2, Apache-2.0."""
    return file_of("retentioneering==5.2.*", "retentioneering/datasets/ecom.csv.gz")


@cache
def shop() -> list[dict[str, Any]]:
    """Its events in order of time."""
    with gzip.open(shop_file(), "rt", encoding="utf-8", newline="") as file:
        found = [
            {
                "event": row["event"],
                "distinct_id": row["user_id"],
                "session_id": row["session_id"],
                "timestamp": ms(row["timestamp"]),
                "properties": {name: row[name] for name in SHOP_PROPERTIES},
            }
            for row in csv.DictReader(file)
        ]
    return sorted(found, key=lambda event: event["timestamp"])


def shop_table(database: duckdb.DuckDBPyConnection) -> None:
    """The same rows as the table `shop`, read by DuckDB itself; `t` is the time in ms."""
    database.execute(
        "CREATE TABLE shop AS SELECT *, epoch_ms(timestamp) AS t FROM"
        f" read_csv('{shop_file()}', header = true, timestampformat = '%Y-%m-%d %H:%M:%S')"
    )


def shop_clickhouse() -> str:
    """The same rows as what stands behind FROM in ClickHouse; `t` is the time in ms."""
    file = f"file('{shop_file()}', CSVWithNames, 'user_id String, session_id String, event String, timestamp String')"
    return f"(SELECT *, toUnixTimestamp64Milli(toDateTime64(timestamp, 3, 'UTC')) AS t FROM {file})"


@cache
def commits() -> list[dict[str, Any]]:
    """4,916 commits of one author over five years, by local clock: `bokeh-sampledata`."""
    file = file_of("bokeh-sampledata>=2025", "bokeh_sampledata/_data/commits.txt.gz")
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    moments = sorted(parsedate_to_datetime(line) for line in lines if line)
    return [
        {"event": "commit", "distinct_id": "author", "timestamp": round(moment.timestamp() * 1_000)}
        for moment in moments
    ]


def ms(text: str) -> int:
    """Epoch ms of a time in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


def rows(events: list[dict[str, Any]], value: str, window: str, **further: Any) -> list[Row]:
    """The final rows of a KPI over events."""
    engine = Engine([KpiSpec("k", value, window, **{"delay": "0s", "grace": "0s", **further})], memory_budget=4 << 30)
    found: list[Row] = []
    for start in range(0, len(events), 5_000):
        engine.ingest(Batch.from_events(events[start : start + 5_000]), 0)
        found += engine.advance(0).rows
    found += engine.finish().rows
    return [row for row in found if row.kind == "final"]
