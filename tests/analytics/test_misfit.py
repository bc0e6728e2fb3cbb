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
