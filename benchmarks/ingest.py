"""R1 to R3: events through the whole path, per second of the server's CPU, against the bare limit and two peers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.load import Plan
from benchmarks.machine import versions
from benchmarks.model import BOARD, fetch, model, wait_equal
from benchmarks.process import Running, drive, gateway, python_server
from benchmarks.report import Goal, Report, UnequalError
from benchmarks.samples import Series, ratio
from benchmarks.traffic import FramePool, make_pool

__all__ = ["BOARD_FILE", "BOARD_SETTINGS", "Side", "UnequalError", "driven", "measure", "run"]

BOARD_FILE = Path(__file__).parent / "board.toml"
# By the computed budget the board needs 499 MB at worst; with a probe's KPI beside it that is more than the default.
BOARD_SETTINGS = {"memory_budget": "640"}

_METHOD = """
Batches of 20 events (no uuid) in one masked text frame each, over 100 connections with 4 batches in flight each, as
fast as acks allow. The server runs on core 0, the driver in its own process on core 1. Every sample starts a fresh
server; sides take turns within a round. Before any timing each side gets a fixed number of batches and its board is
compared with a model of the same events; every timed sample's board is compared as well, outside the measured part. A
sample is the events acknowledged in the measured part over the CPU time (user and system, all threads) that the
server's process used in it. gateway: `serve` with its log flushed to a disk before each ack. bare: picows answering 60
bytes per frame, no work. columns, bare_columns: the same two with the same events as columnar batches. loops,
definitions: Starlette on uvicorn (websockets-sansio, uvloop, orjson), nothing kept on disk. aiohttp: the same loops
behind aiohttp's WebSocket on uvloop. Ratios are taken round by round.
"""


class Side(NamedTuple):
    """One of the compared servers and how to start it."""

    name: str
    start: Callable[[], AbstractContextManager[Running]]
    bare: bool = False
    form: str = "rows"


SIDES = (
    Side("gateway", lambda: gateway(BOARD_FILE, BOARD_SETTINGS)),
    Side("columns", lambda: gateway(BOARD_FILE, BOARD_SETTINGS), form="columns"),
    Side("bare", lambda: python_server("bare", "benchmarks.peers.bare"), bare=True),
    Side("bare_columns", lambda: python_server("bare", "benchmarks.peers.bare"), bare=True, form="columns"),
    Side("loops", lambda: python_server("loops", "benchmarks.peers.loops")),
    Side("definitions", lambda: python_server("definitions", "benchmarks.peers.definitions")),
    Side("aiohttp", lambda: python_server("aiohttp", "benchmarks.peers.aiohttp_loops")),
)


_GOALS = (
    ("R1", "gateway", "bare", 0.20),
    ("R2", "columns", "bare_columns", 0.40),
    ("R3 loops", "gateway", "loops", 2.0),
    ("R3 definitions", "gateway", "definitions", 3.0),
    ("R3 columns", "columns", "loops", 4.0),
)


def measure(side: Side, **changes: Any) -> dict[str, Any]:
    """One run of the load against a fresh server of this side: the fields of `load.Outcome`, board checked.

    Raises:
        UnequalError: the board differs from the model, or an event was not plainly accepted.
    """
    with side.start() as server:
        plan = Plan(server.port, [server.pid], server.write_key, bare=side.bare, form=side.form, **changes)
        return driven(side.name, server, plan)


def driven(name: str, server: Running, plan: Plan) -> dict[str, Any]:
    """The load of `plan` against this server: the fields of `load.Outcome`, board checked unless it is bare.

    Raises:
        UnequalError: the board differs from the model, or an event was not plainly accepted.
    """
    outcome = drive("benchmarks.load", asdict(plan))
    if outcome["verdicts"]:
        raise UnequalError(f"{name} did not accept every event: {outcome['verdicts']}")
    if not plan.bare:
        expected = model(make_pool(plan.pool, plan.seed), outcome["sent"])
        places = wait_equal(expected, lambda start, end: fetch(server.port, server.view_key, start, end))
        if places:
            raise UnequalError(f"{name}: {'; '.join(places)}")
    return outcome


def run(names: list[str], rounds: int = 5, measure_s: float = 3.0) -> Report:
    """Check the sides named (none: all), then time them in turns."""
    sides = [side for side in SIDES if not names or side.name in names]
    defaults = Plan(port=0, pids=[], token="")
    pool = make_pool(defaults.pool, defaults.seed)
    sizes = {form: FramePool(pool, form).payload_bytes for form in ("rows", "columns")}
    report = Report(
        "ingest",
        _METHOD,
        {
            "rounds": rounds, "warm_s": defaults.warm_s, "measure_s": measure_s, "connections": defaults.connections,
            "window": defaults.window, "events_per_batch": 20, "pool_batches": defaults.pool, "seed": defaults.seed,
            "payload_bytes_mean": {form: round(sum(each) / len(each)) for form, each in sizes.items()},
            "kpis": list(BOARD),
        },
        versions(
            "tidegate", "websockets", "uvloop", "orjson", "msgspec", "numpy", "picows", "starlette", "uvicorn",
            "aiohttp",
        ),
    )  # fmt: skip
    for side in sides:
        if not side.bare:
            measure(side, batches=2_000)
            report.notes[f"equal:{side.name}"] = (
                "40,000 events before timing, and every timed sample: board equals model"
            )
    per_cpu: dict[str, list[float]] = {side.name: [] for side in sides}
    per_wall: dict[str, list[float]] = {side.name: [] for side in sides}
    for number in range(rounds):
        for side in sides:
            outcome = measure(side, measure_s=measure_s)
            per_cpu[side.name].append(outcome["events"] / outcome["server_cpu_s"])
            per_wall[side.name].append(outcome["events"] / outcome["wall_s"])
            driver = outcome["driver_cpu_s"] / outcome["wall_s"]
            print(
                f"round {number + 1} {side.name}: {per_cpu[side.name][-1]:,.0f} events per CPU-second, "
                f"{per_wall[side.name][-1]:,.0f} per second, driver at {driver:.0%}",
                flush=True,
            )
    series = {name: Series(name, "events per server CPU-second", tuple(values)) for name, values in per_cpu.items()}
    report.add(*series.values())
    report.add(*(Series(f"{name}/wall", "events per second", tuple(values)) for name, values in per_wall.items()))
    for goal, ours, peer, bound in _GOALS:
        if ours in series and peer in series:
            report.add(ratio(f"{ours}/{peer}", series[ours], series[peer]))
            report.goals.append(Goal(goal, f"{ours}/{peer}", at_least=bound))
    if "columns" in series and "gateway" in series:
        report.add(ratio("columns/gateway", series["columns"], series["gateway"]))
    return report
