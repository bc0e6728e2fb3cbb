"""What is given up when there is too much, and in which order.

First those who are not in yet, then what comes in, last how fresh the KPIs are: whoever is served keeps being served,
what was acked is never touched, and the numbers stay right however late they come. Each step is reached by the worst
of a few figures, and each figure reaches the steps in this order.
"""

from __future__ import annotations

from enum import IntEnum
from math import inf
from typing import Final, NamedTuple

__all__ = ["LeastLag", "Pressure", "Shedding", "Step", "shedding_of"]


class Step(IntEnum):
    """How far it has come. Each step holds all before it."""

    NONE = 0
    SLOWER = 1
    """Producers are asked to send less often; nothing is given up."""
    NEWCOMERS = 2
    """New WebSockets are refused with 503."""
    SHED = 3
    """Producers are asked to drop what matters least."""
    HOLD = 4
    """Producers are told to wait, posts are refused: nothing is taken any more."""
    KPIS = 5
    """KPIs are published once a second, and viewers that take nothing are cut after a second."""


_LEVELS: Final = (0, 1, 1, 2, 3, 3)
"""Of each step, the level that producers are told."""


class Pressure(NamedTuple):
    """How the server feels: what `shedding_of` looks at."""

    pending: float
    """Share of the credit pool that waits for the disk or the engine."""
    oldest_ms: int
    """Age of the oldest batch that waits."""
    memory: float
    """Resident memory over its cap."""
    storing: bool
    """False while the disk takes nothing."""
    lag_ms: int = 0
    """The least that the event loop was late of late; see `LeastLag`."""


class Shedding(NamedTuple):
    """What is given up."""

    step: Step
    level: int
    """0 normal, 1 slower, 2 shed, 3 hold: that of the step, or a higher one when it is the disk that does not come
    back. Viewing and new connections have no part in that."""

    @property
    def newcomers(self) -> bool:
        """Whether new WebSockets are refused."""
        return self.step >= Step.NEWCOMERS

    @property
    def kpis(self) -> bool:
        """Whether KPIs are published less often."""
        return self.step >= Step.KPIS


_FROM: Final = (
    (Step.KPIS, 0.9, 0.95, 1_500),
    (Step.HOLD, 0.8, 0.9, 1_000),
    (Step.SHED, 0.5, 0.8, 500),
    (Step.NEWCOMERS, 0.4, 0.75, 250),
    (Step.SLOWER, 0.25, 0.7, 125),
)
"""From which pending share, share of the memory cap and lag in ms on."""

_AGES: Final = ((3, 5_000), (2, 1_500), (1, 400))
"""Level by the age of the oldest batch in ms."""


def shedding_of(pressure: Pressure) -> Shedding:
    """The furthest step that any of the figures has reached.

    >>> shedding_of(Pressure(0.0, 10, 0.1, storing=True))
    Shedding(step=<Step.NONE: 0>, level=0)
    >>> shedding_of(Pressure(0.0, 10, 0.76, storing=True)).newcomers
    True
    >>> shedding_of(Pressure(0.0, 10, 0.1, storing=False))
    Shedding(step=<Step.NONE: 0>, level=3)
    """
    step = Step.NONE
    for reached, pending, memory, lag_ms in _FROM:
        if pressure.pending >= pending or pressure.memory >= memory or pressure.lag_ms >= lag_ms:
            step = reached
            break
    aged = next((level for level, age in _AGES if pressure.oldest_ms >= age), 0) if pressure.storing else 3
    return Shedding(step, max(_LEVELS[step], aged))


class LeastLag:
    """The least of what is noted over the last one to two windows: one long turn is no overload, many are.

    >>> lag = LeastLag(window_ms=1_000)
    >>> for at, late in ((0, 300), (500, 400), (1_000, 900), (1_500, 500), (2_000, 800)): lag.note(late, at)
    >>> lag.value
    500
    """

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        # The least of the window before this one; 0 until there was one.
        self._before: float = 0
        self._least: float = inf
        self._since: int | None = None

    @property
    def value(self) -> int:
        """Milliseconds."""
        return int(min(self._before, self._least))

    def note(self, late_ms: float, now: int) -> None:
        """The loop was late by so much."""
        if self._since is None:
            self._since = now
        elif now - self._since >= self._window_ms:
            self._before, self._least, self._since = self._least, inf, now
        self._least = min(self._least, late_ms)
