"""chDB's queries give the rows of the benchmarks."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.chdb_flows import FLOWS
from tests.benchmarks.peers.queried import check_sessions, check_twenty, check_views


def test_views_by_campaign(tmp_path: Path) -> None:
    """Over two windows."""
    check_views(FLOWS, tmp_path)


def test_sessions(tmp_path: Path) -> None:
    """Equal to those of our own engine, which knows nothing of SQL's windows."""
    check_sessions(FLOWS, tmp_path)


def test_the_twenty_aggregates(tmp_path: Path) -> None:
    """Equal to the loop's, within the error of its quantiles."""
    check_twenty(FLOWS, tmp_path)
