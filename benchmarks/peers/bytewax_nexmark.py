"""Bytewax, one worker: those queries of Nexmark that its windows have a name for, from encoded lines.

q5 counts each auction over 10 s every 2 s; which of them are the hottest is found afterwards and takes no part of its
time. q7 is one key. q12 has windows of event time, as ours has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, cluster_main

from benchmarks.peers.bytewax_flows import EPOCH, LARGE, WAIT
from benchmarks.peers.flow import Flow, lines_of, main

Bid = tuple[str, tuple[datetime, int]]
"""Key, time and price."""
_TEN = timedelta(seconds=10)


def _bids(key: Callable[[dict[str, Any]], str]) -> Callable[[list[bytes]], Iterable[Bid]]:
    def decode(lines: list[bytes]) -> Iterable[Bid]:
        return [
            (key(event), (datetime.fromtimestamp(event["timestamp"] / 1_000, UTC), event["properties"]["price"]))
            for event in map(orjson.loads, lines)
            if event["event"] == "bid"
        ]

    return decode


def _run(
    source: list[bytes],
    key: Callable[[dict[str, Any]], str],
    windower: win.Windower[Any],
    builder: Callable[[], Any],
    folder: Callable[[Any, Any], Any],
    merger: Callable[[Any, Any], Any],
) -> list[tuple[str, tuple[int, Any]]]:
    found: list[tuple[str, tuple[int, Any]]] = []
    flow = Dataflow("flow")
    bids = op.flat_map_batch("decode", op.input("in", flow, TestingSource(source, batch_size=LARGE)), _bids(key))
    clock = win.EventClock(ts_getter=lambda bid: bid[0], wait_for_system_duration=WAIT)
    out = win.fold_window("fold", bids, clock, windower, builder, folder, merger, ordered=False)
    op.output("out", out.down, TestingSink(found))
    cluster_main(flow, [], 0)
    return found


def _person(event: dict[str, Any]) -> str:
    person: str = event["distinct_id"]
    return person


def _auction(event: dict[str, Any]) -> str:
    auction: str = event["properties"]["auction"]
    return auction


def _q5(source: list[bytes]) -> list[Any]:
    windower = win.SlidingWindower(length=_TEN, offset=timedelta(seconds=2), align_to=EPOCH)
    counted = _run(
        source,
        lambda event: event["properties"]["auction"],
        windower,
        lambda: 0,
        lambda n, _: n + 1,
        lambda a, b: a + b,
    )
    most: dict[int, int] = {}
    for _, (number, count) in counted:
        most[number] = max(count, most.get(number, 0))
    return [[number * 2_000, auction, count] for auction, (number, count) in counted if count == most[number]]


def _q7(source: list[bytes]) -> list[Any]:
    windower = win.TumblingWindower(length=_TEN, align_to=EPOCH)
    found = _run(source, lambda _: "all", windower, lambda: 0, lambda top, bid: max(top, bid[1]), max)
    return [[number * 10_000, top] for _, (number, top) in found]


def _q11(source: list[bytes]) -> list[Any]:
    def fold(state: list[Any], bid: tuple[datetime, int]) -> list[Any]:
        if not state:
            return [1, bid[0], bid[0]]
        state[0] += 1
        state[1], state[2] = min(state[1], bid[0]), max(state[2], bid[0])
        return state

    def merge(a: list[Any], b: list[Any]) -> list[Any]:
        return [a[0] + b[0], min(a[1], b[1]), max(a[2], b[2])] if a and b else a or b

    found = _run(source, _person, win.SessionWindower(gap=_TEN), list, fold, merge)
    return [[person, _ms(first), _ms(last) + 10_000, n] for person, (_, (n, first, last)) in found]


def _q12(source: list[bytes]) -> list[Any]:
    windower = win.TumblingWindower(length=_TEN, align_to=EPOCH)
    found = _run(source, _person, windower, lambda: 0, lambda n, _: n + 1, lambda a, b: a + b)
    return [[person, number * 10_000, n] for person, (number, n) in found]


def _ms(time: datetime) -> int:
    return round((time - EPOCH).total_seconds() * 1_000)


FLOWS = {name: Flow(lines_of, run) for name, run in (("q5", _q5), ("q7", _q7), ("q11", _q11), ("q12", _q12))}

if __name__ == "__main__":
    main(FLOWS, "bytewax")
