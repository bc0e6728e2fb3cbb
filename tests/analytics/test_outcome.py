"""Values of KPIs from readings of their aggregates."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.arrays import Reading
from analytics.definition import SECONDS
from analytics.expression import Column, Constant
from analytics.operators import Arithmetic, Case, compare
from analytics.outcome import outcome

A, B = Column("#0", "number"), Column("#1", "number")


def test_a_single_aggregate_keeps_its_type() -> None:
    """A value that is one aggregate is its reading as it is: integers stay integers, objects stay objects."""
    values, errors = outcome(B, [Reading(np.array([9])), Reading(np.array([1, 2]))], 2, 1_000)
    assert (values.dtype, values.tolist(), errors) == (np.dtype(np.int64), [1, 2], None)


def test_nulls_are_nan_or_none() -> None:
    """What a reading has no value for is NaN among numbers and None among objects; the reading is not touched."""
    valid = np.array([True, False])
    numbers, _ = outcome(A, [Reading(np.array([1, 2]), valid)], 2, 1_000)
    assert numbers[0] == 1
    assert np.isnan(numbers[1])
    lists = np.array([b"[1]", b"[2]"], object)
    objects, _ = outcome(A, [Reading(lists, valid)], 2, 1_000)
    assert objects.tolist() == [b"[1]", None]
    assert lists.tolist() == [b"[1]", b"[2]"]


def test_a_quotient_by_zero_or_null_is_null() -> None:
    """An expression over aggregates is worked out per key; division by zero and null operands give NaN."""
    readings = [Reading(np.array([6, 1, 5])), Reading(np.array([4, 0, 1]), np.array([True, True, False]))]
    values, _ = outcome(Arithmetic("/", A, B), readings, 3, 1_000)
    assert values[0] == 1.5
    assert np.isnan(values[1:]).all()


def test_a_rate_is_per_second_of_the_window() -> None:
    """The column of seconds is the length of the window."""
    rate = Arithmetic("/", A, Column(SECONDS, "number"))
    assert outcome(rate, [Reading(np.array([30, 3]))], 2, 60_000)[0].tolist() == [0.5, 0.05]


def test_a_value_that_is_no_number_is_objects() -> None:
    """A text made of aggregates comes as an object array, with None for null."""
    label = Case("label", [(compare(">", A, Constant(1)), Constant("many"))], Constant(None))
    values, _ = outcome(label, [Reading(np.array([1, 2]))], 2, 1_000)
    assert (values.dtype, values.tolist()) == (np.dtype(object), [None, "many"])


def test_errors_of_several_aggregates_add_up_as_squares() -> None:
    """The error is that of the one approximate aggregate, or the root of the sum of squares of several."""
    rough = Reading(np.array([1.0]), None, np.array([0.3]))
    rougher, exact = Reading(np.array([2.0]), None, np.array([0.4])), Reading(np.array([2.0]))
    for other, expected in ((exact, 0.3), (rougher, 0.5)):
        _, errors = outcome(Arithmetic("/", A, B), [rough, other], 1, 1_000)
        assert errors is not None
        assert errors.tolist() == pytest.approx([expected])
