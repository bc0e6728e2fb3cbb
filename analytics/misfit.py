"""Measures and windows that do not go together, and why: said when a definition is loaded."""

from __future__ import annotations

from analytics.aggregation import Aggregation
from analytics.measures import MEASURES
from analytics.window import SessionWindow, Window

__all__ = ["misfit"]


def misfit(aggregate: Aggregation, window: Window) -> str | None:
    """Why the windows cannot have this aggregate; None: they can.

    >>> misfit(Aggregation("count", None, 0, None), Window.parse("session 30m")) is None
    True
    """
    if isinstance(window, SessionWindow) and MEASURES[aggregate.measure].tracks:
        return f"{aggregate.measure} of users cannot be looked at in session windows, which are sessions already"
    return None
