"""What is given up, and in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.overload import LeastLag, Pressure, Shedding, Step, shedding_of

CALM = Pressure(0, 0, 0, storing=True)


@pytest.mark.parametrize(
    ("pressure", "level"),
    [
        (CALM, 0),
        (CALM._replace(pending=0.25), 1),
        (CALM._replace(oldest_ms=1_500), 2),
        (CALM._replace(memory=0.9), 3),
        (CALM._replace(pending=0.81), 3),
        (CALM._replace(lag_ms=500), 2),
        (CALM._replace(storing=False), 3),
    ],
)
def test_the_worst_figure_sets_the_level(pressure: Pressure, level: int) -> None:
    """Pending bytes, age, memory and lag each have their steps; a disk that takes nothing is a hold."""
    assert shedding_of(pressure).level == level


@pytest.mark.parametrize("figure", ["pending", "memory", "lag_ms"])
def test_every_figure_reaches_the_steps_in_the_published_order(figure: str) -> None:
    """As it grows: nothing, slower, newcomers, shed, hold, KPIs; none is left out and none comes back."""
    most = 3_000 if figure == "lag_ms" else 1
    seen = [shedding_of(Pressure(**(CALM._asdict() | {figure: most * n / 1_000}))) for n in range(1_001)]
    steps = [shedding.step for shedding in seen]
    assert steps == sorted(steps)
    assert list(dict.fromkeys(steps)) == list(Step)
    # Each thing is given up from its step on, so in this order.
    first = {
        "newcomers": next(n for n, shedding in enumerate(seen) if shedding.newcomers),
        "shed": next(n for n, shedding in enumerate(seen) if shedding.level >= 2),
        "hold": next(n for n, shedding in enumerate(seen) if shedding.level >= 3),
        "kpis": next(n for n, shedding in enumerate(seen) if shedding.kpis),
    }
    assert list(first) == sorted(first, key=first.__getitem__)
    assert len(set(first.values())) == len(first)


PRESSURES = st.builds(
    Pressure,
    st.floats(0, 2),
    st.integers(0, 20_000),
    st.floats(0, 2),
    storing=st.booleans(),
    lag_ms=st.integers(0, 5_000),
)


@given(PRESSURES)
def test_nothing_is_given_up_before_what_comes_first(pressure: Pressure) -> None:
    """Whatever the figures: KPIs slow down only in a hold, and a step's ingest is shed only with newcomers refused."""
    shedding = shedding_of(pressure)
    if shedding.kpis:
        assert (shedding.newcomers, shedding.level) == (True, 3)
    if shedding.step >= Step.SHED:
        assert shedding.newcomers


def test_a_disk_that_does_not_come_back_is_no_reason_to_refuse_viewers() -> None:
    """Old batches and a full disk hold producers; new connections and KPIs have no part in it."""
    for pressure in (CALM._replace(oldest_ms=60_000), CALM._replace(storing=False)):
        assert shedding_of(pressure) == Shedding(Step.NONE, 3)


def test_one_long_turn_is_no_overload() -> None:
    """The lag is the least of a window or two, so that only what lasts counts."""
    lag = LeastLag(1_000)
    assert lag.value == 0
    for at in range(0, 5_000, 100):
        lag.note(900 if at % 1_000 == 500 else 3, at)
    assert lag.value == 3
    for at in range(5_000, 8_000, 100):
        lag.note(700, at)
    assert lag.value == 700
    for at in range(8_000, 11_000, 100):
        lag.note(1, at)
    assert lag.value == 1
