"""One aggregate of a KPI's value: what it computes, of which events, with which settings."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, NamedTuple

from analytics.axis import Axis
from analytics.expression import Node
from analytics.window import UTC, Window

__all__ = ["NUMBERS", "Aggregation", "FunnelSetting", "RetentionSetting", "SessionSetting"]

NUMBERS: Final = 1
"""The parameter of a count that takes numbers only, as the divisor of `avg`."""


class SessionSetting(NamedTuple):
    """Sessions of one user: events whose gap is at most `gap` ms belong together."""

    gap: int


class FunnelSetting(NamedTuple):
    """A funnel over `steps` conditions, which are the first of the aggregate's."""

    steps: int
    within: int
    """Longest time in ms from the first step of a chain to its last."""
    modes: tuple[str, ...] = ()
    """What is asked for besides the default, sorted: `strict_order`, .."""
    exclude: bool = False
    """Whether one more condition follows, whose events end a chain."""
    times: bool = False
    """Whether the median time of each step is published as well."""


class RetentionSetting(NamedTuple):
    """A cohort matrix: the conditions are `start` and `return`."""

    ms: int
    """Length of a period, if its days have 24 hours: whole days follow the calendar, shorter ones the clock of UTC."""
    periods: int
    """How many periods after the first are watched."""
    zone: str = UTC
    """Whose days."""

    def axis(self) -> Axis:
        """The periods as numbers. Cost: for a zone, that of the table of its days."""
        return Window(self.ms, self.ms, False, self.zone).geometry().axis


class Aggregation(NamedTuple):
    """One aggregate of a definition."""

    measure: str
    argument: Node | None
    parameter: Hashable
    """What its state depends on: a number, or a setting of its measure."""
    where: Node | None
    conditions: tuple[Node, ...] = ()
    """The steps of a funnel, or the two events of a retention."""
    view: Hashable = None
    """Which of several values of one state is read: the q of a quantile, the field of a session."""

    @property
    def state(self) -> str:
        """Canonical text without the view: what agrees in it shares one state."""
        inside = [self.argument.key if self.argument else "*", *(node.key for node in self.conditions)]
        filtered = f" where {self.where.key}" if self.where else ""
        return f"{self.measure}({','.join(inside)},{self.parameter}){filtered}"

    @property
    def key(self) -> str:
        """Canonical text: equal keys are one aggregate."""
        return self.state if self.view is None else f"{self.state} -> {self.view}"
