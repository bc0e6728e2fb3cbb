"""The table of all goals, and the page that it stands on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import overview
from benchmarks.overview import BEGIN, END, Line, lines_of, peers, renew, renew_page, table
from benchmarks.report import RESULTS, Goal, Report
from benchmarks.rivals import Rival, Standing
from benchmarks.samples import Series


def result(name: str, *goals: Goal) -> dict[str, object]:
    """A result with a ratio, a latency, and these goals."""
    report = Report(name, "", {}, {}, machine={})
    report.add(Series("gateway", "events per CPU-second", (300_000.0,)), Series("bare", "events", (3e6,)))
    report.add(Series("gateway/bare", "ratio", (0.1, 0.09, 0.11)), Series("p99", "ms", (120.0, 90.0, 200.0)))
    report.goals += goals
    return report.to_json()


def test_a_line_has_both_sides_of_a_ratio_and_the_verdict() -> None:
    """In the order of the goals' numbers, whatever files they come from."""
    latency = result("latency", Goal("R10", "p99", at_most=180.0))
    ingest = result("ingest", Goal("R9", "gateway/bare", at_least=0.2))
    assert lines_of([latency, ingest]) == [
        Line("R9", "gateway/bare", "300 k", "3 M", "0.1", "0.09", "0.11", ">= 0.2", False, "ingest"),
        Line("R10", "p99 (ms)", "120", "", "120", "90", "200", "<= 180", True, "latency"),
    ]


def test_the_table_names_the_file_of_each_figure() -> None:
    """One row a goal."""
    head, _, *rows = table(lines_of([result("ingest", Goal("R1", "gateway/bare", at_least=0.2))])).splitlines()
    assert head.startswith("| goal | figure |")
    assert rows == [
        "| R1 | gateway/bare | 300 k | 3 M | **0.1** | 0.09 to 0.11 | >= 0.2 "
        "| missed, [ingest](../benchmarks/results/ingest.json) |"
    ]


def test_only_what_is_between_the_marks_is_renewed() -> None:
    """And a page without them is left alone."""
    page = f"before\n{BEGIN}old{END}after\n"
    assert renew(page, "new\n") == f"before\n{BEGIN}new\n{END}after\n"
    with pytest.raises(ValueError, match="no marks"):
        renew("before", "new")


def test_the_page_shows_what_the_result_files_say(tmp_path: Path) -> None:
    """Figures are never typed: the committed page is the one that the committed results make."""
    page = overview.PAGE.read_text("utf-8")
    (tmp_path / "page.md").write_text(page, "utf-8")
    renew_page(RESULTS, tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text("utf-8") == page


def test_a_peer_has_both_sides_or_the_reason_why_it_has_none() -> None:
    """One row each."""
    bytewax, flink = (Rival(peer, "views", "ysb", "own", peer.lower()) for peer in ("Bytewax", "Flink"))
    found = [Standing(bytewax, 1.3e6, 386e3, (3.4, 3.3, 3.6), "events"), Standing(flink, absent="needs java")]
    file = "[ysb](../benchmarks/results/ysb.json)"
    assert peers(found).splitlines()[2:] == [
        f"| Bytewax | views | 1.3 M | 386 k | events | **3.4** | 3.3 to 3.6 | {file} |",
        f"| Flink | views |  |  |  |  | needs java | {file} |",
    ]


def test_each_goal_is_named_once() -> None:
    """Whichever benchmarks measured it: of two figures for one goal nobody would know which counts."""
    goals = [line.goal for line in lines_of(json.loads(path.read_text("utf-8")) for path in RESULTS.glob("*.json"))]
    assert len(goals) == len(set(goals))
