"""Statistics of the benchmarks."""

from __future__ import annotations

import pytest

from benchmarks.samples import Series, percentile, ratio


def test_the_median_of_an_even_number_is_between_the_middle_two() -> None:
    """Order of the samples does not matter to the median."""
    assert Series("a", "ms", (4.0, 1.0, 3.0, 100.0)).median == 3.5


def test_a_series_writes_its_summary_and_every_sample_in_order() -> None:
    """Nothing that was measured is left out of the result file."""
    written = Series("a", "ms", (3.0, 1.0, 2.0)).to_json()
    assert written == {"unit": "ms", "median": 2.0, "min": 1.0, "max": 3.0, "samples": [3.0, 1.0, 2.0]}


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 50), (0.501, 51), (0.99, 99), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    """Nearest rank: the smallest value that so many do not exceed."""
    assert percentile([*range(100, 0, -1)], share) == value


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 1.1), ([1.0], -0.1)])
def test_a_percentile_of_nothing_is_refused(values: list[float], share: float) -> None:
    """No value stands for a missing measurement."""
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, share)


def test_a_ratio_is_taken_round_by_round() -> None:
    """A disturbance that halves both sides in one round does not move the ratio."""
    ours, theirs = Series("a", "x", (10.0, 5.0, 12.0)), Series("b", "x", (5.0, 2.5, 4.0))
    assert ratio("a/b", ours, theirs).values == (2.0, 2.0, 3.0)


def test_a_ratio_needs_as_many_samples_on_both_sides() -> None:
    """Rounds that do not pair cannot be compared."""
    with pytest.raises(ValueError, match="shorter"):
        ratio("a/b", Series("a", "x", (1.0, 2.0)), Series("b", "x", (1.0,)))
