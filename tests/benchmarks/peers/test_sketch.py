"""The quantile that a peer would write by hand, against the numbers themselves."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import pytest

from benchmarks.peers.sketch import LOG_GAMMA, ZERO, quantile


@pytest.mark.parametrize("share", [0.0, 0.5, 0.75, 0.95, 1.0])
def test_it_is_within_one_percent_of_the_number_of_its_rank(share: float) -> None:
    """Rank floor(share * (n - 1)), counted from 0."""
    rng = Random(3)
    numbers = sorted(rng.lognormvariate(3, 2) for _ in range(1_001))
    bins = Counter(math.ceil(math.log(number) / LOG_GAMMA) for number in numbers)
    answer = quantile(bins, share)
    assert answer == pytest.approx(numbers[math.floor(share * 1_000)], rel=0.01)


def test_zero_has_a_bin_of_its_own_and_nothing_has_no_quantile() -> None:
    """Below every other number."""
    assert quantile({ZERO: 3, 0: 1}, 0.5) == 0.0
    assert quantile({}, 0.5) is None
