"""`workers`: what the process that counts spends on an event or a frame, beside one process that does all of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from benchmarks import fanout, load, viewers
from benchmarks.ingest import BOARD_FILE, BOARD_SETTINGS, driven
from benchmarks.machine import versions
from benchmarks.model import BOARD, status
from benchmarks.process import Running, gateway
from benchmarks.report import Report
from benchmarks.samples import Series, ratio

__all__ = ["SIDES", "STEADY", "Side", "figures", "measure", "run"]

STEADY = 30_000
"""Events a second of the load that is not as much as it can be."""

_METHOD = """
Loads: rows and columns are the load, the board and the check of `ingest`; steady is rows at 30,000 events a second, so
that both sides do the same work whatever the machine does beside; viewers is `fanout`: 2,000 viewers, each of which is
due 10 deltas of 1 KB a second. `one` is a single process; `two` is two workers, which read, decode and inspect, or
frame and write, and the analytics process, which admits, logs, counts, acks and encodes deltas. CPU time is read for
each process by itself, from the kernel's clock of that process, at the instants at which events or frames are counted,
so that neighbours cost time on the wall and not in the figure. Where there are cores for all, the slowest process
bounds the whole: `analytics` is events, or frames, per CPU-second of the one process that nobody can double, and
`analytics/one` how much further it goes; `worker` is the same per CPU-second of both workers together, `all` of all
three. `wall` is per second of the clock with all processes of a side on core 0 and the driver on core 1, which says
what the hand-over costs and nothing of what more cores bring. Sides of a load take turns, and the one that begins
changes from round to round; ratios are of one round. A steady or viewers sample that did not get nine tenths of what
was due is repeated, up to twice, and noted.
"""
_TRIES = 3
_WHOLE = 0.9


class Side(NamedTuple):
    """A number of workers, and a load."""

    name: str
    workers: int
    load: str

    @property
    def form(self) -> str:
        """How batches are written."""
        return "columns" if self.load == "columns" else "rows"

    @property
    def unit(self) -> str:
        """What is counted."""
        return "frames" if self.load == "viewers" else "events"


_LOADS = ("rows", "columns", "steady", "viewers")
SIDES = tuple(Side(f"{name}/{load}", count, load) for load in _LOADS for name, count in (("one", 1), ("two", 2)))


def measure(side: Side, **changes: Any) -> dict[str, Any]:
    """One run of the load: the fields of its `Outcome`, those of `each_cpu_s` with the analytics process first.

    Raises:
        UnequalError: the board differs from the model, or an event was not plainly accepted.
        BrokenDeltasError: deltas did not continue one another.
    """
    count = {"workers": str(side.workers)}
    if side.load == "viewers":
        with gateway(fanout.KPIS, fanout.ROOM | count) as server:
            keys: dict[str, Any] = {"view_key": server.view_key, "write_key": server.write_key}
            return fanout.drive_viewers(viewers.Plan(server.port, _pids(server), "tidegate", **keys, **changes))
    with gateway(BOARD_FILE, BOARD_SETTINGS | count) as server:
        rate = STEADY if side.load == "steady" else None
        plan = load.Plan(server.port, _pids(server), server.write_key, form=side.form, **{"rate": rate, **changes})
        return driven(side.name, server, plan)


def _pids(server: Running) -> list[int]:
    return [server.pid, *(line["pid"] for line in status(server.port, server.view_key)["workers"])]


def figures(side: Side, outcome: dict[str, Any]) -> dict[str, float]:
    """What is said of one sample, by name."""
    count, (analytics, *workers) = outcome[side.unit], outcome["each_cpu_s"]
    found = {
        "wall": count / outcome["wall_s"],
        "analytics": count / analytics,
        "all": count / (analytics + sum(workers)),
    }
    if workers:
        # Each gets a share of the connections that the kernel deals out.
        found["worker"] = count / sum(workers)
    return found


def _due(side: Side, outcome: dict[str, Any]) -> float:
    """The share of what was due that came."""
    plan = viewers.Plan
    rate = {"steady": float(STEADY), "viewers": plan.connections * plan.hz}.get(side.load)
    return 1.0 if rate is None else float(outcome[side.unit] / outcome["wall_s"] / rate)


def _sample(side: Side, measure_s: float, notes: dict[str, str]) -> dict[str, Any]:
    """A sample that got what was due, or the last of three."""
    for _ in range(_TRIES):
        outcome = measure(side, measure_s=measure_s)
        if (share := _due(side, outcome)) >= _WHOLE:
            break
        notes[f"disturbed:{side.name}"] = f"{share:.0%} of what was due came in one sample"
    return outcome


def run(names: list[str], rounds: int = 5, measure_s: float = 3.0) -> Report:
    """Check the sides named (none: all), then time them in turns."""
    sides = [side for side in SIDES if not names or side.name in names or side.load in names]
    report = Report(
        "workers",
        _METHOD,
        {"rounds": rounds, "measure_s": measure_s, "kpis": list(BOARD), "steady": STEADY,
         "viewers": viewers.Plan.connections, "workers": [side.workers for side in sides]},
        versions("tidegate", "websockets", "uvloop", "msgspec", "numpy"),
    )  # fmt: skip
    for side in sides:
        if side.load != "viewers":
            measure(side, batches=2_000)
            report.notes[f"equal:{side.name}"] = (
                "40,000 events before timing, and every timed sample: board equals model"
            )
    samples: dict[str, list[float]] = {}
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            found = figures(side, _sample(side, measure_s, report.notes))
            for name, value in found.items():
                samples.setdefault(f"{side.name}/{name}", []).append(value)
            told = ", ".join(f"{name} {value:,.0f}" for name, value in found.items())
            print(f"round {number + 1} {side.name}: {side.unit} per second: {told}", flush=True)
    series = {name: Series(name, _unit(name), tuple(values)) for name, values in samples.items()}
    report.add(*series.values())
    for kind in _LOADS:
        for name, ours in (("analytics/one", "analytics"), ("all/one", "all")):
            alone, beside = f"one/{kind}/all", f"two/{kind}/{ours}"
            if alone in series and beside in series:
                report.add(ratio(f"{name}, {kind}", series[beside], series[alone]))
    return report


def _unit(name: str) -> str:
    what = "frames" if "viewers" in name else "events"
    return f"{what} per second" if name.endswith("wall") else f"{what} per CPU-second"
