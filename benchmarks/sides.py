"""The compared engines as child processes, each pinned to the same core; see `peers/flow.py` for what they do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.environments import Environment, UnavailableError, prepare
from benchmarks.machine import SERVER_CORE, pin
from benchmarks.report import Report, UnequalError
from benchmarks.samples import Series

__all__ = ["Check", "Contest", "Side", "Taken", "available", "race", "run_side"]

ROOT = Path(__file__).parent.parent
_TRIES = 3


class Side(NamedTuple):
    """One engine with one flow. `environment` None: our own."""

    name: str
    module: str
    flow: str
    environment: Environment | None = None


class Taken(NamedTuple):
    """What a run took, in seconds of CPU and of the clock, and the rows that it gave."""

    cpu_s: float
    wall_s: float
    rows: list[Any]
    versions: dict[str, str]


class Contest(NamedTuple):
    """A file of events for a side, how many there are, and a smaller one to warm up with."""

    file: Path
    warm: Path
    events: int


Check = Callable[[str, list[Any]], list[str]]
"""From a side's name and its rows to the places where they are wrong."""


def run_side(side: Side, contest: Contest, timeout: float = 600.0, prepared: Callable[..., Path] = prepare) -> Taken:
    """Run it once in a process of its own.

    Raises:
        UnavailableError: its environment cannot be made.
        RuntimeError: it failed; the message holds the end of its standard error.
    """
    python = sys.executable if side.environment is None else str(prepared(side.environment))
    rows = contest.file.with_suffix(f".{side.name.replace('/', '-')}.rows")
    job = {"flow": side.flow, "file": str(contest.file), "warm": str(contest.warm), "rows": str(rows)}
    done = subprocess.run(
        [python, "-m", side.module, json.dumps(job)],
        cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False, preexec_fn=lambda: pin(SERVER_CORE),
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{side.name} failed: {done.stderr[-2_000:]}")
    timing = json.loads(done.stdout.splitlines()[-1])
    found = json.loads(rows.read_text("utf-8"))
    rows.unlink()
    return Taken(timing["cpu_s"], timing["wall_s"], found, timing["versions"])


def available(
    sides: Sequence[Side], notes: dict[str, str], prepared: Callable[[Environment], Path] = prepare
) -> list[Side]:
    """The sides whose environments are there or can be made; the reasons of the others go into the notes."""
    found = []
    for side in sides:
        try:
            if side.environment is not None:
                prepared(side.environment)
        except UnavailableError as error:
            notes[f"absent:{side.name}"] = str(error)
            print(f"{side.name} is left out: {error}", flush=True)
        else:
            found.append(side)
    return found


def race(
    report: Report,
    entries: Sequence[tuple[Side, Contest]],
    rounds: int,
    check: Check,
    prepared: Callable[..., Path] = prepare,
) -> dict[str, Series]:
    """Run each side once to check its rows, then `rounds` times in turns, checked as well.

    Gives events per second of CPU by side; adds them to the report, and those per second of the clock. A peer that
    fails or gives wrong rows gets two more tries (some take events for late when they were held up, by the clock of the
    system), then it is left out with the reason.

    Raises:
        UnequalError: rows of ours are wrong.
        RuntimeError: a side of ours failed.
    """
    per_cpu: dict[str, list[float]] = {side.name: [] for side, _ in entries}
    per_wall: dict[str, list[float]] = {side.name: [] for side, _ in entries}
    versions = dict(report.versions)
    for number in range(rounds + 1):
        for side, contest in entries:
            if side.name not in per_cpu:
                continue
            try:
                taken = _tried(side, contest, check, prepared)
            except (UnequalError, RuntimeError, subprocess.TimeoutExpired) as error:
                if side.environment is None:
                    raise
                del per_cpu[side.name], per_wall[side.name]
                report.notes.pop(f"equal:{side.name}", None)
                report.notes[f"absent:{side.name}"] = " ".join(str(error).split())[:300]
                print(f"{side.name} is left out: {report.notes[f'absent:{side.name}']}", flush=True)
                continue
            versions |= taken.versions
            if not number:
                report.notes[f"equal:{side.name}"] = f"{len(taken.rows):,} rows of {contest.events:,} events, each run"
                continue
            per_cpu[side.name].append(contest.events / taken.cpu_s)
            per_wall[side.name].append(contest.events / taken.wall_s)
            print(
                f"round {number} {side.name}: {per_cpu[side.name][-1]:,.0f} events per CPU-second, "
                f"{per_wall[side.name][-1]:,.0f} per second",
                flush=True,
            )
    report.versions = versions
    series = {name: Series(name, "events per CPU-second", tuple(values)) for name, values in per_cpu.items()}
    report.add(*series.values())
    report.add(*(Series(f"{name}/wall", "events per second", tuple(values)) for name, values in per_wall.items()))
    return series


def _tried(side: Side, contest: Contest, check: Check, prepared: Callable[..., Path]) -> Taken:
    """A run whose rows are right."""
    for left in reversed(range(_TRIES if side.environment else 1)):
        try:
            taken = run_side(side, contest, prepared=prepared)
            places = check(side.name, taken.rows)
            if places:
                raise UnequalError(f"{side.name}: {'; '.join(places[:5])}")
        except (UnequalError, RuntimeError):
            if not left:
                raise
        else:
            return taken
    raise AssertionError("the last try returns or raises")
