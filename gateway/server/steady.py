"""Wall time to delete by: it follows the clock of the machine, but no faster than time passes.

What is old is deleted, and a clock that is a day ahead for a minute would make a day of rows old.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Steady"]


class Steady:
    """Call it with the wall time (epoch ms); it gives the largest so far, up to what has passed since the first.

    A clock that was set forward for good is followed from the next start on: until then things are kept longer.

    >>> passed = iter([0.0, 1.0, 2.0, 90_000.0])
    >>> steady = Steady(passed.__next__)
    >>> [steady(now) for now in (1_000, 86_400_000, 3_000, 86_400_000)]
    [1000, 2000, 3000, 86400000]
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        # The first time that was given, less the monotonic clock then, ms; None before.
        self._start: float | None = None
        self._last = 0

    def __call__(self, now: int) -> int:
        passed = self._monotonic() * 1_000
        if self._start is None:
            self._start = now - passed
        self._last = max(self._last, min(now, round(self._start + passed)))
        return self._last
