"""What columns say of a batch."""

from __future__ import annotations

from struct import error as StructError  # noqa: N812  an exception like any other
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.columns import Columns, packed, times_of


def test_a_batch_is_identified_when_every_event_has_an_id() -> None:
    """One without is enough to say no; no events, no doubt."""
    assert [Columns(2, 0, (), ids, ()).identified for ids in (("a", "b"), ("a", None), None)] == [True, False, False]
    assert Columns(0, 0, (), None, ()).identified


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=200))
def test_packed_numbers_are_those_of_an_array(numbers: list[int]) -> None:
    """However many there are; times that are integers are packed."""
    assert np.frombuffer(packed(numbers, len(numbers)), np.int64).tolist() == numbers
    assert times_of(numbers, len(numbers)) == packed(iter(numbers), len(numbers))


@pytest.mark.parametrize("odd", [None, "2026-11-22T09:20:00Z", 1.0, 2**63])
def test_times_that_are_no_integers_stay_as_they_are(odd: Any) -> None:
    """All of the batch, when one of them is none."""
    assert times_of([1, odd], 2) == [1, odd]
    with pytest.raises(StructError):
        packed([1, odd], 2)
