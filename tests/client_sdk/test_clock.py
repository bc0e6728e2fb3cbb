"""The clock follows the wall at anchors alone."""

from __future__ import annotations

from client_sdk.python.clock import Clock


def test_a_wall_clock_that_is_set_does_not_show_before_the_next_anchor() -> None:
    """Between two anchors only the steady clock counts; an anchor takes the wall's word."""
    wall, steady = [1_000_000.0], [50.0]
    clock = Clock(lambda: wall[0], lambda: steady[0])
    assert clock.now() == 1_000_000
    steady[0] += 20
    wall[0] -= 3_600_000
    assert clock.now() == 1_000_020
    clock.anchor()
    assert clock.now() == 1_000_000 - 3_600_000


def test_the_real_clock_goes_forward() -> None:
    """Two looks are in order, and in this century."""
    clock = Clock()
    first, second = clock.now(), clock.now()
    assert 1_700_000_000_000 < first <= second
