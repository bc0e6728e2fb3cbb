"""R9: from an event sent to a delta received that counts it, while the server takes half of its peak."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks import load, probe
from benchmarks.ingest import BOARD_FILE, BOARD_SETTINGS
from benchmarks.machine import versions
from benchmarks.process import drive, gateway
from benchmarks.report import Goal, Report
from benchmarks.samples import Series, percentile

__all__ = ["board_with_probes", "run", "sample"]

_METHOD = """
The gateway runs the board of the ingest benchmark and one more KPI that counts probe events. Its peak is measured
first, as fast as acks allow. Then the same load is paced to half of that, events per second, while a probe in its
own process sends single events 20 to 60 ms apart and a viewer with max_hz 10 (tick 100 ms) waits for the delta that
counts them. A sample is the median and the 99th percentile, in milliseconds from when the event was due to when the
delta was read, of one run of about 200 probes against a fresh server. Server on core 0, drivers on core 1. idle: the
same without load. ack: from due to its durable ack.
"""
_PROBES = """
[[kpi]]
name = "probes"
value = "count(*) FILTER (WHERE event = 'probe')"
window = "tumbling 1m"
delay = "2s"
grace = "10s"
"""
_PEAK_S = 3.0


@contextmanager
def board_with_probes() -> Iterator[Path]:
    """The file of the ingest benchmark's board, and of a KPI that counts probes."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        kpis = Path(folder) / "latency.toml"
        kpis.write_text(BOARD_FILE.read_text("utf-8") + _PROBES, "utf-8")
        yield kpis


def sample(kpis: Path, measure_s: float, share: float) -> tuple[probe.Outcome, float, float]:
    """One run under a share of the peak: the probe's outcome, the peak, and the load during the probe (events/s)."""
    with gateway(kpis, BOARD_SETTINGS) as server, ThreadPoolExecutor(1) as background:
        plan = load.Plan(server.port, [server.pid], server.write_key, measure_s=_PEAK_S)
        aim = probe.Plan(server.port, server.view_key, server.write_key, measure_s=measure_s)
        if not share:
            return probe.Outcome(**drive("benchmarks.probe", asdict(aim))), 0.0, 0.0
        flat_out = drive("benchmarks.load", asdict(plan))
        peak = flat_out["events"] / flat_out["wall_s"]
        # The load outlasts the probe on both sides: its warm-up covers the probe's start.
        base = load.Plan(server.port, [server.pid], server.write_key, warm_s=1.0, measure_s=measure_s + 2.5)
        paced = replace(base, rate=peak * share, seed=2)
        running = background.submit(drive, "benchmarks.load", asdict(paced))
        outcome = probe.Outcome(**drive("benchmarks.probe", asdict(aim)))
        taken = running.result()
        return outcome, peak, taken["events"] / taken["wall_s"]


def run(names: list[str], rounds: int = 5, measure_s: float = 8.0) -> Report:
    """Measure under load, then idle for comparison; `names` may leave one of `loaded` and `idle` out."""
    report = Report(
        "latency",
        _METHOD,
        {
            "rounds": rounds, "probe_s": measure_s, "gap_ms": probe.Plan.gap_ms, "max_hz": probe.Plan.max_hz,
            "tick_ms": 100, "connections": load.Plan.connections, "window": load.Plan.window,
        },
        versions("tidegate", "websockets", "uvloop", "orjson", "msgspec", "numpy"),
    )  # fmt: skip
    values: dict[str, list[float]] = {}
    with board_with_probes() as kpis:
        for number in range(rounds):
            for side in [side for side in ("loaded", "idle") if not names or side in names]:
                outcome, peak, taken = sample(kpis, measure_s, 0.5 if side == "loaded" else 0.0)
                figures = {
                    "p50": percentile(outcome.seen_ms, 0.50),
                    "p99": percentile(outcome.seen_ms, 0.99),
                    "ack p50": percentile(outcome.acked_ms, 0.50),
                    "ack p99": percentile(outcome.acked_ms, 0.99),
                }
                for name, value in figures.items():
                    values.setdefault(f"{side} {name}", []).append(value)
                if peak:
                    values.setdefault("load", []).append(taken)
                    values.setdefault("peak", []).append(peak)
                shown = ", ".join(f"{name} {value:.1f}" for name, value in figures.items())
                print(f"round {number + 1} {side}: {shown} ms at {taken:,.0f} of {peak:,.0f} events/s", flush=True)
    for name, found in values.items():
        unit = "events per second" if name in ("load", "peak") else "ms"
        report.add(Series(name, unit, tuple(found)))
    report.goals += [Goal("R9 p50", "loaded p50", at_most=80.0), Goal("R9 p99", "loaded p99", at_most=180.0)]
    return report
