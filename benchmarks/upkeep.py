"""What the engine needs beside counting: the time of a tick, memory against what was computed, objects left behind."""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache

import numpy as np
import orjson

from analytics import Batch, Engine, KpiSpec
from benchmarks.brim import NEW, PAST, brim
from benchmarks.machine import SERVER_CORE, pin, versions
from benchmarks.process import drive
from benchmarks.report import Goal, Report
from benchmarks.samples import Series
from gateway.server.garbage import Garbage

__all__ = [
    "MEASURES",
    "WINDOWS",
    "Memory",
    "Outcome",
    "Plan",
    "filled",
    "judged",
    "memory",
    "objects_per_event",
    "run",
    "tick_ms",
]

MEASURES = {
    "count": "count(*)",
    "sum": "sum(value)",
    "max": "max(value)",
    "uniq": "uniq(user)",
    "quantile": "quantile(value, 0.95)",
    "top": "top(path, 10)",
    "funnel": "funnel(event = 'a', event = 'b', within => '30m')",
}
WINDOWS = ("tumbling", "sliding")
_START = 1_795_334_400_000
_BUDGET = 4 << 30
_BATCH = 1_000
# Panes that are filled between two ticks before anything is measured, and ticks that are made then and not measured.
_FILL, _SETTLE = 50, 3

_METHOD = """
tick: CPU time for a second with one event of each of 1,000 keys in a sliding window of 2,100 panes: counting, a window
that becomes final, `advance` (2,000 rows come out). memory: an engine whose pools are all full (every pane there is
room for has every key, more values, users and texts than there is room for, all windows shown, the books of coarser
windows, dictionaries and sources full, and then everything final at once, see benchmarks/brim.py), traced bytes when
they are most, copies that are there for a moment and the batch at hand included, over those that `tidegate check` says
it may need, with tumbling windows and with sliding ones. objects: memory blocks alive after a flush for each event
counted.
"""


@dataclass(frozen=True)
class Plan:
    """How much of it. `events` are those after which objects are counted; memory has panes, keys (0: no `by`) and new
    values of each key in a pane of its own.
    """

    panes: int = 2_100
    keys: int = 1_000
    ticks: int = 20
    events: int = 100_000
    memory_panes: int = 165
    memory_keys: int = 100
    memory_values: int = NEW
    measures: tuple[str, ...] = tuple(MEASURES)


@dataclass(frozen=True)
class Memory:
    """Bytes of an engine: those it takes at most at any moment, the batch at hand included, those that it holds in the
    end, and those that were computed for it.
    """

    most: int
    held: int
    computed: int


@dataclass
class Outcome:
    """By measure: every tick in ms of CPU; by measure and kind of windows: bytes; live objects per event counted."""

    tick_ms: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, list[int]] = field(default_factory=dict)
    objects: float = 0.0


@lru_cache
def _texts(prefix: str, factor: int, shift: int, modulus: int, keys: int) -> list[str]:
    return [f"{prefix}{(factor * i + shift) % modulus}" for i in range(keys)]


def _second(number: int, keys: int) -> Batch:
    """One event of each key in a second."""
    times = np.full(keys, _START + number * 1_000, np.int64)
    columns: dict[str, Sequence[str | float]] = {
        "key": _texts("k", 1, 0, keys, keys),
        "value": [float(i % 97) for i in range(keys)],
        "user": _texts("u", 7, number % 20, 2_000, keys),
        "path": _texts("/", number % 40, 0, 40, keys),
        "event": ["ab"[(i + number) % 2] for i in range(keys)],
        "distinct_id": _texts("u", 1, number % 3, 2_000, keys),
    }
    return Batch(keys, times, columns, [("local", keys)])


def filled(spec: KpiSpec, panes: int, keys: int) -> Engine:
    """An engine whose panes all hold something of every key; rows are fetched meanwhile."""
    engine = Engine([spec], memory_budget=_BUDGET)
    for number in range(panes):
        engine.ingest(_second(number, keys), 0)
        if not number % _FILL:
            engine.advance(0)
    return engine


