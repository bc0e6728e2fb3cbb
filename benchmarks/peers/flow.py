"""How a compared engine runs: one job in one process, in whatever environment it has. Standard library only.

    PYTHON -m benchmarks.peers.NAME '{"flow": "ysb", "file": .., "warm": .., "rows": ..}'

A flow is two functions: `load` reads the file into what the engine takes as its source, and is not timed; `run` is
timed, and gives the rows. The flow runs over a small file first, to warm up. Printed is one JSON object, `Timing`.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Flow", "Timing", "cpu_seconds", "descendants", "lines_of", "main"]


class Flow(NamedTuple):
    """What is timed, and what comes before."""

    load: Callable[[str], Any]
    run: Callable[[Any], list[Any]]


class Timing(NamedTuple):
    """Of the timed part. `cpu_s` is of all threads and child processes."""

    wall_s: float
    cpu_s: float
    versions: dict[str, str]


def lines_of(path: str) -> list[bytes]:
    """Each line without its end: one encoded event."""
    return Path(path).read_bytes().splitlines()


def descendants(pid: int) -> list[int]:
    """The process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu_seconds() -> float:
    """CPU time so far of this process and those below it that live (see `machine.cpu_seconds`)."""
    total = 0.0
    for pid in descendants(os.getpid()):
        try:
            total += time.clock_gettime((~pid << 3) | 2)
        except OSError:
            continue
    return total


def main(flows: Mapping[str, Flow], *packages: str) -> None:
    """Run the flow that the command line names."""
    from importlib.metadata import version

    job = json.loads(sys.argv[1])
    flow = flows[job["flow"]]
    flow.run(flow.load(job["warm"]))
    source = flow.load(job["file"])
    gc.collect()
    cpu, wall = cpu_seconds(), time.perf_counter()
    rows = flow.run(source)
    timing = Timing(time.perf_counter() - wall, cpu_seconds() - cpu, {name: version(name) for name in packages})
    Path(job["rows"]).write_text(json.dumps(sorted(rows, key=str)), "utf-8")
    print(json.dumps(timing._asdict()), flush=True)
