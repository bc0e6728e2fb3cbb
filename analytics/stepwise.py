"""How far one user gets in a funnel, entry by entry: `chains.Search` for those who have many more entries than others.

There a turn costs some 30 us whether one user is left in it or a thousand, here an entry costs half a microsecond.
Without this, all events of a group under one user's name would hold up everyone.
"""

from __future__ import annotations

from collections.abc import Iterable

from analytics.aggregation import FunnelSetting

__all__ = ["Stepwise"]

NO_STEP = -1
EXCLUDED = -2


class Stepwise:
    """The search of one group, at the state that it has.

    Args:
        none: what stands for no time.
        began, got: per step when the chain that reached it began, and when it got there.
        best: the most that was reached before.
        paths: of the chain at each step, the times of its steps; None when nobody asks.
        best_path: the same of the best one.
    """

    def __init__(
        self,
        setting: FunnelSetting,
        none: int,
        began: list[int],
        got: list[int],
        best: int,
        paths: list[list[int]] | None,
        best_path: list[int] | None,
    ) -> None:
        self._none = none
        self._last = setting.steps - 1
        self._within = setting.within
        self._strict = "strict_order" in setting.modes
        self._reentry = "allow_reentry" in setting.modes
        self._once_a_step = "strict_deduplication" in setting.modes
        self._increase = "strict_increase" in setting.modes
        self.began, self.got, self.best, self.paths, self.best_path = began, got, best, paths, best_path
        # Whether nothing that comes can change the answer.
        self.done = False

    def run(self, times: Iterable[int], steps: Iterable[int]) -> None:
        """Take entries in order, until it is done."""
        for time, step in zip(times, steps, strict=True):
            if step > 0:
                self._go_on(time, step)
            elif step == 0:
                self._set(0, time, time)
            elif step == EXCLUDED:
                self._better(self._level())
                self.began = [self._none] * len(self.began)
            elif self._strict and step == NO_STEP and self.began[0] != self._none:
                self._finish(self._level())
            if self.done:
                return

    def _go_on(self, time: int, step: int) -> None:
        none, began = self._none, self.began
        if self._once_a_step and began[step] != none:
            self._finish(self._level())
            return
        before = began[step - 1]
        if before == none:
            if self._strict and not self._reentry and began[0] != none:
                self._finish(began.index(none))
            return
        if time > before + self._within or (self._increase and self.got[step - 1] >= time):
            return
        self._set(step, before, time)
        if step == self._last:
            self._finish(self._level())

    def _set(self, step: int, began: int, time: int) -> None:
        self.began[step], self.got[step] = began, time
        if self.paths is not None:
            self.paths[step] = list(self.paths[max(step, 1) - 1])
            self.paths[step][step] = time

    def _level(self) -> int:
        return next((at + 1 for at in range(self._last, -1, -1) if self.began[at] != self._none), 0)

    def _better(self, level: int) -> None:
        if level > self.best:
            self.best = level
            if self.paths is not None:
                self.best_path = self.paths[level - 1][:level] + [self._none] * (self._last + 1 - level)

    def _finish(self, level: int) -> None:
        self._better(level)
        self.done = True
