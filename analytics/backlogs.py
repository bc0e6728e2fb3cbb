"""The backlogs of an engine: windows whose batches wait for the same share one, others have one each.

So a set of windows that counts a batch at once, since something depends on it there, leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from analytics.backlog import Backlog, Patient, Waiting
from analytics.plan import GridPlan
from analytics.windowing import Taken

__all__ = ["Backlogs"]


class _Planned(Patient, Protocol):
    """Windows of a plan whose batches can wait."""

    @property
    def plan(self) -> GridPlan:
        """What they run."""


class Backlogs:
    """One for each of these groups of windows."""

    def __init__(self, groups: Sequence[Sequence[_Planned]]) -> None:
        self._each = [(Backlog(group), group) for group in groups if group]

    def take(self, waiting: Waiting) -> list[Taken]:
        """Let a batch wait where nothing depends on it, have it counted elsewhere. Returns what came of that, and if
        some of it was late, who asked for what waits.
        """
        frame, live, rise, span = waiting
        taken, patient = list[Taken](), list[_Planned]()
        for backlog, group in self._each:
            if backlog.takes(waiting):
                patient += group
            else:
                taken += [windows.ingest(frame, live, rise, span) for windows in group]
                backlog.moved()
        if any(each.late is not None for each in taken):
            taken += [Taken(windows.plan.asked(frame, live), None) for windows in patient]
        return taken

    @property
    def full(self) -> bool:
        """Whether it is time to count some of them, see `Backlog.full`."""
        return any(backlog.full for backlog, _ in self._each)

    def moved(self) -> None:
        """Time has passed for the windows, see `Backlog.moved`."""
        for backlog, _ in self._each:
            backlog.moved()

    def count(self) -> int:
        """Count all that waits, see `Backlog.count`."""
        return sum(backlog.count() for backlog, _ in self._each)

    def counting(self, *, much: bool = False) -> Iterator[None]:
        """`count` in steps, see `Backlog.counting`."""
        for backlog, _ in self._each:
            yield from backlog.counting(much=much)
