"""R14: memory of the demo's gateway after hours of its simulated visitors."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.machine import memory, real_disk, versions
from benchmarks.memory import rest
from benchmarks.peers.hurried import hurried
from benchmarks.process import Running, python_server
from benchmarks.report import Goal, Report
from benchmarks.samples import Series
from gateway.demo.visitors import Visitors

__all__ = ["Visit", "run", "visit"]

HOURS = 3
SPEED = 40.0
_HOUR_MS = 3_600_000
_LOOK_S = 0.2

_METHOD = """
The gateway of the demo with default settings on a clock that runs 40 times as fast, and the demo's 200 visitors on the
same clock in another process, over eight sockets. Events, ids, people, windows and snapshots (one for each 30 s of that
clock) are those of three hours; batches hold what 40 of the demo's hold, so what is under way at a time is more than
there. rss of the process after each hour, and `rest` when the visitors have left and the process uses next to no CPU.
In MB of 2^20 bytes, shared pages counted in full. `events` is what was accepted, the demo's 840,000 or less: ages that
the gateway judges by are 40 times as long on this clock, so that it slows its clients down sooner. The account of the
clients must close with nothing rejected.
"""


class Visit(NamedTuple):
    """What became of some hours: RSS of the gateway in MB before and after each, and how many events it took."""

    rss: list[float]
    events: int


async def visit(server: Running, clock: Callable[[], int], hours: int, visitors: int = 200) -> Visit:
    """Let visitors come for so long.

    Raises:
        RuntimeError: the account of the clients does not close, or something was rejected.
    """
    stop, seen = asyncio.Event(), [rss(server.pid)]
    crowd = Visitors(f"http://127.0.0.1:{server.port}", server.write_key, visitors=visitors, clock=clock)
    visiting, began = asyncio.get_running_loop().create_task(crowd.run(stop, close_timeout=20)), clock()
    while len(seen) <= hours and not visiting.done():
        await asyncio.sleep(_LOOK_S)
        if clock() - began >= len(seen) * _HOUR_MS:
            seen.append(rss(server.pid))
    stop.set()
    ledger = await visiting
    if not ledger.balanced or ledger.pending or ledger.rejected or not ledger.accepted:
        raise RuntimeError(f"the account does not close: {ledger}")
    return Visit(seen, ledger.accepted)


def rss(pid: int) -> float:
    """Resident set size in MB."""
    return memory(pid).rss / (1 << 20)


def run(names: list[str], rounds: int = 5) -> Report:
    """Measure; there is one side only, so `names` changes nothing."""
    del names
    report = Report(
        "demo",
        _METHOD,
        {"rounds": rounds, "hours": HOURS, "speed": SPEED, "visitors": 200},
        versions("tidegate", "numpy", "sqlglot", "orjson", "msgspec"),
    )
    hourly: list[list[float]] = []
    events: list[float] = []
    for number in range(rounds):
        key, began = f"wk_{secrets.token_hex(8)}", time.time_ns() // 1_000_000
        with tempfile.TemporaryDirectory(prefix="tidegate-bench-", dir=real_disk()[0]) as data:
            argv = ("benchmarks.peers.hurried", str(began), str(SPEED), f"{data}/data")
            env = {"TIDEGATE_WRITE_KEYS": key, "TIDEGATE_DRAIN_MS": "100"}
            with python_server("hurried", *argv, env=env) as server:
                done = asyncio.run(visit(server._replace(write_key=key), hurried(began, SPEED), HOURS))
                hourly.append([*done.rss, rest(server.pid).rss / (1 << 20)])
        events.append(done.events)
        print(f"round {number + 1}: " + ", ".join(f"{one:.0f}" for one in hourly[-1]) + " MB", flush=True)
    labels = ["start", *(f"{hour} h" for hour in range(1, HOURS + 1)), "rest"]
    columns = dict(zip(labels, zip(*hourly, strict=True), strict=True))
    report.add(*(Series(f"rss/{label}", "MB", column) for label, column in columns.items()))
    report.add(Series("events", "events", tuple(events)))
    report.goals.append(Goal("R14 demo", "rss/rest", at_most=150.0))
    return report
