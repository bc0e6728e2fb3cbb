"""R11, R13, and how figures move: cost of an event by connections, KPIs, keys; latency by load; memory by events."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import latency, load, viewers
from benchmarks.fanout import KPIS as FANOUT
from benchmarks.ingest import BOARD_FILE, BOARD_SETTINGS
from benchmarks.machine import memory, versions
from benchmarks.model import metric, status
from benchmarks.peers.traced import traced
from benchmarks.process import Running, drive, gateway
from benchmarks.report import Goal, Report, UnequalError
from benchmarks.samples import Series, percentile, ratio

__all__ = ["SECTIONS", "run"]

CONNECTIONS = (10, 100, 1_000, 10_000)
KPIS = (1, 10, 30, 100)
KEYS = (1, 10, 100, 1_000, 10_000)
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
EVENTS = 10_000_000
STEPS = 20
RATE = 30_000.0
_ROOM = {
    "max_connections": "20000",
    "max_connections_per_ip": "20000",
    "accept_rate": "20000",
    "heartbeat_ms": "600000",
}
_BIG = {"memory_budget": "4096", "memory_cap": "8192"}
_COST = "us of server CPU per event"
_UNITS = {"stall/load": "events per second", "stall/frames": "frames per second"}
_KPI = """
[[kpi]]
name = "kpi_{number}"
value = "{value}"
by = {by}
max_keys = {keys}
window = "tumbling 1s"
delay = "2s"
grace = "10s"
"""

_METHOD = """
The load of the ingest benchmark against the gateway, server on core 0, driver on core 1, a fresh server for each
sample. A cost is the CPU time of the server's process over the events that were acknowledged in the measured part.
connections: the board of 12 KPIs at 30,000 events a second in all, however many send them; without heartbeats, since
ten thousand sockets take longer to open than one lasts. kpis: so many different counts by country, as fast as acks
allow. keys: one count by user of whom so many are told apart, the rest is one row. load: the latency benchmark at a
share of the peak that was measured before. stall: the longest hold of the loop since the start, by the gateway's own
metric, after that load as fast as it may with 1,000 viewers who get a delta of 1 KB ten times a second. events:
resident memory of the gateway with the board of 12 KPIs while ten million events pass through it as fast as they may,
and what tracemalloc counts in the engine by itself for as many events in batches of 1,000.
"""


@contextmanager
def _board(count: int, keys: int, by: str, value: str = "count(*) FILTER (WHERE value > {number})") -> Iterator[Path]:
    """A file of so many KPIs, each with a condition of its own."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        file = Path(folder) / "growth.toml"
        texts = [
            _KPI.format(number=number, value=value.format(number=number), by=by, keys=keys) for number in range(count)
        ]
        file.write_text("".join(texts), "utf-8")
        yield file


def _cost(kpis: Path, settings: Mapping[str, str], measure_s: float, **changes: Any) -> float:
    """Microseconds of the server's CPU per event.

    Raises:
        UnequalError: an event was not plainly accepted.
    """
    with gateway(kpis, settings) as server:
        plan = load.Plan(port=server.port, pids=[server.pid], token=server.write_key, measure_s=measure_s, **changes)
        outcome = drive("benchmarks.load", asdict(plan), timeout=300.0)
        if outcome["verdicts"]:
            raise UnequalError(f"not every event was accepted: {outcome['verdicts']}")
        return float(outcome["server_cpu_s"] / outcome["events"] * 1e6)


def _connections(measure_s: float) -> dict[str, float]:
    settings = BOARD_SETTINGS | _ROOM
    return {
        f"connections/{count}": _cost(BOARD_FILE, settings, measure_s, connections=count, rate=RATE, window=1)
        for count in CONNECTIONS
    }


def _kpis(measure_s: float) -> dict[str, float]:
    costs = {}
    for count in KPIS:
        with _board(count, 20, '["country"]') as file:
            costs[f"kpis/{count}"] = _cost(file, _BIG, measure_s)
    return costs


def _keys(measure_s: float) -> dict[str, float]:
    costs = {}
    for count in KEYS:
        with _board(1, count, '["distinct_id"]') as file:
            costs[f"keys/{count}"] = _cost(file, _BIG, measure_s)
    return costs


