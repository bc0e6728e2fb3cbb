"""Full jitter, doubling to a cap, forgiven only after health."""

from __future__ import annotations

from client_sdk.python.backoff import Backoff
from client_sdk.python.closecodes import Retry


def test_the_ceiling_doubles_to_its_cap() -> None:
    """With the greatest jitter the waits are 0.5, 1, 2, .. and 30 s from then on."""
    backoff = Backoff()
    waits = [backoff.delay_ms(Retry.BACKOFF, 0, 0.999999) for _ in range(100)]
    assert [round(wait, -2) for wait in waits[:8]] == [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
    assert max(waits) < 30_000


def test_jitter_reaches_down_to_nothing() -> None:
    """Full jitter: any wait below the ceiling is possible."""
    assert Backoff().delay_ms(Retry.BACKOFF, 0, 0.0) == 0
    assert Backoff().delay_ms(Retry.BACKOFF, 0, 0.5) == 250


def test_only_health_resets_it() -> None:
    """A connection of 4,999 ms counts as another failure; one of 5 s starts over."""
    backoff = Backoff()
    for _ in range(4):
        backoff.delay_ms(Retry.BACKOFF, 0, 0.5)
    backoff.opened(0)
    assert backoff.delay_ms(Retry.BACKOFF, 4_999, 0.5) == 4_000
    backoff.opened(10_000)
    assert backoff.delay_ms(Retry.BACKOFF, 15_000, 0.5) == 250
    assert backoff.failures == 1


def test_at_once_is_at_once_only_the_first_time() -> None:
    """42xx is retried now; a server that says it again and again is met with back-off."""
    backoff = Backoff()
    assert [backoff.delay_ms(Retry.NOW, 0, 0.5) for _ in range(3)] == [0, 500, 1_000]
    backoff.opened(0)
    assert backoff.delay_ms(Retry.NOW, 5_000, 0.5) == 0
