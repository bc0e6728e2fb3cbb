"""Skew comes from round trips."""

from __future__ import annotations

from gateway.core.clock import ClockOffset


def test_the_middle_of_the_round_trip_is_when_the_client_looked() -> None:
    """The offset is client time minus the middle of ping and pong."""
    offset = ClockOffset()
    offset.sample(1_000, 1_100, 61_050)
    assert offset.value == 60_000


def test_the_smallest_round_trip_wins() -> None:
    """A slower sample changes nothing, a faster one replaces the value."""
    offset = ClockOffset()
    offset.sample(0, 100, 5_050)
    offset.sample(0, 900, 9_450)
    assert offset.value == 5_000
    offset.sample(0, 10, 4_005)
    assert offset.value == 4_000


def test_noise_is_not_corrected() -> None:
    """An offset within the round trip or 50 ms counts as none."""
    offset = ClockOffset()
    offset.sample(0, 400, 590)
    assert offset.value == 0
    offset.sample(0, 4, 52)
    assert offset.value == 0


def test_a_clock_that_went_back_measures_nothing() -> None:
    """A negative round trip is our own clock jumping."""
    offset = ClockOffset()
    offset.sample(1_000, 900, 99_999)
    assert offset.value == 0


def test_a_time_that_no_clock_shows_is_ignored() -> None:
    """What a client says is no reason to fail."""
    offset = ClockOffset()
    offset.sample(0, 10, 1e300)
    assert offset.value == 0