def tick_ms(measure: str, plan: Plan) -> list[float]:
    """CPU time for a second in which every key has one event, counting and `advance`: as many final rows as there are
    keys, and as many open ones.
    """
    window = f"sliding {plan.panes}s every 1s"
    spec = KpiSpec(measure, MEASURES[measure], window, by=("key",), max_keys=plan.keys, delay="0s", grace="0s")
    engine, taken = filled(spec, plan.panes, plan.keys), []
    for number in range(plan.panes, plan.panes + _SETTLE + plan.ticks):
        batch, began = _second(number, plan.keys), time.process_time()
        engine.ingest(batch, 0)
        engine.advance(0)
        taken.append((time.process_time() - began) * 1_000)
    return taken[_SETTLE:]


def memory(measure: str, kind: str, plan: Plan, past: Sequence[int] = PAST) -> Memory:
    """Of an engine whose pools are full, and its books where `past` is long enough."""
    panes, keys = plan.memory_panes, plan.memory_keys
    window = "tumbling 1s" if kind == "tumbling" else f"sliding {panes}s every 1s"
    delay = f"{panes}s" if kind == "tumbling" else "0s"
    by = ("key",) if keys else ()
    spec = KpiSpec(measure, MEASURES[measure], window, by=by, max_keys=max(keys, 1), delay=delay, grace="0s")
    np.unique(np.zeros(1))  # which loads parts of numpy
    gc.collect()
    tracemalloc.start()
    try:
        engine = brim(measure, spec, max(keys, 1), past, plan.memory_values)
        most = tracemalloc.get_traced_memory()[1]
        gc.collect()
        return Memory(most, tracemalloc.get_traced_memory()[0], engine.memory_bytes())
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


def run(names: list[str], rounds: int = 5, events: int = 100_000) -> Report:  # noqa: ARG001  a tick is a sample
    """Ticks, memory and objects, of the measures named (none: all) in a process of their own."""
    plan = Plan(measures=tuple(names) or tuple(MEASURES), events=events)
    return judged(plan, Outcome(**drive("benchmarks.upkeep", asdict(plan), timeout=3_600.0)))


def judged(plan: Plan, outcome: Outcome) -> Report:
    """The report of what was measured."""
    report = Report("upkeep", _METHOD, asdict(plan), versions("tidegate", "numpy"))
    for measure, taken in outcome.tick_ms.items():
        report.add(Series(f"tick/{measure}", "ms of CPU", tuple(taken)))
        report.goals.append(Goal(f"R5 tick {measure}", f"tick/{measure}", at_most=20.0))
    for name, (most, held, computed) in outcome.memory.items():
        report.add(Series(f"memory/{name}", "most over computed", (most / computed,)))
        report.goals.append(Goal(f"R5 memory {name}", f"memory/{name}", at_most=1.0))
        report.goals.append(Goal(f"R5 room {name}", f"memory/{name}", at_least=0.9))
        report.notes[f"memory/{name}"] = (
            f"{most / 1e6:.1f} MB of {computed / 1e6:.1f} MB, {held / 1e6:.1f} MB in the end"
        )
    report.add(Series("objects", "blocks per event", (outcome.objects,)))
    report.goals.append(Goal("R5 objects", "objects", at_most=0.01))
    return report


def main() -> None:
    """Read the plan from the command line, measure, print the outcome."""
    pin(SERVER_CORE)
    plan, outcome = Plan(**orjson.loads(sys.argv[1])), Outcome()
    Garbage().settle()  # as in the server
    for measure in plan.measures:
        outcome.tick_ms[measure] = tick_ms(measure, plan)
        for kind in WINDOWS:
            found = memory(measure, kind, plan)
            outcome.memory[f"{measure}/{kind}"] = [found.most, found.held, found.computed]
    outcome.objects = objects_per_event(plan)
    print(orjson.dumps(asdict(outcome)).decode("ascii"), flush=True)


if __name__ == "__main__":
    main()
