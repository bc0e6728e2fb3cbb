"""How far users get: the peers' cases, exclusion, times."""

from __future__ import annotations

import numpy as np
import pytest

from analytics import chains
from analytics.aggregation import FunnelSetting
from analytics.chains import EXCLUDED, NO_STEP, Reached, Search, entries, reach


@pytest.fixture(params=[0, 24], ids=["side by side", "one by one"], autouse=True)
def _few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each case is searched in both ways."""
    monkeypatch.setattr(chains, "FEW", request.param)


WORDS = ["abc", "adbc", "aabbcc", "aaaabbcc", "aabbdcc", "ccbbaa", "acb"]
BITS = {"a": 1, "b": 2, "c": 4, "x": 8}


def judged(words: list[str], setting: FunnelSetting, seconds: int = 1) -> Reached:
    """Users as texts of the steps they took, one a second; `d` is none of the steps."""
    rows = [(user, i * 1_000 * seconds, BITS.get(c, 0)) for user, word in enumerate(words) for i, c in enumerate(word)]
    groups, times, marks = (np.array(column) for column in zip(*rows, strict=True))
    return reach(entries(groups, times, marks, setting), len(words), setting)


@pytest.mark.parametrize(
    ("modes", "levels"),
    [
        ((), [3, 3, 3, 3, 3, 1, 2]),
        (("strict_order",), [3, 1, 3, 3, 2, 1, 1]),
        (("allow_reentry", "strict_order"), [3, 1, 3, 3, 2, 1, 2]),
        (("strict_deduplication", "strict_order"), [3, 1, 2, 2, 2, 1, 1]),
        (("strict_deduplication",), [3, 3, 2, 2, 2, 1, 2]),
        (("strict_once",), [3, 3, 3, 3, 3, 1, 2]),
    ],
)
def test_clickhouse_words(modes: tuple[str, ...], levels: list[int]) -> None:
    """The reference rows of windowFunnel, as release 26.9 answers them."""
    assert judged(WORDS, FunnelSetting(3, 86_400_000, modes)).levels.tolist() == levels


def test_clickhouse_strict_once() -> None:
    """An event that meets two steps serves one of them: three users of ClickHouse's own test."""
    rows = [(2, 100, 3), (3, 200, 4), (3, 210, 3), (3, 230, 4), (2, 250, 3), (1, 180, 3), (1, 220, 3), (1, 250, 4)]
    groups, times, marks = (np.array(column) for column in zip(*[(g - 1, t, m) for g, t, m in rows], strict=True))
    for modes in (("strict_once",), ("strict_increase", "strict_once")):
        setting = FunnelSetting(3, 200, modes)
        assert reach(entries(groups, times, marks, setting), 3, setting).levels.tolist() == [3, 2, 1]


def test_the_time_limit_counts_from_the_first_step_and_includes_its_end() -> None:
    """Exactly `within` later is still in time; a repeated first step starts the clock again."""
    assert judged(["abc"], FunnelSetting(3, 2_000)).levels.tolist() == [3]
    assert judged(["abc"], FunnelSetting(3, 1_999)).levels.tolist() == [2]
    assert judged(["adabc"], FunnelSetting(3, 2_000)).levels.tolist() == [3]


@pytest.mark.parametrize("modes", [(), ("strict_once",), ("strict_order",)])
def test_an_exclusion_ends_the_chains_under_way(modes: tuple[str, ...]) -> None:
    """What was reached counts; what follows needs a new first step."""
    setting = FunnelSetting(3, 60_000, modes, exclude=True)
    assert judged(["abxc", "axbc", "xabc", "abxab", "abxabc", "x"], setting).levels.tolist() == [2, 1, 3, 2, 3, 0]


@pytest.mark.parametrize("modes", [(), ("strict_once",)])
def test_seconds_are_those_of_the_chain_that_got_furthest(modes: tuple[str, ...]) -> None:
    """From step to step; what was not reached has none."""
    setting = FunnelSetting(3, 60_000, modes, exclude=True, times=True)
    found = judged(["addbc", "ab", "a", "abdxadb", "d"], setting).seconds
    assert found is not None
    assert np.array_equal(found[:, 1], [3, 1, np.nan, 1, np.nan], equal_nan=True)
    assert np.array_equal(found[:, 2], [1, np.nan, np.nan, np.nan, np.nan], equal_nan=True)
    assert judged(["ab"], FunnelSetting(2, 1_000, modes)).seconds is None


def test_entries_are_ordered_by_time_and_step() -> None:
    """An event that meets several steps has an entry for each; exclusions come first among equal times."""
    setting = FunnelSetting(2, 10, ("strict_order",), exclude=True)
    found = entries(np.zeros(4, np.int64), np.array([5, 5, 1, 5]), np.array([3, 4, 2, 0]), setting)
    assert found.times.tolist() == [1, 5, 5, 5, 5]
    assert found.steps.tolist() == [1, EXCLUDED, NO_STEP, 0, 1]
    assert found.events.tolist() == [2, 1, 3, 0, 0]


def test_nobody_is_nothing() -> None:
    """No groups, and groups without entries."""
    nothing = np.zeros(0, np.int64)
    setting = FunnelSetting(2, 10, times=True)
    assert reach(entries(nothing, nothing, nothing, setting), 0, setting).levels.tolist() == []
    assert reach(entries(nothing, nothing, nothing, setting), 2, setting).levels.tolist() == [0, 0]


def test_a_search_goes_on_where_it_was() -> None:
    """Entries that come in two portions give what they give at once, for groups old and new."""
    setting = FunnelSetting(3, 60_000)
    search = Search(0, setting)
    search.grow(2)
    search.run(entries(np.array([0, 1, 1]), np.array([1, 1, 2]), np.array([1, 1, 2]), setting))
    search.grow(1)
    part = search.part(np.array([2, 0]))
    part.run(entries(np.array([0, 1, 1]), np.array([3, 4, 5]), np.array([1, 2, 4]), setting))
    assert part.levels().tolist() == [1, 3]
    search.put(np.array([2, 0]), part)
    assert search.levels().tolist() == [3, 2, 1]
    assert search.part(np.array([False, True, False])).levels().tolist() == [2]
