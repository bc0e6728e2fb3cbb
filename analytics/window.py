"""Window geometry and durations: which windows hold an event, in whole milliseconds.

Windows are half-open `[start, end)` and start at multiples of the hop since the epoch. Panes are the pieces that all
windows of one kind are made of: their width divides both the size and the hop.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Window", "duration_ms", "duration_text"]

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d{1,9})\s*(ms|s|m|h|d)")
_LATER_KINDS = ("session", "cumulative")

Time = TypeVar("Time", int, NDArray[np.int64])
"""A time in epoch milliseconds, or an array of them: the geometry is the same."""


def duration_ms(text: str) -> int:
    """Milliseconds of a duration such as `250ms`, `2s`, `30m`, `1h`, `7d`.

    Raises:
        ValueError: the text is not a duration.

    >>> duration_ms("30m")
    1800000
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 250ms, 2s, 30m, 1h or 7d")
    return int(match[1]) * _UNITS[match[2]]


def duration_text(ms: int) -> str:
    """The shortest duration that means `ms` milliseconds.

    >>> duration_text(90_000), duration_text(60_000)
    ('90s', '1m')
    """
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if ms % _UNITS[unit] == 0)
    return f"{ms // _UNITS[unit]}{unit}" if ms else "0s"


@dataclass(frozen=True, slots=True)
class Window:
    """Windows of `size` ms that start every `hop` ms; tumbling when both are the same."""

    size: int
    hop: int

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read `tumbling 1m` or `sliding 30m every 10s`.

        Raises:
            ValueError: the reason, fit for a KPI's author.

        >>> Window.parse("sliding 30m every 10s")
        Window(size=1800000, hop=10000)
        """
        words = text.split()
        kind = words[0] if words else ""
        if kind in _LATER_KINDS:
            raise ValueError(f"{kind} windows are not available in this version")
        if kind == "tumbling" and len(words) == 2:
            size = hop = duration_ms(words[1])
        elif kind == "sliding" and len(words) == 4 and words[2] == "every":
            size, hop = duration_ms(words[1]), duration_ms(words[3])
        else:
            raise ValueError(f"{text!r} is not a window such as 'tumbling 1m' or 'sliding 30m every 10s'")
        if min(size, hop) < 1:
            raise ValueError("a window and its hop last at least 1ms")
        if hop > size:
            raise ValueError(f"the hop {duration_text(hop)} is longer than the window {duration_text(size)}")
        return cls(size, hop)

    @property
    def pane(self) -> int:
        """Width of a pane in ms."""
        return math.gcd(self.size, self.hop)

    @property
    def tumbling(self) -> bool:
        """Whether each event lies in exactly one window."""
        return self.size == self.hop

    def __str__(self) -> str:
        size = duration_text(self.size)
        return f"tumbling {size}" if self.tumbling else f"sliding {size} every {duration_text(self.hop)}"

    def first_end(self, time: Time) -> Time:
        """End of the earliest window that holds `time`; the smallest window end above it.

        >>> Window(10, 5).first_end(12)
        15
        """
        return ((time - self.size) // self.hop + 1) * self.hop + self.size

    def last_end(self, time: Time) -> Time:
        """End of the latest window that holds `time`.

        >>> Window(10, 5).last_end(12)
        20
        """
        return time // self.hop * self.hop + self.size

    def end_at_most(self, time: Time) -> Time:
        """The largest window end that is not above `time`.

        >>> Window(10, 4).end_at_most(13)
        10
        """
        return (time - self.size) // self.hop * self.hop + self.size
