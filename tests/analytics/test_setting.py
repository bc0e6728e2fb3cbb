"""Settings of calls: what they have unless it is given, and what is refused."""

from __future__ import annotations

import pytest

from analytics.aggregation import FunnelSetting, RetentionSetting, SessionSetting
from analytics.reader import DefinitionError
from analytics.setting import funnel_setting, retention_setting, session_setting
from tests.analytics.test_call import call

MINUTE, DAY = 60_000, 86_400_000


def test_what_is_not_given_has_its_default() -> None:
    """Half an hour for chains and gaps, a week of days for cohorts."""
    assert session_setting(call("sessions()")) == SessionSetting(30 * MINUTE)
    assert funnel_setting(call("funnel(a, b)")) == FunnelSetting(2, 30 * MINUTE)
    assert retention_setting(call("retention(a, b)")) == RetentionSetting(DAY, 7)


def test_what_is_given_is_taken() -> None:
    """Modes in one order, each once; the steps are the arguments without a name."""
    assert session_setting(call("bounce_rate(gap => '5m')")) == SessionSetting(5 * MINUTE)
    modes = "mode => 'strict_order, allow_reentry,strict_order'"
    text = f"funnel(a, b, c, within => '1h', {modes}, exclude => d, times => TRUE)"
    expected = FunnelSetting(3, 60 * MINUTE, ("allow_reentry", "strict_order"), exclude=True, times=True)
    assert funnel_setting(call(text)) == expected
    cohorts = call("retention(a, b, period => '90m', periods => 60)")
    assert retention_setting(cohorts) == RetentionSetting(90 * MINUTE, 60)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("funnel(a, mode => 'strict')", "no mode 'strict'; there are default, strict_order"),
        ("funnel(a, mode => 'allow_reentry')", "allow_reentry needs strict_order"),
        ("funnel(a, within => 5)", "a duration in quotes"),
        ("retention(a, b, period => '36h')", "whole days"),
        ("retention(a, b, period => '90s')", "whole minutes"),
        ("retention(a, b, periods => 61)", "from 1 to 60"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, reason: str) -> None:
    made = call(text)
    read = funnel_setting if made.name == "funnel" else retention_setting
    with pytest.raises(DefinitionError, match=reason):
        read(made)
