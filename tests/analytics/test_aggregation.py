"""What makes two aggregates share a state, or be one."""

from __future__ import annotations

from analytics.aggregation import Aggregation, FunnelSetting
from analytics.definition import condition
from analytics.expression import Column

PRICE = Column("price")
FUNNEL = FunnelSetting(2, 60_000)


def test_a_view_shares_the_state_and_is_an_aggregate_of_its_own() -> None:
    """Two quantiles of one column differ in what is read, not in what is kept."""
    low, high = (Aggregation("quantile", PRICE, 0, None, (), q) for q in (0.5, 0.9))
    assert low.state == high.state
    assert low.key != high.key


def test_everything_else_makes_a_state_of_its_own() -> None:
    """Measure, argument, setting, filter and each condition tell states apart."""
    plain = Aggregation("funnel", None, FUNNEL, None, (condition("a"), condition("b")))
    others = [
        plain._replace(measure="retention"),
        plain._replace(argument=PRICE),
        plain._replace(parameter=FUNNEL._replace(within=1)),
        plain._replace(where=condition("c")),
        plain._replace(conditions=(condition("a"), condition("c"))),
    ]
    assert len({plain.state, *(other.state for other in others)}) == 1 + len(others)


def test_the_key_of_a_plain_aggregate_is_its_state() -> None:
    """Without a view there is nothing to add."""
    count = Aggregation("count", None, 0, None)
    assert count.key == count.state == "count(*,0)"
