"""quantile(x, q): within 1 % of the number of its rank, whatever the magnitudes; coarser only with a stated error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.arrays import Floats, Numbers
from analytics.ddsketch import ACCURACY
from analytics.measures.quantile import MAX_BINS, Quantile
from tests.analytics.measures.values import cells, opened, plain

SHARES = (0.0, 0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
MAGNITUDES = st.floats(1e-6, 1e12) | st.floats(-1e12, -1e-6) | st.just(0.0)


def filled(values: Floats, slots: int = 3) -> Quantile:
    """A sketch of these numbers in its first slot."""
    sketch = opened(Quantile, slots)
    assert isinstance(sketch, Quantile)
    sketch.add(np.zeros(len(values), np.int64), Numbers(values, None))
    return sketch


def quantiles(sketch: Quantile, *slots: int) -> list[float]:
    """All shares of the first key."""
    return [float(r.values[0]) for r in sketch.read_views(SHARES, cells(*slots), cells(0))]


def of_rank(values: Floats, share: float) -> float:
    """The number of rank floor(q (n - 1))."""
    return float(np.sort(values)[int(np.floor(share * (len(values) - 1) + 1e-9))])


@given(values=st.lists(MAGNITUDES, min_size=1, max_size=60))
def test_each_is_within_one_percent_of_its_number(values: list[float]) -> None:
    """Of any numbers of either sign from 1e-6 to 1e12; zero is exact."""
    numbers = np.array(values)
    for share, found in zip(SHARES, quantiles(filled(numbers), 0), strict=True):
        true = of_rank(numbers, share)
        assert abs(found - true) <= ACCURACY * abs(true) * (1 + 1e-9)


@pytest.mark.parametrize("name", ["lognormal", "uniform", "normal", "pareto"])
def test_distributions_of_many_numbers(name: str) -> None:
    """The usual shapes, both small and large."""
    rng = np.random.default_rng(7)
    shapes = {
        "lognormal": rng.lognormal(3, 2, 50_000),
        "uniform": rng.uniform(0, 1, 50_000),
        "normal": rng.normal(0, 1e6, 50_000),
        "pareto": rng.pareto(1.2, 50_000) + 1,
    }
    numbers = shapes[name]
    for share, found in zip(SHARES, quantiles(filled(numbers), 0), strict=True):
        true = of_rank(numbers, share)
        assert abs(found - true) <= ACCURACY * abs(true) * (1 + 1e-9)


def test_the_largest_and_smallest_floats_have_bins() -> None:
    """No number is too large or too small for the sketch."""
    numbers = np.array([-1.7976931348623157e308, -5e-324, 5e-324, 1.7976931348623157e308])
    found = [float(r.values[0]) for r in filled(numbers).read_views([0, 1], cells(0), cells(0))]
    assert np.allclose(found, [numbers[0], numbers[-1]], rtol=ACCURACY)


def test_none_is_null_and_a_view_is_a_share() -> None:
    """A key without numbers has no quantile; two views of one window are read together."""
    sketch = filled(np.array([1.0, 2.0, 3.0]))
    low, high = sketch.read_views([0.0, 1.0], cells(0, 1), cells(0, 1))
    assert plain(low)[1] is None
    assert plain(high)[1] is None
    assert plain(low)[0] < plain(high)[0]
    assert low.error is None


def test_too_many_bins_of_a_cell_are_joined_with_a_stated_error() -> None:
    """Beyond the cap the error is about 2 %, it is said, and it holds."""
    numbers = np.geomspace(1e-150, 1e150, 40_000)
    sketch = filled(numbers)
    (reading,) = sketch.read_views([0.5], cells(0), cells(0))
    assert reading.error is not None
    error = float(reading.error[0])
    assert 2 * ACCURACY * 0.99 < error < 1
    assert sketch.note()["quantiles_coarser"] > 0
    for share, found in zip(SHARES, quantiles(sketch, 0), strict=True):
        true = of_rank(numbers, share)
        assert abs(found - true) <= error * true * (1 + 1e-9)


def test_joining_does_not_depend_on_the_order() -> None:
    """The sketch of a cell beyond the cap is the same whichever numbers came first."""
    numbers = np.geomspace(1e-100, 1e100, 3 * MAX_BINS)
    shuffled = np.random.default_rng(3).permutation(numbers)
    one, other = filled(numbers), filled(shuffled)
    states = [{k: v.tobytes() for k, v in s.dump(cells(0), cells(0, 1)).items()} for s in (one, other)]
    assert states[0] == states[1]


def test_panes_of_different_coarseness_are_read_and_merged_together() -> None:
    """A fine pane gives way to the coarser one, in a window as in a merge, and comes back out of a merge."""
    sketch = filled(np.geomspace(1e-150, 1e150, 40_000), 4)
    fine = np.geomspace(1, 1_000, 50)
    sketch.add(np.full(50, 2), Numbers(fine, None))
    together = quantiles(sketch, 0, 1)
    sketch.merge(cells(0, 1), 3)
    assert quantiles(sketch, 3) == together
    sketch.subtract(1, 3)
    assert quantiles(sketch, 3) == quantiles(sketch, 0)


BATCHES = st.lists(
    st.lists(st.tuples(st.integers(0, 5), MAGNITUDES | st.floats(1, 1_000)), min_size=1, max_size=15), max_size=6
)


@given(batches=BATCHES)
def test_where_numbers_are_counted_is_no_part_of_the_state(batches: list[list[tuple[int, float]]]) -> None:
    """In rows or in the table of pairs: the same quantiles and bytes, also merged and with a pane taken out."""
    rows, pairs = opened(Quantile, 5), opened(Quantile, 5)
    pairs.read(cells(0, 1), cells(0))  # a window of several panes: from now on there are no rows
    for sketch in (rows, pairs):
        for batch in batches:
            values = np.array([value for _, value in batch])
            sketch.add(cells(*(cell for cell, _ in batch)), Numbers(values, None))
        sketch.merge(cells(0, 1), 3)
        sketch.merge(cells(2, 3), 4)
        sketch.subtract(1, 4)
        sketch.clear(1)
    for slot in (0, 2, 3, 4):
        answers = [plain(sketch.read(cells(slot), cells(0, 1))) for sketch in (rows, pairs)]
        assert answers[0] == answers[1]
    states = [s.dump(cells(4, 2, 0, 3), cells(0, 1)) for s in (rows, pairs)]
    assert {k: v.tobytes() for k, v in states[0].items()} == {k: v.tobytes() for k, v in states[1].items()}
    assert plain(rows.read(cells(0, 2), cells(0, 1))) == plain(pairs.read(cells(0, 2), cells(0, 1)))
