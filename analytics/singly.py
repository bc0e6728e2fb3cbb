"""The funnel mode `strict_once`, user by user: an event serves one step of a chain, so every chain is remembered.

What ClickHouse's `getEventLevelStrictOnce` does: an entry goes on from every chain that reached the step before, that
does not hold its event yet, and that began no longer than `within` ago. Of the chains that are out of time all but the
last are forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analytics.aggregation import FunnelSetting

__all__ = ["single_level"]

MAX_CHAINS: Final = 256
"""Chains remembered at one step; beyond, the oldest is forgotten."""
Chain = tuple[tuple[int, ...], tuple[int, ...]]
"""Times and events of its steps."""


def single_level(rows: Sequence[tuple[int, int, int]], setting: FunnelSetting) -> tuple[int, tuple[int, ...]]:
    """Level of one user, and the times of the chain that reached it; `rows` are (time, step, event) in order."""
    strict, again_ends = "strict_order" in setting.modes, "strict_deduplication" in setting.modes
    reentry, increase = "allow_reentry" in setting.modes, "strict_increase" in setting.modes
    chains: list[list[Chain]] = [[] for _ in range(setting.steps)]
    best: tuple[int, tuple[int, ...]] = (0, ())
    for time, step, event in rows:
        if step < 0:
            if step == -1 and chains[0]:
                return _furthest(chains, best)
            if step < -1:
                best = _furthest(chains, best)
                chains = [[] for _ in range(setting.steps)]
        elif step == 0:
            _keep(chains[0], ((time,), (event,)))
        elif again_ends and chains[step]:
            return _furthest(chains, best)
        elif strict and chains[0] and not chains[step - 1]:
            if not reentry:
                level = next(i for i, reached in enumerate(chains) if not reached)
                return max(best, (level, chains[level - 1][-1][0]))
        else:
            _go_on(chains, step, time, event, setting.within, increase=increase)
            if step == setting.steps - 1 and chains[step]:
                return step + 1, chains[step][-1][0]
    return _furthest(chains, best)


def _go_on(chains: list[list[Chain]], step: int, time: int, event: int, within: int, *, increase: bool) -> None:
    before = chains[step - 1]
    i = 0
    while i < len(before):
        times, events = before[i]
        in_time = time <= times[0] + within
        if not in_time and len(before) > 1:
            del before[i]
            continue
        if in_time and event not in events and not (increase and times[-1] >= time):
            _keep(chains[step], ((*times, time), (*events, event)))
        i += 1


def _keep(reached: list[Chain], chain: Chain) -> None:
    reached.append(chain)
    if len(reached) > MAX_CHAINS:
        del reached[0]


def _furthest(chains: list[list[Chain]], best: tuple[int, tuple[int, ...]]) -> tuple[int, tuple[int, ...]]:
    for level in range(len(chains), 0, -1):
        if chains[level - 1]:
            return (level, chains[level - 1][-1][0]) if level > best[0] else best
    return best
