"""Floods: what each costs the server in memory, and the honest client in time."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from benchmarks import flood, probe
from benchmarks.process import Running, drive, gateway

__all__ = ["FLOODS", "Flooded", "flooding", "peak_bytes"]

KPIS = Path(__file__).parent / "floods.toml"
MB = 1 << 20
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
    "deaf": {"connections": 500, "receive_buffer": 1_024, "kpi": "by_event"},
    "pings": {"connections": 200},
    "fragments": {"connections": 200},
    "chatter": {"connections": 50, "kpi": "by_event"},
    "names": {"connections": 8, "prime": 1_000_000, "rate": 25},
    "users": {"connections": 8, "prime": 1_000_000, "rate": 25},
    "properties": {"connections": 8, "prime": 1_000_000, "rate": 25},
    "producers": {"connections": 32, "prime": 150_000, "rate": 25},
    "deep": {"connections": 8, "prime": 20_000, "rate": 25},
    "greedy": {"connections": 50},
}


class Flooded(NamedTuple):
    """One round of one flood: milliseconds without and with it, bytes at most, and what became of it."""

    calm: probe.Outcome
    loaded: probe.Outcome
    peak: int
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


def measure(kind: str, measure_s: float, gap_ms: float = 20.0, **changes: Any) -> Flooded:
    """One round: a fresh server, the honest client alone, then beside the flood."""
    with gateway(KPIS) as server:
        aim = probe.Plan(server.port, server.view_key, server.write_key, measure_s=measure_s, gap_ms=gap_ms)

        def look() -> probe.Outcome:
            return probe.Outcome(**drive("benchmarks.probe", asdict(aim), measure_s + SLACK_S))

        calm = look()
        forget_peak(server.pid)
        settings = {**FLOODS[kind], **changes}
        plan = flood.Plan(server.port, kind, server.write_key, server.view_key, settle_s=SETTLE_S, **settings)
        with flooding(plan) as outcome:
            loaded = look()
            status = _status(server)
        peak = peak_bytes(server.pid)
        return Flooded(calm, loaded, peak, outcome, status)
