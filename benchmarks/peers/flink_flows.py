"""PyFlink, parallelism 1, its JVM on the same core: a statement of its Table API, so that no event becomes a Python
object. It reads and decodes the file itself.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from pyflink.table import EnvironmentSettings, TableEnvironment

from benchmarks.peers.flow import Flow, main

_SOURCE = """
CREATE TEMPORARY TABLE events (
  event STRING,
  `timestamp` BIGINT,
  properties ROW<campaign STRING>,
  happened AS TO_TIMESTAMP_LTZ(`timestamp`, 3),
  WATERMARK FOR happened AS happened
) WITH ('connector' = 'filesystem', 'path' = 'file://{path}', 'format' = 'json')
"""
_YSB = """
SELECT properties.campaign, window_start, COUNT(*)
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(happened), INTERVAL '10' SECOND))
WHERE event = 'view'
GROUP BY properties.campaign, window_start, window_end
"""

_tables: list[TableEnvironment] = []


def _environment() -> TableEnvironment:
    """One for all runs, so that the JVM is warm for the second."""
    if not _tables:
        tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
        tables.get_config().set("parallelism.default", "1")
        tables.get_config().set("table.local-time-zone", "UTC")
        _tables.append(tables)
    return _tables[0]


def _ysb(path: str) -> list[Any]:
    tables = _environment()
    tables.execute_sql("DROP TEMPORARY TABLE IF EXISTS events")
    tables.execute_sql(_SOURCE.format(path=path))
    with tables.execute_sql(_YSB).collect() as rows:
        return [
            (campaign, int(start.replace(tzinfo=UTC).timestamp() * 1_000), count) for campaign, start, count in rows
        ]


FLOWS = {"ysb": Flow(lambda path: path, _ysb)}

if __name__ == "__main__":
    main(FLOWS, "apache-flink")
