"""Funnels against ClickHouse: every combination of modes, over many random users."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from analytics import Batch, Engine, KpiSpec
from analytics.aggregation import FunnelSetting
from analytics.chains import entries, reach
from tests.oracles.clickhouse import funnel_levels

STRICT = ("strict_deduplication", "strict_increase", "strict_once", "strict_order")
PLAIN = [tuple(sorted(chosen)) for size in range(5) for chosen in combinations(STRICT, size)]
MODES = [*PLAIN, *(("allow_reentry", *modes) for modes in PLAIN if "strict_order" in modes)]
MARKS = (0, 1, 1, 2, 2, 3, 4, 4, 6, 8)


def random_visits(seed: int, users: int) -> list[list[tuple[int, int]]]:
    """(time, marks) of each user; many times are equal, some visits meet several steps and some none."""
    rng = random.Random(seed)
    return [[(rng.randint(1, 14), rng.choice(MARKS)) for _ in range(rng.randint(0, 12))] for _ in range(users)]


@pytest.mark.parametrize("modes", MODES, ids=",".join)
def test_levels_are_those_of_clickhouse(modes: tuple[str, ...]) -> None:
    """One to four steps, a time limit that binds and one that does not."""
    for seed, (steps, within) in enumerate((n, w) for n in (1, 2, 3, 4) for w in (3, 100)):
        visits = [[(t, m & ((1 << steps) - 1)) for t, m in made] for made in random_visits(seed, 150)]
        rows = [(user, time, mark) for user, made in enumerate(visits) for time, mark in made]
        groups, times, marks = (np.array(column) for column in zip(*rows, strict=True))
        setting = FunnelSetting(steps, within, modes)
        found = reach(entries(groups, times, marks, setting), len(visits), setting).levels
        assert found.tolist() == funnel_levels(visits, steps, within, modes)


@pytest.mark.parametrize("window", ["tumbling 20ms", "sliding 20ms every 5ms"])
@pytest.mark.parametrize("modes", ["default", "strict_order", "strict_once, strict_increase"])
def test_windows_of_the_engine_count_the_users_of_clickhouse(window: str, modes: str) -> None:
    """The rows of a KPI are ClickHouse's levels over the events of each window, however the events arrived."""
    rng = random.Random(window + modes)
    names = ["view", "cart", "buy", "other"]
    events: list[dict[str, Any]] = [
        {"event": rng.choice(names), "distinct_id": str(rng.randint(0, 30)), "timestamp": rng.randint(1_000, 1_100)}
        for _ in range(600)
    ]
    value = f"funnel(event = 'view', event = 'cart', event = 'buy', within => '12ms', mode => '{modes}')"
    engine = Engine([KpiSpec(name="shop", value=value, window=window, delay="1s", grace="0s")])
    for start in range(0, 600, 70):
        engine.ingest(Batch.from_events(events[start : start + 70]), 0)
    rows = engine.finish().rows
    assert len(rows) > 4
    for row in rows:
        visits: list[list[tuple[int, int]]] = [[] for _ in range(31)]
        for event in events:
            if row.start <= event["timestamp"] < row.end:
                step = names.index(event["event"])
                visits[int(event["distinct_id"])].append((event["timestamp"], 1 << step if step < 3 else 0))
        wanted = [] if modes == "default" else modes.split(", ")
        levels = funnel_levels(visits, 3, 12, wanted)
        assert row.value == {"steps": [sum(level >= step for level in levels) for step in (1, 2, 3)]}
