"""Result files, tables and goals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.report import Goal, Report
from benchmarks.samples import Series


@pytest.fixture
def report() -> Report:
    """A report with one series that meets its goal, one that misses it, and a goal without a series."""
    report = Report("ingest", "How\n it was   done.", {"rounds": 3}, {"numpy": "2"}, machine={"cpu": "x"})
    report.add(Series("ours", "ratio", (2.0, 3.0, 4.0)), Series("lag", "ms", (90.0, 80.0, 100.0)))
    report.goals += [Goal("R1", "ours", at_least=3.0), Goal("R9", "lag", at_most=80.0), Goal("R2", "absent")]
    report.notes["skipped:nats"] = "no wheel"
    return report


def test_a_result_file_holds_all_that_a_claim_needs(report: Report, tmp_path: Path) -> None:
    """Samples, method, parameters, versions, machine, date and commit are in the file."""
    written = json.loads(report.write(tmp_path / "results").read_text("utf-8"))
    assert written.pop("date")
    assert written.pop("commit")
    assert written == {
        "benchmark": "ingest",
        "machine": {"cpu": "x"},
        "versions": {"numpy": "2"},
        "method": "How it was done.",
        "parameters": {"rounds": 3},
        "series": {
            "ours": {"unit": "ratio", "median": 3.0, "min": 2.0, "max": 4.0, "samples": [2.0, 3.0, 4.0]},
            "lag": {"unit": "ms", "median": 90.0, "min": 80.0, "max": 100.0, "samples": [90.0, 80.0, 100.0]},
        },
        "goals": {
            "R1": {"series": "ours", "bound": ">= 3", "verdict": "met"},
            "R9": {"series": "lag", "bound": "<= 80", "verdict": "missed: 90 is above 80"},
        },
        "notes": {"skipped:nats": "no wheel"},
    }


def test_the_table_shows_median_and_spread_and_what_was_missed(report: Report) -> None:
    """One line per series, goal and note; a goal whose series was not measured is silent."""
    table = report.table()
    assert "lag     90.0   80.0  100.0  ms" in table
    assert "R9: lag <= 80: missed: 90 is above 80" in table
    assert "skipped:nats: no wheel" in table
    assert "R2" not in table


@pytest.mark.parametrize(
    ("goal", "values", "met"),
    [
        (Goal("g", "s", at_least=0.2), (0.1, 0.2, 0.3), True),
        (Goal("g", "s", at_least=0.2), (0.1, 0.19, 0.3), False),
        (Goal("g", "s", at_most=8), (1.0, 8.0, 9.0), True),
        (Goal("g", "s", at_most=8), (1.0, 8.1, 9.0), False),
    ],
)
def test_a_goal_is_judged_by_the_median(goal: Goal, values: tuple[float, ...], met: bool) -> None:
    """Neither the best nor the worst sample decides."""
    assert (goal.judge(Series("s", "x", values)) == "met") is met
