"""R5 and R6: the engine alone - twenty aggregates against a loop, sliding against tumbling windows."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import hops
from benchmarks.environments import BYTEWAX, CHDB, DUCKDB, RIVER
from benchmarks.machine import real_disk, versions
from benchmarks.report import Goal, Report
from benchmarks.samples import Series, ratio
from benchmarks.sides import Contest, Side, available, race, run_side
from benchmarks.streams import keyed, shop, write

__all__ = ["run", "same_rows"]

EVENTS = 1_000_000
MEASURES = ("count", "sum", "max", "uniq", "top", "quantile", "funnel")

_METHOD = """
Each side is one process on one core, warmed up on the first tenth; a sample is events over CPU time, rows in a list
included, start-up and loading not. engine: the KPIs of benchmarks/twenty.toml (20 aggregates, windows of 10 s, 20,000
events a second) in batches of 1,000 columns as the gateway's decoder hands them over (texts as codes), a tick every
10,000 events. loop: the same twenty by hand over decoded events, in dictionaries and sets; the two are compared row by
row. decode+: both from the same encoded lines. duckdb, chdb: the file is read into a table, then a query for each of
the twenty, on one thread, with no row before the end; distinct counts and quantiles exact. river: its Agg for each of
the twenty, event by event, decoded beforehand; distinct counts are compared within its error, quantiles, whose error it
does not state, within a quarter where a group has a thousand events. MEASURE/tumbling and /sliding: one measure by 100
keys over 10 s, and over 60 s every second; 20,000 events a second, rows compared with a count of each window. bytewax:
its fold_window for the count, from decoded events, 2,000 a second, a quarter as many. cost: what sliding costs over
what tumbling costs. funnel: three steps by path, the last of them rare, each key being its own user. quantile: the 95th
percentile.
"""

_TWENTY = "benchmarks.peers.twenty_flows"
_HOPS = "benchmarks.peers.hops_flows"
_PEERS = (
    Side("duckdb", "benchmarks.peers.duckdb_flows", "twenty", DUCKDB),
    Side("chdb", "benchmarks.peers.chdb_flows", "twenty", CHDB),
    Side("river", "benchmarks.peers.river_flows", "twenty", RIVER),
)
# Two sketches of the same gamma may differ by a bin where a number lies on its edge.
_TOLERANCE = {"sum": 1e-9, "uni": 4 * 1.04 / math.sqrt(4_096), "p75": 0.0202, "p95": 0.0202, "p50": 0.0202}
_EXACT_DISTINCT = 512
# River's P-square states no error, and of few numbers it is far off; its HyperLogLog is never exact.
_SQUARE, _SQUARE_NEEDS = 0.25, 1_000


def same_rows(expected: list[Any], rows: list[Any], *, river: bool = False) -> list[str]:
    """Where rows (kpi, dimensions, start, value) of a side differ from the loop's by more than is stated."""
    want, have = ({(row[0], *row[1], row[2]): row[3] for row in side} for side in (expected, rows))
    places = [f"{len(rows) - len(have)} rows too many"] if len(rows) != len(have) else []
    for key in sorted(want.keys() | have.keys(), key=str):
        a, b = want.get(key), have.get(key)
        tolerance = _river_tolerance(key, want) if river else _tolerance(key, a)
        if a is None or b is None or abs(a - b) > tolerance * abs(a):
            places.append(f"{key}: expected {a}, found {b}")
    return places


def _tolerance(key: tuple[Any, ...], value: float | None) -> float:
    if key[0].startswith("uniq") and value is not None and value <= _EXACT_DISTINCT:
        return 0.0
    return _TOLERANCE.get(key[0][:3], 0.0)


def _river_tolerance(key: tuple[Any, ...], expected: dict[tuple[Any, ...], Any]) -> float:
    if not key[0].startswith("p"):
        return _TOLERANCE.get(key[0][:3], 0.0)
    _, _, by = key[0].rpartition("_")
    return _SQUARE if expected.get((f"n_{by}", *key[1:]), math.inf) >= _SQUARE_NEEDS else math.inf


def run(names: list[str], rounds: int = 5, events: int = EVENTS) -> Report:
    """Check and time the sides named (none: all)."""
    parameters = {"rounds": rounds, "events": events, "twenty_events": events * 2 // 5}
    report = Report("engine", _METHOD, parameters, versions("tidegate", "numpy", "msgspec", "orjson"))
    series: dict[str, Series] = {}
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-", dir=real_disk()[0]) as folder:
        series |= _race_twenty(report, Path(folder), names, rounds, events * 2 // 5)
        series |= _race_hops(report, Path(folder), names, rounds, events)
    for prefix, bound in (("", 20.0), ("decode+", 5.0)):
        ours, theirs = series.get(f"{prefix}engine"), series.get(f"{prefix}loop")
        if ours and theirs:
            report.add(ratio(f"{prefix}engine/{prefix}loop", ours, theirs))
            report.goals.append(Goal(f"R5 {prefix}engine", f"{prefix}engine/{prefix}loop", at_least=bound))
    for measure in (*MEASURES, "bytewax"):
        tumbling, sliding = series.get(f"{measure}/tumbling"), series.get(f"{measure}/sliding")
        if tumbling and sliding:
            report.add(ratio(f"{measure} cost", tumbling, sliding))
            if measure != "bytewax":
                report.goals.append(Goal(f"R6 {measure}", f"{measure} cost", at_most=1.5))
    return report


def _race_twenty(report: Report, folder: Path, names: list[str], rounds: int, events: int) -> dict[str, Series]:
    flows = ("engine", "loop", "decode+engine", "decode+loop")
    sides = [*(Side(flow, _TWENTY, flow) for flow in flows), *_PEERS]
    sides = available([side for side in sides if not names or side.name in names], report.notes)
    if not sides:
        return {}
    contest = write(shop(events), events, folder, "shop")
    expected = run_side(Side("loop", _TWENTY, "loop"), contest).rows

    def check(name: str, rows: list[Any]) -> list[str]:
        return same_rows(expected, rows, river=name == "river")

    return race(report, [(side, contest) for side in sides], rounds, check)


def _race_hops(report: Report, folder: Path, names: list[str], rounds: int, events: int) -> dict[str, Series]:
    sides = [Side(f"{m}/{kind}", _HOPS, f"{m}/{kind}") for m in MEASURES for kind in ("tumbling", "sliding")]
    peers = [
        Side(f"bytewax/{kind}", "benchmarks.peers.bytewax_flows", kind, BYTEWAX) for kind in ("tumbling", "sliding")
    ]
    chosen = [side for side in (*sides, *peers) if not names or {side.name, side.name.partition("/")[0]} & {*names}]
    chosen = available(chosen, report.notes)
    if not chosen:
        return {}
    few = events // 4
    contests = {
        False: write(keyed(events), events, folder, "keyed"),
        True: write(keyed(few, rate=2_000), few, folder, "thin"),
    }
    columns = {thin: hops.read(contest.file) for thin, contest in contests.items()}
    entries: list[tuple[Side, Contest]] = [(side, contests[side in peers]) for side in chosen]
    expected = {}
    for side in chosen:
        measure, _, kind = side.name.partition("/")
        measure = "count" if side in peers else measure
        expected[side.name] = measure, hops.expect(columns[side in peers], measure, kind)

    def check(name: str, rows: list[Any]) -> list[str]:
        measure, wanted = expected[name]
        return hops.different(wanted, measure, rows)

    return race(report, entries, rounds, check)
