"""What a replay says on the standard error: where it is, when a person watches, and what became of the input."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TextIO

from gateway.core.replay import Counts, Replay

__all__ = ["Progress"]

EVERY_S = 1.0


class Progress:
    """One line that is written over, on a terminal only: a log file gets nothing but the summary."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._watched = stream.isatty()
        self._began = self._next = clock()
        self._shown = False

    def step(self, counts: Counts) -> None:
        """Once a batch; writes once a second."""
        if not self._watched or (now := self._clock()) < self._next:
            return
        self._next = now + EVERY_S
        rate = counts.events / max(now - self._began, 0.001)
        self._stream.write(f"\r{counts.events:,} events, {rate:,.0f} a second\x1b[K")
        self._stream.flush()
        self._shown = True

    def clear(self) -> None:
        """Take the line away, before something else is said."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._shown = False

    def summary(self, replay: Replay, further: Sequence[str] = ()) -> None:
        """The last line: read, duplicates, late by KPI, what the bounds cost, and what else is not zero."""
        self.clear()
        counts = replay.counts
        stats = replay.engine.stats()
        late = {name: n for name, n in stats["late_by_kpi"].items() if n}
        costs = {name: n for name, n in ({"clashes": stats["clashes"]} | replay.engine.notes()).items() if n}
        parts = [f"{counts.events} events read", f"{counts.duplicates} duplicates"]
        parts.append("late: " + (", ".join(f"{name} {n}" for name, n in late.items()) or "none"))
        if costs:
            parts.append("bounds: " + ", ".join(f"{name} {n}" for name, n in costs.items()))
        if counts.rejected:
            parts.append(f"{counts.rejected} refused when they came")
        if counts.outside:
            parts.append(f"{counts.outside} outside the span")
        if counts.first_bad is not None:
            first = counts.first_bad
            parts.append(f"{counts.bad} bad lines skipped, the first in line {first.number}: {first.reason}")
        parts += further
        self._stream.write(f"tidegate: {'; '.join(parts)}\n")
