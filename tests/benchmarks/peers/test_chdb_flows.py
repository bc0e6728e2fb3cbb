"""chDB's queries give the rows of the benchmarks."""

from __future__ import annotations

from pathlib import Path

from benchmarks import engine, sessions, ysb
from benchmarks.peers import own_flows, twenty_flows
from benchmarks.peers.chdb_flows import FLOWS
from benchmarks.streams import shop, visits, write
from benchmarks.streams import ysb as ads


def test_views_by_campaign(tmp_path: Path) -> None:
    """Over two windows."""
    file = write(ads(3_000, rate=200), 3_000, tmp_path, "ysb").file
    assert ysb.different(ysb.counted(file), FLOWS["ysb"].run(FLOWS["ysb"].load(str(file)))) == []


def test_sessions(tmp_path: Path) -> None:
    """Equal to those of our own engine, which knows nothing of SQL's windows."""
    file = write(visits(20_000, rate=1_500), 20_000, tmp_path, "visits").file
    flow = own_flows.FLOWS["sessions"]
    rows = FLOWS["sessions"].run(FLOWS["sessions"].load(str(file)))
    assert sessions.different(sorted(map(tuple, flow.run(flow.load(str(file))))), rows) == []
    assert any(events > 1 for *_, events in rows)


def test_the_twenty_aggregates(tmp_path: Path) -> None:
    """Equal to the loop's, within the error of its quantiles."""
    file = write(shop(4_000, rate=300), 4_000, tmp_path, "shop").file
    loop = twenty_flows.FLOWS["loop"]
    rows = FLOWS["twenty"].run(FLOWS["twenty"].load(str(file)))
    assert engine.same_rows(loop.run(loop.load(str(file))), rows) == []
