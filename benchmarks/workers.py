"""`workers`: what the process that counts spends on an event, beside what one process spends on all of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from benchmarks.ingest import BOARD_FILE, BOARD_SETTINGS, driven
from benchmarks.load import Plan
from benchmarks.machine import versions
from benchmarks.model import BOARD, status
from benchmarks.process import gateway
from benchmarks.report import Report
from benchmarks.samples import Series, ratio

__all__ = ["SIDES", "Side", "measure", "run"]

_METHOD = """
The load, the board and its check are those of `ingest`. `one` is a single process; `two` is two workers, which read,
decode and inspect, and the analytics process, which admits, logs, counts and acks. All processes of a side share core
0 and the driver has core 1, so events per second of the clock say what the hand-over costs and nothing of what more
cores bring. Events per CPU-second are counted for each process by itself: where there are cores for all, the slowest
of them bounds the whole, and `analytics/one` is how much further the process that nobody can double goes.
"""


class Side(NamedTuple):
    """A number of workers, and how batches are written."""

    name: str
    workers: int
    form: str


SIDES = tuple(
    Side(f"{name}/{form}", workers, form) for form in ("rows", "columns") for name, workers in (("one", 1), ("two", 2))
)


def measure(side: Side, **changes: Any) -> dict[str, Any]:
    """One run of the load: the fields of `load.Outcome`, those of `each_cpu_s` with the analytics process first.

    Raises:
        UnequalError: the board differs from the model, or an event was not plainly accepted.
    """
    with gateway(BOARD_FILE, BOARD_SETTINGS | {"workers": str(side.workers)}) as server:
        workers = [line["pid"] for line in status(server.port, server.view_key)["workers"]]
        plan = Plan(server.port, [server.pid, *workers], server.write_key, form=side.form, **changes)
        return driven(side.name, server, plan)


def run(names: list[str], rounds: int = 5, measure_s: float = 3.0) -> Report:
    """Check the sides named (none: all), then time them in turns."""
    sides = [side for side in SIDES if not names or side.name in names]
    report = Report(
        "workers",
        _METHOD,
        {"rounds": rounds, "measure_s": measure_s, "kpis": list(BOARD), "workers": [side.workers for side in sides]},
        versions("tidegate", "websockets", "uvloop", "msgspec", "numpy"),
    )
    for side in sides:
        measure(side, batches=2_000)
        report.notes[f"equal:{side.name}"] = "40,000 events before timing, and every timed sample: board equals model"
    samples: dict[str, list[float]] = {}
    for number in range(rounds):
        for side in sides:
            outcome = measure(side, measure_s=measure_s)
            events, (analytics, *others) = outcome["events"], outcome["each_cpu_s"]
            found = {"wall": events / outcome["wall_s"], "analytics": events / analytics}
            if others:
                # Each gets a share of the connections that the kernel deals out.
                found["worker"] = events / sum(others)
            for name, value in found.items():
                samples.setdefault(f"{side.name}/{name}", []).append(value)
            figures = ", ".join(f"{name} {value:,.0f}" for name, value in found.items())
            print(f"round {number + 1} {side.name}: events per second: {figures}", flush=True)
    series = {
        name: Series(name, "events per second" if name.endswith("wall") else "events per CPU-second", tuple(values))
        for name, values in samples.items()
    }
    report.add(*series.values())
    for form in ("rows", "columns"):
        alone, beside = f"one/{form}/analytics", f"two/{form}/analytics"
        if alone in series and beside in series:
            report.add(ratio(f"analytics/one, {form}", series[beside], series[alone]))
    return report
