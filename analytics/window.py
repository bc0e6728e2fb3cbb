"""Windows and durations as a KPI's author writes them, in whole milliseconds.

Windows are half-open `[start, end)`. Tumbling and sliding ones start at multiples of the hop since the epoch,
cumulative ones at multiples of their size; windows of whole days do so on the calendar of their zone. Panes are the
pieces that all windows of one kind are made of: their width divides both the size and the hop.
"""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import dataclass
from typing import Final

from analytics.axis import Even, Uneven
from analytics.geometry import Geometry, Spans, Steps
from analytics.zone import DAY, midnights

__all__ = ["UTC", "SessionWindow", "Window", "duration_ms", "duration_text"]

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,9})\s*(ms|s|m|h|d)")
UTC: Final = "UTC"


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
    """Windows of `size` ms that start every `hop` ms; tumbling when both are the same.

    Cumulative ones start every `size` ms instead, and there is one for each `hop` ms from the start on.
    """

    size: int
    hop: int
    cumulative: bool = False
    # The zone whose days they follow; UTC as well for windows that are not of whole days.
    zone: str = UTC

    @classmethod
    def parse(cls, text: str, zone: str = UTC) -> Window:
        """Read `tumbling 1m`, `sliding 30m every 10s` or `cumulative 1d every 1m`, with the KPI's `tz`.

        Raises:
            ValueError: the reason, fit for a KPI's author.

        >>> Window.parse("sliding 30m every 10s")
        Window(size=1800000, hop=10000, cumulative=False, zone='UTC')
        """
        words = text.split()
        kind = words[0] if words else ""
        if kind == "session" and len(words) == 2:
            size = duration_ms(words[1])
            if size < 1:
                raise ValueError("the gap of a session lasts at least 1ms")
            return SessionWindow(size, size)
        if kind == "tumbling" and len(words) == 2:
            size = hop = duration_ms(words[1])
        elif kind in ("sliding", "cumulative") and len(words) == 4 and words[2] == "every":
            size, hop = duration_ms(words[1]), duration_ms(words[3])
        else:
            raise ValueError(f"{text!r} is not a window such as 'tumbling 1m' or 'sliding 30m every 10s'")
        if min(size, hop) < 1:
            raise ValueError("a window and its hop last at least 1ms")
        if hop > size:
            raise ValueError(f"the hop {duration_text(hop)} is longer than the window {duration_text(size)}")
        if kind == "cumulative" and size % hop:
            raise ValueError(f"the window {duration_text(size)} is not a multiple of its step {duration_text(hop)}")
        whole_days = size % DAY == 0 and (kind == "cumulative" or hop % DAY == 0)
        return cls(size, hop, kind == "cumulative", zone if whole_days else UTC)

    @property
    def pane(self) -> int:
        """Width of a pane in ms; of a day that is not 24 hours long, what it would be if it were."""
        return math.gcd(self.size, self.hop)

    @property
    def tumbling(self) -> bool:
        """Whether each event lies in exactly one window."""
        return self.size == self.hop and not self.cumulative

    @property
    def longest(self) -> int:
        """A duration in ms that no window exceeds: of a zone's days, some are longer."""
        return self.size if self.zone == UTC else self.size + DAY

    @property
    def steps(self) -> int:
        """Windows that share a start."""
        return self.size // self.hop if self.cumulative else 1

    def __str__(self) -> str:
        size, zone = duration_text(self.size), "" if self.zone == UTC else f" in {self.zone}"
        if self.tumbling:
            return f"tumbling {size}{zone}"
        return f"{'cumulative' if self.cumulative else 'sliding'} {size} every {duration_text(self.hop)}{zone}"

    def geometry(self) -> Geometry:
        """Its panes on the time line and its windows in panes. Cost: for a zone, that of the table of its days."""
        if self.cumulative:
            if self.zone == UTC:
                return Steps(Even(self.hop, self.steps))
            return Steps(Uneven((self.zone, self.size, self.hop), self._days(self.size), self.size, self.hop))
        size, hop = self.size // self.pane, self.hop // self.pane
        if self.zone == UTC:
            return Spans(Even(self.pane), size, hop)
        return Spans(Uneven((self.zone, self.pane), self._days(self.pane), self.pane), size, hop)

    def _days(self, span: int) -> array[int]:
        """The local midnights at which windows of so many days can start."""
        return midnights(self.zone)[:: span // DAY]


class SessionWindow(Window):
    """Sessions: `size` is the gap that ends one. They lie on no grid, so the geometry says nothing about them."""

    __slots__ = ()

    @property
    def tumbling(self) -> bool:
        """An event lies in one session, but which one the event alone does not say."""
        return False

    def __str__(self) -> str:
        return f"session {duration_text(self.size)}"
