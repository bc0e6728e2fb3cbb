"""How far one user gets in a funnel: `windowFunnel` of ClickHouse 26.9, one visit after the other.

Plain on purpose, and apart from the engine's own, which works on all users at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analytics.aggregation import FunnelSetting

__all__ = ["Visit", "level"]

Visit = tuple[int, int]
"""Time in ms, and a bit for each condition that the event meets: the steps, then the one that excludes."""

_UNMET, _EXCLUDED = -1, -2


class _Chain(NamedTuple):
    """A run of steps: when each was taken, and by which visit."""

    times: tuple[int, ...]
    visits: tuple[int, ...]


def level(visits: Sequence[Visit], setting: FunnelSetting) -> tuple[int, tuple[int, ...]]:
    """Steps reached, and when each was taken in the chain that got there. `visits` are in the order of time.

    >>> level([(0, 0b01), (5, 0b10)], FunnelSetting(steps=2, within=10))
    (2, (0, 5))
    """
    best: tuple[int, tuple[int, ...]] = (0, ())
    search = _Search(setting)
    for time, step, visit in _entries(visits, setting):
        if step == _EXCLUDED:
            best = max(best, search.furthest(), key=lambda found: found[0])
            search = _Search(setting)
        elif search.take(time, step, visit):
            break
    return max(best, search.answer or search.furthest(), key=lambda found: found[0])


def _entries(visits: Sequence[Visit], setting: FunnelSetting) -> Iterator[tuple[int, int, int]]:
    """Each visit once for each condition that it meets, in the order of (time, condition)."""
    made = []
    for visit, (time, marks) in enumerate(visits):
        if setting.exclude and marks >> setting.steps & 1:
            made.append((time, _EXCLUDED, visit))
        if not marks:
            made.append((time, _UNMET, visit))
        made += [(time, step, visit) for step in range(setting.steps) if marks >> step & 1]
    yield from sorted(made, key=lambda entry: entry[:2])


class _Search:
    """One search, from the beginning or from an exclusion on."""

    def __init__(self, setting: FunnelSetting) -> None:
        self._setting = setting
        self._modes = setting.modes
        # Per step the chains that reached it: just the last one, unless the mode has each event serve one step only.
        self._chains: list[list[_Chain]] = [[] for _ in range(setting.steps)]
        # What ended the search: the level and its chain.
        self.answer: tuple[int, tuple[int, ...]] | None = None

    def take(self, time: int, step: int, visit: int) -> bool:
        """The next entry; whether it ends the search."""
        chains, strict = self._chains, "strict_order" in self._modes
        if step == _UNMET:
            if strict and chains[0]:
                self.answer = self.furthest()
        elif step == 0:
            self._reach(0, _Chain((time,), (visit,)))
        elif "strict_deduplication" in self._modes and chains[step]:
            self.answer = self.furthest()
        elif strict and "allow_reentry" not in self._modes and chains[0] and not chains[step - 1]:
            without_gap = chains.index([])
            self.answer = without_gap, chains[without_gap - 1][-1].times
        else:
            self._go_on(time, step, visit)
            if chains[step] and step == self._setting.steps - 1:
                self.answer = self.furthest()
        return self.answer is not None

    def _go_on(self, time: int, step: int, visit: int) -> None:
        once = "strict_once" in self._modes
        before = self._chains[step - 1]
        for chain in list(before):
            if time > chain.times[0] + self._setting.within:
                if len(before) > 1:
                    before.remove(chain)
                continue
            if once and visit in chain.visits:
                continue
            if "strict_increase" in self._modes and chain.times[-1] >= time:
                continue
            self._reach(step, _Chain((*chain.times, time), (*chain.visits, visit)))

    def _reach(self, step: int, chain: _Chain) -> None:
        if "strict_once" not in self._modes:
            self._chains[step].clear()
        self._chains[step].append(chain)

    def furthest(self) -> tuple[int, tuple[int, ...]]:
        """The highest step that was reached."""
        for step in range(self._setting.steps, 0, -1):
            if self._chains[step - 1]:
                return step, self._chains[step - 1][-1].times
        return 0, ()
