"""How far one user gets: the plain evaluator against ClickHouse, and what ClickHouse does not have."""

from __future__ import annotations

import pytest

from analytics.aggregation import FunnelSetting
from gateway.audit.levels import level
from tests.oracles.clickhouse import funnel_levels
from tests.oracles.test_funnels import MODES, random_visits


@pytest.mark.parametrize("modes", MODES, ids=",".join)
def test_levels_are_those_of_clickhouse(modes: tuple[str, ...]) -> None:
    """Every combination of modes, with a time limit that binds and one that does not."""
    for seed, (steps, within) in enumerate((n, w) for n in (1, 2, 3, 4) for w in (3, 100)):
        visits = [[(t, m & ((1 << steps) - 1)) for t, m in made] for made in random_visits(seed + 100, 100)]
        setting = FunnelSetting(steps, within, modes)
        found = [level(sorted(made, key=lambda visit: visit[0]), setting)[0] for made in visits]
        assert found == funnel_levels(visits, steps, within, modes)


def test_an_excluded_event_ends_the_chain_and_what_was_reached_counts() -> None:
    """Behind it a new first step is needed; at the same time it comes first."""
    setting = FunnelSetting(3, 100, (), exclude=True)
    first, second, third, excluded = 1, 2, 4, 8
    assert level([(0, first), (1, second), (2, excluded), (3, third)], setting) == (2, (0, 1))
    assert level([(0, first), (1, excluded), (2, first), (3, second), (4, third)], setting) == (3, (2, 3, 4))
    assert level([(0, first), (1, second | excluded)], setting) == (1, (0,))
