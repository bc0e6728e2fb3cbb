"""Sides as processes: rows come back, wrong ones are refused, and what is not there is noted."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.environments import Environment, UnavailableError
from benchmarks.report import Report, UnequalError
from benchmarks.sides import Contest, Side, available, race, run_side
from benchmarks.streams import write, ysb

OWN = Side("own", "benchmarks.peers.own_flows", "ysb")
PEER = Side("peer", "benchmarks.peers.own_flows", "ysb", Environment("x", ()))


@pytest.fixture
def contest(tmp_path: Path) -> Contest:
    """A small one."""
    return write(ysb(2_000), 2_000, tmp_path, "ysb")


def test_each_sample_is_checked_and_counted(contest: Contest) -> None:
    """One run more than there are samples: the first is for the check alone."""
    checked: list[list[Any]] = []
    report = Report("x", "", {}, {})

    def check(name: str, rows: list[Any]) -> list[str]:
        assert name == "own"
        checked.append(rows)
        return []

    series = race(report, [(OWN, contest)], 2, check)
    assert len(series["own"].values) == 2
    assert len(checked) == 3
    assert sum(views for _, _, views in checked[0]) > 500
    assert checked[0] == checked[1] == checked[2]
    assert [one.name for one in report.series] == ["own", "own/wall"]
    assert report.versions["tidegate"]


def test_wrong_rows_are_refused(contest: Contest) -> None:
    """A side that counts wrongly has no speed."""
    with pytest.raises(UnequalError, match="own: something"):
        race(Report("x", "", {}, {}), [(OWN, contest)], 1, lambda *_: ["something"])


def test_a_peer_that_is_wrong_is_tried_again_and_then_left_out_with_the_reason(
    contest: Contest,
) -> None:
    """The others go on; no figure of it is kept, and none of a peer that came right at the third try is missing."""
    tries: Counter[str] = Counter()

    def check(name: str, rows: list[Any]) -> list[str]:
        tries[name] += 1
        return {"own": [], "late": ["late"] if tries[name] < 3 else [], "peer": ["wrong"] * (tries[name] > 1)}[name]

    report = Report("x", "", {}, {})
    entries = [(PEER, contest), (PEER._replace(name="late"), contest), (OWN, contest)]
    series = race(report, entries, 2, check, lambda _: Path(sys.executable))
    assert {name: len(one.values) for name, one in series.items()} == {"late": 2, "own": 2}
    assert tries == {"own": 3, "late": 5, "peer": 4}
    assert report.notes["absent:peer"] == "peer: wrong"
    assert "equal:peer" not in report.notes


def test_a_side_that_fails_says_why(contest: Contest) -> None:
    """The end of what it wrote to its standard error."""
    with pytest.raises(RuntimeError, match=r"(?s)own failed: .*KeyError"):
        run_side(OWN._replace(flow="nothing"), contest)


def test_a_peer_that_is_not_there_is_left_out_with_the_reason() -> None:
    """Nothing is invented for it."""

    def refuse(_: Environment) -> Path:
        raise UnavailableError("no JVM")

    notes: dict[str, str] = {}
    assert available([OWN, PEER], notes, refuse) == [OWN]
    assert notes == {"absent:peer": "no JVM"}
