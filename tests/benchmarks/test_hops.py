"""The model of the hopping windows, against a count event by event, and the engine against the model."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks.hops import different, expect, read
from benchmarks.peers.hops_flows import FLOWS
from benchmarks.sides import Contest
from benchmarks.streams import keyed, write


@pytest.fixture
def contest(tmp_path: Path) -> Contest:
    """25 s, in the middle of which every key comes often."""
    return write(keyed(5_000, rate=200), 5_000, tmp_path, "keyed")


def test_the_model_counts_what_counting_one_by_one_counts(contest: Contest) -> None:
    """Each event is in the sixty windows that cover it."""
    counts: Counter[tuple[str, int]] = Counter()
    users: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for event in map(orjson.loads, contest.file.read_bytes().splitlines()):
        second = event["timestamp"] // 1_000
        for start in range(second - 59, second + 1):
            counts[event["distinct_id"], start * 1_000] += 1
            users[event["distinct_id"], start * 1_000].add(event["properties"]["user"])
    events = read(contest.file)
    assert expect(events, "count", "sliding") == counts
    assert expect(events, "uniq", "sliding") == {key: len(members) for key, members in users.items()}


@pytest.mark.parametrize("flow", FLOWS)
def test_the_engine_shows_what_the_model_shows(contest: Contest, flow: str) -> None:
    """Every measure, both kinds of windows."""
    measure, _, kind = flow.partition("/")
    expected = expect(read(contest.file), measure, kind)
    rows = FLOWS[flow].run(FLOWS[flow].load(str(contest.file)))
    assert different(expected, measure, rows) == []
    assert len(rows) == len(expected) > 200


def spoiled(value: Any) -> Any:
    """A value that is nearly right."""
    if isinstance(value, dict) and "steps" in value:
        return {"steps": [n + 1 for n in value["steps"]]}
    if isinstance(value, dict):
        return {"items": [[value["items"][0][0], value["items"][0][1] + 1], *value["items"][1:]]}
    return value * 1.02 + 1


@pytest.mark.parametrize("measure", ["count", "sum", "max", "uniq", "top", "quantile", "funnel"])
def test_what_is_wrong_is_found(contest: Contest, measure: str) -> None:
    """A value that is off, a row too few, and a row that is there twice."""
    flow = FLOWS[f"{measure}/tumbling"]
    rows = flow.run(flow.load(str(contest.file)))
    expected = expect(read(contest.file), measure, "tumbling")
    assert len(different(expected, measure, [[*rows[0][:2], spoiled(rows[0][2]), None], *rows[1:]])) == 1
    assert len(different(expected, measure, rows[1:])) == 1
    assert different(expected, measure, [*rows, rows[0]]) == ["1 rows too many"]


def test_a_top_list_with_bounds_holds_the_true_counts_between_them() -> None:
    """One that does not state any is exact."""
    expected = {("k1", 0): [0, 9, 0, 4]}
    items = [["/1", 8], ["/3", 4]]
    assert different(expected, "top", [["k1", 0, {"items": items, "bounds": [[8, 9], [4, 5]]}, None]]) == []
    assert len(different(expected, "top", [["k1", 0, {"items": items, "bounds": [[8, 8], [4, 5]]}, None]])) == 1
    assert len(different(expected, "top", [["k1", 0, {"items": items}, None]])) == 1


def test_an_estimate_may_be_off_by_four_times_its_error_and_an_exact_count_may_not() -> None:
    """Whether a row is an estimate, it says itself."""
    for have, error, equal in ((1_060, 0.016, True), (1_070, 0.016, False), (1_001, None, False), (1_000, None, True)):
        assert (different({("k1", 0): 1_000}, "uniq", [["k1", 0, have, error]]) == []) is equal
