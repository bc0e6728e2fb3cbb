"""Nexmark's queries as KPIs, by the engine; `benchmarks/nexmark.py` says what they are and what of them is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from analytics import KpiSpec
from analytics.row import Row
from benchmarks.peers.flow import Flow, main
from benchmarks.peers.own_flows import blocks, decode_and_run, prepared, run_engine

__all__ = ["FLOWS", "QUERIES"]

_BID = "event = 'bid'"
_BANDS = {"total": "", "low": " AND price < 10000", "middle": " AND price >= 10000 AND price < 1000000"}
_BANDS["high"] = " AND price >= 1000000"
_COUNTED = {"bids": "count(*)", "bidders": "uniq(distinct_id)", "auctions": "uniq(auction)"}


def _spec(name: str, value: str, window: str, where: str | None = _BID, by: tuple[str, ...] = ()) -> KpiSpec:
    return KpiSpec(name, value, window, where=where, by=by, delay="0s", grace="0s", max_keys=32_768)


QUERIES = {
    "q5": [_spec("q5", "top(auction, 100)", "sliding 10s every 2s")],
    "q7": [_spec("q7", "max(price)", "tumbling 10s")],
    "q8": [_spec("q8", "funnel(event = 'person', event = 'auction', within => '10s')", "tumbling 10s", None)],
    "q11": [_spec("q11", "count(*)", "session 10s", by=("distinct_id",))],
    "q12": [_spec("q12", "count(*)", "tumbling 10s", by=("distinct_id",))],
    "q15": [
        _spec(f"{band}_{what}", f"{counted} FILTER (WHERE event = 'bid'{condition})", "tumbling 1d", None)
        for what, counted in _COUNTED.items()
        for band, condition in _BANDS.items()
    ],
}


def _hottest(row: Row) -> Iterable[Any]:
    items = row.value["items"]
    return [[row.start, auction, n] for auction, n in items if n == items[0][1]]


def _joined(row: Row) -> Iterable[Any]:
    return [[row.start, row.value["steps"][1]]] if row.value["steps"][1] else []


ROWS: dict[str, Callable[[Row], Iterable[Any]]] = {
    "q5": _hottest,
    "q7": lambda row: [[row.start, row.value]],
    "q8": _joined,
    "q11": lambda row: [[row.dims["distinct_id"], row.start, row.end, row.value]],
    "q12": lambda row: [[row.dims["distinct_id"], row.start, row.value]],
    "q15": lambda row: [[row.kpi, row.start, row.value]],
}


def _flows(query: str) -> dict[str, Flow]:
    specs, shape = QUERIES[query], ROWS[query]

    def rows(changes: Any) -> list[Any]:
        return [one for row in changes.rows if row.kind not in ("partial", "retract") for one in shape(row)]

    return {
        query: Flow(lambda path: prepared(path, specs), lambda source: run_engine(source, rows)),
        f"decode+{query}": Flow(blocks, lambda source: decode_and_run(source, specs, rows)),
    }


FLOWS = {name: flow for query in QUERIES for name, flow in _flows(query).items()}

if __name__ == "__main__":
    main(FLOWS, "tidegate", "numpy", "msgspec")
