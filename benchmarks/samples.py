"""Samples of one measured quantity, and what may be said of them: median, least, greatest, percentiles, ratios."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = ["Series", "percentile", "ratio"]


class Series(NamedTuple):
    """Repeated measurements of one quantity on one side, in the order in which they were taken."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Middle value; of an even number, the mean of the two in the middle."""
        return statistics.median(self.values)

    def to_json(self) -> dict[str, Any]:
        """What is written to a result file: the summary and every sample."""
        return {
            "unit": self.unit,
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "samples": list(self.values),
        }


def percentile(values: Sequence[float], share: float) -> float:
    """Smallest value that at least `share` (0 to 1) of the values do not exceed (nearest rank, no interpolation).

    Raises:
        ValueError: no values, or a share outside 0 to 1.
    """
    if not values or not 0 <= share <= 1:
        raise ValueError("a percentile needs values and a share between 0 and 1")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def ratio(name: str, ours: Series, theirs: Series) -> Series:
    """Ours over theirs, round by round: rounds are interleaved, so what disturbs one side disturbs its neighbour.

    Raises:
        ValueError: the sides have different numbers of samples.
    """
    pairs = zip(ours.values, theirs.values, strict=True)
    return Series(name, "ratio", tuple(a / b for a, b in pairs))
