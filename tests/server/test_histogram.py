"""A histogram counts as a list of its values does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.server.histogram import Histogram


@given(st.lists(st.floats(0, 20), max_size=50))
def test_a_histogram_counts_like_a_list(values: list[float]) -> None:
    """For any values, each bucket is how many are at most its bound."""
    histogram = Histogram([0.5, 1.0, 5.0])
    for value in values:
        histogram.add(value)
    expected = [(str(bound), sum(value <= bound for value in values)) for bound in (0.5, 1.0, 5.0)]
    assert histogram.buckets() == [*expected, ("+Inf", len(values))]
    assert histogram.total == pytest.approx(sum(values))
