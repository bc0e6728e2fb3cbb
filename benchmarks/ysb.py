"""R4: the Yahoo Streaming Benchmark from encoded events, against Bytewax, Pathway, Quix Streams and PyFlink; beside
them DuckDB and chDB, which ask the whole file at once."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from benchmarks.environments import BYTEWAX, CHDB, DUCKDB, FLINK, PATHWAY, QUIX
from benchmarks.machine import real_disk, versions
from benchmarks.report import Goal, Report
from benchmarks.samples import ratio
from benchmarks.sides import Side, available, race
from benchmarks.streams import write, ysb

__all__ = ["counted", "different", "run"]

EVENTS = 1_000_000

_METHOD = """
Views by campaign in tumbling windows of 10 s of event time: 100 campaigns, a third of the events are views, 20,000
events a second of event time, in order; JSON of about 300 bytes each, the campaign among the properties instead of a
look-up by the ad. Each side is one process on one core, warmed up on the first tenth; timed is the way from encoded
events in memory (Pathway, Flink, DuckDB, chDB: in a file in the page cache, which they decode themselves) to rows in a
list, without start-up. A sample is the events over the CPU time, of all threads and child processes, the JVM's
included; /wall is over the clock. own: read and decoded as `tidegate replay` does, 1 MiB at a time, ticks every 10,000
events. own/engine: from columns made beforehand, 1,000 at a time. bytewax: batches of 1,000, decoded and projected in
one step; bytewax/10k: batches of 10,000. quix: its window and store classes as its own tests call them, without Kafka,
which is in its favour. flink: Table API, parallelism 1. duckdb, chdb: one query over the whole file on one thread, with
no row before its end, so that they are not among the best of the goal. Every run's rows are compared with a count of
the same file, before timing and for each sample.
"""

_OWN = "benchmarks.peers.own_flows"
SIDES = (
    Side("own", _OWN, "ysb"),
    Side("own/engine", _OWN, "ysb/engine"),
    Side("bytewax", "benchmarks.peers.bytewax_flows", "ysb", BYTEWAX),
    Side("bytewax/10k", "benchmarks.peers.bytewax_flows", "ysb/10k", BYTEWAX),
    Side("pathway", "benchmarks.peers.pathway_flows", "ysb", PATHWAY),
    Side("quix", "benchmarks.peers.quix_flows", "ysb", QUIX),
    Side("flink", "benchmarks.peers.flink_flows", "ysb", FLINK),
    Side("duckdb", "benchmarks.peers.duckdb_flows", "ysb", DUCKDB),
    Side("chdb", "benchmarks.peers.chdb_flows", "ysb", CHDB),
)
# They answer after the last event, and the goal is of engines that answer while events come in.
_BATCH = ("duckdb", "chdb")


def counted(file: Path) -> Counter[tuple[str, int]]:
    """Views by campaign and start of their window, one event at a time."""
    views: Counter[tuple[str, int]] = Counter()
    with file.open("rb") as lines:
        for event in map(orjson.loads, lines):
            if event["event"] == "view":
                views[event["properties"]["campaign"], event["timestamp"] // 10_000 * 10_000] += 1
    return views


def different(expected: Counter[tuple[str, int]], rows: list[Any]) -> list[str]:
    """Where rows (campaign, start, views) are not what was counted; a row that is there twice is wrong too."""
    found: Counter[tuple[str, int]] = Counter()
    for campaign, start, views in rows:
        found[campaign, start] += views
    places = sorted(key for key in expected.keys() | found.keys() if expected[key] != found[key])
    twice = [f"{len(rows) - len(found)} rows too many"] if len(rows) != len(found) else []
    return twice + [f"{key}: expected {expected[key]}, found {found[key]}" for key in places]


def run(names: list[str], rounds: int = 5, events: int = EVENTS) -> Report:
    """Check and time the sides named (none: all) that can be had here."""
    parameters = {"rounds": rounds, "events": events, "campaigns": 100, "window_s": 10, "seed": 1}
    report = Report("ysb", _METHOD, parameters, versions("tidegate", "orjson"))
    sides = available([side for side in SIDES if not names or side.name in names], report.notes)
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-", dir=real_disk()[0]) as folder:
        contest = write(ysb(events), events, Path(folder), "ysb")
        expected = counted(contest.file)
        series = race(report, [(side, contest) for side in sides], rounds, lambda _, rows: different(expected, rows))
    peers = [one for name, one in series.items() if not name.startswith(("own", *_BATCH))]
    if "own" in series and peers:
        best = max(peers, key=lambda one: one.median)
        report.notes["best"] = best.name
        report.add(ratio("own/best", series["own"], best))
        report.goals.append(Goal("R4", "own/best", at_least=5.0))
    return report
