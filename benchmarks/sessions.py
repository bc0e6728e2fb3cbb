"""R7: session windows of 5,000 users, by the engine alone and by the whole of `tidegate replay`, against Bytewax,
and beside DuckDB and chDB, which ask the whole file at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import orjson

from benchmarks.environments import BYTEWAX, CHDB, DUCKDB
from benchmarks.machine import SERVER_CORE, pin, real_disk, versions
from benchmarks.peers.duckdb_flows import SESSIONS
from benchmarks.report import Goal, Report, UnequalError
from benchmarks.samples import Series, ratio
from benchmarks.sides import Contest, Side, Taken, available, race
from benchmarks.streams import visits, write

__all__ = ["different", "expect", "replay", "run"]

EVENTS = 1_000_000
KPIS = Path(__file__).parent / "sessions.toml"
# Bytewax gets the first so many in a hundred: it would need minutes.
_FEW = 10

_METHOD = """
Sessions of 5,000 users with a gap of 10 s, each user coming every 3.3 s on average (about 20 events a session), events
up to 500 ms out of order and waited for 2 s; a row is user, start, end and number of events. engine: batches of 1,000
columns as the gateway's decoder hands them over, every 10,000 events the rows that are final go into a list, as Bytewax
gives no others; warmed up, start-up not included. engine/10k: batches of 10,000. engine/shown: as engine, but every
10,000 events a row of each open session that changed, too. replay: the whole process `tidegate replay FILE --kpis` with
its start, from lines in a file in the page cache to rows as JSON in a file; modules are compiled beforehand, as where a
package is installed. bytewax: fold_window with a SessionWindower on one worker, batches of 1,000, the first tenth of
the same events, decoded beforehand, which is in its favour; it waits 60 s, since its watermark runs on by the system
clock when the process is held up. bytewax/10k: batches of 10,000, all events. duckdb, chdb: one query over the whole
file, which they read, on one thread, with no row before its end. A sample is events over CPU time on one core; /wall
over the clock. The rows of every run are equal to those of DuckDB.
"""

SIDES = (
    Side("engine", "benchmarks.peers.own_flows", "sessions"),
    Side("engine/10k", "benchmarks.peers.own_flows", "sessions/10k"),
    Side("engine/shown", "benchmarks.peers.own_flows", "sessions/shown"),
    Side("bytewax", "benchmarks.peers.bytewax_flows", "sessions", BYTEWAX),
    Side("bytewax/10k", "benchmarks.peers.bytewax_flows", "sessions/10k", BYTEWAX),
    Side("duckdb", "benchmarks.peers.duckdb_flows", "sessions", DUCKDB),
    Side("chdb", "benchmarks.peers.chdb_flows", "sessions", CHDB),
)
# With equal batches; and against the batches that Bytewax likes better.
_RATIOS = (
    ("engine", "bytewax", 200.0),
    ("replay", "bytewax", 50.0),
    ("engine/10k", "bytewax/10k", None),
    ("replay", "bytewax/10k", None),
)


def expect(file: Path) -> list[tuple[str, int, int, int]]:
    """User, start, end and events of each session, by DuckDB, sorted."""
    with duckdb.connect() as database:
        return sorted(database.execute(SESSIONS, [str(file)]).fetchall())


def different(expected: list[tuple[str, int, int, int]], rows: list[Any]) -> list[str]:
    """Which rows are only on one side; each counts as often as it is there."""
    found = sorted(map(tuple, rows))
    if found == expected:
        return []
    missing, added = set(expected) - set(found), set(found) - set(expected)
    places = [f"missing {row}" for row in sorted(missing)] + [f"not expected {row}" for row in sorted(added)]
    return places or [f"{len(found) - len(expected)} rows too many"]


def replay(contest: Contest) -> Taken:
    """Run `tidegate replay` in a process of its own on one core, start-up included.

    Raises:
        RuntimeError: it failed.
    """
    output = contest.file.with_suffix(".replayed")
    # Modules are compiled once, as where a package is installed, whatever this shell says of compiled modules.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(contest.file.with_name("compiled"))
    began = time.perf_counter()
    with output.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "gateway", "replay", str(contest.file), "--kpis", str(KPIS)],
            env=env, stdout=out, stderr=subprocess.DEVNULL, preexec_fn=lambda: pin(SERVER_CORE),
        )  # fmt: skip
        _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"replay ended with {child.returncode}")
    rows = [orjson.loads(line) for line in output.read_bytes().splitlines()]
    shown = [(row["dims"]["distinct_id"], row["start"], row["end"], row["value"]) for row in rows]
    return Taken(usage.ru_utime + usage.ru_stime, wall, shown, {})


def run(names: list[str], rounds: int = 5, events: int = EVENTS) -> Report:
    """Check and time the sides named (none: all) that can be had here."""
    parameters = {"rounds": rounds, "events": events, "bytewax_events": events // _FEW, "users": 5_000, "gap_s": 10}
    report = Report("sessions", _METHOD, parameters, versions("tidegate", "numpy", "msgspec", "orjson", "duckdb"))
    sides = available([side for side in SIDES if not names or side.name in names], report.notes)
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-", dir=real_disk()[0]) as folder:
        whole = write(visits(events), events, Path(folder), "visits")
        part = write(visits(events), events // _FEW, Path(folder), "few")
        expected, few = expect(whole.file), expect(part.file)
        entries = [(side, part if side.name == "bytewax" else whole) for side in sides]
        series = race(
            report, entries, rounds, lambda name, rows: different(few if name == "bytewax" else expected, rows)
        )
        if not names or "replay" in names:
            series["replay"] = _replays(report, whole, expected, rounds)
    for name, peer, bound in _RATIOS:
        if name in series and peer in series:
            report.add(ratio(f"{name} to {peer}", series[name], series[peer]))
            if bound is not None:
                report.goals.append(Goal(f"R7 {name}", f"{name} to {peer}", at_least=bound))
    return report


def _replays(report: Report, contest: Contest, expected: list[tuple[str, int, int, int]], rounds: int) -> Series:
    taken = [replay(contest) for _ in range(rounds + 1)][1:]
    for one in taken:
        if places := different(expected, one.rows):
            raise UnequalError(f"replay: {'; '.join(places[:5])}")
    report.notes["equal:replay"] = f"{len(expected):,} rows of {contest.events:,} events, each run"
    series = Series("replay", "events per CPU-second", tuple(contest.events / one.cpu_s for one in taken))
    report.add(series, Series("replay/wall", "events per second", tuple(contest.events / one.wall_s for one in taken)))
    print("replay: " + ", ".join(f"{value:,.0f}" for value in series.values) + " events per CPU-second", flush=True)
    return series
