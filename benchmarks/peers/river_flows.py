"""River, the library of online statistics: the twenty aggregates of R5 by its `Agg`, event by event.

It has no windows, so each of 10 s gets aggregates of its own. Events are decoded and flattened beforehand, which is in
its favour. Distinct counts are its HyperLogLog with as many registers as ours; quantiles its P-square, which states no
error. Its `Agg` gives what it holds as a data frame alone, so the groups are read where that reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from river.feature_extraction import Agg
from river.sketch import NUnique
from river.stats import Count, Quantile, Sum

from benchmarks.peers.flow import Flow, lines_of, main
from benchmarks.peers.twenty_queries import KPIS, Kpi

__all__ = ["FLOWS"]

_WINDOW_MS = 10_000
# 4,096 registers.
_ERROR = 1.04 / 64


def _aggregate(kpi: Kpi) -> Agg:
    how = {
        "count": Count,
        "sum": Sum,
        "uniq": lambda: NUnique(error_rate=_ERROR, seed=1),
        "quantile": lambda: Quantile(kpi.share),
    }[kpi.measure]
    return Agg(on="event" if kpi.column == "*" else kpi.column, by=list(kpi.by) or None, how=how())


def _flat(path: str) -> list[dict[str, Any]]:
    return [event | event.pop("properties") for event in map(orjson.loads, lines_of(path))]


def _rows(window: list[Agg], start: int) -> Iterator[Any]:
    for kpi, aggregate in zip(KPIS, window, strict=True):
        for key, statistic in aggregate._groups.items():
            yield [kpi.name, list(key or ()), start, statistic.get()]


def _twenty(events: list[dict[str, Any]]) -> list[Any]:
    windows: dict[int, list[Agg]] = {}
    for event in events:
        number = event["timestamp"] // _WINDOW_MS
        window = windows.get(number)
        if window is None:
            window = windows[number] = [_aggregate(kpi) for kpi in KPIS]
        for aggregate in window:
            aggregate.learn_one(event)
    return [row for number, window in windows.items() for row in _rows(window, number * _WINDOW_MS)]


FLOWS = {"twenty": Flow(_flat, _twenty)}

if __name__ == "__main__":
    main(FLOWS, "river")