def _stall(measure_s: float) -> dict[str, float]:
    """Milliseconds of the longest hold of the loop, as the gateway's own metric has it, from its start on."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder, ThreadPoolExecutor(1) as background:
        kpis = Path(folder) / "stall.toml"
        kpis.write_text(BOARD_FILE.read_text("utf-8") + FANOUT.read_text("utf-8"), "utf-8")
        with gateway(kpis, BOARD_SETTINGS | _ROOM) as server:
            # The viewers are there before the load begins and when it ends.
            watched = viewers.Plan(
                server.port, [server.pid], "tidegate", connections=1_000, measure_s=measure_s + 3.0,
                view_key=server.view_key, write_key=server.write_key,
            )  # fmt: skip
            looking = background.submit(drive, "benchmarks.viewers", asdict(watched))
            while status(server.port, server.view_key)["viewers"] < watched.connections and not looking.done():
                time.sleep(0.05)
            plan = load.Plan(server.port, [server.pid], server.write_key, measure_s=measure_s)
            outcome = drive("benchmarks.load", asdict(plan))
            stall = metric(server.port, server.view_key, "tidegate_loop_stall_max_seconds") * 1_000
            seen = looking.result()
        return {
            "stall/longest": stall,
            "stall/load": outcome["events"] / outcome["wall_s"],
            "stall/frames": seen["frames"] / seen["wall_s"],
        }


def _load(measure_s: float) -> dict[str, float]:
    found = {}
    with latency.board_with_probes() as kpis:
        for share in SHARES:
            outcome, _, _ = latency.sample(kpis, measure_s, share)
            found[f"load/{share:g}/p50"] = percentile(outcome.seen_ms, 0.50)
            found[f"load/{share:g}/p99"] = percentile(outcome.seen_ms, 0.99)
    return found


def _events(measure_s: float) -> dict[str, float]:
    """RSS in MB after each twentieth of the events; what is traced in the engine, the same."""
    del measure_s
    found = {}
    with gateway(BOARD_FILE, BOARD_SETTINGS) as server, ThreadPoolExecutor(1) as background:
        plan = load.Plan(server.port, [server.pid], server.write_key, batches=EVENTS // 20)
        running = background.submit(drive, "benchmarks.load", asdict(plan), timeout=600.0)
        for step in range(STEPS + 1):
            _await(server, step * EVENTS // STEPS, running.done)
            found[f"rss/{step * EVENTS // STEPS}"] = memory(server.pid).rss / (1 << 20)
        running.result()
    for events, traced_bytes in traced(BOARD_FILE, EVENTS, STEPS):
        found[f"traced/{events}"] = traced_bytes / (1 << 20)
    return found


def _await(server: Running, events: int, ended: Callable[[], bool]) -> None:
    """Until the server has accepted so many, or the load has ended."""
    while status(server.port, server.view_key)["ledger"]["accepted"] < events and not ended():
        time.sleep(0.02)


SECTIONS: dict[str, tuple[Callable[[float], dict[str, float]], str]] = {
    "connections": (_connections, _COST),
    "kpis": (_kpis, _COST),
    "keys": (_keys, _COST),
    "load": (_load, "ms"),
    "stall": (_stall, "ms"),
    "events": (_events, "MB"),
}


def run(names: list[str], rounds: int = 5, measure_s: float = 4.0) -> Report:
    """Measure the sections named (none: all), in turns; `events` once, since it is a curve in itself."""
    report = Report(
        "growth",
        _METHOD,
        {"rounds": rounds, "measure_s": measure_s, "rate": RATE, "events": EVENTS},
        versions("tidegate", "websockets", "uvloop", "orjson", "msgspec", "numpy"),
    )
    values: dict[str, list[float]] = {}
    units: dict[str, str] = {}
    for number in range(rounds):
        for name, (section, unit) in SECTIONS.items():
            if (names and name not in names) or (name == "events" and number):
                continue
            for label, value in section(measure_s).items():
                values.setdefault(label, []).append(value)
                units[label] = _UNITS.get(label, unit)
                print(f"round {number + 1} {label}: {value:.2f} {units[label]}", flush=True)
    series = {label: Series(label, units[label], tuple(found)) for label, found in values.items()}
    report.add(*series.values())
    for what, high, low, bound in (("connections", 10_000, 100, 1.3), ("kpis", 100, 10, 5.0)):
        if f"{what}/{high}" in series:
            name = f"growth by {what}, {low:,} to {high:,}"
            report.add(ratio(name, series[f"{what}/{high}"], series[f"{what}/{low}"]))
            report.goals.append(Goal(f"R11 {what}", name, at_most=bound))
    report.goals.append(Goal("R13", "stall/longest", at_most=20.0))
    return report
