"""Measures that some windows cannot have."""

from __future__ import annotations

import pytest

from analytics import KpiError, KpiSpec


def refusal(value: str, window: str) -> str:
    """Why a KPI is refused."""
    with pytest.raises(KpiError) as refused:
        KpiSpec.parse(f'[[kpi]]\nname = "x"\nvalue = "{value}"\nwindow = "{window}"\n')
    return str(refused.value)


@pytest.mark.parametrize("value", ["sessions()", "bounce_rate() / count(*)"])
def test_sessions_are_not_counted_in_sessions(value: str) -> None:
    """A session window is a session: its duration and its count of events say what the measures would."""
    assert refusal(value, "session 30m").startswith("line 4, column 10: KPI 'x': sessions of users cannot")


@pytest.mark.parametrize(
    ("window", "reason"),
    [
        ("session 30m", "retention of users cannot be looked at in session windows"),
        ("cumulative 1d every 1h", "retention(..) needs tumbling or sliding windows"),
        ("tumbling 1h", "the window and its hop have to be multiples of 7d"),
        ("tumbling 1d", "the window and its hop have to be multiples of 7d"),
        ("sliding 14d every 1d", "the window and its hop have to be multiples of 7d"),
    ],
)
def test_cohorts_are_whole_periods(window: str, reason: str) -> None:
    """Windows that cut a period in two are refused, and those that are not complete with their end."""
    assert reason in refusal("retention(event = 'a', event = 'b', period => '7d')", window)


def test_periods_of_the_clock_are_not_those_of_a_zone() -> None:
    """Days of a zone need not begin with an hour of UTC."""
    value = "retention(event = 'a', event = 'b', period => '1h')"
    KpiSpec(name="x", value=value, window="tumbling 1d").compile()
    with pytest.raises(KpiError, match="periods of whole days where windows follow the days of a time zone"):
        KpiSpec(name="x", value=value, window="tumbling 1d", tz="Asia/Kolkata").compile()


def test_cohorts_of_several_periods_are_fine() -> None:
    """Two weeks of newcomers, watched week by week."""
    value = "retention(event = 'a', event = 'b', period => '7d', periods => 4)"
    KpiSpec(name="x", value=value, window="sliding 14d every 7d").compile()
