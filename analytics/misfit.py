"""Measures and windows that do not go together, and why: said when a definition is loaded."""

from __future__ import annotations

from analytics.aggregation import Aggregation, RetentionSetting
from analytics.measures import MEASURES
from analytics.window import UTC, SessionWindow, Window, duration_text
from analytics.zone import DAY

__all__ = ["misfit"]


def misfit(aggregate: Aggregation, window: Window) -> str | None:
    """Why the windows cannot have this aggregate; None: they can.

    >>> misfit(Aggregation("count", None, 0, None), Window.parse("session 30m")) is None
    True
    """
    if isinstance(window, SessionWindow) and MEASURES[aggregate.measure].tracks:
        return f"{aggregate.measure} of users cannot be looked at in session windows, which are sessions already"
    if isinstance(aggregate.parameter, RetentionSetting):
        if window.cumulative:
            return "retention(..) needs tumbling or sliding windows: a cohort is complete when its window is"
        if window.pane % aggregate.parameter.ms:
            return (
                "retention(..) counts cohorts of whole periods: the window and its hop have to be multiples of "
                f"{duration_text(aggregate.parameter.ms)}"
            )
        if window.zone != UTC and aggregate.parameter.ms % DAY:
            return "retention(..) has periods of whole days where windows follow the days of a time zone"
    return None
