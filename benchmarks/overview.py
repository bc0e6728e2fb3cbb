"""`python -m benchmarks all`: every benchmark, then one table of all goals and the curves, in docs/performance.md."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.environments import MATPLOTLIB, UnavailableError, prepare
from benchmarks.report import RESULTS
from benchmarks.rivals import Standing, standings

__all__ = ["Line", "lines_of", "peers", "renew", "renew_page", "run_all", "table"]

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
BEGIN, END = "<!-- goals -->\n", "<!-- end of goals -->\n"
PEERS, END_PEERS = "<!-- peers -->\n", "<!-- end of peers -->\n"


class Line(NamedTuple):
    """One goal and where we are: numbers as text."""

    goal: str
    figure: str
    """The series that is judged."""
    ours: str
    theirs: str
    """What it is compared with: a peer or a limit; empty where the figure is judged by itself."""
    median: str
    least: str
    most: str
    bound: str
    met: bool
    file: str


def lines_of(results: Iterable[Mapping[str, Any]]) -> list[Line]:
    """The goals in the results, in the order of their numbers."""
    lines = []
    for result in results:
        series = result["series"]
        for goal, judged in result["goals"].items():
            name = judged["series"]
            sides = name.split("/") if series[name]["unit"] == "ratio" else []
            pair = [_short(series[side]["median"]) if side in series else "" for side in sides]
            ours, theirs = pair if len(pair) == 2 else (_short(series[name]["median"]), "")
            median, least, most = (_short(series[name][key]) for key in ("median", "min", "max"))
            met = judged["verdict"] == "met"
            unit = "" if series[name]["unit"] == "ratio" else f" ({series[name]['unit']})"
            lines.append(
                Line(goal, name + unit, ours, theirs, median, least, most, judged["bound"], met, result["benchmark"])
            )
    return sorted(lines, key=lambda line: _order(line.goal))


def table(lines: Sequence[Line]) -> str:
    """The lines as a table in Markdown."""
    rows = [
        ("goal", "figure", "ours", "peer or limit", "median", "min to max", "bound", ""),
        ("---",) * 8,
        *(
            (
                *line[:4],
                f"**{line.median}**",
                f"{line.least} to {line.most}",
                line.bound,
                f"{'met' if line.met else 'missed'}, [{line.file}](../benchmarks/results/{line.file}.json)",
            )
            for line in lines
        ),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def peers(found: Iterable[Standing]) -> str:
    """All peers as a table in Markdown; one that could not be had says why."""
    rows = [("peer", "task", "ours", "peer", "unit", "ours over peer", "min to max", ""), ("---",) * 8]
    for one in found:
        rival = one.rival
        file = f"[{rival.benchmark}](../benchmarks/results/{rival.benchmark}.json)"
        if not one.ratio:
            rows.append((rival.peer, rival.task, "", "", "", "", one.absent.replace("|", "/"), file))
            continue
        figures = _short(one.ours), _short(one.theirs), one.unit, f"**{_short(statistics.median(one.ratio))}**"
        spread = f"{_short(min(one.ratio))} to {_short(max(one.ratio))}"
        rows.append((rival.peer, rival.task, *figures, spread, file))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def renew(page: str, between: str, marks: tuple[str, str] = (BEGIN, END)) -> str:
    """The page with new text between its marks.

    Raises:
        ValueError: it has no marks.
    """
    before, begin, rest = page.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise ValueError(f"the page has no marks {marks[0].strip()} and {marks[1].strip()}")
    return before + begin + between + end + after


def run_all(names: Sequence[str], rounds: int) -> int:
    """Run these benchmarks one after the other, then renew table and curves from all results there are.

    A benchmark that fails does not stop the others. 0 when none failed, whatever the goals say; else 1.
    """
    failed = []
    for name in names:
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", "benchmarks", name, f"--rounds={rounds}"], cwd=ROOT, check=False)
        # 1 says that a goal is missed, and the table says so too.
        if done.returncode not in (0, 1):
            failed.append(name)
    print("\n" + renew_page())
    try:
        python = prepare(MATPLOTLIB)
    except UnavailableError as error:
        print(f"the curves are as they were: {error}")
        failed.append("curves")
    else:
        subprocess.run([str(python), str(ROOT / "benchmarks/peers/curves.py"), str(RESULTS), str(IMAGES)], check=True)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return int(bool(failed))


def renew_page(results: Path = RESULTS, page: Path = PAGE) -> str:
    """Put the goals of all result files on the page, and the peers; both tables."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(results.glob("*.json"))]
    goals, beside = table(lines_of(found)), peers(standings(found))
    text = renew(page.read_text("utf-8"), f"\n{goals}\n")
    page.write_text(renew(text, f"\n{beside}\n", (PEERS, END_PEERS)), "utf-8")
    return f"{goals}\n{beside}"


def _order(goal: str) -> tuple[int, str]:
    """R10 comes after R9."""
    digits = "".join(letter for letter in goal.partition(" ")[0] if letter.isdigit())
    return int(digits or 99), goal


def _short(value: float) -> str:
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
