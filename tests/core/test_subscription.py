"""What a viewer watches."""

from __future__ import annotations

from gateway.core.subscription import Subscription
from gateway.core.topic import Topic


def test_the_rate_is_bounded_both_ways() -> None:
    """0.1 to 20 a second, whatever was asked for."""
    topic = Topic("k", None, b"{}", "e1", lambda payload: payload)
    assert Subscription(1, topic, 1, 1_000).period_ms == 50
    assert Subscription(1, topic, 1, 0).period_ms == 10_000
