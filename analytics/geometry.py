"""Which windows hold a pane, in pane numbers: windows hold the panes from their start up to, not including, their end.

No two windows of a KPI have the same end, so within a grid the end is a window's name.
"""

from __future__ import annotations

from typing import TypeVar

from analytics.arrays import Ints
from analytics.axis import Axis

__all__ = ["Geometry", "Spans", "Steps"]

Pane = TypeVar("Pane", int, Ints)
"""Number of a pane, or an array of them: the geometry is the same."""


class Spans:
    """Windows of `size` panes that start every `hop` panes; tumbling when both are the same."""

    def __init__(self, axis: Axis, size: int, hop: int) -> None:
        self.axis = axis
        self.size = size
        self.hop = hop

    def start(self, end: int) -> int:
        """Where the window with this end starts."""
        return end - self.size

    def first_end(self, pane: Pane) -> Pane:
        """End of the earliest window that holds `pane`; the smallest window end above it.

        >>> from analytics.axis import Even
        >>> Spans(Even(1_000), 10, 5).first_end(12)
        15
        """
        return ((pane - self.size) // self.hop + 1) * self.hop + self.size

    def last_end(self, pane: Pane) -> Pane:
        """End of the latest window that holds `pane`.

        >>> from analytics.axis import Even
        >>> Spans(Even(1_000), 10, 5).last_end(12)
        20
        """
        return pane // self.hop * self.hop + self.size

    def end_at_most(self, number: Pane) -> Pane:
        """The largest window end that is not above `number`.

        >>> from analytics.axis import Even
        >>> Spans(Even(1_000), 10, 4).end_at_most(13)
        10
        """
        return (number - self.size) // self.hop * self.hop + self.size


class Steps:
    """Windows that all start with their period and end one pane later each, up to the end of the period.

    >>> from analytics.axis import Even
    >>> day = Steps(Even(3_600_000, per=24))
    >>> day.first_end(30), day.last_end(30), day.start(31)
    (31, 48, 24)
    """

    hop = 1

    def __init__(self, axis: Axis) -> None:
        self.axis = axis

    def start(self, end: int) -> int:
        """Where the window with this end starts."""
        return self.axis.period(end - 1)[0]

    def first_end(self, pane: Pane) -> Pane:
        """End of the earliest window that holds `pane`."""
        return pane + 1

    def last_end(self, pane: Pane) -> Pane:
        """End of the latest window that holds `pane`: the end of its period."""
        return self.axis.period(pane)[1] if isinstance(pane, int) else self.axis.ends(pane)

    def end_at_most(self, number: Pane) -> Pane:
        """The largest window end that is not above `number`."""
        return number


Geometry = Spans | Steps
