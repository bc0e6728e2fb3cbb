"""What is asked for, read out of a value."""

from __future__ import annotations

import pytest

from analytics.aggregation import FunnelSetting, RetentionSetting
from gateway.audit.aggregates import Funnel, Retention, Top, read_value
from gateway.audit.terms import Columns
from gateway.errors import ConfigError


def test_what_stands_alone_is_taken_apart() -> None:
    """With its settings, and conditions as SQL."""
    value = "funnel(a = 1, b = 2, within => '1s', mode => 'strict_once, strict_order', exclude => c, times => TRUE)"
    funnel = read_value(value, Columns()).alone
    assert isinstance(funnel, Funnel)
    assert funnel.setting == FunnelSetting(2, 1_000, ("strict_once", "strict_order"), True, True)
    assert len(funnel.steps) == 3
    plain = read_value("funnel(a = 1, b = 2)", Columns()).alone
    assert isinstance(plain, Funnel)
    assert plain.setting == FunnelSetting(2, 1_800_000)
    retention = read_value("retention(a, b, period => '7d', periods => 3) FILTER (WHERE c)", Columns()).alone
    assert isinstance(retention, Retention)
    assert retention.setting == RetentionSetting(7 * 86_400_000, 3)
    top = read_value("top(a, 3)", Columns()).alone
    assert isinstance(top, Top)
    assert top.size == 3


def test_quantiles_are_counted_and_sessions_are_listed() -> None:
    """Each quantile adds to what a value may be off by; each session measure is joined under its own name."""
    asked = read_value("quantile(a, 0.5) / quantile(a, 0.9) + sessions() / sessions(gap => '1s')", Columns())
    assert asked.quantiles == 2
    assert [(s.alias, s.gap) for s in asked.sessions] == [("s0", 1_800_000), ("s1", 1_000)]


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("median(a)", "median"),
        ("CASE WHEN count(*) > 1 THEN 'many' ELSE 1 END", "sometimes a number"),
        ("count(*)" + " / 2" * 40, "nested"),
    ],
)
def test_what_cannot_be_translated_is_named(value: str, word: str) -> None:
    """In one line, before anything is read."""
    with pytest.raises(ConfigError, match=word):
        read_value(value, Columns())
