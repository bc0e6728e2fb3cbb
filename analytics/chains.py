"""How far users get in a funnel: ClickHouse's `windowFunnel`, for many users at once.

Each event gives one entry for every step that it meets; a user's entries are taken by (time, step). Step 1 starts a
chain, or starts it again. Step k goes on from step k - 1 if that was reached, no longer than `within` after the start
of that chain. The level is the highest step reached. The modes, as ClickHouse 26.9 answers them:

* `strict_order`: an event that meets no step, after the first step, ends the search; a step whose predecessor was not
  reached ends it with what was reached without a gap, unless `allow_reentry` passes over it.
* `strict_deduplication`: a step that was reached already ends the search.
* `strict_increase`: a step is later than the one before it, not at the same time.
* `strict_once`: one event serves one step of a chain only.

`exclude` is ours: an event that meets it ends the chains under way, before any step of the same time; later steps need
a new first one.

The users are worked on side by side: a loop over "their first entry, their second, ..", each a few array operations;
the few that have many more than the others are then followed by themselves (`stepwise`).
Only `strict_once`, which has to remember every chain, goes user by user.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np

from analytics.aggregation import FunnelSetting
from analytics.arrays import Bools, Floats, Ints
from analytics.columns import ordered
from analytics.singly import single_level
from analytics.stepwise import Stepwise

__all__ = ["EXCLUDED", "NO_STEP", "Entries", "Reached", "Search", "entries", "medians", "reach"]

NONE: Final = np.iinfo(np.int64).min
NO_STEP: Final = -1
"""The step of an entry whose event meets none."""
EXCLUDED: Final = -2
"""The step of an entry whose event ends every chain."""
FEW: Final = 24
"""Groups with entries left, below which they are followed one by one."""


class Entries(NamedTuple):
    """Events by step, in order of (group, time, step)."""

    groups: Ints
    """Whose entry it is: 0, 1, .., ascending."""
    times: Ints
    steps: Ints
    """From 0, or NO_STEP, or EXCLUDED."""
    events: Ints
    """Which event it is."""


class Reached(NamedTuple):
    """What became of each group."""

    levels: Ints
    """Steps reached, from 0."""
    seconds: Floats | None
    """groups x steps: time since the step before, in the chain that got furthest; NaN where it was not reached."""


def entries(groups: Ints, times: Ints, marks: Ints, setting: FunnelSetting) -> Entries:
    """Entries of events, which need not be in order. Bit i of `marks`: step i; the next one: `exclude`."""
    kept_groups, kept_times, kept_steps, events = [], [], [], []

    def take(which: Bools, step: int) -> None:
        at = which.nonzero()[0]
        if at.size:
            kept_groups.append(groups[at])
            kept_times.append(times[at])
            kept_steps.append(np.full(len(at), step, np.int64))
            events.append(at)

    if setting.exclude:
        take((marks >> setting.steps) & 1 == 1, EXCLUDED)
    if "strict_order" in setting.modes:
        take(marks == 0, NO_STEP)
    for step in range(setting.steps):
        take((marks >> step) & 1 == 1, step)
    if not events:
        nothing = np.zeros(0, np.int64)
        return Entries(nothing, nothing, nothing, nothing)
    columns = [np.concatenate(parts) for parts in (kept_groups, kept_times, kept_steps, events)]
    order = ordered(*columns[:3], stable="strict_once" in setting.modes)
    return Entries(*(column[order] for column in columns))


def reach(found: Entries, count: int, setting: FunnelSetting) -> Reached:
    """How far each of `count` groups gets. Cost: array operations for each entry of the longest groups while they
    are many, about half a microsecond for each entry of those that are left.
    """
    if "strict_once" in setting.modes:
        return _one_by_one(found, np.searchsorted(found.groups, np.arange(count + 1)), setting)
    search = Search(count, setting)
    search.run(found)
    return Reached(search.levels(), search.seconds())


class Search:
    """The search of many groups, which can go on when later entries come. Not for `strict_once`."""

    def __init__(self, count: int, setting: FunnelSetting) -> None:
        steps = setting.steps
        self._setting = setting
        self._steps = steps
        self._within = setting.within
        self._strict = "strict_order" in setting.modes
        self._reentry = "allow_reentry" in setting.modes
        self._once_a_step = "strict_deduplication" in setting.modes
        self._increase = "strict_increase" in setting.modes
        # Per step when the chain that reached it began, and when it got there.
        self.began: Ints = np.full((count, steps), NONE)
        self.got: Ints = np.full((count, steps), NONE)
        self.done: Bools = np.zeros(count, np.bool_)
        # The most that was reached before an exclusion, or the answer of those that are done.
        self.best: Ints = np.zeros(count, np.int64)
        # Of the chain at each step, the times of its steps; of the best one, too.
        self._paths: Ints | None = np.full((count, steps, steps), NONE) if setting.times else None
        self._best_path: Ints | None = np.full((count, steps), NONE) if setting.times else None

    def grow(self, count: int) -> None:
        """Take so many new groups in, behind the others. What is done with groups is not done with their times."""
        more = Search(count, self._setting)
        self._set_state(np.concatenate([a, b]) for a, b in zip(self._state(), more._state(), strict=True))

    def part(self, groups: Ints | Bools) -> Search:
        """A copy that holds some groups only, in this order."""
        part = Search(0, self._setting)
        part._set_state(column[groups] for column in self._state())
        return part

    def put(self, groups: Ints, part: Search) -> None:
        """Take back what became of some groups."""
        for column, values in zip(self._state(), part._state(), strict=True):
            column[groups] = values

    def _state(self) -> tuple[Ints, Ints, Bools, Ints]:
        assert self._paths is None, "times of steps are not carried on"
        return self.began, self.got, self.done, self.best

    def _set_state(self, state: Iterable[Any]) -> None:
        self.began, self.got, self.done, self.best = state

    def run(self, found: Entries) -> None:
        """Take entries, none of which is earlier than what was taken before."""
        found = _restarts(found)
        starts = np.searchsorted(found.groups, np.arange(len(self.done) + 1))
        lengths = np.diff(starts)
        lengths[self.done] = 0
        # The longest first, so that those that still have entries are always the first ones.
        order = np.argsort(-lengths, kind="stable")
        lengths, firsts = lengths[order], starts[:-1][order]
        for i in range(int(lengths[0]) if len(lengths) else 0):
            active = int(np.searchsorted(-lengths, -i, side="left"))
            members = order[:active]
            if active < FEW:
                self._follow(found, members, firsts[:active] + i, firsts[:active] + lengths[:active])
                return
            open_ones = ~self.done[members]
            if open_ones.all():
                at = firsts[:active] + i
            else:
                members, at = members[open_ones], firsts[:active][open_ones] + i
                if not members.size:
                    continue
            self.take(members, found.times[at], found.steps[at])

    def _follow(self, found: Entries, members: Ints, starts: Ints, ends: Ints) -> None:
        """What is left of a few groups, one after the other."""
        for member, start, end in zip(members.tolist(), starts.tolist(), ends.tolist(), strict=True):
            if self.done[member]:
                continue
            paths, path = self._paths, self._best_path
            one = Stepwise(
                self._setting,
                NONE,
                self.began[member].tolist(),
                self.got[member].tolist(),
                int(self.best[member]),
                None if paths is None else paths[member].tolist(),
                None if path is None else path[member].tolist(),
            )
            one.run(found.times[start:end].tolist(), found.steps[start:end].tolist())
            self.began[member], self.got[member], self.best[member] = one.began, one.got, one.best
            self.done[member] = one.done
            if paths is not None and path is not None:
                paths[member], path[member] = np.array(one.paths), np.array(one.best_path)

    def take(self, members: Ints, times: Ints, steps: Ints) -> None:
        """The next entry of each of these groups."""
        begun = self.began[members, 0] != NONE
        if self._strict:
            self._finish(members[(steps == NO_STEP) & begun])
        excluded = members[steps == EXCLUDED]
        if excluded.size:
            self._note(excluded)
            self.began[excluded] = NONE
        first = steps == 0
        if first.any():
            self._set(members[first], np.zeros(int(first.sum()), np.int64), times[first], times[first])
        later = (steps > 0).nonzero()[0]
        if later.size:
            self._go_on(members[later], times[later], steps[later])

    def _go_on(self, members: Ints, times: Ints, steps: Ints) -> None:
        if self._once_a_step:
            again = self.began[members, steps] != NONE
            self._finish(members[again])
            members, times, steps = members[~again], times[~again], steps[~again]
        before = self.began[members, steps - 1]
        ready = before != NONE
        if self._strict and not self._reentry:
            out_of_order = ~ready & (self.began[members, 0] != NONE)
            if out_of_order.any():
                self._finish_at_gap(members[out_of_order])
        ready &= times <= before + self._within
        if self._increase:
            ready &= self.got[members, steps - 1] < times
        members, times, steps, before = members[ready], times[ready], steps[ready], before[ready]
        self._set(members, steps, before, times)
        self._finish(members[steps == self._steps - 1])

    def _set(self, members: Ints, steps: Ints, began: Ints, times: Ints) -> None:
        self.began[members, steps] = began
        self.got[members, steps] = times
        if self._paths is not None:
            self._paths[members, steps] = self._paths[members, np.maximum(steps, 1) - 1]
            self._paths[members, steps, steps] = times

    def _levels(self, members: Ints) -> Ints:
        reached = self.began[members] != NONE
        levels: Ints = np.where(reached.any(axis=1), self._steps - reached[:, ::-1].argmax(axis=1), 0)
        return levels

    def _note(self, members: Ints) -> None:
        """What these have reached counts, whatever comes."""
        self._better(members, self._levels(members))

    def _better(self, members: Ints, levels: Ints) -> None:
        more = levels > self.best[members]
        members, levels = members[more], levels[more]
        self.best[members] = levels
        if self._paths is not None and self._best_path is not None:
            self._best_path[members] = self._paths[members, levels - 1]
            self._best_path[members[:, None], np.arange(self._steps)[None, :]] = np.where(
                np.arange(self._steps) < levels[:, None], self._best_path[members], NONE
            )

    def _finish(self, members: Ints) -> None:
        if members.size:
            self._note(members)
            self.done[members] = True

    def _finish_at_gap(self, members: Ints) -> None:
        self._better(members, (self.began[members] == NONE).argmax(axis=1))
        self.done[members] = True

    def levels(self) -> Ints:
        """Steps reached in the end."""
        self._note((~self.done).nonzero()[0])
        return self.best

    def seconds(self) -> Floats | None:
        """Seconds of each step; call it after `levels`."""
        if self._best_path is None:
            return None
        seconds = np.full(self._best_path.shape, np.nan)
        known = self._best_path[:, 1:] != NONE
        steps = (self._best_path[:, 1:] - self._best_path[:, :-1]) / 1_000
        seconds[:, 1:][known] = steps[known]
        return seconds


def _restarts(found: Entries) -> Entries:
    """Of first steps that follow each other directly the last: each starts the chain again, whatever the modes."""
    again = (found.steps[1:] == 0) & (found.steps[:-1] == 0) & (found.groups[1:] == found.groups[:-1])
    if not again.any():
        return found
    kept = np.append(~again, True)
    return Entries(*(column[kept] for column in found))


def _one_by_one(found: Entries, starts: Ints, setting: FunnelSetting) -> Reached:
    count = len(starts) - 1
    levels = np.zeros(count, np.int64)
    seconds = np.full((count, setting.steps), np.nan) if setting.times else None
    for group in range(count):
        part = slice(int(starts[group]), int(starts[group + 1]))
        rows = zip(found.times[part].tolist(), found.steps[part].tolist(), found.events[part].tolist(), strict=True)
        level, path = single_level(list(rows), setting)
        levels[group] = level
        if seconds is not None and level > 1:
            seconds[group, 1:level] = np.diff(path[:level]) / 1_000
    return Reached(levels, seconds)


def medians(keys: Ints, seconds: Floats, count: int) -> Floats:
    """Median of each column for each key, NaN where there is none."""
    medians = np.full((count, seconds.shape[1]), np.nan)
    for key in np.unique(keys).tolist():
        rows = seconds[keys == key]
        for step in range(1, seconds.shape[1]):
            known = rows[:, step][~np.isnan(rows[:, step])]
            if known.size:
                medians[key, step] = np.median(known)
    return medians
