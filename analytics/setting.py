"""What funnels, retentions and sessions are set to, read from their calls: the same for the engine and for an audit."""

from __future__ import annotations

from typing import Final

from analytics.aggregation import FunnelSetting, RetentionSetting, SessionSetting
from analytics.call import Call

__all__ = ["funnel_setting", "retention_setting", "session_setting"]

MAX_PERIODS: Final = 60
MINUTE: Final = 60_000
DAY: Final = 86_400_000
MODES: Final = ("strict_order", "strict_deduplication", "strict_increase", "strict_once", "allow_reentry")


def session_setting(call: Call) -> SessionSetting:
    """Of `sessions(gap => '30m')` and what else is read of sessions.

    Raises:
        DefinitionError: the gap is no duration.
    """
    return SessionSetting(call.duration("gap", "30m"))


def funnel_setting(call: Call) -> FunnelSetting:
    """Of `funnel(step, .., within => '30m', mode => '..', exclude => .., times => TRUE)`.

    Raises:
        DefinitionError: a mode that there is not, one that needs another, or an argument of the wrong kind.
    """
    modes = tuple(sorted({word.strip() for word in call.text("mode", "default").split(",")} - {"default", ""}))
    for mode in modes:
        if mode not in MODES:
            raise call.error(f"funnel(..) has no mode {mode!r}; there are default, {', '.join(MODES)}")
    if "allow_reentry" in modes and "strict_order" not in modes:
        raise call.error("the mode allow_reentry needs strict_order")
    excludes = call.named("exclude") is not None
    return FunnelSetting(len(call.arguments), call.duration("within", "30m"), modes, excludes, call.truth("times"))


def retention_setting(call: Call) -> RetentionSetting:
    """Of `retention(start, return, period => '1d', periods => 7)`.

    Raises:
        DefinitionError: periods that no calendar has, or too many of them.
    """
    period = call.duration("period", "1d")
    if period % DAY and (period % MINUTE or period > DAY):
        raise call.error("retention(..): 'period' is whole days such as '1d' or '7d', or whole minutes up to a day")
    return RetentionSetting(period, call.whole("periods", 7, 1, MAX_PERIODS))
