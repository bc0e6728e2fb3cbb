"""chDB (ClickHouse in the process) on one thread: the same rows of R4, R5 and R7 as queries over the whole file.

It reads and decodes the file itself. It is no stream engine: nothing is known before the end of the file.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from chdb import connect

from benchmarks.peers.flow import Flow, main
from benchmarks.peers.twenty_queries import KPIS, PROPERTIES, Kpi

__all__ = ["FLOWS"]

_SETTINGS = "SETTINGS max_threads = 1, output_format_json_quote_64bit_integers = 0"
_KINDS = {"VARCHAR": "String", "DOUBLE": "Float64"}


def _file(path: str, columns: str) -> str:
    return f"file('{path}', JSONEachRow, '{columns}')"


def _ysb(path: str) -> list[Any]:
    file = _file(path, "event String, timestamp Int64, properties Tuple(campaign String)")
    return _rows(
        f"SELECT properties.campaign, intDiv(timestamp, 10000) * 10000 AS start, count() FROM {file} "
        f"WHERE event = 'view' GROUP BY properties.campaign, start"
    )


def _sessions(path: str) -> list[Any]:
    return _rows(f"""
        WITH marked AS (
            SELECT distinct_id, timestamp AS t, t - lagInFrame(t) OVER (PARTITION BY distinct_id ORDER BY t
                ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 10000 AS starts
            FROM {_file(path, "distinct_id String, timestamp Int64")}
        ), numbered AS (
            SELECT *, sum(starts) OVER (PARTITION BY distinct_id ORDER BY t
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS nth FROM marked
        )
        SELECT distinct_id, min(t), max(t) + 10000, count() FROM numbered GROUP BY distinct_id, nth
    """)


def _value(kpi: Kpi) -> str:
    match kpi.measure:
        case "count":
            return "count()"
        case "sum":
            return f"sum({kpi.column})"
        case "uniq":
            return f"uniqExact({kpi.column})"
    # The number of the rank that is asked for: `quantileExact` has another notion of it.
    return f"arraySort(groupArray({kpi.column}))[1 + toInt64(floor({kpi.share} * (count() - 1)))]"


def _twenty(path: str) -> list[Any]:
    own = ", ".join(f"{name} {_KINDS[kind]}" for name, kind in PROPERTIES.items())
    columns = f"event String, timestamp Int64, distinct_id String, session_id String, properties Tuple({own})"
    flat = ", ".join(f"properties.{name} AS {name}" for name in PROPERTIES)

    _ask("DROP TABLE IF EXISTS events")
    _ask(
        "CREATE TABLE events ENGINE = Memory AS SELECT event, intDiv(timestamp, 10000) * 10000 AS start, "
        f"distinct_id, session_id, {flat} FROM {_file(path, columns)} SETTINGS max_threads = 1"
    )
    found = []
    for kpi in KPIS:
        by = ", ".join((*kpi.by, "start"))
        rows = _rows(f"SELECT {by}, {_value(kpi)} FROM events GROUP BY {by}")
        found += [[kpi.name, row[:-2], *row[-2:]] for row in rows]
    _ask("DROP TABLE events")
    return found


@cache
def _connection() -> Any:
    """One for all runs: an engine in the process is opened once."""
    return connect(":memory:")


def _ask(text: str) -> str:
    return str(_connection().query(text, "JSONCompactEachRow"))


def _rows(text: str) -> list[Any]:
    return [json.loads(line) for line in _ask(f"{text} {_SETTINGS}").splitlines()]


def _absolute(path: str) -> str:
    return str(Path(path).resolve())


FLOWS = {
    "ysb": Flow(_absolute, _ysb),
    "sessions": Flow(_absolute, _sessions),
    "twenty": Flow(_absolute, _twenty),
}

if __name__ == "__main__":
    main(FLOWS, "chdb")
