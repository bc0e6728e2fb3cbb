"""Sessions: DuckDB's against a count by hand, and ours against DuckDB's."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import orjson
import pytest

from benchmarks.peers.own_flows import FLOWS
from benchmarks.sessions import different, expect, replay
from benchmarks.sides import Contest
from benchmarks.streams import visits, write


@pytest.fixture
def contest(tmp_path: Path) -> Contest:
    """Enough for several sessions of some users."""
    return write(visits(6_000, rate=200), 6_000, tmp_path, "visits")


def test_duckdb_finds_the_sessions_that_a_walk_finds(contest: Contest) -> None:
    """A gap of more than 10 s ends one; its end is 10 s behind the last event."""
    times: defaultdict[str, list[int]] = defaultdict(list)
    for event in map(orjson.loads, contest.file.read_bytes().splitlines()):
        times[event["distinct_id"]].append(event["timestamp"])
    walked = []
    for user, taken in times.items():
        taken.sort()
        first = 0
        for i, time in enumerate(taken):
            if i + 1 == len(taken) or taken[i + 1] - time > 10_000:
                walked.append((user, taken[first], time + 10_000, i + 1 - first))
                first = i + 1
    assert expect(contest.file) == sorted(walked)
    assert len(walked) > len(times)


def test_engine_and_replay_give_duckdbs_rows(contest: Contest) -> None:
    """The engine by itself, and the command in a process of its own."""
    expected = expect(contest.file)
    flow = FLOWS["sessions"]
    assert different(expected, flow.run(flow.load(str(contest.file)))) == []
    taken = replay(contest)
    assert different(expected, taken.rows) == []
    assert taken.cpu_s > 0


def test_what_is_wrong_is_found() -> None:
    """A session that is cut, one too many, and one twice."""
    expected = [("a", 0, 10_000, 1), ("b", 0, 12_000, 2)]
    assert different(expected, [["a", 0, 10_000, 1], ["b", 0, 12_000, 2]]) == []
    assert different(expected, [["a", 0, 10_000, 1]]) == ["missing ('b', 0, 12000, 2)"]
    assert len(different(expected, [["a", 0, 10_000, 1], ["b", 0, 12_000, 3]])) == 2
    assert different(expected, [*expected, expected[0]]) == ["1 rows too many"]
