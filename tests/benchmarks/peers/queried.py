"""What the queries of every SQL engine must give, whatever its dialect."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks import engine, sessions, ysb
from benchmarks.peers import own_flows, twenty_flows
from benchmarks.peers.flow import Flow
from benchmarks.streams import shop, visits, write
from benchmarks.streams import ysb as ads

Flows = Mapping[str, Flow]


def check_views(flows: Flows, tmp_path: Path) -> None:
    """Over two windows."""
    file = write(ads(3_000, rate=200), 3_000, tmp_path, "ysb").file
    assert ysb.different(ysb.counted(file), flows["ysb"].run(flows["ysb"].load(str(file)))) == []


def check_sessions(flows: Flows, tmp_path: Path) -> None:
    """Equal to those of our own engine, which knows nothing of SQL's windows."""
    file = write(visits(20_000, rate=1_500), 20_000, tmp_path, "visits").file
    flow = own_flows.FLOWS["sessions"]
    rows = flows["sessions"].run(flows["sessions"].load(str(file)))
    assert sessions.different(sorted(map(tuple, flow.run(flow.load(str(file))))), rows) == []
    assert any(events > 1 for *_, events in rows)


def check_twenty(flows: Flows, tmp_path: Path) -> None:
    """Equal to the loop's, within the error of its quantiles."""
    file = write(shop(4_000, rate=300), 4_000, tmp_path, "shop").file
    loop = twenty_flows.FLOWS["loop"]
    rows = flows["twenty"].run(flows["twenty"].load(str(file)))
    assert engine.same_rows(loop.run(loop.load(str(file))), rows) == []
