"""Floods: what each costs the server in memory, and the honest client in time."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from benchmarks import flood, probe
from benchmarks.machine import versions
from benchmarks.process import Running, drive, gateway
from benchmarks.report import Goal, Report
from benchmarks.samples import Series, percentile
from gateway.config import Config

__all__ = ["FLOODS", "Flooded", "flooding", "peak_bytes", "run"]

KPIS = Path(__file__).parent / "floods.toml"
MB = 1 << 20
CAP_MB = Config().memory_cap
GAP_MS = 20.0
FIRST = -10
"""Priority of server and client, where the system lets them have it."""
SETTLE_S = 120.0
END_S = 60.0
SLACK_S = 60.0
"""For what the probe takes beyond its measured part when the flood holds it up."""

FLOODS: Mapping[str, Mapping[str, Any]] = {
    "idle": {"connections": 9_990, "sources": 20},
    "storm": {"connections": 100, "sources": 4, "pace": 4_000.0, "again_s": 0.0},
    "slow": {"connections": 2_000},
    "bodies": {"connections": 2_000, "size": 1_048_576},
    "halves": {"connections": 2_000, "size": 262_144},
    "deaf": {"connections": 500, "receive_buffer": 1_024, "kpi": "by_page"},
    "pings": {"connections": 200},
    "fragments": {"connections": 200},
    "chatter": {"connections": 50, "kpi": "by_event"},
    "names": {"connections": 8, "prime": 1_000_000, "rate": 25},
    "users": {"connections": 8, "prime": 1_000_000, "rate": 25},
    "properties": {"connections": 8, "prime": 1_000_000, "rate": 25},
    "producers": {"connections": 32, "prime": 105_000, "rate": 25},
    "deep": {"connections": 8, "prime": 20_000, "rate": 25},
    "greedy": {"connections": 50},
}

BESIDE: Mapping[str, Mapping[str, Any]] = {"deaf": {"connections": 4, "rate": 10}}
"""Ordinary load, `greedy`, that is there all the time: without any, viewers would have nothing to take."""


class Flooded(NamedTuple):
    """One round of one flood: milliseconds without and with it, bytes at most, and what became of it.

    The first of the peaks is of the process that counts, the others are of workers.
    """

    calm: probe.Outcome
    loaded: probe.Outcome
    peaks: list[int]
    outcome: flood.Outcome
    status: dict[str, Any]


def peak_bytes(pid: int) -> int:
    """The most resident memory that a process has had since `forget_peak`."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1_024
    raise RuntimeError("the kernel tells no peak")


