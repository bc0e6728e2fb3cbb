"""strict_once, user by user: one event, one step."""

from __future__ import annotations

from analytics.aggregation import FunnelSetting
from analytics.singly import MAX_CHAINS, single_level

TWO = FunnelSetting(2, 1_000, ("strict_once",))


def test_one_event_serves_one_step() -> None:
    """An event that meets both steps is not a chain of two; two such events are."""
    assert single_level([(1, 0, 7), (1, 1, 7)], TWO) == (1, (1,))
    assert single_level([(1, 0, 7), (1, 1, 7), (5, 0, 8), (5, 1, 8)], TWO) == (2, (1, 5))


def test_every_chain_is_remembered() -> None:
    """The first step may be served by an earlier event than the latest."""
    three = FunnelSetting(3, 1_000, ("strict_once",))
    rows = [(1, 0, 1), (2, 0, 2), (2, 1, 2), (3, 2, 3)]
    assert single_level(rows, three) == (3, (1, 2, 3))


def test_chains_out_of_time_give_way() -> None:
    """A chain that began too long ago is passed over for one that did not."""
    assert single_level([(1, 0, 1), (2_000, 0, 2), (2_500, 1, 3)], TWO) == (2, (2_000, 2_500))
    assert single_level([(1, 0, 1), (2_500, 1, 3)], TWO) == (1, (1,))


def test_the_number_of_chains_is_bounded() -> None:
    """Thousands of first steps keep the latest ones only, and a second step still finds one."""
    rows = [(i, 0, i) for i in range(20 * MAX_CHAINS)]
    level, path = single_level([*rows, (20 * MAX_CHAINS, 1, -1)], FunnelSetting(2, 10**9, ("strict_once",)))
    assert level == 2
    assert path[0] >= 19 * MAX_CHAINS - 1


def test_an_exclusion_forgets_the_chains_but_not_the_level() -> None:
    """-2 stands for the exclusion, -1 for an event without a step, which ends a strict order."""
    setting = FunnelSetting(3, 1_000, ("strict_once",), exclude=True)
    assert single_level([(1, 0, 1), (2, 1, 2), (3, -2, 3), (4, 2, 4)], setting) == (2, (1, 2))
    strict = FunnelSetting(2, 1_000, ("strict_once", "strict_order"))
    assert single_level([(0, -1, 0), (1, 0, 1), (2, -1, 2), (3, 1, 3)], strict) == (1, (1,))
