"""Nexmark: our rows are DuckDB's, query by query, and the comparison finds where they would not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.nexmark import NAMES, different, expect
from benchmarks.peers.nexmark_flows import FLOWS
from benchmarks.streams import auctions, write

Expected = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Expected]:
    """Half a minute, and what DuckDB says of it."""
    contest = write(auctions(15_000, rate=500), 15_000, tmp_path_factory.mktemp("nexmark"), "auctions")
    return contest.file, expect(contest.file, list(NAMES))


@pytest.mark.parametrize("flow", FLOWS)
def test_rows_are_those_of_duckdb(recorded: tuple[Path, Expected], flow: str) -> None:
    """From columns and from encoded lines."""
    file, expected = recorded
    rows = FLOWS[flow].run(FLOWS[flow].load(str(file)))
    assert different(expected[flow.removeprefix("decode+")], rows) == []
    assert rows


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wrong_is_found(recorded: tuple[Path, Expected], name: str) -> None:
    """A number that is off, a row too few, and a row that is there twice."""
    rows = [list(row) for row in recorded[1][name]]
    expected = recorded[1][name]
    assert different(expected, rows) == []
    assert len(different(expected, [[*rows[0][:-1], rows[0][-1] * 2 + 1], *rows[1:]])) == 1
    assert len(different(expected, rows[1:])) == 1
    assert different(expected, [*rows, rows[0]]) == ["1 rows too many"]
