"""What the engine needs beside counting: the time of a tick, memory against the computed budget, objects left behind.

python -m benchmarks.upkeep '{"panes": 2100, "keys": 1000, "ticks": 20, "events": 100000}'
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import orjson

from analytics import Batch, Engine, KpiSpec
from benchmarks.machine import SERVER_CORE, pin
from gateway.server.garbage import Garbage

__all__ = ["MEASURES", "Outcome", "Plan", "filled", "memory_share", "objects_per_event", "tick_ms"]

MEASURES = {
    "count": "count(*)",
    "sum": "sum(value)",
    "max": "max(value)",
    "uniq": "uniq(user)",
    "quantile": "quantile(value, 0.95)",
    "top": "top(path, 10)",
    "funnel": "funnel(event = 'a', event = 'b', within => '30m')",
}
_START = 1_795_334_400_000
_BUDGET = 4 << 30
_BATCH = 1_000
# Panes that are filled between two ticks before anything is measured, and ticks that are made then and not measured.
_FILL, _SETTLE = 50, 3


@dataclass(frozen=True)
class Plan:
    """How much of it. `events` are those after which objects are counted."""

    panes: int = 2_100
    keys: int = 1_000
    ticks: int = 20
    events: int = 100_000


@dataclass
class Outcome:
    """By measure: every tick in ms of CPU, bytes held over bytes computed; and live objects per event counted."""

    tick_ms: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    objects: float = 0.0


def _second(number: int, keys: int) -> Batch:
    """One event of each key in a second."""
    times = np.full(keys, _START + number * 1_000, np.int64)
    columns: dict[str, Sequence[str | float]] = {
        "key": [f"k{i}" for i in range(keys)],
        "value": [float(i % 97) for i in range(keys)],
        "user": [f"u{(7 * i + number % 20) % 2_000}" for i in range(keys)],
        "path": [f"/{i * number % 40}" for i in range(keys)],
        "event": ["ab"[(i + number) % 2] for i in range(keys)],
        "distinct_id": [f"u{(i + number % 3) % 2_000}" for i in range(keys)],
    }
    return Batch(keys, times, columns, [("local", keys)])


def filled(spec: KpiSpec, panes: int, keys: int, *, ticking: bool) -> Engine:
    """An engine whose panes all hold something of every key; `ticking`: rows are fetched meanwhile."""
    engine = Engine([spec], memory_budget=_BUDGET)
    for number in range(panes):
        engine.ingest(_second(number, keys), 0)
        if ticking and not number % _FILL:
            engine.advance(0)
    return engine


def tick_ms(measure: str, plan: Plan) -> list[float]:
    """CPU time for a second in which every key has one event, counting and `advance`: as many final rows as there are
    keys, and as many open ones.
    """
    window = f"sliding {plan.panes}s every 1s"
    spec = KpiSpec(measure, MEASURES[measure], window, by=("key",), max_keys=plan.keys, delay="0s", grace="0s")
    engine, taken = filled(spec, plan.panes, plan.keys, ticking=True), []
    for number in range(plan.panes, plan.panes + _SETTLE + plan.ticks):
        batch, began = _second(number, plan.keys), time.process_time()
        engine.ingest(batch, 0)
        engine.advance(0)
        taken.append((time.process_time() - began) * 1_000)
    return taken[_SETTLE:]


def memory_share(measure: str, plan: Plan) -> float:
    """Bytes that an engine holds when all its panes are in use, over those that it said it may need."""
    delay = f"{plan.panes}s"
    spec = KpiSpec(measure, MEASURES[measure], "tumbling 1s", by=("key",), max_keys=plan.keys, delay=delay, grace="0s")
    gc.collect()
    tracemalloc.start()
    try:
        engine = filled(spec, plan.panes, plan.keys, ticking=False)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / engine.memory_bytes()
    finally:
        tracemalloc.stop()


def objects_per_event(plan: Plan) -> float:
    """Memory blocks alive after a flush of so many events, less those before, for each event. Keys and users are known
    before, so what is counted anew is panes; an object for each event would be 1 or more.
    """
    specs = [
        KpiSpec("views", "count(*)", "tumbling 1s", by=("key",), delay="0s", grace="10s"),
        KpiSpec("total", "sum(value)", "tumbling 1s", by=("key",), delay="0s", grace="10s"),
    ]
    engine = Engine(specs)
    rounds = plan.events // _BATCH
    for number in range(rounds):
        engine.ingest(_second(number, _BATCH), 0)
        engine.advance(0)
    gc.collect()
    tracemalloc.start()
    try:
        before = _blocks()
        for _ in range(rounds):
            engine.ingest(_second(rounds - 1, _BATCH), 0)
        engine.advance(0)
        gc.collect()
        return (_blocks() - before) / (rounds * _BATCH)
    finally:
        tracemalloc.stop()


def _blocks() -> int:
    return sum(trace.count for trace in tracemalloc.take_snapshot().statistics("filename"))


def main() -> None:
    """Read the plan from the command line, measure, print the outcome."""
    pin(SERVER_CORE)
    plan, outcome = Plan(**orjson.loads(sys.argv[1])), Outcome()
    Garbage().settle()  # as in the server
    for measure in MEASURES:
        outcome.tick_ms[measure] = tick_ms(measure, plan)
        outcome.memory[measure] = memory_share(measure, plan)
    outcome.objects = objects_per_event(plan)
    print(orjson.dumps(asdict(outcome)).decode("ascii"), flush=True)


if __name__ == "__main__":
    main()
