"""How long events take from one stage of their way to the next: quantiles of the last minute."""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["STAGES", "Stages"]

STAGES: Final = ("commit", "fold", "push", "total")
"""Receipt to disk; disk to counted; counted to sent to every viewer; receipt to sent."""

SAMPLES: Final = 600
WINDOW_MS: Final = 60_000
_QUANTILES: Final = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))


class Stages:
    """The newest durations of each stage, at most `SAMPLES` of the last minute. One sample is a commit group or a tick.

    >>> stages = Stages()
    >>> for ms in range(1, 101): stages.add("commit", float(ms), now=0)
    >>> stages.quantiles(now=0)["commit"]
    {'n': 100, 'p50': 50.0, 'p95': 95.0, 'p99': 99.0, 'max': 100.0}
    """

    def __init__(self) -> None:
        self._samples: dict[str, deque[tuple[int, float]]] = {stage: deque(maxlen=SAMPLES) for stage in STAGES}
        # Of what was counted and is not published yet: when the oldest batch came, and when it was counted.
        self._unpublished: tuple[int, int] | None = None

    def add(self, stage: str, ms: float, now: int) -> None:
        """One duration, ended at `now` (epoch ms). About 0.2 us."""
        self._samples[stage].append((now, ms))

    def counted(self, received: int, on_disk: int, seconds: float) -> None:
        """A group is in the KPIs: when its oldest batch came and the group was on disk, and how long counting took."""
        self.add("commit", max(0, on_disk - received), on_disk)
        self.add("fold", seconds * 1000, on_disk)
        self._unpublished = self._unpublished or (received, on_disk)

    def take_unpublished(self) -> tuple[int, int] | None:
        """Of what was counted since the last call, when the oldest batch came and when it was counted; epoch ms."""
        taken, self._unpublished = self._unpublished, None
        return taken

    def pushed(self, taken: tuple[int, int], now: int) -> None:
        """That has been brought to the viewers."""
        received, counted = taken
        self.add("push", max(0, now - counted), now)
        self.add("total", max(0, now - received), now)

    def quantiles(self, now: int) -> dict[str, dict[str, float | None]]:
        """Of each stage how many samples there are, and their quantiles (nearest rank); null where there is none."""
        result: dict[str, dict[str, float | None]] = {}
        for stage, samples in self._samples.items():
            recent = sorted(ms for at, ms in samples if now - at < WINDOW_MS)
            found: dict[str, float | None] = {"n": len(recent)}
            for name, share in _QUANTILES:
                found[name] = round(recent[max(0, -int(-len(recent) * share // 1) - 1)], 3) if recent else None
            result[stage] = found
        return result
