"""DuckDB on one thread: the same rows of R4, R5 and R7 as queries over the whole file.

It reads and decodes the file itself. It is no stream engine: nothing is known before the end of the file, as with a
job that runs each night.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.peers.flow import Flow, main
from benchmarks.peers.twenty_queries import KPIS, PROPERTIES, Kpi

__all__ = ["FLOWS", "SESSIONS"]

_READ = "read_json(?, format = 'newline_delimited', columns = {columns})"

_YSB = f"""
SELECT properties.campaign, timestamp // 10000 * 10000, count(*)
FROM {_READ.format(columns="{event: 'VARCHAR', timestamp: 'BIGINT', properties: 'STRUCT(campaign VARCHAR)'}")}
WHERE event = 'view' GROUP BY ALL
"""

SESSIONS = f"""
WITH marked AS (
    SELECT distinct_id, timestamp AS t,
           coalesce(timestamp - lag(timestamp) OVER one > 10000, true) AS starts
    FROM {_READ.format(columns="{distinct_id: 'VARCHAR', timestamp: 'BIGINT'}")}
    WINDOW one AS (PARTITION BY distinct_id ORDER BY timestamp)
), numbered AS (
    SELECT *, sum(starts::INT) OVER (PARTITION BY distinct_id ORDER BY t ROWS UNBOUNDED PRECEDING) AS nth FROM marked
)
SELECT distinct_id, min(t), max(t) + 10000, count(*) FROM numbered GROUP BY distinct_id, nth
"""
"""User, start, end and events of each session of the file."""

_STRUCT = ", ".join(f"{name} {kind}" for name, kind in PROPERTIES.items())
_COLUMNS = (
    "{event: 'VARCHAR', timestamp: 'BIGINT', distinct_id: 'VARCHAR', session_id: 'VARCHAR', "
    f"properties: 'STRUCT({_STRUCT})'}}"
)
_EVENTS = f"""
CREATE TEMP TABLE events AS
SELECT event, timestamp // 10000 * 10000 AS start, distinct_id, session_id,
    {", ".join(f"properties.{name}" for name in PROPERTIES)}
FROM {_READ.format(columns=_COLUMNS)}
"""


def _value(kpi: Kpi) -> str:
    match kpi.measure:
        case "count":
            return "count(*)"
        case "sum":
            return f"sum({kpi.column})"
        case "uniq":
            return f"count(DISTINCT {kpi.column})"
    # The number of the rank that is asked for: `quantile_disc` has another notion of it.
    return f"list_sort(list({kpi.column}))[1 + floor({kpi.share} * (count(*) - 1))::BIGINT]"


def _ask(path: str, query: str) -> list[Any]:
    with duckdb.connect(config={"threads": 1}) as database:
        return database.execute(query, [path]).fetchall()


def _twenty(path: str) -> list[Any]:
    def rows(database: duckdb.DuckDBPyConnection) -> Iterator[Any]:
        for kpi in KPIS:
            found = database.execute(f"SELECT {', '.join((*kpi.by, 'start', _value(kpi)))} FROM events GROUP BY ALL")
            yield from ([kpi.name, list(row[:-2]), *row[-2:]] for row in found.fetchall())

    with duckdb.connect(config={"threads": 1}) as database:
        database.execute(_EVENTS, [path])
        return list(rows(database))


def _absolute(path: str) -> str:
    return str(Path(path).resolve())


FLOWS = {
    "ysb": Flow(_absolute, lambda path: _ask(path, _YSB)),
    "sessions": Flow(_absolute, lambda path: _ask(path, SESSIONS)),
    "twenty": Flow(_absolute, _twenty),
}

if __name__ == "__main__":
    main(FLOWS, "duckdb")