def forget_peak(pid: int) -> None:
    """Let the peak begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")


@contextmanager
def flooding(plan: flood.Plan) -> Iterator[flood.Outcome]:
    """A flood for the length of the block, from when it is on; the outcome is filled in behind the block."""
    outcome = flood.Outcome()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.flood", orjson.dumps(asdict(plan)).decode("ascii")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        if not process.stdout.readline():
            raise RuntimeError(f"flood {plan.kind} did not begin")
        yield outcome
        said, _ = process.communicate(timeout=END_S)
        for name, value in orjson.loads(said).items():
            setattr(outcome, name, value)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _status(server: Running) -> dict[str, Any]:
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/v1/status")
    request.add_header("Authorization", f"Bearer {server.view_key}")
    with urllib.request.urlopen(request, timeout=END_S) as answer:
        return dict(orjson.loads(answer.read()))


def first(pid: int) -> bool:
    """Prefer a process, and what it starts from now on, to all else on the machine; False where that is not allowed."""
    try:
        os.setpriority(os.PRIO_PROCESS, pid, FIRST)
    except PermissionError:
        return False
    return True


def measure(kind: str, measure_s: float, workers: int = 1, **changes: Any) -> Flooded:
    """One round: a fresh server, the honest client alone, then beside the flood.

    Raises:
        RuntimeError: a worker was lost.
    """
    with gateway(KPIS, {"workers": str(workers)}) as server:
        pids = [server.pid, *(line["pid"] for line in _status(server)["workers"])]
        aim = probe.Plan(server.port, server.view_key, server.write_key, measure_s=measure_s, gap_ms=GAP_MS)

        def look() -> probe.Outcome:
            return probe.Outcome(**drive("benchmarks.probe", asdict(aim), measure_s + SLACK_S))

        for pid in pids:
            for task in Path(f"/proc/{pid}/task").iterdir():
                first(int(task.name))
        first(0)

        def plan(kind: str, settings: Mapping[str, Any]) -> flood.Plan:
            return flood.Plan(server.port, kind, server.write_key, server.view_key, settle_s=SETTLE_S, **settings)

        ordinary = flooding(plan("greedy", BESIDE[kind])) if kind in BESIDE else nullcontext()
        with ordinary:
            calm = look()
            for pid in pids:
                forget_peak(pid)
            with flooding(plan(kind, {**FLOODS[kind], **changes})) as outcome:
                loaded = look()
                status = _status(server)
        if any(line["restarts"] for line in _status(server)["workers"]):
            raise RuntimeError(f"a worker was lost under {kind}")
        return Flooded(calm, loaded, list(map(peak_bytes, pids)), outcome, status)


_METHOD = """
Each sample is a fresh gateway with its default settings. An honest client, a producer that sends single events 10 to
30 ms apart and a viewer with max_hz 10 (tick 100 ms), is measured alone, then again beside the flood once that is on:
p50 and p99 in milliseconds from when an event was due to its durable ack (ack) and to the delta that counts it (seen),
of some hundred events each. ratio: loaded over alone, of the same sample. rss: the most resident memory, in MB, from
the start of the flood to its end (VmHWM, reset in between), of all processes, and with workers of the one that counts
and of the largest worker, too; what they share is counted for each. Server on core 0, client and flood on core 1, the
flood at a lower priority, server and client at a higher one where that is allowed, as the machine is shared. What each
flood does is in benchmarks/attacks.py, how much of it in FLOODS; connections that are closed come again after 0.2 s.
Floods of names send a million fresh values (105,000 producers) as fast as they are let, then 20,000 events a second
(800 producers, 800 deep events) while the client is measured.
"""
_SHORT = (("p50", 0.50), ("p99", 0.99))


def run(names: list[str], rounds: int = 3, measure_s: float = 6.0, workers: int = 1) -> Report:
    """Measure the floods named (none: all), one after the other in each round, with so many processes for sockets."""
    over = f" over {workers} workers" if workers > 1 else ""
    report = Report(
        "floods_workers" if over else "floods",
        _METHOD,
        {
            "rounds": rounds,
            "probe_s": measure_s,
            "gap_ms": GAP_MS,
            "memory_cap_mb": CAP_MB,
            "workers": workers,
            "floods": dict(FLOODS),
        },
        versions("tidegate", "websockets", "uvloop", "orjson", "msgspec", "numpy", "aiohttp"),
    )
    kinds = [kind for kind in FLOODS if not names or kind in names]
    values: dict[str, list[float]] = {}
    for number in range(rounds):
        for kind in kinds:
            found = measure(kind, measure_s, workers)
            for name, value in _figures(kind, found).items():
                values.setdefault(name, []).append(value)
            report.notes[f"{kind}, round {number + 1}"] = _told(found)
            print(f"round {number + 1} {kind}: {_line(kind, values)}; {_told(found)}", flush=True)
    for name, samples in values.items():
        unit = "MB" if name.endswith("rss") else "ratio" if "ratio" in name else "ms"
        report.add(Series(name, unit, tuple(samples)))
    for kind in kinds:
        report.goals.append(Goal(f"memory under {kind}{over}", f"{kind} rss", at_most=float(CAP_MB)))
        if kind != "greedy":  # as much as it is let: what it costs the others is shown, not promised
            report.goals.append(Goal(f"honest p99 under {kind}{over}", f"{kind} seen p99 ratio", at_most=2.0))
    return report


def _figures(kind: str, found: Flooded) -> dict[str, float]:
    """Every figure of one round, by the name of its series."""
    figures = {f"{kind} rss": sum(found.peaks) / MB}
    if len(found.peaks) > 1:
        figures |= {f"{kind} analytics rss": found.peaks[0] / MB, f"{kind} worker rss": max(found.peaks[1:]) / MB}
    for what in ("seen", "ack"):
        field = "seen_ms" if what == "seen" else "acked_ms"
        for name, share in _SHORT:
            alone, loaded = (percentile(getattr(side, field), share) for side in (found.calm, found.loaded))
            figures[f"{kind} {what} {name} alone"] = alone
            figures[f"{kind} {what} {name}"] = loaded
            figures[f"{kind} {what} {name} ratio"] = loaded / alone
    return figures


def _line(kind: str, values: Mapping[str, list[float]]) -> str:
    latest = {
        name.removeprefix(f"{kind} "): samples[-1] for name, samples in values.items() if name.startswith(f"{kind} ")
    }
    return (
        ", ".join(
            f"{what} p99 {latest[f'{what} p99 alone']:.0f} -> {latest[f'{what} p99']:.0f} ms"
            for what in ("seen", "ack")
        )
        + f", {latest['rss']:.0f} MB"
    )


def _told(found: Flooded) -> str:
    """What became of the flood, in words."""
    outcome = found.outcome
    ends = ", ".join(f"{count:,} ended by {code}" for code, count in sorted(outcome.ends.items()))
    verdicts = ", ".join(f"{count:,} {name}" for name, count in sorted(outcome.verdicts.items()))
    parts = [f"{outcome.opened:,} opened, {outcome.most:,} at most", ends, verdicts, f"level {found.status['level']}"]
    return "; ".join(part for part in parts if part)
