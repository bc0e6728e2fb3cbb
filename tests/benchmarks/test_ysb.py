"""The Yahoo benchmark: our flows against the count, and the comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.own_flows import FLOWS
from benchmarks.streams import write, ysb
from benchmarks.ysb import counted, different


@pytest.mark.parametrize("flow", ["ysb", "ysb/engine"])
def test_our_flows_count_what_was_sent(tmp_path: Path, flow: str) -> None:
    """Over two windows, in more than one tick."""
    contest = write(ysb(15_000, rate=1_000), 15_000, tmp_path, "ysb")
    rows = FLOWS[flow].run(FLOWS[flow].load(str(contest.file)))
    expected = counted(contest.file)
    assert different(expected, rows) == []
    assert {start for _, start, _ in rows} == {start for _, start in expected}


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    """A view too many, a row too few, and a row that is there twice."""
    expected = counted(write(ysb(500), 500, tmp_path, "ysb").file)
    rows: list[Any] = [[*key, views] for key, views in expected.items()]
    assert different(expected, rows) == []
    assert len(different(expected, rows[1:])) == 1
    assert len(different(expected, [[*rows[0][:2], rows[0][2] + 1], *rows[1:]])) == 1
    assert different(expected, [*rows, [*rows[0][:2], 0]]) == ["1 rows too many"]
