"""R6: one measure by 100 keys over tumbling windows of 10 s, and over sliding ones of 60 s every second.

Rows are [key, start of the window, value, stated error or null].
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from analytics import Changes, KpiSpec
from benchmarks.peers.flow import Flow, main
from benchmarks.peers.own_flows import prepared, run_engine
from gateway.server.garbage import Garbage

__all__ = ["FLOWS", "MEASURES", "WINDOWS"]

MEASURES = {
    "count": "count(*)",
    "sum": "sum(value)",
    "max": "max(value)",
    "uniq": "uniq(user)",
    "top": "top(path, 10)",
    "quantile": "quantile(value, 0.95)",
    # Each key is its own user; the last step is a rare one.
    "funnel": "funnel(path = '/0', path = '/1', path = '/39', within => '5s')",
}
WINDOWS = {"tumbling": "tumbling 10s", "sliding": "sliding 60s every 1s"}


def _rows(changes: Changes) -> Iterable[Any]:
    return [[*row.dims.values(), row.start, row.value, row.error] for row in changes.rows if row.kind != "partial"]


def _flow(value: str, window: str) -> Flow:
    specs = [KpiSpec("hops", value=value, by=("distinct_id",), window=window, delay="0s", grace="0s")]
    return Flow(lambda path: prepared(path, specs), lambda source: run_engine(source, _rows))


FLOWS = {
    f"{measure}/{kind}": _flow(value, window) for measure, value in MEASURES.items() for kind, window in WINDOWS.items()
}

if __name__ == "__main__":
    Garbage().settle()
    main(FLOWS, "tidegate", "numpy")
